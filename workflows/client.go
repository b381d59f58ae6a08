package workflows

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/grpc/codes"

	"slipway/catalog"
	"slipway/lifecycle"
)

// ErrUnanswered says that an action is recorded, and will be answered, but no worker did so in time.
var ErrUnanswered = errors.New("the action is recorded, but no worker has answered it yet")

// Client starts and steers mini-programs, for web and starter alike.
type Client struct {
	Temporal client.Client
	// Answers brings outcomes from the catalogue, which saves a query for each action. Without it, or when it does not
	// have the answer, the workflow is asked.
	Answers *catalog.Waiters
	// Known tells whether the catalogue knows a mini-program, for workflows that Temporal has forgotten; nil leaves it to Temporal.
	Known func(ctx context.Context, id string) (bool, error)
}

// feedPatience is how long the catalogue's feed may take before the workflow is asked.
const feedPatience = time.Second

// RequestCreation starts the workflow of a new mini-program and waits for the answer as long as ctx allows. A refusal
// comes as the error, a *lifecycle.Refusal; ErrUnanswered as in Act.
func (c Client) RequestCreation(ctx context.Context, creation lifecycle.Creation) (lifecycle.Outcome, error) {
	if refusal := cmp.Or(refuseSystem(creation.Actor), lifecycle.RefuseReserved(creation.RequestID), creation.Admit(time.Now())); refusal != nil {
		return lifecycle.Outcome{}, refusal
	}
	if creation.RequestID == "" {
		creation.RequestID = uuid.NewString()
	}
	answer, forget := c.await(creation.ID, creation.Actor.User, creation.RequestID)
	defer forget()
	run, err := c.Temporal.ExecuteWorkflow(ctx, startOptions(creation), WorkflowType, Input{Creation: creation})
	if _, exists := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); exists {
		return c.creationRepeated(ctx, creation)
	}
	if err != nil {
		return lifecycle.Outcome{}, fmt.Errorf("starting the workflow of %s: %w", creation.ID, err)
	}
	outcome, err := c.outcomeOf(ctx, answer, run.GetID(), run.GetRunID(), creation.Actor.User, creation.RequestID)
	outcome, err = answerTo(outcome, err, lifecycle.RequestCreation, creation.Digest())
	if err == nil && !outcome.Accepted { // nothing came of it: there is no mini-program to show it with
		return outcome, &lifecycle.Refusal{Code: outcome.Code, Message: outcome.Message}
	}
	return outcome, err
}

func startOptions(requested lifecycle.Creation) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:                                       WorkflowID(requested.ID),
		TaskQueue:                                TaskQueue,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		StaticSummary:                            fmt.Sprintf("%s (%s)", written(requested.Title), requested.ID),
		StaticDetails:                            fmt.Sprintf("Mini-program **%s** of team %s.\n\n%s", quoted(requested.Title), requested.Team, quoted(requested.Description)),
		TypedSearchAttributes: temporal.NewSearchAttributes(
			AttributeState.ValueSet(string(lifecycle.CreationPending)), AttributeTeam.ValueSet(requested.Team),
		),
	}
}

// creationRepeated answers a request for an id that is taken: the same request again gets the first answer, once there is one.
func (c Client) creationRepeated(ctx context.Context, creation lifecycle.Creation) (lifecycle.Outcome, error) {
	for {
		decided := c.creationDecided(ctx, creation.ID)
		outcome, seen, err := c.Outcome(ctx, creation.ID, creation.Actor.User, creation.RequestID)
		switch {
		case err != nil || seen:
			return answerTo(outcome, err, lifecycle.RequestCreation, creation.Digest())
		case decided:
			return lifecycle.Outcome{}, lifecycle.Refuse(lifecycle.AlreadyExists, "the mini-program %q exists already; choose another id", creation.ID)
		}
		select {
		case <-ctx.Done():
			return lifecycle.Outcome{}, fmt.Errorf("the request for the creation of %q is not decided yet: %w", creation.ID, ctx.Err())
		case <-time.After(firstPause):
		}
	}
}

// creationDecided is false while a workflow that runs has no status yet.
func (c Client) creationDecided(ctx context.Context, id string) bool {
	_, err := c.query(ctx, WorkflowID(id), "", QueryStatus)
	_, none := errors.AsType[*serviceerror.QueryFailed](err)
	return !none
}

// Act sends an action and waits for its outcome as long as ctx allows. The outcome may be a refusal; an unknown or ended
// mini-program comes as the error, a *lifecycle.Refusal. ErrUnanswered means that the action is safely recorded.
func (c Client) Act(ctx context.Context, id string, command lifecycle.Command) (lifecycle.Outcome, error) {
	if command.RequestID == "" {
		command.RequestID = uuid.NewString()
	}
	answer, forget := c.await(id, command.Actor.User, command.RequestID)
	defer forget()
	if err := c.Signal(ctx, id, command); err != nil {
		return lifecycle.Outcome{}, err
	}
	outcome, err := c.outcomeOf(ctx, answer, WorkflowID(id), "", command.Actor.User, command.RequestID)
	return answerTo(outcome, err, command.Action, command.Digest())
}

// answerTo refuses an outcome that answers something else which was asked for under the same request id.
func answerTo(outcome lifecycle.Outcome, err error, action lifecycle.Action, digest string) (lifecycle.Outcome, error) {
	if err != nil {
		return outcome, err
	}
	if refusal := outcome.RefuseOther(action, digest); refusal != nil {
		return lifecycle.Outcome{}, refusal
	}
	outcome.Digest = "" // it has served its purpose
	return outcome, nil
}

