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
