package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"
)

const (
	// wakeBatch is how many mini-programs are read at a time, wakesAtOnce how many signals are under way, and wakesPerSecond how many
	// begin: half of what one worker decides, so that people who act meanwhile do not wait behind a thousand rollouts. On 2 cores 75 a
	// second let a thousand go on in 14 s while people had their answer in 39 ms; 150 a second in 10 s, but people waited 200 ms.
	wakeBatch      = 200
	wakesAtOnce    = 8
	wakesPerSecond = 75
)

// Wake lets mini-programs know that they may go on.
type Wake struct {
	// Prefix comes before the id of a mini-program in that of its workflow; Signal is what it is sent.
	Prefix string `json:"prefix"`
	Signal string `json:"signal"`
}

// WakeWaiting tells all mini-programs whose release is due and waits for the line that it moves again, one after the other at a pace that
// leaves room for others. It goes on behind its last heartbeat, and returns how many it told in this try. One that goes without it looks by
// itself later.
func (a *Activities) WakeWaiting(ctx context.Context, wake Wake) (told int, err error) {
	after := ""
	if activity.HasHeartbeatDetails(ctx) {
		_ = activity.GetHeartbeatDetails(ctx, &after) // what cannot be read begins anew: it does no harm
	}
	pace := rate.NewLimiter(wakesPerSecond, wakesAtOnce)
	for {
		waiting, err := a.Platform.WaitingForLine(ctx, after, wakeBatch)
		if err != nil || len(waiting) == 0 {
			return told, err
		}
		if err := wake.send(ctx, pace, after, waiting); err != nil {
			return told, err
		}
		told += len(waiting)
		after = waiting[len(waiting)-1]
	}
}

// send tells those that wait behind one that was told, which is what the heartbeat says.
func (w Wake) send(ctx context.Context, pace *rate.Limiter, after string, waiting []string) error {
	temporal := activity.GetClient(ctx)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(wakesAtOnce)
	for _, id := range waiting {
		activity.RecordHeartbeat(ctx, after)
		if err := pace.Wait(ctx); err != nil {
			return errors.Join(group.Wait(), err)
		}
		group.Go(func() error {
			trying, cancel := context.WithTimeout(ctx, 10*time.Second)
			defer cancel()
			err := temporal.SignalWorkflow(trying, w.Prefix+id, "", w.Signal, nil)
			if _, gone := errors.AsType[*serviceerror.NotFound](err); err != nil && !gone {
				return fmt.Errorf("waking %s: %w", id, err)
			}
			return nil
		})
	}
	return group.Wait()
}
