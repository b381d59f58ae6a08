package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"slipway/catalog"
	"slipway/lifecycle"
	"slipway/monitoring/logkey"
)

// Fleet is the activities of fleet acts: one action on many mini-programs, each of which answers for itself. One per worker.
//
// What an act has asked for is in the catalogue, where only the web writes: whoever reaches Temporal alone can name an act, and not make
// one. How far it has come is in the catalogue, too. A worker that dies leaves nothing to take over: whoever goes on sends again what
// has no answer yet, under the same request ids.
type Fleet struct {
	Catalog FleetKeeper
	// Send sends a command to a mini-program; once it returns nil the command is recorded. The error may be a *lifecycle.Refusal.
	Send func(ctx context.Context, miniProgram string, command lifecycle.Command) error
	// Pace bounds the commands of all acts of this worker, and AtOnce those of one act that have no answer yet: when everything is slow,
	// an act is, and adds no more to it than AtOnce persons would.
	Pace   *rate.Limiter
	AtOnce int
	// Patience is how long an answer is waited for before the act goes on with the next mini-program, and Rest how long it rests before it
	// asks once more what did not answer; the rest grows up to 64 times as long.
	Patience, Rest time.Duration
}

// FleetKeeper is the part of the catalogue that fleet acts are kept in.
type FleetKeeper interface {
	Fleet(ctx context.Context, id string) (catalog.FleetAct, error)
	FleetAnswers(ctx context.Context, id string, standings []catalog.FleetStanding, after string, limit int) ([]catalog.FleetAnswer, error)
	FleetOutcomes(ctx context.Context, act catalog.FleetAct) ([]catalog.FleetAnswer, error)
	AnswerFleet(ctx context.Context, id string, answers []catalog.FleetAnswer) error
	CountFleet(ctx context.Context, id string) (catalog.FleetCounts, error)
	CancelFleet(ctx context.Context, id, user string) error
	EndFleet(ctx context.Context, id string, at time.Time) error
	Outcome(ctx context.Context, id, user, requestID string) (lifecycle.Outcome, string, error)
	LastChange(ctx context.Context) (int64, error)
	Wait(ctx context.Context, after int64) (int64, error)
}

// FleetBatch is how many mini-programs are asked between two looks at whether the act was cancelled.
const FleetBatch = 20

// WorkFleet asks every mini-program of an act until each has answered, or the act is cancelled.
func (f *Fleet) WorkFleet(ctx context.Context, id string) error {
	act, err := f.Catalog.Fleet(ctx, id)
	if errors.Is(err, catalog.ErrNotFound) {
		why := fmt.Sprintf("there is no fleet act %q; begin one on the page, over the API or with starter fleet", id)
		return temporal.NewNonRetryableApplicationError(why, string(lifecycle.UnknownFleetAct), nil)
	}
	if err != nil {
		return err
	}
	run := &fleetRun{Fleet: f, act: act}
	for rest := f.Rest; ; rest = min(2*rest, 64*f.Rest) {
		goesOn, err := run.pass(ctx)
		if err != nil || !goesOn {
			return err
		}
		if err := run.rest(ctx, rest); err != nil {
			return err
		}
	}
}

// FleetEnd says which act is over, and whether it was cancelled in Temporal.
type FleetEnd struct {
	ID        string `json:"id"`
	Cancelled bool   `json:"cancelled,omitempty"`
}

// cancelledInTemporal is who cancelled an act that no person of ours did.
const cancelledInTemporal = "temporal"

// EndFleet notes that an act is over, and tells what came of it.
func (f *Fleet) EndFleet(ctx context.Context, end FleetEnd) (catalog.FleetCounts, error) {
	act, err := f.Catalog.Fleet(ctx, end.ID)
	if err == nil {
		err = (&fleetRun{Fleet: f, act: act}).collect(ctx)
	}
	if err == nil && end.Cancelled {
		err = f.Catalog.CancelFleet(ctx, end.ID, cancelledInTemporal)
	}
	if err == nil {
		err = f.Catalog.EndFleet(ctx, end.ID, time.Now())
	}
	if err != nil {
		return catalog.FleetCounts{}, err
	}
	return f.Catalog.CountFleet(ctx, end.ID)
}

// fleetRun is one try of the work on an act.
type fleetRun struct {
	*Fleet
	act    catalog.FleetAct
	counts catalog.FleetCounts // as people in Temporal UI see them
}

// errWorkerStops lets another worker go on at once.
var errWorkerStops = errors.New("the worker stops; another one goes on with this act")

// pass asks once each mini-program that has not answered. It tells whether there is more to do: some have not answered, and nobody has
// cancelled the act.
func (r *fleetRun) pass(ctx context.Context) (goesOn bool, err error) {
	if err := r.collect(ctx); err != nil {
		return false, err
	}
	for after := ""; ; {
		if goesOn, err = r.look(ctx); err != nil || !goesOn {
			return false, err
		}
		open := []catalog.FleetStanding{catalog.FleetWaiting, catalog.FleetSent}
		batch, err := r.Catalog.FleetAnswers(ctx, r.act.ID, open, after, FleetBatch)
		if err != nil || len(batch) == 0 {
			return true, err
		}
		answers, err := r.ask(ctx, batch)
		if err := errors.Join(r.Catalog.AnswerFleet(context.WithoutCancel(ctx), r.act.ID, answers), err); err != nil {
			return false, err
		}
		after = batch[len(batch)-1].MiniProgram
	}
}

