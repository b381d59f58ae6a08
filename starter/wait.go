package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"slipway/lifecycle"
	"slipway/workflows"
)

// errLeft ends a command that was told to stop waiting. What it waited for goes on.
var errLeft = errors.New("left")

// errUncertain ends a command of which nobody knows whether it was recorded.
var errUncertain = errors.New("it may be recorded")

// goal is what an action begins and --wait waits for: while the mini-program is in one of the states on the way it is not over, and
// in one of those wanted it was reached.
type goal struct {
	name  string
	onWay []lifecycle.State
	ends  lifecycle.State
}

// goalOf is what an accepted action began and is not over yet; nil when all is done with its outcome.
func goalOf(outcome lifecycle.Outcome) *goal {
	g := goal{"rollout", []lifecycle.State{lifecycle.GrayscaleRelease, lifecycle.ProductionRelease}, lifecycle.Published}
	switch outcome.Action {
	case lifecycle.RequestCreation:
		g = goal{"review", []lifecycle.State{lifecycle.CreationPending}, lifecycle.CodeUnavailable}
	case lifecycle.RequestPublishing:
		g = goal{"review", []lifecycle.State{lifecycle.PublishingPending}, lifecycle.ReadyToPublish}
	case lifecycle.Publish:
		if outcome.ScheduledAt != nil {
			g.onWay = append(g.onWay, lifecycle.ReadyToPublish)
		}
	case lifecycle.Promote, lifecycle.Advance, lifecycle.Resume:
	default:
		return nil
	}
	if !slices.Contains(g.onWay, outcome.State) {
		return nil
	}
	return &g
}

// end is the transition after a revision that ended it; nil while it goes on.
func (g goal) end(s lifecycle.Status, revision int) *lifecycle.Transition {
	for _, t := range s.Transitions {
		if t.Revision > revision && (!slices.Contains(g.onWay, t.To) || t.Action == lifecycle.CancelSchedule) {
			return &t
		}
	}
	if s.Revision > revision && !slices.Contains(g.onWay, s.State) { // so long ago that it is not told any more
		return &lifecycle.Transition{To: s.State}
	}
	return nil
}

// finish says what came of an action. With wait it asks until that is known, and goes on until what the action began is over. ask gets
// the same request id each time, so that the action counts once.
func (a *app) finish(ctx context.Context, id, requestID string, wait bool, ask func(requestID string) (lifecycle.Outcome, error)) error {
	requestID = cmp.Or(requestID, uuid.NewString())
	outcome, err := ask(requestID)
	if wait && errors.Is(err, workflows.ErrUnfinished) {
		_, _ = fmt.Fprintf(a.stderr, "%s: the action is recorded (request id %s); waiting for a worker\n", id, requestID)
		outcome, err = insist(ctx, err, func() (lifecycle.Outcome, error) { return ask(requestID) })
	}
	if err != nil {
		return err
	}
	if err := a.printOutcome(id, outcome); err != nil || !wait {
		return err
	}
	if goal := goalOf(outcome); goal != nil {
		return a.await(ctx, id, *goal, outcome.Revision)
	}
	return nil
}

// insist asks again what is recorded until it has an outcome, cannot get one, or ctx is done.
func insist(ctx context.Context, recorded error, ask func() (lifecycle.Outcome, error)) (outcome lifecycle.Outcome, err error) {
	for err = recorded; errors.Is(err, workflows.ErrUnfinished) && mayBeAnswered(err); {
		select {
		case <-ctx.Done():
			return outcome, err
		case <-time.After(retryInterval):
		}
		outcome, err = ask()
		err = stillRecorded(recorded, err)
	}
	return outcome, err
}

// stillRecorded is the error of asking again after a request was recorded, if it was: a refusal changes that, a failure on the way does
// not.
func stillRecorded(recorded, err error) error {
	_, refused := errors.AsType[*lifecycle.Refusal](err)
	p, isProblem := errors.AsType[*problem](err)
	if recorded == nil || err == nil || refused || isProblem && p.isRefusal() || errors.Is(err, workflows.ErrUnfinished) {
		return err
	}
	return fmt.Errorf("%w; asked again: %w", recorded, err)
}

