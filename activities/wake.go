package activities

import (
	"cmp"
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
	// wakePatience is how long one signal may take, well within a heartbeat.
	wakePatience = 5 * time.Second
)

// Wake lets mini-programs know that they may go on.
type Wake struct {
	// Prefix comes before the id of a mini-program in that of its workflow; Signal is what it is sent.
	Prefix string `json:"prefix"`
	Signal string `json:"signal"`
}

// WakeWaiting tells all mini-programs whose release is due and waits for the line that it moves again, one after the other at a pace that
// leaves room for others. It returns how many it told in this try. One that cannot be told keeps nobody else from it: the next try begins
// with those that were read together with it, which is what the heartbeat says. Without it they look by themselves later.
func (a *Activities) WakeWaiting(ctx context.Context, wake Wake) (told int, failed error) {
	after := ""
	if activity.HasHeartbeatDetails(ctx) {
		_ = activity.GetHeartbeatDetails(ctx, &after) // what cannot be read begins anew: it does no harm
	}
	begin := after
	pace := rate.NewLimiter(wakesPerSecond, wakesAtOnce)
	for {
		waiting, err := a.Platform.WaitingForLine(ctx, after, wakeBatch)
		if err != nil || len(waiting) == 0 {
			return told, cmp.Or(err, failed)
		}
		some, err := a.wake(ctx, wake, pace, begin, waiting)
		if some == 0 { // Temporal is away
			return told, err
		}
		told, failed = told+some, cmp.Or(failed, err)
		after = waiting[len(waiting)-1]
		if failed == nil {
			begin = after
		}
	}
}

// wake tells those that wait, and returns how many it could tell; the error is why it could not tell one of the others. The heartbeat says
// behind whom another try begins.
func (a *Activities) wake(ctx context.Context, wake Wake, pace *rate.Limiter, begin string, waiting []string) (told int, err error) {
	failures := make([]error, len(waiting))
	var group errgroup.Group
	group.SetLimit(wakesAtOnce)
	for i, id := range waiting {
		activity.RecordHeartbeat(ctx, begin)
		if failures[i] = pace.Wait(ctx); failures[i] != nil {
			return 0, errors.Join(failures[i], group.Wait())
		}
		group.Go(func() error {
			failures[i] = a.wakeOne(ctx, wake, id)
			return nil
		})
	}
	_ = group.Wait()
	for _, failure := range failures {
		if failure == nil {
			told++
		}
	}
	return told, cmp.Or(failures...)
}

func (a *Activities) wakeOne(ctx context.Context, wake Wake, id string) error {
	signal := a.Signal
	if signal == nil {
		temporal := activity.GetClient(ctx)
		signal = func(ctx context.Context, workflowID, name string) error {
			return temporal.SignalWorkflow(ctx, workflowID, "", name, nil)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, wakePatience)
	defer cancel()
	err := signal(ctx, wake.Prefix+id, wake.Signal)
	if _, gone := errors.AsType[*serviceerror.NotFound](err); err != nil && !gone {
		return fmt.Errorf("waking %s: %w", id, err)
	}
	return nil
}
