package lifecycle

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Health is what the health gate asks Prometheus while a cohort is served: every Interval, when a stage begins, and when its time is over.
type Health struct {
	// Query is PromQL, in which {{.MiniProgram}} and {{.Version}} are filled in.
	Query string `json:"query"`
	// Max is the limit: a value above it is a breach, and Failures breaches in a row are a failure.
	Max      float64  `json:"max"`
	Interval Duration `json:"interval"`
	Failures int      `json:"failures"`
	// NoData is what it counts as when the query finds nothing: HealthUnknown, which "" means too, or Healthy.
	NoData HealthStatus `json:"no_data,omitempty"`
}

func (h *Health) validate() *Refusal {
	if h == nil {
		return nil
	}
	rest := strings.NewReplacer("{{.MiniProgram}}", "", "{{.Version}}", "").Replace(h.Query)
	switch {
	case strings.TrimSpace(h.Query) == "" || len(h.Query) > MaxHealthQuery:
		return Refuse(InvalidInput, "health.query has %d bytes; it must be a PromQL query of %s", len(h.Query), LimitOf("plan.health.query"))
	case strings.Contains(rest, "{{"):
		return Refuse(InvalidInput, "health.query uses a placeholder that is neither {{.MiniProgram}} nor {{.Version}}: %q", Excerpt(h.Query))
	case math.IsNaN(h.Max) || math.IsInf(h.Max, 0):
		return Refuse(InvalidInput, "health.max is %v; it must be a finite number", h.Max)
	case h.NoData != "" && h.NoData != Healthy && h.NoData != HealthUnknown:
		return Refuse(InvalidInput, "health.no_data is %q; it must be %q or %q", Excerpt(string(h.NoData)), Healthy, HealthUnknown)
	}
	return firstRefusal(checkDuration("plan.health.interval", h.Interval), checkNumber("plan.health.failures", h.Failures))
}

// Filled is the gate with the placeholders of its query filled in.
func (h Health) Filled(miniProgram, version string) Health {
	h.Query = strings.NewReplacer("{{.MiniProgram}}", miniProgram, "{{.Version}}", version).Replace(h.Query)
	return h
}

// same tells whether two gates judge alike; nil is none.
func (h *Health) same(other *Health) bool {
	if h == nil || other == nil {
		return h == other
	}
	return *h == *other
}

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
	// Breached: the value is above the limit, but not often enough in a row yet.
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
		if report.Breaches < g.Health.Failures {
			report.Verdict = g.notYetUnhealthy(answer, report.Breaches)
		}
	}
	v := &report.Verdict
	v.Changes = g.Told.Changes
	ends := v.Status == Unhealthy || v.Status == Healthy && report.Over
	acts := ends || report.Holds() && !g.Held
	if g.tells(*v) && (acts || !v.At.Before(g.Told.quietUntil())) {
		report.Changed = true
		v.Changes++
	}
	report.AskAt = g.next(*v)
	return report, report.Changed || acts || report.Breaches != g.Breaches
}

// tells whether a verdict is news. A breach that does not count yet is none about a release that is known to be healthy.
func (g Gate) tells(v HealthVerdict) bool {
	return v.differs(g.Told) && (v.Reason != Breached || g.Told.Status != Healthy)
}

// Holds tells whether the stage has to be held: it is over, and the health is not known.
func (r GateReport) Holds() bool {
	return r.Over && r.Verdict.Status == HealthUnknown && r.Verdict.Reason != Breached
}

func (g Gate) notYetUnhealthy(answer HealthVerdict, breaches int) HealthVerdict {
	answer.Status, answer.Reason = HealthUnknown, Breached
	answer.Detail += fmt.Sprintf("; breach %d of the %d in a row that count as failure", breaches, g.Health.Failures)
	return answer
}

// overdueInterval is how often a gate asks whose stage is over and which got no answer.
const overdueInterval = time.Minute

// next is when the gate asks again: after its interval, and at the end of the stage, which a long interval would miss.
func (g Gate) next(v HealthVerdict) time.Time {
	interval := time.Duration(g.Health.Interval)
	next := v.At.Add(interval)
	switch {
	case g.Until.IsZero():
		return next
	case v.At.Before(g.Until) && next.After(g.Until):
		return g.Until
	case !v.At.Before(g.Until) && v.Status == HealthUnknown && v.Reason != Breached:
		return v.At.Add(min(interval, overdueInterval))
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

// quietUntil is when the next change of the verdict may be told.
func (v HealthVerdict) quietUntil() time.Time {
	if v.Changes < promptChanges {
		return v.At
	}
	quiet := shortestQuiet
	for range v.Changes - promptChanges {
		if quiet *= 2; quiet >= longestQuiet {
			quiet = longestQuiet
			break
		}
	}
	return v.At.Add(quiet)
}
