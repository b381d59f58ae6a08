package workflows

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/grpc/codes"

	"slipway/lifecycle"
)

// ErrUnanswered says that an action is recorded, and will be answered, but no worker did so in time.
var ErrUnanswered = errors.New("the action is recorded, but no worker has answered it yet")

// Client starts and steers mini-programs, for web and starter alike.
type Client struct {
	Temporal client.Client
}

// RequestCreation starts the workflow of a new mini-program and waits for the answer as long as ctx allows. A refusal
// comes as the error, a *lifecycle.Refusal; ErrUnanswered as in Act.
func (c Client) RequestCreation(ctx context.Context, creation lifecycle.Creation) (lifecycle.Outcome, error) {
	if refusal := refuseSystem(creation.Actor); refusal != nil {
		return lifecycle.Outcome{}, refusal
	}
	requested, _, refusal := lifecycle.NewMiniProgram(creation, time.Now(), lifecycle.DefaultSettings())
	if refusal != nil {
		return lifecycle.Outcome{}, refusal
	}
	if creation.RequestID == "" {
		creation.RequestID = uuid.NewString()
	}
	run, err := c.Temporal.ExecuteWorkflow(ctx, startOptions(requested), WorkflowType, Input{Creation: creation})
	if _, exists := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); exists {
		return c.creationRepeated(ctx, creation)
	}
	if err != nil {
		return lifecycle.Outcome{}, fmt.Errorf("starting the workflow of %s: %w", creation.ID, err)
	}
	return c.awaitOutcome(ctx, run.GetID(), run.GetRunID(), creation.RequestID)
}

func startOptions(m lifecycle.MiniProgram) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:                                       WorkflowID(m.ID),
		TaskQueue:                                TaskQueue,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		StaticSummary:                            fmt.Sprintf("%s (%s)", m.Title, m.ID),
		StaticDetails:                            fmt.Sprintf("Mini-program **%s** of team %s.\n\n%s", quoted(m.Title), m.Team, quoted(m.Description)),
		TypedSearchAttributes: temporal.NewSearchAttributes(
			AttributeState.ValueSet(string(m.State)), AttributeTeam.ValueSet(m.Team),
		),
	}
}

// creationRepeated answers a request for an id that is taken: the same request again gets the first answer.
func (c Client) creationRepeated(ctx context.Context, creation lifecycle.Creation) (lifecycle.Outcome, error) {
	outcome, seen, err := c.Outcome(ctx, creation.ID, creation.RequestID)
	if err != nil || seen && outcome.Action == lifecycle.RequestCreation {
		return outcome, err
	}
	return lifecycle.Outcome{}, lifecycle.Refuse(lifecycle.AlreadyExists, "the mini-program %q exists already; choose another id", creation.ID)
}

// Act sends an action and waits for its outcome as long as ctx allows. The outcome may be a refusal; an unknown or ended
// mini-program comes as the error, a *lifecycle.Refusal. ErrUnanswered means that the action is safely recorded.
func (c Client) Act(ctx context.Context, id string, command lifecycle.Command) (lifecycle.Outcome, error) {
	if command.RequestID == "" {
		command.RequestID = uuid.NewString()
	}
	if err := c.Signal(ctx, id, command); err != nil {
		return lifecycle.Outcome{}, err
	}
	return c.awaitOutcome(ctx, WorkflowID(id), "", command.RequestID)
}

// Signal sends an action; when it returns without an error, the action is safely recorded.
func (c Client) Signal(ctx context.Context, id string, command lifecycle.Command) error {
	if refusal := lifecycle.ValidateID(id); refusal != nil {
		return refusal
	}
	if _, ok := lifecycle.RuleFor(command.Action); !ok || command.Action == lifecycle.RequestCreation {
		return lifecycle.Refuse(lifecycle.InvalidInput, "there is no action %q for an existing mini-program", command.Action)
	}
	err := c.Temporal.SignalWorkflow(ctx, WorkflowID(id), "", string(command.Action), command)
	if _, notFound := errors.AsType[*serviceerror.NotFound](err); notFound {
		return c.refuseEnded(ctx, id, command.Action)
	}
	if err != nil {
		return fmt.Errorf("sending %s to %s: %w", command.Action, id, err)
	}
	return nil
}

