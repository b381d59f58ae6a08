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
	"slipway/plain"
)

// ErrUnfinished says that an action is recorded, and will be answered, but no worker did so in time.
var ErrUnfinished = errors.New("the action is recorded, but no worker has answered it yet")

// Client starts and steers mini-programs, for web and starter alike.
type Client struct {
	Temporal client.Client
	// Waiters brings outcomes from the catalogue, which saves a query for each action. Without it, or when it does not
	// have the answer, the workflow is asked.
	Waiters *catalog.Waiters
	// Known tells whether the catalogue knows a mini-program, for workflows that Temporal has forgotten; nil leaves it to Temporal.
	Known func(ctx context.Context, id string) (bool, error)
	// Titles puts titles into a search attribute, for lists in Temporal UI: the static summary is forgotten when a run continues as new.
	// Search attributes are never encrypted: where payloads are, titles stay out of them.
	Titles bool
}

// feedPatience is how long the catalogue's feed may take before the workflow is asked.
const feedPatience = time.Second

// RequestCreation starts the workflow of a new mini-program and waits for the outcome as long as ctx allows. A refusal
// comes as the error, a *lifecycle.Refusal; ErrUnfinished as in Act.
func (c Client) RequestCreation(ctx context.Context, creation lifecycle.Creation) (lifecycle.Outcome, error) {
	reserved := lifecycle.RefuseReserved(creation.RequestID)
	if refusal := cmp.Or(refuseSystem(creation.Actor), reserved, creation.Admit(time.Now())); refusal != nil {
		return lifecycle.Outcome{}, refusal
	}
	if creation.RequestID == "" {
		creation.RequestID = uuid.NewString()
	}
	told, forget := c.await(creation.ID, creation.Actor.User, creation.RequestID)
	defer forget()
	run, err := c.Temporal.ExecuteWorkflow(ctx, c.startOptions(creation), WorkflowType, Input{Creation: creation})
	if _, exists := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); exists {
		return c.creationRepeated(ctx, creation)
	}
	if err != nil {
		return lifecycle.Outcome{}, fmt.Errorf("starting the workflow of %s: %w", creation.ID, err)
	}
	outcome, err := c.waitForOutcome(ctx, told, run.GetID(), run.GetRunID(), creation.Actor.User, creation.RequestID)
	outcome, err = outcomeFor(outcome, err, lifecycle.RequestCreation, creation.Digest())
	if err == nil && !outcome.Accepted { // nothing came of it: there is no mini-program to show it with
		return outcome, &lifecycle.Refusal{Code: outcome.Code, Message: outcome.Message}
	}
	return outcome, err
}

func (c Client) startOptions(requested lifecycle.Creation) client.StartWorkflowOptions {
	attributes := []temporal.SearchAttributeUpdate{
		AttributeState.ValueSet(string(lifecycle.CreationPending)), AttributeTeam.ValueSet(requested.Team),
	}
	if c.Titles {
		attributes = append(attributes, AttributeTitle.ValueSet(lifecycle.Excerpt(plain.Line(requested.Title))))
	}
	title, description := quoted(requested.Title), quoted(requested.Description)
	details := fmt.Sprintf("Mini-program **%s** of team %s.\n\n%s\n\nRequested by %s with request id %s.",
		title, requested.Team, description, written(requested.Actor.User), quoted(requested.RequestID))
	return client.StartWorkflowOptions{
		ID:                                       WorkflowID(requested.ID),
		TaskQueue:                                TaskQueue,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		StaticSummary:                            fmt.Sprintf("%s (%s)", written(requested.Title), requested.ID),
		StaticDetails:                            details,
		TypedSearchAttributes:                    temporal.NewSearchAttributes(attributes...),
	}
}

// creationRepeated is for a request for an id that is taken. Where nobody answers what came of it, it is recorded only if it is what the
// workflow was started with.
func (c Client) creationRepeated(ctx context.Context, creation lifecycle.Creation) (lifecycle.Outcome, error) {
	begun, errBegun := c.startedWith(ctx, c.startOptions(creation)) // asked while there is time
	outcome, err := c.firstOutcome(ctx, creation)
	_, refused := errors.AsType[*lifecycle.Refusal](err)
	switch {
	case err == nil || refused || ctx.Err() == nil && !mayComeYet(err):
		return outcome, err
	case begun:
		return outcome, fmt.Errorf("%w (request id %s): %w", ErrUnfinished, creation.RequestID, err)
	default:
		return outcome, fmt.Errorf("the creation of %q is requested, but whether with request id %s cannot be told now: %w",
			creation.ID, creation.RequestID, cmp.Or(errBegun, err))
	}
}

// startedWith tells whether the workflow was started by this very request, which the static details name.
func (c Client) startedWith(ctx context.Context, options client.StartWorkflowOptions) (bool, error) {
	described, err := c.Temporal.DescribeWorkflow(ctx, options.ID, "")
	if err != nil {
		return false, fmt.Errorf("looking at how %s was started: %w", options.ID, err)
	}
	details, err := described.GetStaticDetails()
	return details == options.StaticDetails, err
}

