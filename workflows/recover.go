package workflows

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"slipway/lifecycle"
)

// signalGone sends an action to a mini-program whose workflow does not run. The operator's suspend must take it from its users
// whatever became of the workflow: it recovers it first.
func (c Client) signalGone(ctx context.Context, id string, command lifecycle.Command) error {
	gone := c.refuseGone(ctx, id, command.Action)
	refusal, refused := errors.AsType[*lifecycle.Refusal](gone)
	mayRecover := command.Action == lifecycle.Suspend && slices.Contains(command.Actor.Roles, lifecycle.Operator)
	if !mayRecover || !refused || refusal.Code != lifecycle.NotRunning {
		return gone
	}
	run, err := c.Temporal.SignalWithStartWorkflow(ctx, WorkflowID(id), string(command.Action), command,
		recoverOptions(id, command.Actor, command.RequestID), WorkflowType, recoverInput(id, command.Actor))
	if err != nil {
		return fmt.Errorf("recovering %s to %s it: %w", id, command.Action, err)
	}
	_, err = c.recovered(ctx, id, run.GetRunID(), command.RequestID) // a workflow that must not be recovered answers nobody
	return err
}

// refuseGone tells a mini-program that never was from one whose lifecycle is over, and from one whose workflow was ended from outside.
func (c Client) refuseGone(ctx context.Context, id string, action lifecycle.Action) error {
	described, err := c.Temporal.DescribeWorkflow(ctx, WorkflowID(id), "")
	_, forgotten := errors.AsType[*serviceerror.NotFound](err)
	switch {
	case forgotten && c.Known == nil:
		return refuseUnknown(id, err)
	case err != nil && !forgotten:
		return fmt.Errorf("looking for the workflow of %s: %w", id, err)
	}
	why := lifecycle.Code("")
	if !forgotten && described.Status == enumspb.WORKFLOW_EXECUTION_STATUS_FAILED { // somebody may have tried to recover what is over
		why = c.codeOfFailure(ctx, id, described.WorkflowExecution.RunID)
	}
	switch {
	case why == lifecycle.UnknownMiniProgram:
		return unknown(id)
	case why == lifecycle.IllegalInState, !forgotten && described.Status == enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		return lifecycle.Refuse(lifecycle.IllegalInState,
			"%s is not possible: the lifecycle of %s is over; request its creation anew", action, id)
	}
	if c.Known != nil {
		if known, err := c.Known(ctx, id); err != nil || !known {
			return cmp.Or[error](err, unknown(id))
		}
	}
	return lifecycle.Refuse(lifecycle.NotRunning, "the workflow of %s is not running: it was ended from outside. "+
		"Users keep what they have until an operator recovers it (starter recover %s) or suspends the mini-program", id, id)
}

// Recover starts the workflow of a mini-program again, with all that the catalogue knows of it, after it was terminated, has failed or
// was lost. The same request again gets the same answer, once a worker has one. A refusal comes as the error, a *lifecycle.Refusal;
// ErrUnfinished means that no worker has answered yet.
func (c Client) Recover(ctx context.Context, id string, operator lifecycle.Actor, requestID string) (lifecycle.Status, error) {
	if refusal := lifecycle.ValidateID(id); refusal != nil {
		return lifecycle.Status{}, refusal
	}
	if !slices.Contains(operator.Roles, lifecycle.Operator) {
		return lifecycle.Status{},
			lifecycle.Refuse(lifecycle.ForbiddenRole, "only an operator can recover a mini-program; %s is not one", operator.User)
	}
	requestID = cmp.Or(requestID, uuid.NewString())
	options := recoverOptions(id, operator, requestID)
	run, err := c.Temporal.ExecuteWorkflow(ctx, options, WorkflowType, recoverInput(id, operator))
	if _, running := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); running {
		return c.recoveryRepeated(ctx, id, requestID, options)
	}
	if err != nil {
		return lifecycle.Status{}, fmt.Errorf("recovering %s: %w", id, err)
	}
	return c.recovered(ctx, id, run.GetRunID(), requestID)
}

// recoveryRepeated is for a workflow that runs. It was recovered if that is how it was started.
func (c Client) recoveryRepeated(
	ctx context.Context, id, requestID string, options client.StartWorkflowOptions,
) (lifecycle.Status, error) {
	begun, err := c.startedWith(ctx, options)
	if err != nil {
		return lifecycle.Status{}, err
	}
	if !begun {
		return lifecycle.Status{}, lifecycle.Refuse(lifecycle.IllegalInState, "the workflow of %s is running; there is nothing to recover", id)
	}
	return c.recovered(ctx, id, "", requestID)
}

// recovered waits until the new workflow knows where the mini-program stands, or has failed because it must not be recovered.
func (c Client) recovered(ctx context.Context, id, runID, requestID string) (status lifecycle.Status, err error) {
	for {
		value, err := c.query(ctx, WorkflowID(id), runID, QueryStatus)
		if err == nil {
			return status, value.Get(&status)
		}
		described, errDescribe := c.Temporal.DescribeWorkflow(ctx, WorkflowID(id), runID)
		if errDescribe == nil && described.Status == enumspb.WORKFLOW_EXECUTION_STATUS_FAILED {
			return status, c.whyFailed(ctx, id, runID)
		}
		select {
		case <-ctx.Done():
			return status, fmt.Errorf("%w (request id %s): %w", ErrUnfinished, requestID, err)
		case <-time.After(firstPause):
		}
	}
}

// whyFailed is the refusal that a workflow failed with.
func (c Client) whyFailed(ctx context.Context, id, runID string) error {
	err := c.Temporal.GetWorkflow(ctx, WorkflowID(id), runID).Get(ctx, nil)
	if failed, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return &lifecycle.Refusal{Code: lifecycle.Code(failed.Type()), Message: failed.Message()}
	}
	return err
}

// codeOfFailure is the code of the refusal that a workflow failed with; "" when it was something else.
func (c Client) codeOfFailure(ctx context.Context, id, runID string) lifecycle.Code {
	refusal, ok := errors.AsType[*lifecycle.Refusal](c.whyFailed(ctx, id, runID))
	if !ok {
		return ""
	}
	return refusal.Code
}

// recoverOptions name the request, by which its repetition is known.
func recoverOptions(id string, operator lifecycle.Actor, requestID string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:                                       WorkflowID(id),
		TaskQueue:                                TaskQueue,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		StaticSummary:                            id + ", recovered",
		StaticDetails:                            fmt.Sprintf("Recovered by %s with request id %s.", written(operator.User), quoted(requestID)),
	}
}

func recoverInput(id string, operator lifecycle.Actor) Input {
	return Input{Creation: lifecycle.Creation{ID: id}, Recover: &operator}
}

// Runs tells whether there is a workflow that runs.
func (c Client) Runs(ctx context.Context, id string) (bool, error) {
	return c.runs(ctx, WorkflowID(id))
}

func (c Client) runs(ctx context.Context, workflowID string) (bool, error) {
	described, err := c.Temporal.DescribeWorkflow(ctx, workflowID, "")
	if _, forgotten := errors.AsType[*serviceerror.NotFound](err); forgotten {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for the workflow %s: %w", workflowID, err)
	}
	return described.Status == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, nil
}
