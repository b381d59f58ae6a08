package lifecycle

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// RuleHealth is what one rule of a health gate came to by its latest answer.
type RuleHealth struct {
	Name    string       `json:"name"`
	Verdict HealthStatus `json:"verdict"`
	Reason  HealthReason `json:"reason,omitempty"`
	// Value is nil where there is no number.
	Value  *float64 `json:"value"`
	Detail string   `json:"detail,omitempty"`
	// Breaches are those in a row so far.
	Breaches int       `json:"breaches"`
	At       time.Time `json:"at"`
	// Since is when it came to this verdict.
	Since time.Time `json:"since,omitzero"`
	// DryRun tells that it has no effect.
	DryRun bool `json:"dry_run"`
	// Changes counts the verdicts of the rollout so far that differed from the one before.
	Changes int `json:"changes,omitempty"`
}

// RuleProgress is how far one of several rules has come in a stage.
type RuleProgress struct {
	RuleHealth
	// AskAt is when it is asked next.
	AskAt time.Time `json:"ask_at"`
}

// verdict is the health of a rule as that of a gate.
func (h RuleHealth) verdict() HealthVerdict {
	return HealthVerdict{Status: h.Verdict, Reason: h.Reason}
}

// isNews is that of a gate, but for a dry run that fails in another stage as it did before: nobody acts on that, and it was said.
func (h RuleHealth) isNews(told RuleHealth) bool {
	again := h.DryRun && h.Reason == Breached && told.Verdict == Unhealthy
	return !again && h.verdict().isNews(told.verdict())
}

// Single is the answer to the only rule of a gate, as the gate judges it.
func (h RuleHealth) Single() HealthVerdict {
	v := HealthVerdict{Status: h.Verdict, Reason: h.Reason, Detail: h.Detail, At: h.At}
	if h.Value != nil {
		v.Value = *h.Value
	}
	return v
}

// Due are the rules that are to be asked at a time, when all of them are asked that were never asked in this stage and need not warm up.
func (g Gate) Due(now time.Time) (due []HealthRule) {
	for _, rule := range g.Health.Rules {
		if !g.askAt(rule).After(now) {
			due = append(due, rule)
		}
	}
	return due
}

func (g Gate) askAt(rule HealthRule) time.Time {
	if known, ok := g.progressOf(rule.Name); ok {
		return known.AskAt
	}
	return g.Since.Add(time.Duration(rule.After))
}

// NextAt is when the first of several rules is due, or the stage is over and there is none that could keep it from ending.
func (g Gate) NextAt() time.Time {
	next := g.nextRule()
	acts := slices.ContainsFunc(g.Health.Rules, func(rule HealthRule) bool { return !rule.DryRun })
	if acts || g.Until.IsZero() || next.Before(g.Until) {
		return next
	}
	return g.Until
}