// refuseEnded tells a mini-program whose lifecycle is over from one that never was.
func (c Client) refuseEnded(ctx context.Context, id string, action lifecycle.Action) error {
	status, err := c.Status(ctx, id)
	if err != nil {
		return err
	}
	return lifecycle.Refuse(lifecycle.IllegalInState, "%s is not possible in state %s; the lifecycle of %s is over, request its creation anew", action, status.State, id)
}

// Status asks the workflow where a mini-program stands. An unknown one is a *lifecycle.Refusal.
func (c Client) Status(ctx context.Context, id string) (lifecycle.Status, error) {
	var status lifecycle.Status
	if refusal := lifecycle.ValidateID(id); refusal != nil {
		return status, refusal
	}
	value, err := c.query(ctx, WorkflowID(id), "", QueryStatus)
	if err != nil {
		return status, refuseUnknown(id, err)
	}
	if err := value.Get(&status); err != nil {
		return status, fmt.Errorf("reading the status of %s: %w", id, err)
	}
	return status, nil
}

// Outcome asks for the answer to an action; seen is false when there is none (yet).
func (c Client) Outcome(ctx context.Context, id, requestID string) (outcome lifecycle.Outcome, seen bool, err error) {
	outcome, seen, err = c.outcome(ctx, WorkflowID(id), "", requestID)
	return outcome, seen, refuseUnknown(id, err)
}

func (c Client) outcome(ctx context.Context, workflowID, runID, requestID string) (outcome lifecycle.Outcome, seen bool, err error) {
	value, err := c.query(ctx, workflowID, runID, QueryOutcome, requestID)
	if err != nil {
		return outcome, false, err
	}
	var answer json.RawMessage
	if err := value.Get(&answer); err != nil {
		return outcome, false, fmt.Errorf("reading the outcome of %s: %w", requestID, err)
	}
	if string(answer) == `"`+NotSeen+`"` {
		return outcome, false, nil
	}
	if err := json.Unmarshal(answer, &outcome); err != nil {
		return outcome, false, fmt.Errorf("reading the outcome of %s: %w", requestID, err)
	}
	return outcome, true, nil
}

// awaitOutcome asks until there is an answer. The query is consistent, so that the first one usually has it; an upload
// takes longer because its package is inspected.
func (c Client) awaitOutcome(ctx context.Context, workflowID, runID, requestID string) (lifecycle.Outcome, error) {
	pause := 20 * time.Millisecond
	for {
		outcome, seen, err := c.outcome(ctx, workflowID, runID, requestID)
		if seen {
			return outcome, nil
		}
		if err != nil && ctx.Err() == nil {
			return outcome, err
		}
		select {
		case <-ctx.Done():
			return outcome, fmt.Errorf("%w (request id %s)", ErrUnanswered, requestID)
		case <-time.After(pause):
			pause = min(2*pause, time.Second)
		}
	}
}

// firstPatience is how long the first try of a query may take. About one query in 1,600 gets stuck behind a worker's sticky
// cache (measured, see docs/architecture.md) and is answered at once when it is asked again.
const firstPatience = 250 * time.Millisecond

func (c Client) query(ctx context.Context, workflowID, runID, queryType string, args ...any) (value interface{ Get(any) error }, err error) {
	for patience := firstPatience; ; patience *= 2 {
		try, cancel := context.WithTimeout(ctx, patience)
		value, err = c.Temporal.QueryWorkflow(try, workflowID, runID, queryType, args...)
		timedOut := try.Err() != nil || ranOutOfTime(err)
		cancel()
		if !timedOut || ctx.Err() != nil {
			return value, err
		}
	}
}

// ranOutOfTime recognises a server that noticed the end of the try before the client did.
func ranOutOfTime(err error) bool {
	code := serviceerror.ToStatus(err).Code()
	return code == codes.Canceled || code == codes.DeadlineExceeded
}

func refuseUnknown(id string, err error) error {
	if _, notFound := errors.AsType[*serviceerror.NotFound](err); notFound {
		return lifecycle.Refuse(lifecycle.UnknownMiniProgram, "there is no mini-program %q; request its creation first", id)
	}
	return err
}
