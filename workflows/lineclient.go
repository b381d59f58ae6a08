package workflows

import (
	"cmp"
	"context"
	"fmt"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"slipway/catalog"
	"slipway/lifecycle"
)

// ActOnPlatform sends an action on the platform and waits for its outcome, as Act does for a mini-program. The workflow is started when
// it does not run.
func (c Client) ActOnPlatform(ctx context.Context, command lifecycle.Command) (lifecycle.Outcome, error) {
	if command.RequestID == "" {
		command.RequestID = uuid.NewString()
	}
	if refusal := cmp.Or(lifecycle.RefuseReserved(command.RequestID), lifecycle.CheckSize(command)); refusal != nil {
		return lifecycle.Outcome{}, refusal
	}
	told, forget := c.await(catalog.PlatformID, command.Actor.User, command.RequestID)
	defer forget()
	_, err := c.Temporal.SignalWithStartWorkflow(ctx, PlatformID, string(command.Action), command, platformOptions(), PlatformType,
		PlatformInput{})
	if err != nil {
		return lifecycle.Outcome{}, fmt.Errorf("sending %s to the platform: %w", command.Action, err)
	}
	outcome, err := c.waitForOutcome(ctx, told, PlatformID, "", command.Actor.User, command.RequestID)
	return outcomeFor(outcome, err, command.Action, command.Digest())
}

// PlatformStatus asks the workflow how the platform stands, and starts it when it does not run.
func (c Client) PlatformStatus(ctx context.Context) (status lifecycle.PlatformStatus, err error) {
	if err := StartPlatform(ctx, c.Temporal); err != nil {
		return status, err
	}
	value, err := c.query(ctx, PlatformID, "", QueryStatus)
	if err != nil {
		return status, fmt.Errorf("asking the platform how it stands: %w", err)
	}
	return status, value.Get(&status)
}

// StartPlatform starts the workflow of the platform unless it runs, so that it can be found where signals are sent by hand.
func StartPlatform(ctx context.Context, temporal client.Client) error {
	if _, err := temporal.ExecuteWorkflow(ctx, platformOptions(), PlatformType, PlatformInput{}); err != nil {
		return fmt.Errorf("starting the workflow of the platform: %w", err)
	}
	return nil
}

func platformOptions() client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:                       PlatformID,
		TaskQueue:                TaskQueue,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            "The platform: stop the line, lift the stop",
	}
}
