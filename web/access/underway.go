package access

import "sync"

// Underway bounds what is under way at the same time, of one person and of all: requests, or event streams. Each holds a connection
// and memory for as long as it lasts.
type Underway struct {
	perPerson, inAll      int
	tooManyOfOne, tooMany error

	mu    sync.Mutex
	of    map[string]int
	count int
}

// NewUnderway allows each person so many, and all together; the errors say that one person, or all, have as many.
func NewUnderway(perPerson, inAll int, tooManyOfOne, tooMany error) *Underway {
	return &Underway{perPerson: perPerson, inAll: inAll, tooManyOfOne: tooManyOfOne, tooMany: tooMany, of: map[string]int{}}
}

// NewRequests bounds the requests under way.
func NewRequests(perPerson, inAll int) *Underway {
	return NewUnderway(perPerson, inAll, ErrTooManyRequests, ErrNoMoreRequests)
}

// NewStreams bounds the event streams.
func NewStreams(perPerson, inAll int) *Underway {
	return NewUnderway(perPerson, inAll, ErrTooManyStreams, ErrNoMoreStreams)
}

// Begin counts one more of a person until it has ended.
func (u *Underway) Begin(who string) (ended func(), err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.of[who] >= u.perPerson:
		return nil, u.tooManyOfOne
	case u.count >= u.inAll:
		return nil, u.tooMany
	}
	u.of[who]++
	u.count++
	return func() { u.end(who) }, nil
}

func (u *Underway) end(who string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.count--
	u.of[who]--
	if u.of[who] == 0 {
		delete(u.of, who)
	}
}