// mayBeAnswered tells whether the same request may have an outcome later. One that a server does not take, say for want of a sign-in,
// stays without.
func mayBeAnswered(err error) bool {
	p, isProblem := errors.AsType[*problem](err)
	if isProblem && p.Status < http.StatusInternalServerError {
		return p.Status == http.StatusTooManyRequests
	}
	return isProblem && p.Status == http.StatusServiceUnavailable || errors.Is(err, workflows.ErrUnfinished)
}

// uncertain adds to an error that does not say whether a request was recorded how to ask again without doing anything twice.
func uncertain(err error, requestID string) error {
	_, refused := errors.AsType[*lifecycle.Refusal](err)
	if err == nil || refused || requestID == "" || errors.Is(err, workflows.ErrUnfinished) {
		return err
	}
	return fmt.Errorf("%w; %w: repeat it with --request-id %s, and it is done once", err, errUncertain, requestID)
}

// await shows how a mini-program goes on after a revision until the goal is reached or missed.
func (a *app) await(ctx context.Context, id string, g goal, revision int) error {
	platform, err := a.platform()
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(a.stderr, "waiting until the %s of %s is over; Ctrl-C ends the waiting only\n", g.name, id)
	view := &view{out: a.stdout, inPlace: isTerminal(a.stdout), json: a.JSON}
	var reason error
	for status, err := range persist(ctx, platform, id, func(err error) { _ = view.end(); a.saysAway(id, err) }) {
		if reason = err; err != nil {
			break
		}
		view.seen = max(view.seen, sequenceOf(revision, status))
		if err := view.update(a, status); err != nil {
			return err
		}
		if end := g.end(status, revision); end != nil {
			return errors.Join(view.end(), g.missed(id, *end))
		}
	}
	_ = view.end()
	return a.stopsWaiting(reason, fmt.Sprintf("not waiting any more: the %s of %s goes on. See it with starter watch %s", g.name, id, id))
}

// sequenceOf is the place in the audit trail of the action that led to a revision; what happened under the same one since comes after it.
func sequenceOf(revision int, s lifecycle.Status) int {
	for _, t := range s.Transitions {
		if t.Revision == revision {
			return position(t.Sequence, t.Revision)
		}
	}
	return revision
}

// persist follows a mini-program whatever happens to those who are asked, and tells away of each time that they do not answer. Its errors
// are those that no waiting helps against.
func persist(ctx context.Context, p platform, id string, away func(error)) iter.Seq2[lifecycle.Status, error] {
	return func(yield func(lifecycle.Status, error) bool) {
		for silent := false; ctx.Err() == nil; pause(ctx) {
			for status, err := range p.follow(ctx, id) {
				missing := err != nil && !inVain(err)
				if missing && !silent && ctx.Err() == nil {
					away(err)
				}
				if silent = missing; !missing && !yield(status, err) {
					return
				}
			}
		}
	}
}

// pause lasts until it is time to ask again.
func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(retryInterval):
	}
}

// inVain tells whether it is no use to ask the same again: somebody has answered, and says no.
func inVain(err error) bool {
	_, refused := errors.AsType[*lifecycle.Refusal](err)
	p, answered := errors.AsType[*problem](err)
	return refused || answered && p.Status < http.StatusInternalServerError && p.Status != http.StatusTooManyRequests
}

// saysAway says that nobody answers, which is no reason not to wait.
func (a *app) saysAway(id string, err error) {
	_ = printLines(a.stderr, fmt.Sprintf("%s: no answer at the moment; asking again until there is one (%s)", id, err))
}

// stopsWaiting ends the waiting for what goes on, for a reason, or because whoever waited has had enough.
func (a *app) stopsWaiting(reason error, goesOn string) error {
	if _, refused := errors.AsType[*lifecycle.Refusal](reason); refused {
		return reason
	}
	if reason != nil {
		_ = printLines(a.stderr, "starter: "+reason.Error())
	}
	_ = printLines(a.stderr, goesOn)
	return errLeft
}

// missed is the error of an end that is not the one wanted.
func (g goal) missed(id string, end lifecycle.Transition) error {
	switch {
	case end.To == g.ends && end.Action != lifecycle.CancelSchedule:
		return nil
	case end.Action == "":
		return fmt.Errorf("the %s of %s ended in %s, not %s", g.name, id, end.To, g.ends)
	default:
		return fmt.Errorf("the %s of %s ended in %s, not %s: %s by %s%s",
			g.name, id, end.To, g.ends, end.Action, actorOf(end), inBrackets(end.Comment))
	}
}
