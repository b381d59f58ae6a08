package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"slipway/workflows"
)

// A server remembers for some seconds which search attributes a namespace has. Until it looks again, whoever uses new ones is refused.
const (
	attributesPatience = time.Minute
	attributesGlance   = 200 * time.Millisecond
)

// awaitSearchAttributes returns when the server takes the search attributes that were created a moment ago.
func awaitSearchAttributes(ctx context.Context, connection client.Client, namespace string) error {
	ctx, cancel := context.WithTimeout(ctx, attributesPatience)
	defer cancel()
	var all []string
	for _, key := range workflows.SearchAttributes {
		all = append(all, key.GetName()+" IS NOT NULL")
	}
	nobody := fmt.Sprintf("WorkflowId = %q AND (%s)", workflows.WorkflowID(""), strings.Join(all, " OR ")) // costs the same however many there are
	question := &workflowservice.CountWorkflowExecutionsRequest{Namespace: namespace, Query: nobody}
	for tick := time.Tick(attributesGlance); ; {
		_, err := connection.CountWorkflow(ctx, question)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("namespace %q does not know its new search attributes after %s: %w", namespace, attributesPatience, err)
		case <-tick:
		}
	}
}
