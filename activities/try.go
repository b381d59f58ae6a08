package activities

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
)

const (
	// maxInspectionTries is how often the inspection of one upload may break down before the upload is refused: a package that makes it
	// panic, never end or take the whole worker down must not do so for ever.
	maxInspectionTries = 3
	// beatEvery is how often an inspection says that it goes on, several times within the heartbeat timeout that the workflow gives it.
	beatEvery = 2 * time.Second
)

// inspectionTry counts, in the heartbeat, the tries that broke down. It counts itself before it begins, so that a worker that dies of the
// package counts, too; and it goes on to say so, so that a worker that is gone is noticed within seconds.
type inspectionTry struct {
	before int // how many tries broke down
	ended  chan struct{}

	mu   sync.Mutex
	said int
}

func beginTry(ctx context.Context) *inspectionTry {
	t := &inspectionTry{ended: make(chan struct{})}
	if activity.HasHeartbeatDetails(ctx) {
		_ = activity.GetHeartbeatDetails(ctx, &t.before) // unreadable details only start the count anew
	}
	t.say(ctx, t.before+1)
	go t.repeat(ctx)
	return t
}

// withdraw counts this try no longer: it did not break down.
func (t *inspectionTry) withdraw(ctx context.Context) {
	t.say(ctx, t.before)
}

func (t *inspectionTry) end() {
	close(t.ended)
}

func (t *inspectionTry) say(ctx context.Context, broken int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.said = broken
	activity.RecordHeartbeat(ctx, broken)
}

func (t *inspectionTry) repeat(ctx context.Context) {
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	for {
		select {
		case <-t.ended:
			return
		case <-ctx.Done():
			return
		case <-ticker.C:
			t.mu.Lock()
			activity.RecordHeartbeat(ctx, t.said)
			t.mu.Unlock()
		}
	}
}