// collect keeps what was answered in the meantime.
func (r *fleetRun) collect(ctx context.Context) error {
	found, err := r.Catalog.FleetOutcomes(ctx, r.act)
	if err == nil {
		err = r.Catalog.AnswerFleet(ctx, r.act.ID, found)
	}
	return err
}

// look counts, and tells whether the act goes on.
func (r *fleetRun) look(ctx context.Context) (goesOn bool, err error) {
	if r.counts, err = r.Catalog.CountFleet(ctx, r.act.ID); err != nil {
		return false, err
	}
	if r.act, err = r.Catalog.Fleet(ctx, r.act.ID); err != nil {
		return false, err
	}
	return r.act.CancelledBy == "" && r.counts.Waiting+r.counts.Sent > 0, r.beat(ctx)
}

// beat tells Temporal that the work goes on. The error is why it does not.
func (r *fleetRun) beat(ctx context.Context) error {
	select {
	case <-activity.GetWorkerStopChannel(ctx):
		return errWorkerStops
	default:
		activity.RecordHeartbeat(ctx, r.counts)
		return ctx.Err()
	}
}

// ask sends the command to each of the mini-programs and waits a moment for what they answer. What could not be sent is left for later,
// unless nothing could.
func (r *fleetRun) ask(ctx context.Context, batch []catalog.FleetAnswer) ([]catalog.FleetAnswer, error) {
	answers, failures := make([]catalog.FleetAnswer, len(batch)), make([]error, len(batch))
	var asking errgroup.Group
	asking.SetLimit(r.AtOnce)
	var stopped error
	for i, each := range batch {
		if stopped = r.turn(ctx); stopped != nil {
			break
		}
		asking.Go(func() error {
			answers[i], failures[i] = r.askOne(ctx, each.MiniProgram)
			return nil
		})
	}
	_ = asking.Wait()
	var got []catalog.FleetAnswer
	for i, answer := range answers {
		if failures[i] == nil && answer.MiniProgram != "" {
			got = append(got, answer)
		}
	}
	failed := errors.Join(failures...)
	if failed != nil && len(got) > 0 {
		activity.GetLogger(ctx).Warn("some mini-programs of a fleet act could not be asked; it tries again later",
			logkey.FleetAct, r.act.ID, logkey.Error, failed)
		failed = nil
	}
	return got, errors.Join(stopped, failed)
}

// turn waits until the next mini-program may be asked, and tells Temporal meanwhile that the work goes on: it may take long.
func (r *fleetRun) turn(ctx context.Context) error {
	next := r.Pace.Reserve()
	for {
		if err := r.beat(ctx); err != nil {
			next.Cancel()
			return err
		}
		left := next.Delay()
		if left == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(min(left, time.Second)):
		}
	}
}

func (r *fleetRun) askOne(ctx context.Context, miniProgram string) (catalog.FleetAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, r.Patience)
	defer cancel()
	command := r.act.Command
	command.RequestID = lifecycle.FleetRequestID(r.act.ID, miniProgram)
	answer := catalog.FleetAnswer{MiniProgram: miniProgram, Standing: catalog.FleetSent}
	last, err := r.Catalog.LastChange(ctx) // before sending, so that the answer comes after
	if err == nil {
		err = r.Send(ctx, miniProgram, command)
	}
	if refusal, refused := errors.AsType[*lifecycle.Refusal](err); refused { // there is nobody to answer
		answer.Standing, answer.Outcome = catalog.FleetRefused, &lifecycle.Outcome{
			RequestID: command.RequestID, Actor: command.Actor.User, Action: command.Action,
			Code: refusal.Code, Message: refusal.Message, At: time.Now().UTC(),
		}
		return answer, nil
	}
	if err != nil {
		return answer, fmt.Errorf("asking %s: %w", miniProgram, err)
	}
	outcome, err := r.await(ctx, miniProgram, command, last)
	switch {
	case err == nil:
		answer.Standing, answer.Outcome = catalog.FleetStandingOf(outcome), &outcome
	case !errors.Is(err, context.DeadlineExceeded):
		return answer, err
	}
	return answer, nil
}

// await waits for the outcome of what was sent. The error is that of the context when there is none in time.
func (r *fleetRun) await(ctx context.Context, miniProgram string, command lifecycle.Command, last int64) (lifecycle.Outcome, error) {
	for {
		outcome, _, err := r.Catalog.Outcome(ctx, miniProgram, command.Actor.User, command.RequestID)
		if err == nil || !errors.Is(err, catalog.ErrNotFound) {
			return outcome, err
		}
		if last, err = r.Catalog.Wait(ctx, last); err != nil {
			return outcome, err
		}
	}
}

// rest waits, and tells Temporal meanwhile that the work goes on.
func (r *fleetRun) rest(ctx context.Context, rest time.Duration) error {
	for end := time.Now().Add(rest); time.Now().Before(end); {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(min(time.Until(end), time.Second)):
		}
		if err := r.collect(ctx); err != nil {
			return err
		}
		if goesOn, err := r.look(ctx); err != nil || !goesOn {
			return err
		}
	}
	return nil
}
