package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// saboteur harms an installation.
type saboteur struct {
	in    *installation
	roll  *rand.Rand
	every time.Duration // between two faults, on average

	mu   sync.Mutex
	done []harm
	busy map[string]bool // what is harmed for a while, and not twice at the same time
	work sync.WaitGroup
}

// kinds are how often each kind of harm is chosen, compared with others.
var kinds = []struct {
	name   string
	weight int
}{{"kill", 70}, {"stop", 10}, {"cut", 6}, {"delay", 5}, {"reset", 7}, {"fill", 2}}

// How long what lasts a while lasts at most, and at least a tenth of it.
const (
	longestStop  = 2 * time.Second
	longestCut   = 4 * time.Second
	longestDelay = 4 * time.Second
	longestFill  = 2 * time.Second
	largestDelay = 300 * time.Millisecond
)

// run harms until ctx is done, and has repaired everything when it returns: what was killed starts again by itself.
func (s *saboteur) run(ctx context.Context) {
	defer s.work.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(s.every/2 + s.upTo(s.every)):
		}
		s.harm(ctx)
	}
}

// upTo is a time that is not longer.
func (s *saboteur) upTo(longest time.Duration) time.Duration {
	return time.Duration(s.roll.Int64N(int64(longest)))
}

func (s *saboteur) harm(ctx context.Context) {
	total := 0
	for _, kind := range kinds {
		total += kind.weight
	}
	chosen := s.roll.IntN(total)
	for _, kind := range kinds {
		if chosen -= kind.weight; chosen < 0 {
			s.inflict(ctx, kind.name)
			return
		}
	}
}

func (s *saboteur) inflict(ctx context.Context, kind string) {
	switch kind {
	case "kill":
		if t := s.target(); t.kill() {
			s.note(kind, t.name, time.Now())
		}
	case "stop":
		t := s.target()
		s.forAWhile(ctx, kind, t.name, longestStop, func() (func(), bool) { return t.stop() })
	case "fill":
		if s.in.disk.small {
			s.forAWhile(ctx, kind, "disk", longestFill, func() (func(), bool) { return s.in.disk.empty, s.in.disk.fill() == nil })
		}
	default:
		if len(s.in.links) > 0 {
			s.disconnect(ctx, kind, s.in.links[s.roll.IntN(len(s.in.links))])
		}
	}
}

func (s *saboteur) disconnect(ctx context.Context, kind string, l *link) {
	switch kind {
	case "reset":
		l.reset()
		s.note(kind, l.name, time.Now())
	case "cut":
		s.forAWhile(ctx, kind, l.name, longestCut, func() (func(), bool) { l.cut(); return l.mend, true })
	case "delay":
		by := s.upTo(largestDelay)
		s.forAWhile(ctx, kind, l.name, longestDelay, func() (func(), bool) { l.slow(by); return l.mend, true })
	}
}

// target chooses a process.
func (s *saboteur) target() target {
	total := 0
	for _, t := range s.in.targets {
		total += t.weight
	}
	chosen := s.roll.IntN(total)
	for _, t := range s.in.targets {
		if chosen -= t.weight; chosen < 0 {
			return t
		}
	}
	panic("weights are above 0")
}

// forAWhile harms something and repairs it later, unless that is being done already.
func (s *saboteur) forAWhile(ctx context.Context, kind, target string, longest time.Duration, harm func() (repair func(), harmed bool)) {
	long := longest/10 + s.upTo(longest*9/10)
	s.mu.Lock()
	twice := s.busy[target]
	s.busy[target] = true
	s.mu.Unlock()
	if twice {
		return
	}
	s.work.Go(func() {
		from := time.Now()
		repair, harmed := harm()
		select {
		case <-ctx.Done():
		case <-time.After(long):
		}
		repair()
		s.mu.Lock()
		delete(s.busy, target)
		s.mu.Unlock()
		if harmed {
			s.note(kind, target, from)
		}
	})
}

func (s *saboteur) note(kind, target string, from time.Time) {
	h := harm{kind, target, from, time.Now()}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done = append(s.done, h)
	_, _ = fmt.Fprintf(s.in.log, "%s chaos | %s %s for %s\n", clock(from), kind, target, h.to.Sub(from).Round(time.Millisecond))
}