// await registers for an answer before the question is sent. Without a feed the channel is nil and brings nothing.
func (c Client) await(id, user, requestID string) (<-chan lifecycle.Outcome, func()) {
	if c.Answers == nil {
		return nil, func() {}
	}
	return c.Answers.Await(id, user, requestID)
}

// Signal sends an action; when it returns without an error, the action is safely recorded.
func (c Client) Signal(ctx context.Context, id string, command lifecycle.Command) error {
	if refusal := lifecycle.ValidateID(id); refusal != nil {
		return refusal
	}
	if _, ok := lifecycle.RuleFor(command.Action); !ok || command.Action == lifecycle.RequestCreation {
		return lifecycle.Refuse(lifecycle.InvalidInput, "there is no action %q for an existing mini-program", command.Action)
	}
	if refusal := cmp.Or(lifecycle.RefuseReserved(command.RequestID), lifecycle.CheckSize(command)); refusal != nil {
		return refusal
	}
	err := c.Temporal.SignalWorkflow(ctx, WorkflowID(id), "", string(command.Action), command)
	if _, notFound := errors.AsType[*serviceerror.NotFound](err); notFound {
		return c.signalGone(ctx, id, command)
	}
	if err != nil {
		return fmt.Errorf("sending %s to %s: %w", command.Action, id, err)
	}
	return nil
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

// Outcome asks for the answer to a user's action; seen is false when there is none (yet).
func (c Client) Outcome(ctx context.Context, id, user, requestID string) (outcome lifecycle.Outcome, seen bool, err error) {
	outcome, seen, err = c.outcome(ctx, WorkflowID(id), "", user, requestID)
	return outcome, seen, refuseUnknown(id, err)
}

func (c Client) outcome(ctx context.Context, workflowID, runID, user, requestID string) (outcome lifecycle.Outcome, seen bool, err error) {
	value, err := c.query(ctx, workflowID, runID, QueryOutcome, requestID, user)
	if err != nil {
		return outcome, false, err
	}
	var answer Answer
	if err := value.Get(&answer); err != nil {
		return outcome, false, fmt.Errorf("reading the outcome of %s: %w", requestID, err)
	}
	if !answer.Seen || answer.Outcome == nil {
		return outcome, false, nil
	}
	return *answer.Outcome, true, nil
}

// outcomeOf takes the answer from the feed, else asks the workflow until it has one. The query is consistent, so that the first
// one usually has it; an upload takes longer because its package is inspected.
func (c Client) outcomeOf(ctx context.Context, answer <-chan lifecycle.Outcome, workflowID, runID, user, requestID string) (lifecycle.Outcome, error) {
	pause := time.Duration(0)
	if answer != nil {
		pause = feedPatience
	}
	for {
		select {
		case outcome := <-answer:
			return outcome, nil
		case <-ctx.Done():
			return lifecycle.Outcome{}, fmt.Errorf("%w (request id %s)", ErrUnanswered, requestID)
		case <-time.After(pause):
		}
		outcome, seen, err := c.outcome(ctx, workflowID, runID, user, requestID)
		if seen {
			return outcome, nil
		}
		switch {
		case err == nil || ctx.Err() != nil:
		case mayComeYet(err):
			return outcome, fmt.Errorf("%w (request id %s): %w", ErrUnanswered, requestID, err)
		default:
			return outcome, fmt.Errorf("the action is recorded, but its answer cannot be read; ask for it with request id %s: %w", requestID, err)
		}
		pause = min(max(2*pause, firstPause), time.Second)
	}
}

// mayComeYet tells whether a query failed because nobody answers it now, and not because nobody ever will, such as for want of a permission.
func mayComeYet(err error) bool {
	_, noStatus := errors.AsType[*serviceerror.QueryFailed](err)
	code := serviceerror.ToStatus(err).Code()
	return noStatus || unanswered(err) || code == codes.Unavailable || code == codes.ResourceExhausted
}

// firstPause is how long to wait after the first query that has no answer, or finds no worker.
const firstPause = 20 * time.Millisecond

// firstPatience is how long the first try of a query may take. About one query in 1,600 gets stuck behind a worker's sticky
// cache (measured) and is answered at once when it is asked again.
const firstPatience = 250 * time.Millisecond

func (c Client) query(ctx context.Context, workflowID, runID, queryType string, args ...any) (converter.EncodedValue, error) {
	for patience := firstPatience; ; patience *= 2 {
		try, cancel := context.WithTimeout(ctx, patience)
		value, err := c.Temporal.QueryWorkflow(try, workflowID, runID, queryType, args...)
		timedOut := try.Err() != nil
		cancel()
		if err == nil || !timedOut && !unanswered(err) {
			return value, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("no worker answers the query %s: %w", queryType, err)
		case <-time.After(firstPause):
		}
	}
}

// unanswered recognises a server that noticed the end of the try before the client did, or that has heard of no worker for a
// while: it says so even when one is about to ask for work again.
func unanswered(err error) bool {
	code := serviceerror.ToStatus(err).Code()
	return code == codes.Canceled || code == codes.DeadlineExceeded || code == codes.FailedPrecondition
}

func refuseUnknown(id string, err error) error {
	_, notFound := errors.AsType[*serviceerror.NotFound](err)
	_, neverBegun := errors.AsType[*serviceerror.QueryFailed](err)
	if notFound || neverBegun {
		return lifecycle.Refuse(lifecycle.UnknownMiniProgram, "there is no mini-program %q; request its creation first", id)
	}
	return err
}
