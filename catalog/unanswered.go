package catalog

import (
	"maps"
	"slices"
	"time"
)

// Request names what somebody asked of a mini-program.
type Request struct{ MiniProgram, User, ID string }

// forgetUnanswered is when a request is given up that got no answer, because its workflow was ended from outside.
const forgetUnanswered = 24 * time.Hour

// Expect notes that a request is about to be sent, so that it counts as unanswered until it is heard of or settled; false when so many of
// the mini-program, or of the user there, are unanswered already.
func (a *Answers) Expect(request Request, most, mostOfUser int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.unanswered == nil {
		a.unanswered = map[string]map[Request]time.Time{}
	}
	waiting := a.unanswered[request.MiniProgram]
	maps.DeleteFunc(waiting, func(_ Request, since time.Time) bool { return time.Since(since) > forgetUnanswered })
	ofUser := 0
	for other := range waiting {
		if other.User == request.User {
			ofUser++
		}
	}
	if _, again := waiting[request]; !again && (len(waiting) >= most || ofUser >= mostOfUser) {
		return false
	}
	if waiting == nil {
		waiting = map[Request]time.Time{}
		a.unanswered[request.MiniProgram] = waiting
	}
	waiting[request] = time.Now()
	return true
}

// Settle notes that a request is answered, or was not sent.
func (a *Answers) Settle(request Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settle(request)
}

func (a *Answers) settle(request Request) {
	waiting := a.unanswered[request.MiniProgram]
	if delete(waiting, request); len(waiting) == 0 {
		delete(a.unanswered, request.MiniProgram)
	}
}

// Unanswered lists the requests to a mini-program that wait for their answer.
func (a *Answers) Unanswered(miniProgram string) []Request {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Collect(maps.Keys(a.unanswered[miniProgram]))
}