// firstOutcome gives the same request for creation again its first outcome, once there is one.
func (c Client) firstOutcome(ctx context.Context, creation lifecycle.Creation) (lifecycle.Outcome, error) {
	for {
		_, failed := c.query(ctx, WorkflowID(creation.ID), "", QueryStatus)
		_, undecided := errors.AsType[*serviceerror.QueryFailed](failed) // it runs, and has no status yet
		outcome, seen, err := c.Outcome(ctx, creation.ID, creation.Actor.User, creation.RequestID)
		switch {
		case err != nil || seen:
			return outcomeFor(outcome, err, lifecycle.RequestCreation, creation.Digest())
		case failed != nil && !undecided:
			return lifecycle.Outcome{}, fmt.Errorf("asking whether there is a mini-program %q: %w", creation.ID, failed)
		case !undecided:
			return lifecycle.Outcome{},
				lifecycle.Refuse(lifecycle.AlreadyExists, "the mini-program %q already exists; choose another id", creation.ID)
		}
		select {
		case <-ctx.Done():
			return lifecycle.Outcome{}, fmt.Errorf("the request for the creation of %q is not decided yet: %w", creation.ID, ctx.Err())
		case <-time.After(firstPause):
		}
	}
}

// Act sends an action and waits for its outcome as long as ctx allows. The outcome may be a refusal; an unknown or ended
// mini-program comes as the error, a *lifecycle.Refusal. ErrUnfinished means that the action is safely recorded.
func (c Client) Act(ctx context.Context, id string, command lifecycle.Command) (lifecycle.Outcome, error) {
	if command.RequestID == "" {
		command.RequestID = uuid.NewString()
	}
	told, forget := c.await(id, command.Actor.User, command.RequestID)
	defer forget()
	if err := c.Signal(ctx, id, command); err != nil {
		return lifecycle.Outcome{}, err
	}
	outcome, err := c.waitForOutcome(ctx, told, WorkflowID(id), "", command.Actor.User, command.RequestID)
	return outcomeFor(outcome, err, command.Action, command.Digest())
}

// outcomeFor refuses an outcome that is of something else which was asked for under the same request id.
func outcomeFor(outcome lifecycle.Outcome, err error, action lifecycle.Action, digest string) (lifecycle.Outcome, error) {
	if err != nil {
		return outcome, err
	}
	if refusal := outcome.RefuseOther(action, digest); refusal != nil {
		return lifecycle.Outcome{}, refusal
	}
	outcome.Digest = "" // it has served its purpose
	return outcome, nil
}

// await registers for an outcome before the command is sent. Without a feed the channel is nil and brings nothing.
func (c Client) await(id, user, requestID string) (<-chan lifecycle.Outcome, func()) {
	if c.Waiters == nil {
		return nil, func() {}
	}
	return c.Waiters.Await(id, user, requestID)
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

// Outcome asks what came of a user's action; seen is false when it has no outcome (yet).
func (c Client) Outcome(ctx context.Context, id, user, requestID string) (outcome lifecycle.Outcome, seen bool, err error) {
	outcome, seen, err = c.outcome(ctx, WorkflowID(id), "", user, requestID)
	return outcome, seen, refuseUnknown(id, err)
}

func (c Client) outcome(ctx context.Context, workflowID, runID, user, requestID string) (outcome lifecycle.Outcome, seen bool, err error) {
	value, err := c.query(ctx, workflowID, runID, QueryOutcome, requestID, user)
	if err != nil {
		return outcome, false, err
	}
	var reply OutcomeReply
	if err := value.Get(&reply); err != nil {
		return outcome, false, fmt.Errorf("reading the outcome of %s: %w", requestID, err)
	}
	if !reply.Seen || reply.Outcome == nil {
		return outcome, false, nil
	}
	return *reply.Outcome, true, nil
}

// waitForOutcome takes the outcome that the feed tells, else asks the workflow until it has one. The query is consistent, so that the
// first one usually has it; an upload takes longer because its package is inspected.
func (c Client) waitForOutcome(
	ctx context.Context, told <-chan lifecycle.Outcome, workflowID, runID, user, requestID string,
) (lifecycle.Outcome, error) {
	pause := time.Duration(0)
	if told != nil {
		pause = feedPatience
	}
	for {
		select {
		case outcome := <-told:
			return outcome, nil
		case <-ctx.Done():
			return lifecycle.Outcome{}, fmt.Errorf("%w (request id %s)", ErrUnfinished, requestID)
		case <-time.After(pause):
		}
		outcome, seen, err := c.outcome(ctx, workflowID, runID, user, requestID)
		if seen {
			return outcome, nil
		}
		switch {
		case err == nil || ctx.Err() != nil:
		case mayComeYet(err):
			return outcome, fmt.Errorf("%w (request id %s): %w", ErrUnfinished, requestID, err)
		default:
			return outcome, fmt.Errorf("the action is recorded, but its outcome cannot be read; ask for it with request id %s: %w", requestID, err)
		}
		pause = min(max(2*pause, firstPause), time.Second)
	}
}

// mayComeYet tells whether a query failed because nobody answers it now, and not because nobody ever will, such as for want of a
// permission.
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
		return unknown(id)
	}
	return err
}

func unknown(id string) *lifecycle.Refusal {
	return lifecycle.Refuse(lifecycle.UnknownMiniProgram, "there is no mini-program %q; request its creation first", id)
}