func (g Gate) nextRule() time.Time {
	var next time.Time
	for _, rule := range g.Health.Rules {
		if at := g.askAt(rule); next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return next
}

func (p GateProgress) progressOf(name string) (RuleProgress, bool) {
	i := slices.IndexFunc(p.Rules, func(rule RuleProgress) bool { return rule.Name == name })
	if i < 0 {
		return RuleProgress{}, false
	}
	return p.Rules[i], true
}

// RuleOf is how far a rule has come.
func (p GateProgress) RuleOf(name string) RuleHealth {
	known, _ := p.progressOf(name)
	return known.RuleHealth
}

// toldRule is the recorded verdict of a rule; the zero value when there is none.
func (g Gate) toldRule(name string) RuleHealth {
	i := slices.IndexFunc(g.Told.Rules, func(h RuleHealth) bool { return h.Name == name })
	if i < 0 {
		return RuleHealth{Name: name}
	}
	return g.Told.Rules[i]
}

// JudgeRules is Judge for a gate of several rules; the answers are to those that were due. Any that fails fails the gate, and all have to
// be known to be healthy for it to be so; those that only measure count for neither.
func (g Gate) JudgeRules(answers []RuleHealth, now time.Time) (report GateReport, tell bool) {
	after := g
	after.Rules = g.count(answers)
	report.GateProgress = after.GateProgress
	report.Over = !g.Until.IsZero() && !now.Before(g.Until)
	if report.AskAt = after.NextAt(); report.Over {
		report.AskAt = after.nextRule()
	}
	report.Verdict = after.sum(now)
	acts := g.acts(report)
	report.Changed = slices.ContainsFunc(report.Verdict.Rules, func(h RuleHealth) bool {
		told := g.toldRule(h.Name)
		return h.isNews(told) && (acts || !h.At.Before(quietUntil(told.Since, told.Changes)))
	})
	if report.Changed {
		report.Verdict.Changes++
	}
	return report, report.Changed || acts || g.countsOtherwise(report.Rules)
}

// count takes the answers into the progress of the rules.
func (g Gate) count(answers []RuleHealth) (progress []RuleProgress) {
	for _, rule := range g.Health.Rules {
		known, ok := g.progressOf(rule.Name)
		if i := slices.IndexFunc(answers, func(h RuleHealth) bool { return h.Name == rule.Name }); i >= 0 {
			known, ok = g.take(rule, answers[i], known.Breaches), true
		}
		if ok {
			progress = append(progress, known)
		}
	}
	return progress
}

// take judges an answer after so many breaches in a row.
func (g Gate) take(rule HealthRule, answer RuleHealth, breaches int) RuleProgress {
	switch answer.Verdict {
	case Healthy:
		breaches = 0
	case Unhealthy:
		if breaches++; breaches < rule.Failures {
			answer.Verdict, answer.Reason = HealthUnknown, Breached
			answer.Detail = notYet(answer.Detail, breaches, rule.Failures)
		}
	}
	answer.Breaches = breaches
	return RuleProgress{answer, g.next(answer.At, time.Duration(rule.Interval), answer.Verdict, answer.Reason)}
}

// countsOtherwise tells whether a rule that acts has another number of breaches than before. Those of the others are not worth a report.
func (g Gate) countsOtherwise(progress []RuleProgress) bool {
	return slices.ContainsFunc(progress, func(p RuleProgress) bool {
		known, _ := g.progressOf(p.Name)
		return !p.DryRun && p.Breaches != known.Breaches
	})
}

// sum makes one verdict of those of all rules: the gravest of those that act.
func (g Gate) sum(now time.Time) HealthVerdict {
	v := HealthVerdict{Status: Healthy, At: now, Changes: g.Told.Changes}
	for _, rule := range g.Health.Rules {
		health := g.healthOf(rule, now)
		v.Rules = append(v.Rules, health)
		if !rule.DryRun && gravity(health.verdict()) > gravity(v) {
			v.Status, v.Reason = health.Verdict, health.Reason
		}
	}
	v.Detail = sayRules(v)
	return v
}

// healthOf is the health of a rule as far as it is known. What was healthy in the stage before stays so until it is asked in this one, and
// so does a dry run that had failed.
func (g Gate) healthOf(rule HealthRule, now time.Time) RuleHealth {
	told := g.toldRule(rule.Name)
	known, asked := g.progressOf(rule.Name)
	health := known.RuleHealth
	switch {
	case asked:
	case told.Verdict == Healthy, rule.DryRun && told.Verdict == Unhealthy:
		return told
	default:
		health = rule.Unanswered(WarmingUp, fmt.Sprintf("the stage warms up until %s", moment(g.askAt(rule))), now)
	}
	health.Since, health.Changes = told.Since, told.Changes
	if health.verdict().differs(told.verdict()) {
		health.Since, health.Changes = health.At, told.Changes+1
	}
	return health
}

// gravity orders verdicts: what a person has to mend comes before what may pass, and both before what is still to be seen.
func gravity(v HealthVerdict) int {
	switch {
	case v.Status == Unhealthy:
		return 5
	case v.CannotAsk():
		return 4
	case v.Status == Healthy:
		return 0
	case v.Reason == Breached:
		return 1
	case v.Reason == WarmingUp:
		return 2
	default:
		return 3
	}
}

// sayRules words what is not healthy, or has failed, for people.
func sayRules(v HealthVerdict) string {
	var said []string
	for _, health := range v.Rules {
		failed := health.Verdict == Unhealthy && !health.DryRun
		if health.Verdict == Healthy || v.Status == Unhealthy && !failed {
			continue
		}
		name := health.Name
		if health.DryRun {
			name += " (dry run)"
		}
		said = append(said, name+": "+health.Detail)
	}
	return strings.Join(said, "; ")
}

// slotsOfTheLastHalf is how many values of a rule are kept of the last half of a stage, if it was asked often enough.
const slotsOfTheLastHalf = 16

// ValueSlot is the moment that stands for a time in a stage that began at since. Of each slot one value is kept. Slots are a second long at
// first and twice as long each time that the stage is twice as old, so that there are few of them however long a stage lasts.
func ValueSlot(since, at time.Time) time.Time {
	passed, length := max(0, at.Sub(since)), time.Second
	for passed >= 2*slotsOfTheLastHalf*length {
		length *= 2
	}
	return since.Add(passed.Truncate(length))
}
