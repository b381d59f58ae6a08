package catalog

import (
	"context"
	"sync"
	"time"

	"slipway/lifecycle"
)

// retryAfter is the pause before the feed is followed again after the database did not answer.
const retryAfter = 100 * time.Millisecond

// Answers hands outcomes to those who wait for them as soon as they are committed. It follows the change feed once for all
// who wait.
type Answers struct {
	catalog *Catalog
	mu      sync.Mutex
	waiting map[request][]chan lifecycle.Outcome
}

type request struct{ miniProgram, id string }

// Answers follows the outcomes committed from now on, until ctx is done.
func (c *Catalog) Answers(ctx context.Context) (*Answers, error) {
	last, err := c.LastChange(ctx)
	if err != nil {
		return nil, err
	}
	a := &Answers{catalog: c, waiting: map[request][]chan lifecycle.Outcome{}}
	go a.follow(ctx, last)
	return a, nil
}

// follow goes on where it was when the database did not answer for a while.
func (a *Answers) follow(ctx context.Context, last int64) {
	for ctx.Err() == nil {
		_ = a.catalog.Follow(ctx, last, func(change Change) error {
			last = change.Number
			if change.Outcome != nil {
				a.hand(request{change.ID, change.Outcome.RequestID}, *change.Outcome)
			}
			return nil
		})
		select {
		case <-ctx.Done():
		case <-time.After(retryAfter):
		}
	}
}

func (a *Answers) hand(to request, outcome lifecycle.Outcome) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, waiting := range a.waiting[to] {
		waiting <- outcome
	}
	delete(a.waiting, to)
}

// Await brings the outcome of a request that is sent after this call. A request that was answered before brings nothing:
// the feed does not repeat itself. Who no longer waits calls forget.
func (a *Answers) Await(miniProgram, requestID string) (outcome <-chan lifecycle.Outcome, forget func()) {
	key, own := request{miniProgram, requestID}, make(chan lifecycle.Outcome, 1)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waiting[key] = append(a.waiting[key], own)
	return own, func() { a.forget(key, own) }
}

func (a *Answers) forget(key request, own chan lifecycle.Outcome) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var others []chan lifecycle.Outcome
	for _, waiting := range a.waiting[key] {
		if waiting != own {
			others = append(others, waiting)
		}
	}
	if a.waiting[key] = others; len(others) == 0 {
		delete(a.waiting, key)
	}
}
