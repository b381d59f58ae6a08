package model

import (
	"slices"
	"time"
)

// Asked is what a gate asked at a time, and what it was answered: by rule healthy, unhealthy or unknown. It may ask sooner than it has to.
type Asked struct {
	At       time.Time
	Verdicts map[string]string
}

// gate is how far the rules of a health gate have come in a stage.
type gate map[string]progress

// progress of a rule: when it has to be asked next, the end of the stage at which it was asked, how many breaches there were in a row, and
// what it came to.
type progress struct {
	askAt, endedAt time.Time
	breaches       int
	verdict        string // healthy, unhealthy, breached (not often enough yet) or unknown
}

// Gated tells whether a gate watches now: a cohort is served, and the clock runs.
func (m *MiniProgram) Gated() bool {
	return m.Rollout != nil && m.Rollout.Plan.Health != nil && m.Rollout.PausedAt == nil
}

// until is when the gate ends the stage; ok is false where something else does.
func (r *Rollout) until() (at time.Time, ok bool) {
	return r.EndsAt(), !r.waitsForPerson() && r.Held != "window"
}

// asksAt is when a rule has to be asked next: at first when the stage has warmed up, then after each interval, and when the stage's time is
// over, be it that a plan has moved its end.
func (r *Rollout) asksAt(rule HealthRule) time.Time {
	known, ok := r.gate[rule.Name]
	if !ok {
		return r.runsSince().Add(time.Duration(rule.After))
	}
	if until, ends := r.until(); ends && !known.endedAt.Equal(until) && known.askAt.After(until) {
		return until
	}
	return known.askAt
}

// nextAsk is when something has to be done for the gate: a rule is due, or the stage is over and no rule acts.
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

// grace is how late a gate may ask.
const grace = time.Second

// asks is what the gate was answered next, or that it has not asked in time.
func (m *MiniProgram) asks() due {
	if !m.Gated() {
		return due{}
	}
	for len(m.Asked) > 0 && m.Asked[0].At.Before(m.clock) {
		m.Asked = m.Asked[1:] // nobody listened then
	}
	latest := m.nextAsk().Add(grace)
	if latest.Before(m.clock) {
		latest = m.clock.Add(grace)
	}
	if len(m.Asked) == 0 || m.Asked[0].At.After(latest) {
		return due{latest, func(now time.Time) {
			m.Trail = append(m.Trail, Record{At: now, Action: "the health gate has not asked in time"})
			for _, rule := range m.Rollout.Plan.Health.Rules {
				m.Rollout.count(rule, "unknown", now.Add(time.Duration(day)))
			}
		}}
	}
	return due{m.Asked[0].At, func(now time.Time) {
		asked := m.Asked[0]
		m.Asked = m.Asked[1:]
		m.judge(now, asked.Verdicts)
	}}
}

// judge acts on what rules were answered. A failing rule takes the release back, or pauses it. At the end of the stage a healthy release
// goes on, and one whose health is unknown is held.
func (m *MiniProgram) judge(now time.Time, verdicts map[string]string) {
	r := m.Rollout
	for _, rule := range r.Plan.Health.Rules {
		if verdict, asked := verdicts[rule.Name]; asked {
			r.count(rule, verdict, now)
		}
	}
	acting := r.verdicts()
	until, ends := r.until()
	switch over := ends && !now.Before(until); {
	case slices.Contains(acting, "unhealthy"):
		m.system(now, "health-gate", r.Plan.OnUnhealthy, "unhealthy")
	case !over:
	case slices.Contains(acting, "unknown"):
		if r.Held == "" {
			m.system(now, "system", "held", "health")
		}
	case !slices.Contains(acting, "breached"):
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

// count counts breaches in a row. Unknown is none, and ends no row.
func (r *Rollout) count(rule HealthRule, verdict string, now time.Time) {
	known := r.gate[rule.Name]
	known.verdict = verdict
	switch verdict {
	case "healthy":
		known.breaches = 0
	case "unhealthy":
		if known.breaches++; known.breaches < rule.Failures {
			known.verdict = "breached"
		}
	}
	known.askAt = now.Add(time.Duration(rule.Interval))
	if until, ends := r.until(); ends && !now.Before(until) {
		known.endedAt = until
		if known.verdict == "unknown" {
			known.askAt = now.Add(time.Duration(min(rule.Interval, Span(time.Minute))))
		}
	}
	if r.gate == nil {
		r.gate = gate{}
	}
	r.gate[rule.Name] = known
}

// askAllAt makes every rule due at a time that was asked before.
func (g gate) askAllAt(at time.Time) {
	for name, known := range g {
		known.askAt = at
		g[name] = known
	}
}

// same tells whether two gates judge alike.
func (h *Health) same(other *Health) bool {
	if h == nil || other == nil {
		return h == other
	}
	return slices.Equal(h.Rules, other.Rules)
}
