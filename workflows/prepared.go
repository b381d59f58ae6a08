package workflows

import (
	"context"
	"fmt"
	"strings"

	"go.temporal.io/api/workflowservice/v1"
)

// Prepared tells why no workflow can be started in a namespace that is new: a worker creates its search attributes, and the server takes
// some seconds to notice. It asks visibility about nobody, which costs the same however many workflows there are.
func (c Client) Prepared(ctx context.Context) error {
	var all []string
	for _, key := range SearchAttributes {
		all = append(all, key.GetName()+" IS NOT NULL")
	}
	_, err := c.Temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Query: fmt.Sprintf("WorkflowId = %q AND (%s)", WorkflowID(""), strings.Join(all, " OR ")),
	})
	if err != nil {
		return fmt.Errorf("the search attributes of mini-programs: %w", err)
	}
	return nil
}
