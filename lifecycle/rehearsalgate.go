package lifecycle

import (
	"slices"
	"time"
)

// watches tells whether the health gate asks now.
func (r *rehearsal) watches() bool {
	return r.m.Rollout != nil && r.m.Rollout.Plan.Health != nil && !r.m.Rollout.Paused()
}

// nextReport is the first report with something to tell that comes before a time; the zero time is never. The answers before it are taken
// in.
func (r *rehearsal) nextReport(before time.Time) (GateReport, bool) {
	for {
		gate := r.gateNow()
		at := latestOf(r.now, gate.nextAsk())
		if !before.IsZero() && !at.Before(before) {
			return GateReport{}, false
		}
		report, _ := gate.judgeAt(at, r.breach)
		r.gate = report.GateProgress
		if report.Changed || gate.acts(report) {
			return report, true
		}
		gate.GateProgress = r.gate
		r.gate = gate.skipped(at, before, r.breach)
	}
}

// gateNow is the gate of the stage as the workflow has it.
func (r *rehearsal) gateNow() Gate {
	rollout := r.m.Rollout
	gate := Gate{
		Health: *rollout.Plan.Health, Since: rollout.RunningSince(), Held: rollout.Held != "", GateProgress: r.gate,
	}
	if !rollout.WaitsForPerson() && rollout.Closure == nil {
		gate.Until, _ = rollout.EndsAt()
	}
	if rollout.Health != nil {
		gate.Told = *rollout.Health
	}
	return gate
}

// act does what the workflow does about a report.
func (r *rehearsal) act(report GateReport) {
	verdict, facts := report.Verdict, Facts{Health: &report.Verdict}
	if report.Changed {
		r.decide(Command{Action: HealthChanged, Actor: HealthGate, Comment: verdict.Detail}, facts)
	}
	switch {
	case verdict.Status == Unhealthy:
		command := Command{Action: r.m.Rollout.Plan.WhenUnhealthy(), Actor: HealthGate, Comment: "unhealthy: " + verdict.Detail}
		r.decide(command, facts)
	case verdict.Status == Healthy && report.Over:
		r.endStage(facts)
	case report.Holds() && r.m.Rollout.Held == "":
		r.decide(Command{Action: Held, Actor: Timers, Comment: string(HeldForHealth)}, Facts{})
	}
}

// nextAsk is when the gate asks next; the zero time is at once.
func (g Gate) nextAsk() time.Time {
	if g.Health.Rules == nil {
		return g.AskAt
	}
	return g.NextAt()
}

// judgeAt judges what is answered at a time, when all is healthy but a breach.
func (g Gate) judgeAt(at time.Time, breach *Breach) (GateReport, bool) {
	if g.Health.Rules == nil {
		return g.Judge(answerOf(g.Health.All()[0], at, breach).Single())
	}
	var answers []RuleHealth
	for _, rule := range g.Due(at) {
		answers = append(answers, answerOf(rule, at, breach))
	}
	return g.JudgeRules(answers, at)
}

func answerOf(rule HealthRule, at time.Time, breach *Breach) RuleHealth {
	answer := RuleHealth{Name: rule.Name, Verdict: Healthy, Detail: "as rehearsed", At: at, DryRun: rule.DryRun}
	if breach.holds(rule, at) {
		answer.Verdict, answer.Detail = Unhealthy, "beyond the limit, as rehearsed"
	}
	return answer
}

func (b *Breach) holds(rule HealthRule, at time.Time) bool {
	return b != nil && b.Rule == rule.Name && !at.Before(b.At)
}

// skipped is the progress of the gate with the answers left out that change nothing, so that a year of a rule that is asked each second is
// not a matter of answering it thirty million times. Every rule goes on in its own steps, up to the first that may matter.
func (g Gate) skipped(now, until time.Time, breach *Breach) GateProgress {
	progress := g.GateProgress
	if g.Health.Rules == nil {
		rule := g.Health.All()[0]
		known := RuleProgress{RuleHealth{Verdict: Healthy, Breaches: g.Breaches}, g.AskAt}
		known = g.skip(rule, known, g.matters(now, until, breach), breach.holds(rule, now))
		progress.Breaches, progress.AskAt = known.Breaches, known.AskAt
		return progress
	}
	matters := g.matters(now, until, breach)
	progress.Rules = slices.Clone(progress.Rules)
	for i, known := range progress.Rules {
		rule := g.Health.Rules[slices.IndexFunc(g.Health.Rules, func(rule HealthRule) bool { return rule.Name == known.Name })]
		progress.Rules[i] = g.skip(rule, known, matters, breach.holds(rule, now))
	}
	progress.AskAt = Gate{Health: g.Health, Since: g.Since, GateProgress: progress}.NextAt()
	return progress
}

// matters is the next time at which something changes besides the rules that were asked: the stage ends, or what is waited for comes, the
// breach begins, a rule has warmed up, or the breach has gone on for long enough. The zero time is never.
func (g Gate) matters(now, until time.Time, breach *Breach) (at time.Time) {
	soonest := func(candidate time.Time) {
		if candidate.After(now) && (at.IsZero() || candidate.Before(at)) {
			at = candidate
		}
	}
	soonest(g.Until)
	soonest(until)
	if breach != nil {
		soonest(breach.At)
	}
	for _, rule := range g.Health.Rules {
		known, asked := g.progressOf(rule.Name)
		switch {
		case !asked:
			soonest(g.askAt(rule))
		case breach.holds(rule, now) && known.Verdict != Unhealthy:
			soonest(known.AskAt.Add(g.fails(rule, known.Breaches)))
		}
	}
	return at
}

// fails is how long after its next answer a rule has failed that is beyond its limit and was so for some answers.
func (g Gate) fails(rule HealthRule, breaches int) time.Duration {
	return time.Duration(max(0, rule.Failures-1-breaches)) * time.Duration(rule.Interval)
}

// skip lets a rule go on to the first answer that is not before a time or, while it is breached, to the one that makes it fail.
func (g Gate) skip(rule HealthRule, known RuleProgress, target time.Time, breached bool) RuleProgress {
	if breached && known.Verdict != Unhealthy {
		if last := known.AskAt.Add(g.fails(rule, known.Breaches)); target.IsZero() || last.Before(target) {
			target = last
		}
	}
	if target.IsZero() || !known.AskAt.Before(target) {
		return known
	}
	step := time.Duration(rule.Interval)
	steps := int64((target.Sub(known.AskAt) + step - 1) / step)
	at := known.AskAt.Add(time.Duration(steps * int64(step)))
	if known.AskAt.Before(g.Until) && at.After(g.Until) {
		at = g.Until // which Gate.next never misses
	}
	known.AskAt = at
	if breached && known.Verdict != Unhealthy {
		known.Breaches += int(steps)
	}
	return known
}

// AskedAt is the progress of a gate that asks all of its rules at a time.
func (p GateProgress) AskedAt(at time.Time) GateProgress {
	p.AskAt = at
	p.Rules = slices.Clone(p.Rules)
	for i := range p.Rules {
		p.Rules[i].AskAt = at
	}
	return p
}
