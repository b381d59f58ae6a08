package main

import (
	"strings"
	"time"
)

const (
	// promise is how soon a change is visible to host apps, on every web.
	promise = time.Second
	// allowance is for two processors that run all of this at the same time.
	allowance = time.Second
	// recovery is how long a web may take to follow its database again after something was done to one of them: as long as it waits for
	// a database that is silent, and what starting again takes.
	recovery = 8 * time.Second
	// skew is how much earlier a host app may have an answer than the clock of a workflow, which ticks with its tasks, says.
	skew = 50 * time.Millisecond
)

// checkAnswers requires each answer to be what the audit trail allows for the user at that moment: what its change says, not before that
// was decided, and not after it was known that something else is in force.
func (e evidence) checkAnswers(trail []record, requests []request, answers []answer, report reporter) {
	position := map[int64]int{}
	for n, r := range trail {
		position[r.Change] = n
	}
	known := knownSince(trail, position, requests, answers)
	for _, a := range answers {
		from := -1 // nothing is served
		if !a.unknown {
			n, ok := position[a.change]
			if !ok {
				report(wrong, "%s was told %q at %s by a change %d that the audit trail does not have", a.user, a.version, clock(a.answered), a.change)
				continue
			}
			from = n
			r := trail[n]
			if due := r.Serving.of(a.miniProgram, a.user); due != a.version {
				report(wrong, "%s got %q at %s, but %q by %s, change %d", a.user, a.version, clock(a.answered), due, r.Action, r.Change)
			} else if a.answered.Add(skew).Before(r.At) {
				report(wrong, "%s got %q at %s, before %s at %s", a.user, a.version, clock(a.answered), r.Action, clock(r.At))
			}
		}
		if n := e.superseded(trail, known, a, from); n >= 0 {
			report(late, "%s got %q from web %d at %s, although %s of %s was known by %s", a.user, a.version, a.web, clock(a.asked),
				trail[n].Action, clock(trail[n].At), clock(known[n]))
		}
	}
}

// knownSince is, for each entry of a trail, when somebody outside had first been told of it or of a later one; zero is never.
func knownSince(trail []record, position map[int64]int, requests []request, answers []answer) []time.Time {
	known := make([]time.Time, len(trail))
	tell := func(n int, at time.Time) {
		if known[n].IsZero() || at.Before(known[n]) {
			known[n] = at
		}
	}
	byKey := map[string]int{}
	for n, r := range trail {
		byKey[r.Command.RequestID] = n
	}
	for _, r := range requests {
		if n, ok := byKey[r.key]; ok && r.accepted {
			tell(n, r.answered)
		}
	}
	for _, a := range answers {
		if n, ok := position[a.change]; ok && !a.unknown {
			tell(n, a.answered)
		}
	}
	for n := len(known) - 2; n >= 0; n-- {
		if !known[n+1].IsZero() {
			tell(n, known[n+1])
		}
	}
	return known
}

// superseded is the entry that had to be in force when an answer was asked for, unless the answer agrees with it or with a later one; -1
// when it does.
func (e evidence) superseded(trail []record, known []time.Time, a answer, from int) int {
	for n := len(trail) - 1; n > from; n-- {
		if !trail[n].At.After(a.answered.Add(skew)) && trail[n].Serving.of(a.miniProgram, a.user) == a.version {
			return -1 // it may be in force already, or still
		}
		if !known[n].IsZero() && e.undisturbed(e.webs[a.web], known[n], a.asked) > promise+allowance {
			return n
		}
	}
	return -1
}

// undisturbed is how much of a time a web and its database could work.
func (e evidence) undisturbed(web string, from, to time.Time) time.Duration {
	if to.Sub(from) <= promise+allowance {
		return 0
	}
	free, at := time.Duration(0), from
	for _, h := range e.harm { // in the order of their beginnings
		if !h.disturbs(web) || h.to.Add(recovery).Before(at) {
			continue
		}
		if h.from.After(to) {
			break
		}
		if h.from.After(at) {
			free += h.from.Sub(at)
		}
		at = h.to.Add(recovery)
	}
	if to.After(at) {
		free += to.Sub(at)
	}
	return free
}

// disturbs tells whether a harm keeps a web from knowing what is in force.
func (h harm) disturbs(web string) bool {
	switch h.target {
	case web, "postgres", "disk", "launcher", web + ">postgres":
		return true
	default:
		return false
	}
}

// silence is how long no host app was answered.
type silence struct {
	// longest is the longest time, running the longest without the time in which the only web was stopped.
	longest, running time.Duration
	// tooLong are those of running above the goal.
	tooLong []unanswered
}

// silenceGoal is how long host apps may have no answer while a web runs.
const silenceGoal = time.Second

// unanswered is a time between two answers; when it ended is to be looked up in the logs.
type unanswered struct {
	Until   time.Time `json:"until"`
	Seconds float64   `json:"s"`
}

func (e evidence) silence(begin, end time.Time) (s silence) {
	last := begin
	for _, a := range append(e.answers[:len(e.answers):len(e.answers)], answer{answered: end}) { // in the order of their answers
		if silent := a.answered.Sub(last); silent > 0 {
			running := silent - e.stopped(last, a.answered)
			s.longest, s.running = max(s.longest, silent), max(s.running, running)
			if running > silenceGoal {
				s.tooLong = append(s.tooLong, unanswered{a.answered, running.Seconds()})
			}
		}
		last = a.answered
	}
	return s
}

// stopped is how much of a time the only web was stopped; with several, one always runs.
func (e evidence) stopped(from, to time.Time) (total time.Duration) {
	for _, h := range e.harm {
		if h.kind == "stop" && len(e.webs) == 1 && (h.target == e.webs[0] || strings.HasPrefix(h.target, "launcher")) {
			begin, end := h.from, h.to
			if begin.Before(from) {
				begin = from
			}
			if end.After(to) {
				end = to
			}
			total += max(0, end.Sub(begin))
		}
	}
	return total
}
