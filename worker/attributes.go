package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"slipway/workflows"
)

// ensureSearchAttributes creates the search attributes that are missing. Without them every workflow task would fail, so
// a worker that may not create them refuses to start and says what to run.
func ensureSearchAttributes(ctx context.Context, connection client.Client, namespace string) error {
	operator := connection.OperatorService()
	existing, err := operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return fmt.Errorf("listing the search attributes of namespace %q: %w", namespace, err)
	}
	missing := map[string]enumspb.IndexedValueType{}
	for _, key := range workflows.SearchAttributes {
		found, ok := existing.GetCustomAttributes()[key.GetName()]
		if ok && found != key.GetValueType() {
			return fmt.Errorf("search attribute %s of namespace %q is of type %s, but must be %s: remove it and let the worker create it",
				key.GetName(), namespace, found, key.GetValueType())
		}
		if !ok {
			missing[key.GetName()] = key.GetValueType()
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = operator.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{Namespace: namespace, SearchAttributes: missing})
	if _, exists := errors.AsType[*serviceerror.AlreadyExists](err); err != nil && !exists {
		return fmt.Errorf("namespace %q lacks search attributes, and creating them failed (%w); run: %s",
			namespace, err, createCommand(namespace, missing))
	}
	return awaitSearchAttributes(ctx, connection, namespace)
}

func createCommand(namespace string, missing map[string]enumspb.IndexedValueType) string {
	var command strings.Builder
	fmt.Fprintf(&command, "temporal operator search-attribute create --namespace %s", namespace)
	for _, name := range slices.Sorted(maps.Keys(missing)) {
		fmt.Fprintf(&command, " --name %s --type %s", name, missing[name])
	}
	return command.String()
}

// A server remembers for some seconds which search attributes a namespace has. Until it looks again, whoever uses new ones is refused.
const (
	attributesTimeout  = time.Minute
	attributesInterval = 200 * time.Millisecond
)

// awaitSearchAttributes returns when the server takes the search attributes that were created a moment ago.
func awaitSearchAttributes(ctx context.Context, connection client.Client, namespace string) error {
	ctx, cancel := context.WithTimeout(ctx, attributesTimeout)
	defer cancel()
	for tick := time.Tick(attributesInterval); ; {
		err := workflows.Client{Temporal: connection}.Prepared(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("namespace %q does not know its new search attributes after %s: %w", namespace, attributesTimeout, err)
		case <-tick:
		}
	}
}
