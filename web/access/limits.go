package access

import (
	"sync"

	"golang.org/x/time/rate"
)

// maxLimiters bounds what strangers can make us remember.
const maxLimiters = 10_000

// Limits bounds how often one person, or one address that is not signed in, may ask.
type Limits struct {
	perSecond rate.Limit
	burst     int
	mu        sync.Mutex
	of        map[string]*rate.Limiter
}

// NewLimits allows each so many requests a second, and a burst of more at once; 0 a second sets no limit.
func NewLimits(perSecond, burst int) *Limits {
	limits := &Limits{perSecond: rate.Limit(perSecond), burst: burst, of: map[string]*rate.Limiter{}}
	if perSecond == 0 {
		limits.perSecond = rate.Inf
	}
	return limits
}

// Allow counts one request.
func (l *Limits) Allow(who string) bool {
	if l.perSecond == rate.Inf {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	limiter, ok := l.of[who]
	if !ok {
		l.forgetIdle()
		limiter = rate.NewLimiter(l.perSecond, l.burst)
		l.of[who] = limiter
	}
	return limiter.Allow()
}

// forgetIdle makes room: who has a full allowance is no different from somebody new. Should all be busy, all begin anew.
func (l *Limits) forgetIdle() {
	if len(l.of) < maxLimiters {
		return
	}
	for who, limiter := range l.of {
		if limiter.Tokens() >= float64(l.burst) {
			delete(l.of, who)
		}
	}
	if len(l.of) >= maxLimiters {
		clear(l.of)
	}
}

// Underway bounds what is under way at the same time, of one person and of all: requests, event streams, or files. Each holds a connection
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

// NewFiles bounds the files of packages that are being sent.
func NewFiles(perPerson, inAll int) *Underway {
	return NewUnderway(perPerson, inAll, ErrTooManyFiles, ErrNoMoreFiles)
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
