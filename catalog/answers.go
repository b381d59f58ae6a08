package catalog

import (
	"sync"
	"time"

	"slipway/lifecycle"
)

// Answers hands outcomes to those who wait for them as soon as they are committed, and knows which requests are unanswered. The zero
// value is ready; whoever follows the catalogue lets it Hear.
type Answers struct {
	mu         sync.Mutex
	waiting    map[Request][]chan lifecycle.Outcome
	unanswered map[string]map[Request]time.Time // by mini-program, since when
}

// Hear hands over the outcome of a change, if it has one.
func (a *Answers) Hear(change Change) {
	if change.Outcome != nil {
		a.hand(Request{change.ID, change.Outcome.Actor, change.Outcome.RequestID}, *change.Outcome)
	}
}

func (a *Answers) hand(to Request, outcome lifecycle.Outcome) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, waiting := range a.waiting[to] {
		waiting <- outcome
	}
	delete(a.waiting, to)
	a.settle(to)
}

// Await brings the outcome of a user's request that is sent after this call. A request that was answered before brings nothing:
// the feed does not repeat itself. Who no longer waits calls forget.
func (a *Answers) Await(miniProgram, user, requestID string) (outcome <-chan lifecycle.Outcome, forget func()) {
	key, own := Request{miniProgram, user, requestID}, make(chan lifecycle.Outcome, 1)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.waiting == nil {
		a.waiting = map[Request][]chan lifecycle.Outcome{}
	}
	a.waiting[key] = append(a.waiting[key], own)
	return own, func() { a.forget(key, own) }
}

func (a *Answers) forget(key Request, own chan lifecycle.Outcome) {
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
