package model

import (
	"slices"
	"time"
)

// gate is how far the rules of a health gate have come in a stage.
type gate map[string]progress

// progress of a rule: when it was asked and is asked next, how many breaches there were in a row, and what it came to.
type progress struct {
	askedAt, askAt time.Time
	breaches       int
	verdict        string // healthy, unhealthy, breached (not often enough yet) or unknown
}

// gated tells whether a gate watches now: a cohort is served, and the clock runs.
func (m *MiniProgram) gated() bool {
	return m.Rollout != nil && m.Rollout.Plan.Health != nil && m.Rollout.PausedAt == nil
}

// until is when the gate ends the stage; ok is false where something else does.
func (r *Rollout) until() (at time.Time, ok bool) {
	return r.EndsAt(), !r.waitsForPerson() && r.Held != "window"
}

// asksAt is when a rule is asked next: at first when the stage has warmed up, then after each interval, and when the stage's time is over.
func (r *Rollout) asksAt(rule HealthRule) time.Time {
	known, ok := r.gate[rule.Name]
	if !ok {
		return r.runsSince().Add(time.Duration(rule.After))
	}
	if until, ends := r.until(); ends && known.askedAt.Before(until) && known.askAt.After(until) {
		return until
	}
	return known.askAt
}

// nextAsk is when something is to be done for the gate: a rule is due, or the stage is over and no rule acts.
func (m *MiniProgram) nextAsk() (at time.Time) {
	r := m.Rollout
	acts := func(rule HealthRule) bool { return !rule.DryRun }
	if until, ends := r.until(); ends && !slices.ContainsFunc(r.Plan.Health.Rules, acts) {
		at = until
	}
	for _, rule := range r.Plan.Health.Rules {
		if asks := r.asksAt(rule); at.IsZero() || asks.Before(at) {
			at = asks
		}
	}
	return at
}

// ask asks the rules that are due, and acts on what they came to. A failing rule takes the release back, or pauses it. At the end of the
// stage a healthy one goes on, and one whose health is unknown is held.
func (m *MiniProgram) ask(now time.Time) {
	r := m.Rollout
	for _, rule := range r.Plan.Health.Rules {
		if !r.asksAt(rule).After(now) {
			m.answered(rule, now)
		}
	}
	verdicts := r.verdicts()
	until, ends := r.until()
	switch over := ends && !now.Before(until); {
	case slices.Contains(verdicts, "unhealthy"):
		m.system(now, "health-gate", r.Plan.OnUnhealthy, "unhealthy")
		if m.Rollout != nil {
			m.Rollout.gate = gate{}
		}
	case !over:
	case slices.Contains(verdicts, "unknown"):
		if r.Held == "" {
			m.system(now, "system", "held", "health")
		}
	case !slices.Contains(verdicts, "breached"):
		m.orWaits(r.endsWith())(now)
	}
}

// verdicts are those of the rules that act.
func (r *Rollout) verdicts() (verdicts []string) {
	for _, rule := range r.Plan.Health.Rules {
		if known, asked := r.gate[rule.Name]; asked && !rule.DryRun {
			verdicts = append(verdicts, known.verdict)
		}
	}
	return verdicts
}

// answered counts breaches in a row. Unknown is none, and ends no row.
func (m *MiniProgram) answered(rule HealthRule, now time.Time) {
	r := m.Rollout
	known := r.gate[rule.Name]
	known.verdict = m.Health(rule.Name, now)
	switch known.verdict {
	case "healthy":
		known.breaches = 0
	case "unhealthy":
		if known.breaches++; known.breaches < rule.Failures {
			known.verdict = "breached"
		}
	}
	known.askedAt, known.askAt = now, now.Add(time.Duration(rule.Interval))
	if until, ends := r.until(); ends && !now.Before(until) && known.verdict == "unknown" {
		known.askAt = now.Add(time.Duration(min(rule.Interval, Span(time.Minute))))
	}
	if r.gate == nil {
		r.gate = gate{}
	}
	r.gate[rule.Name] = known
}

// askNow makes every rule due that was asked before.
func (g gate) askNow(now time.Time, health *Health) {
	for _, rule := range health.Rules {
		if known, ok := g[rule.Name]; ok {
			known.askAt = now
			g[rule.Name] = known
		}
	}
}

// same tells whether two gates judge alike.
func (h *Health) same(other *Health) bool {
	if h == nil || other == nil {
		return h == other
	}
	return slices.Equal(h.Rules, other.Rules)
}
