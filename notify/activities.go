package notify

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"
)

// Activities are what the workflow Notifier does to what is outside. Its methods are registered under their own names.
type Activities struct{ Follower *Follower }

// Told is how far a subscription was told when its activity ended. Gone says that it was deleted.
type Told struct {
	Place int64 `json:"place"`
	Gone  bool  `json:"gone,omitempty"`
}

// Shift is how long one activity tells: long, because whatever happens meanwhile costs the history nothing.
const Shift = 24 * time.Hour

// TellSubscription tells what happens to whom the subscription names, until the shift is over, the worker stops or the subscription is
// deleted. Its heartbeat shows how far it has come and what fails. Where it goes on is in the catalogue: nothing is lost with a worker.
func (a *Activities) TellSubscription(ctx context.Context, name string) (Told, error) {
	telling, cancel := context.WithTimeout(ctx, Shift)
	defer cancel()
	go func() {
		select {
		case <-activity.GetWorkerStopChannel(ctx):
			cancel()
		case <-telling.Done():
		}
	}()
	var told Told
	err := a.Follower.Follow(telling, name, func(standing Standing) {
		told.Place = standing.Place
		activity.RecordHeartbeat(ctx, standing)
	})
	switch {
	case errors.Is(err, ErrNotFound):
		told.Gone = true
		return told, nil
	case ctx.Err() != nil:
		return told, ctx.Err()
	case telling.Err() != nil:
		return told, nil
	default:
		return told, err
	}
}

// TryOutcome is what came of a test: "" when the target took it.
type TryOutcome struct {
	Failure string `json:"failure,omitempty"`
}

// TrySubscription sends a test message to the target of a subscription.
func (a *Activities) TrySubscription(ctx context.Context, name string) (TryOutcome, error) {
	err := a.Follower.Try(ctx, name, activity.GetInfo(ctx).WorkflowExecution.RunID+"-"+activity.GetInfo(ctx).ActivityID)
	if failure, ok := errors.AsType[*Failure](err); ok {
		return TryOutcome{failure.Message}, nil
	}
	if errors.Is(err, ErrNotFound) {
		return TryOutcome{"the subscription was deleted"}, nil
	}
	return TryOutcome{}, err
}
