package lifecycle

import "time"

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
		report, tell := gate.judgeAt(at, r.breach)
		r.gate = report.GateProgress
		if tell {
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
// not a matter of answering it thirty million times. Every rule goes on in its own steps, up to the first that may matter: when something
// else does.
func (g Gate) skipped(now, until time.Time, breach *Breach) GateProgress {
	matters := g.matters(now, until, breach)
	progress := g.GateProgress
	if g.Health.Rules == nil {
		if breach == nil || now.Before(breach.At) {
			progress.AskAt = g.stepTo(matters, progress.AskAt, g.Health.Interval)
		}
		return progress
	}
	progress.Rules = append([]RuleProgress(nil), progress.Rules...)
	for i, known := range progress.Rules {
		for _, rule := range g.Health.Rules {
			if rule.Name == known.Name && isSteady(rule, known, now, breach) {
				progress.Rules[i].AskAt = g.stepTo(matters, known.AskAt, rule.Interval)
			}
		}
	}
	progress.AskAt = Gate{Health: g.Health, Since: g.Since, GateProgress: progress}.NextAt()
	return progress
}

// isSteady tells whether further answers to a rule change nothing: it is healthy, or failed without an effect.
func isSteady(rule HealthRule, known RuleProgress, now time.Time, breach *Breach) bool {
	if breach.holds(rule, now) {
		return rule.DryRun && known.Verdict == Unhealthy
	}
	return known.Verdict == Healthy
}

// matters is the next time at which an answer may have an effect; the zero time is never.
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
		if !asked || !isSteady(rule, known, now, breach) {
			soonest(g.askAt(rule))
		}
	}
	return at
}

// stepTo is the first step of an interval from a time on that is not before another, as Gate.next takes them.
func (g Gate) stepTo(target, from time.Time, interval Duration) time.Time {
	if target.IsZero() || !from.Before(target) {
		return from
	}
	step := time.Duration(interval)
	steps := (target.Sub(from) + step - 1) / step
	at := from.Add(steps * step)
	if from.Before(g.Until) && at.After(g.Until) {
		return g.Until
	}
	return at
}

// AskedAt is the progress of a gate that asks all of its rules at a time.
func (p GateProgress) AskedAt(at time.Time) GateProgress {
	p.AskAt = at
	p.Rules = append([]RuleProgress(nil), p.Rules...)
	for i := range p.Rules {
		p.Rules[i].AskAt = at
	}
	return p
}
