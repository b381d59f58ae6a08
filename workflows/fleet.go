package workflows

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"slipway/activities"
	"slipway/catalog"
)

const (
	// FleetWorkflowType is the name under which Fleet is registered, FleetQueue where its worker listens: acts on many mini-programs have
	// limits of their own, so that they hold up nobody else.
	FleetWorkflowType = "Fleet"
	FleetQueue        = "mini-programs-fleet"
)

// FleetWorkflowID is the id of the workflow of a fleet act.
func FleetWorkflowID(act string) string { return "fleet/" + act }

// FleetInput starts the workflow of an act that the catalogue knows.
type FleetInput struct {
	ID string `json:"id"`
}

const (
	// fleetHeartbeat is when a worker that works on an act counts as dead.
	fleetHeartbeat = 10 * time.Second
	// fleetTime is how long an act may take in all: longer than any mini-program takes to answer.
	fleetTime = 30 * 24 * time.Hour
)

// Fleet takes one action on many mini-programs: one activity asks them all, however many there are, so that the history stays small. It is
// cancelled by a cancellation; what was asked by then stays done. The result says how many answered how.
func (w *Workflows) Fleet(ctx workflow.Context, in FleetInput) (catalog.FleetCounts, error) {
	var f *activities.Fleet
	working := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: fleetTime, HeartbeatTimeout: fleetHeartbeat, WaitForCancellation: true,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: 30 * time.Second},
		Summary:     "Ask each mini-program of the act",
	})
	failed := workflow.ExecuteActivity(working, f.WorkFleet, in.ID).Get(working, nil)
	if failed != nil && ctx.Err() == nil {
		return catalog.FleetCounts{}, failed
	}
	ending, _ := workflow.NewDisconnectedContext(ctx)
	ending = workflow.WithActivityOptions(ending, workflow.ActivityOptions{
		StartToCloseTimeout: time.Minute, Summary: "Note that the act is over",
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: 30 * time.Second},
	})
	var counts catalog.FleetCounts
	err := workflow.ExecuteActivity(ending, f.EndFleet, activities.FleetEnd{ID: in.ID, Cancelled: ctx.Err() != nil}).Get(ending, &counts)
	if err == nil {
		err = ctx.Err()
	}
	return counts, err
}

// StartFleet starts the workflow of an act that the catalogue knows, also when it was ended from outside; while it runs, nothing changes.
func (c Client) StartFleet(ctx context.Context, act catalog.FleetAct) error {
	summary := fmt.Sprintf("%s on %d mini-programs, by %s", act.Action, act.Matched, written(act.Command.Actor.User))
	_, err := c.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: FleetWorkflowID(act.ID), TaskQueue: FleetQueue,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		StaticSummary:                            summary,
	}, FleetWorkflowType, FleetInput{ID: act.ID})
	if _, runs := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); runs {
		return nil
	}
	if err != nil {
		return fmt.Errorf("starting fleet act %s: %w", act.ID, err)
	}
	return nil
}

// CancelFleet stops an act. It tells whether there was a workflow to stop.
func (c Client) CancelFleet(ctx context.Context, act string) (ran bool, err error) {
	err = c.Temporal.CancelWorkflow(ctx, FleetWorkflowID(act), "")
	if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("cancelling fleet act %s: %w", act, err)
	}
	return true, nil
}

// FleetRuns tells whether somebody works on an act.
func (c Client) FleetRuns(ctx context.Context, act string) (bool, error) {
	return c.runs(ctx, FleetWorkflowID(act))
}
