package lifecycle

import (
	"fmt"
	"slices"
	"time"
)

// HealthVerdict is what the health gate found out.
type HealthVerdict struct {
	Status HealthStatus `json:"status"`
	// Reason says why the health is not known, for programs; Detail says it for people.
	Reason HealthReason `json:"reason,omitempty"`
	Value  float64      `json:"value,omitempty"`
	Detail string       `json:"detail,omitempty"`
	At     time.Time    `json:"at"`
	// Changes counts the verdicts of the rollout so far that differed from the one before.
	Changes int `json:"changes,omitempty"`
	// Rules are the latest answers to each rule of a gate that has several.
	Rules []RuleHealth `json:"rules,omitempty"`
}

// HealthStatus is healthy, unhealthy (enough breaches in a row) or unknown (no answer, no data, not a number, too few breaches).
type HealthStatus string

const (
	Healthy       HealthStatus = "healthy"
	Unhealthy     HealthStatus = "unhealthy"
	HealthUnknown HealthStatus = "unknown"
)

// HealthReason is why the health is not known.
type HealthReason string

const (
	// NoPrometheus: the worker was not told where to ask.
	NoPrometheus HealthReason = "no_prometheus"
	// Unreachable: nobody answers, or something other than Prometheus does, or Prometheus with an error of its own.
	Unreachable HealthReason = "unreachable"
	// QueryRefused: Prometheus cannot make sense of the query.
	QueryRefused HealthReason = "query_refused"
	// NotANumber: the answer is NaN, or not a number at all.
	NotANumber HealthReason = "not_a_number"
	// NoData: the query finds nothing.
	NoData HealthReason = "no_data"
	// WarmingUp: a rule of several is not asked yet, because the stage has only begun.
	WarmingUp HealthReason = "warming_up"
	// Breached: the value is beyond the limit, but not often enough in a row yet.
	Breached HealthReason = "breached"
)

// CannotAsk tells whether the gate will not know the health until somebody changes the plan or the worker.
func (v HealthVerdict) CannotAsk() bool {
	return v.Status == HealthUnknown && (v.Reason == NoPrometheus || v.Reason == QueryRefused)
}

// differs tells whether a verdict says something that the one before did not. The value may differ with every answer.
func (v HealthVerdict) differs(before HealthVerdict) bool {
	if v.Status != HealthUnknown || before.Status != HealthUnknown {
		return v.Status != before.Status
	}
	return v.Reason != before.Reason
}

// Gate is the health gate of one stage at work: what it judges by, and how far it has come.
type Gate struct {
	Health Health `json:"health"`
	// Since is when the stage began, moved on by its pauses: warming up is counted from then.
	Since time.Time `json:"since,omitzero"`
	// Until is the end of the stage; the zero time means that only a person ends it.
	Until time.Time `json:"until"`
	// Told is the verdict that is recorded; the zero value when none is yet.
	Told HealthVerdict `json:"told"`
	// Held tells that the stage is over and held because the health is not known.
	Held bool `json:"held,omitempty"`
	GateProgress
}

// GateProgress is what a gate knows beyond its verdicts.
type GateProgress struct {
	// Breaches are those in a row so far.
	Breaches int `json:"breaches,omitempty"`
	// AskAt is when it asks next.
	AskAt time.Time `json:"ask_at"`
	// Rules are how far each of several has come, in the order of the plan.
	Rules []RuleProgress `json:"rules,omitempty"`
}

// GateReport is what a gate has to tell.
type GateReport struct {
	Verdict HealthVerdict `json:"verdict"`
	// Changed tells that the verdict is to be recorded.
	Changed bool `json:"changed,omitempty"`
	// Over tells that the stage's time is over.
	Over bool `json:"over,omitempty"`
	GateProgress
}

// Judge makes a report of one answer of Prometheus: healthy, unhealthy (above the limit) or unknown. tell is false when nothing in the
// report has an effect. Unknown neither counts as a breach nor ends a row of them.
func (g Gate) Judge(answer HealthVerdict) (report GateReport, tell bool) {
	report = GateReport{Verdict: answer, GateProgress: g.GateProgress, Over: !g.Until.IsZero() && !answer.At.Before(g.Until)}
	switch answer.Status {
	case Healthy:
		report.Breaches = 0
	case Unhealthy:
		report.Breaches++
		if failures := g.Health.Failures; report.Breaches < failures {
			report.Verdict.Status, report.Verdict.Reason = HealthUnknown, Breached
			report.Verdict.Detail = notYet(answer.Detail, report.Breaches, failures)
		}
	}
	v := &report.Verdict
	v.Changes = g.Told.Changes
	acts := g.acts(report)
	if v.isNews(g.Told) && (acts || !v.At.Before(quietUntil(g.Told.At, g.Told.Changes))) {
		report.Changed = true
		v.Changes++
	}
	report.AskAt = g.next(v.At, time.Duration(g.Health.Interval), v.Status, v.Reason)
	return report, report.Changed || acts || report.Breaches != g.Breaches
}

// acts tells whether a report has an effect on the rollout.
func (g Gate) acts(r GateReport) bool {
	ends := r.Verdict.Status == Unhealthy || r.Verdict.Status == Healthy && r.Over
	return ends || r.Holds() && !g.Held
}

// isNews tells whether a verdict is to be told after another. A breach that does not count yet is none about a release that is known to be
// healthy.
func (v HealthVerdict) isNews(told HealthVerdict) bool {
	return v.differs(told) && (v.Reason != Breached || told.Status != Healthy)
}

// Holds tells whether the stage has to be held: it is over, and the health is not known.
func (r GateReport) Holds() bool {
	return r.Over && r.Verdict.Status == HealthUnknown && r.Verdict.Reason != Breached
}

func notYet(detail string, breaches, failures int) string {
	return fmt.Sprintf("%s; breach %d of the %d in a row that count as failure", detail, breaches, failures)
}

// EndingAt is the progress of a gate whose stage ends at another time now: what would be asked after the end is asked when it comes, and at
// once when it is over.
func (p GateProgress) EndingAt(end time.Time) GateProgress {
	p.AskAt, p.Rules = earlier(p.AskAt, end), slices.Clone(p.Rules)
	for i, rule := range p.Rules {
		p.Rules[i].AskAt = earlier(rule.AskAt, end)
	}
	return p
}

// overdueInterval is how often a gate asks whose stage is over and which got no answer.
const overdueInterval = time.Minute

// next is when the gate asks again: after its interval, and at the end of the stage, which a long interval would miss.
func (g Gate) next(at time.Time, interval time.Duration, status HealthStatus, reason HealthReason) time.Time {
	next := at.Add(interval)
	switch {
	case g.Until.IsZero():
		return next
	case at.Before(g.Until) && next.After(g.Until):
		return g.Until
	case !at.Before(g.Until) && status == HealthUnknown && reason != Breached:
		return at.Add(min(interval, overdueInterval))
	default:
		return next
	}
}

const (
	// promptChanges are told at once; after that, changes of a restless gate are told less and less often, so that they fill neither the
	// timeline nor the history.
	promptChanges = 10
	shortestQuiet = time.Minute
	longestQuiet  = time.Hour
)

// quietUntil is when a verdict may be told that differs from one that was told at a time, after so many changes.
func quietUntil(told time.Time, changes int) time.Time {
	if changes < promptChanges {
		return told
	}
	quiet := shortestQuiet
	for range changes - promptChanges {
		if quiet *= 2; quiet >= longestQuiet {
			quiet = longestQuiet
			break
		}
	}
	return told.Add(quiet)
}
