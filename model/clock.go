package model

import (
	"time"
)

// due is something that happens by itself at a time; then is nil for nothing.
type due struct {
	at   time.Time
	then func(now time.Time)
}

// Advance lets everything happen that is due up to a time.
func (m *MiniProgram) Advance(to time.Time) {
	for {
		next := m.due()
		if next.then == nil || next.at.After(to) {
			return
		}
		m.clock = next.at
		next.then(next.at)
	}
}

// NextAt is when something happens by itself; ok is false when nothing does.
func (m *MiniProgram) NextAt() (at time.Time, ok bool) {
	next := m.deadline()
	at, ok = next.at, next.then != nil
	if m.Gated() {
		if asks := m.nextAsk(); !ok || asks.Before(at) {
			at, ok = asks, true
		}
	}
	return at, ok
}

// Lift is the end of a stop of the line: what became due meanwhile goes on.
func (m *MiniProgram) Lift(now time.Time) {
	m.Advance(now)
	m.clock, m.Stopped = now, false
}

// due is what happens next by itself, and when. What is overdue happens now.
func (m *MiniProgram) due() due {
	next := m.deadline()
	if asks := m.asks(); asks.then != nil && (next.then == nil || asks.at.Before(next.at)) {
		next = asks
	}
	if next.at.Before(m.clock) {
		next.at = m.clock
	}
	return next
}

// deadline is the table of timers.
func (m *MiniProgram) deadline() due { //nolint:gocyclo // a table, which is read from top to bottom
	switch r, s := m.Rollout, m.Schedule; {
	case m.Review != nil && !m.Review.Reminded: // reviewers are reminded
		return due{m.Review.RemindAt, m.note("reminded", "")}
	case m.Review != nil && !m.Review.Overdue: // operators hear that it is overdue; a person decides all the same
		return due{m.Review.DueAt, m.note("escalated", "")}
	case s != nil && !s.Held: // the scheduled publication
		return due{s.At, m.orWaits("publish")}
	case s != nil:
		return m.whenOpen("publish")
	case r == nil:
		return due{}
	case r.PausedAt != nil: // people are reminded; a pause never ends by itself
		return due{r.RemindAt, m.note("reminded", "")}
	case r.Held == "window" && m.Gated():
		return m.whenOpenAsk()
	case r.Held == "window":
		return m.whenOpen(r.endsWith())
	case r.Held != "":
		return due{}
	case r.waitsForPerson(): // the bake time is over, and the plan leaves it to a person to promote
		return due{r.EndsAt(), m.note("held", "person")}
	case m.Gated(): // the gate ends the stage
		return due{}
	default: // bake time promotes, hold time advances
		return due{r.EndsAt(), m.orWaits(r.endsWith())}
	}
}

func (m *MiniProgram) note(action, comment string) func(time.Time) {
	return func(now time.Time) { m.system(now, "system", action, comment) }
}

// system is what a timer or a health gate does.
func (m *MiniProgram) system(now time.Time, actor, action, comment string) {
	row, _ := rowOf(action)
	m.record(now, row, Command{Action: action, Actor: Actor{User: actor}, Comment: comment}, "system")
}

// orWaits goes on, unless the calendar is closed or the line stopped: then it waits, which is noted.
func (m *MiniProgram) orWaits(action string) func(time.Time) {
	return func(now time.Time) {
		if m.frozen(now, false).code != "" {
			m.system(now, "system", "held", "window")
			return
		}
		m.system(now, "system", action, "")
	}
}

// whenOpen goes on with the next window, but not while the line is stopped: its lift lets it go on.
func (m *MiniProgram) whenOpen(action string) due {
	at := m.Policy.Calendar.opens(m.clock)
	if m.Stopped || at == nil {
		return due{}
	}
	return due{*at, m.orWaits(action)}
}

// whenOpenAsk has the gate asked once more when the window opens: what it finds then ends the stage.
func (m *MiniProgram) whenOpenAsk() due {
	next := m.whenOpen("")
	if next.then != nil {
		next.then = func(now time.Time) {
			m.Rollout.Held = ""
			m.Rollout.gate.askAllAt(now)
		}
	}
	return next
}

// endsWith is what the end of the stage leads to.
func (r *Rollout) endsWith() string {
	if r.Stage == 0 {
		return "promote"
	}
	return "advance"
}

// EndsAt is when the time of the stage is over; a rule that acts wants to have been asked by then.
func (r *Rollout) EndsAt() time.Time {
	lasts := r.Plan.Grayscale.Bake
	if r.Stage > 0 {
		lasts = r.Plan.Production[r.Stage-1].Hold
	}
	if r.Plan.Health != nil {
		for _, rule := range r.Plan.Health.Rules {
			if !rule.DryRun {
				lasts = max(lasts, rule.After)
			}
		}
	}
	return r.runsSince().Add(time.Duration(lasts))
}

func (r *Rollout) runsSince() time.Time { return r.Since.Add(r.PausedFor) }

func (r *Rollout) waitsForPerson() bool { return r.Stage == 0 && !*r.Plan.AutoPromote }
