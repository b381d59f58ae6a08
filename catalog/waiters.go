package catalog

import (
	"maps"
	"slices"
	"sync"
	"time"

	"slipway/lifecycle"
)

// Request names what somebody asked of a mini-program.
type Request struct{ MiniProgram, User, ID string }

// Waiters hands outcomes to those who wait for them as soon as they are committed, and knows which requests of this process have none
// yet. The zero value is ready; whoever follows the catalogue lets it Deliver each change.
type Waiters struct {
	mu         sync.Mutex
	waiting    map[Request][]chan lifecycle.Outcome
	unfinished map[string]map[Request]time.Time // by mini-program, since when
}

// Await brings the outcome of a user's request that is sent after this call. A request with an earlier outcome brings nothing: the feed
// does not repeat itself. Whoever no longer waits calls forget.
func (w *Waiters) Await(miniProgram, user, requestID string) (outcome <-chan lifecycle.Outcome, forget func()) {
	request, own := Request{miniProgram, user, requestID}, make(chan lifecycle.Outcome, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting == nil {
		w.waiting = map[Request][]chan lifecycle.Outcome{}
	}
	w.waiting[request] = append(w.waiting[request], own)
	return own, func() { w.forget(request, own) }
}

func (w *Waiters) forget(request Request, own chan lifecycle.Outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	others := slices.DeleteFunc(w.waiting[request], func(waiting chan lifecycle.Outcome) bool { return waiting == own })
	if w.waiting[request] = others; len(others) == 0 {
		delete(w.waiting, request)
	}
}

// Deliver hands over the outcome of a change, if it has one.
func (w *Waiters) Deliver(change Change) {
	if change.Outcome == nil {
		return
	}
	request := Request{change.ID, change.Outcome.Actor, change.Outcome.RequestID}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, waiting := range w.waiting[request] {
		waiting <- *change.Outcome
	}
	delete(w.waiting, request)
	w.settle(request)
}

// forgetUnfinished is when a request is given up that never got an outcome, because its workflow was ended from outside.
const forgetUnfinished = 24 * time.Hour

// Expect notes that a request is about to be sent, so that it counts as unfinished until its outcome is delivered or it is settled; false
// when the mini-program, or the user there, has too many unfinished requests already.
func (w *Waiters) Expect(request Request, most, mostOfUser int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.unfinished == nil {
		w.unfinished = map[string]map[Request]time.Time{}
	}
	unfinished := w.unfinished[request.MiniProgram]
	maps.DeleteFunc(unfinished, func(_ Request, since time.Time) bool { return time.Since(since) > forgetUnfinished })
	ofUser := 0
	for other := range unfinished {
		if other.User == request.User {
			ofUser++
		}
	}
	if _, again := unfinished[request]; !again && (len(unfinished) >= most || ofUser >= mostOfUser) {
		return false
	}
	if unfinished == nil {
		unfinished = map[Request]time.Time{}
		w.unfinished[request.MiniProgram] = unfinished
	}
	unfinished[request] = time.Now()
	return true
}

// Settle notes that a request has its outcome, or was not sent.
func (w *Waiters) Settle(request Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settle(request)
}

func (w *Waiters) settle(request Request) {
	unfinished := w.unfinished[request.MiniProgram]
	if delete(unfinished, request); len(unfinished) == 0 {
		delete(w.unfinished, request.MiniProgram)
	}
}

// Unfinished lists the requests to a mini-program that have no outcome yet.
func (w *Waiters) Unfinished(miniProgram string) []Request {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Collect(maps.Keys(w.unfinished[miniProgram]))
}
