package lifecycle

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Health is what the health gate asks Prometheus while a cohort is served: every Interval, when a stage begins, and when its time is over.
// It is one rule, or several.
type Health struct {
	// Query is PromQL, in which {{.MiniProgram}} and {{.Version}} are filled in.
	Query string `json:"query"`
	// Max is the limit: a value above it is a breach, and Failures breaches in a row are a failure.
	Max      float64  `json:"max"`
	Interval Duration `json:"interval"`
	Failures int      `json:"failures"`
	// NoData is what it counts as when the query finds nothing: HealthUnknown, which "" means too, or Healthy.
	NoData HealthStatus `json:"no_data,omitempty"`
	// Rules are several instead of the one that the fields above make.
	Rules []HealthRule `json:"rules,omitempty"`
}

// HealthRule is one of several that a health gate asks about.
type HealthRule struct {
	// Name tells it from the others of the plan.
	Name  string `json:"name"`
	Query string `json:"query"`
	// Max and Min are the limits, of which one may be missing: a value above or below is a breach.
	Max      *float64 `json:"max,omitempty"`
	Min      *float64 `json:"min,omitempty"`
	Interval Duration `json:"interval"`
	Failures int      `json:"failures"`
	// After lets a stage warm up: the rule is asked no sooner than so long after its begin.
	After Duration `json:"after,omitempty"`
	// DryRun measures without acting.
	DryRun bool `json:"dry_run,omitempty"`
	// NoData is what it counts as when the query finds nothing: HealthUnknown, which "" means too, Healthy, or Unhealthy for a breach.
	NoData HealthStatus `json:"no_data,omitempty"`
}

// MarshalJSON writes the one rule as it always was, or several.
func (h Health) MarshalJSON() ([]byte, error) {
	if h.Rules != nil && h.isEmptyBesideRules() {
		return json.Marshal(struct {
			Rules []HealthRule `json:"rules"`
		}{h.Rules})
	}
	type plain Health
	return json.Marshal(plain(h))
}

func (h Health) isEmptyBesideRules() bool {
	return h.Query == "" && h.Max == 0 && h.Interval == 0 && h.Failures == 0 && h.NoData == ""
}

// All are the rules; the one of a gate that has no others goes without a name.
func (h Health) All() []HealthRule {
	if len(h.Rules) > 0 {
		return h.Rules
	}
	return []HealthRule{{Query: h.Query, Max: &h.Max, Interval: h.Interval, Failures: h.Failures, NoData: h.NoData}}
}

// warmUp is how long a stage lasts at least: a rule that acts and was not asked yet cannot end it. nil is no gate.
func (h *Health) warmUp() (longest Duration) {
	if h == nil {
		return 0
	}
	for _, rule := range h.Rules {
		if !rule.DryRun {
			longest = max(longest, rule.After)
		}
	}
	return longest
}

func (h *Health) validate() *Refusal {
	switch {
	case h == nil:
		return nil
	case h.Rules == nil && h.NoData != "" && h.NoData != Healthy && h.NoData != HealthUnknown:
		return Refuse(InvalidInput, "health.no_data is %q; it must be %q or %q", Excerpt(string(h.NoData)), Healthy, HealthUnknown)
	case h.Rules == nil:
		return h.All()[0].validate("health", "plan.health")
	case !h.isEmptyBesideRules():
		return Refuse(InvalidInput, `health has "rules" and a rule beside them; write that one among the rules, with a name`)
	}
	if r := checkEntries("plan.health.rules", len(h.Rules)); r != nil {
		return r
	}
	for i, rule := range h.Rules {
		same := func(other HealthRule) bool { return other.Name == rule.Name }
		if first := slices.IndexFunc(h.Rules, same); first < i {
			return Refuse(InvalidInput, "health.rules[%d] and health.rules[%d] are both named %q; give each a name of its own", first, i, rule.Name)
		}
		if r := rule.validateNamed(fmt.Sprintf("health.rules[%d]", i)); r != nil {
			return r
		}
	}
	return nil
}

func (r HealthRule) validateNamed(path string) *Refusal {
	if refusal := checkName("plan.health.rules[].name", r.Name); refusal != nil {
		return refusal
	}
	switch {
	case r.Max == nil && r.Min == nil:
		return Refuse(InvalidInput, "%s, %q, has neither max nor min; give a limit", path, r.Name)
	case r.Max != nil && r.Min != nil && *r.Min > *r.Max:
		return Refuse(InvalidInput, "%s, %q, has min %v above max %v; no value is between them", path, r.Name, *r.Min, *r.Max)
	case !slices.Contains([]HealthStatus{"", Healthy, HealthUnknown, Unhealthy}, r.NoData):
		return Refuse(InvalidInput, "%s.no_data is %q; it must be %q, %q or %q",
			path, Excerpt(string(r.NoData)), Healthy, HealthUnknown, Unhealthy)
	}
	return firstRefusal(r.validate(path, "plan.health.rules[]"), checkDuration("plan.health.rules[].after", r.After))
}

// validate refuses what is wrong with a rule; path is where it is, field the one in the table of limits.
func (r HealthRule) validate(path, field string) *Refusal {
	rest := strings.NewReplacer("{{.MiniProgram}}", "", "{{.Version}}", "").Replace(r.Query)
	limit := LimitOf(field + ".query")
	switch {
	case strings.TrimSpace(r.Query) == "" || len(r.Query) > limit.Max:
		return Refuse(InvalidInput, "%s.query has %d bytes; it must be a PromQL query of %s", path, len(r.Query), limit)
	case strings.Contains(rest, "{{"):
		return Refuse(InvalidInput, "%s.query uses a placeholder that is neither {{.MiniProgram}} nor {{.Version}}: %q", path, Excerpt(r.Query))
	case !isFinite(r.Max):
		return Refuse(InvalidInput, "%s.max is %v; it must be a finite number", path, *r.Max)
	case !isFinite(r.Min):
		return Refuse(InvalidInput, "%s.min is %v; it must be a finite number", path, *r.Min)
	}
	return firstRefusal(checkDuration(field+".interval", r.Interval), checkNumber(field+".failures", r.Failures))
}

func isFinite(limit *float64) bool {
	return limit == nil || !math.IsNaN(*limit) && !math.IsInf(*limit, 0)
}

// Filled is the gate with the placeholders of its queries filled in.
func (h Health) Filled(miniProgram, version string) Health {
	values := strings.NewReplacer("{{.MiniProgram}}", miniProgram, "{{.Version}}", version)
	h.Query = values.Replace(h.Query)
	h.Rules = slices.Clone(h.Rules)
	for i := range h.Rules {
		h.Rules[i].Query = values.Replace(h.Rules[i].Query)
	}
	return h
}

// Same tells whether two gates judge alike; nil is none.
func (h *Health) Same(other *Health) bool {
	if h == nil || other == nil {
		return h == other
	}
	return h.Query == other.Query && h.Max == other.Max && h.Interval == other.Interval && h.Failures == other.Failures &&
		h.NoData == other.NoData && slices.EqualFunc(h.Rules, other.Rules, HealthRule.same)
}

func (r HealthRule) same(other HealthRule) bool {
	limits := sameLimit(r.Max, other.Max) && sameLimit(r.Min, other.Min)
	r.Max, r.Min, other.Max, other.Min = nil, nil, nil, nil
	return limits && r == other
}

func sameLimit(a, b *float64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// Answered judges the numbers of an answer, one for each series: one that is beyond a limit is enough.
func (r HealthRule) Answered(numbers []float64, at time.Time) RuleHealth {
	numbers = slices.DeleteFunc(slices.Clone(numbers), math.IsNaN)
	if len(numbers) == 0 {
		return r.Unanswered(NotANumber, "the answer is not a number (NaN), as when nothing is divided by nothing", at)
	}
	lowest, highest := slices.Min(numbers), slices.Max(numbers)
	health := RuleHealth{Name: r.Name, Verdict: Unhealthy, At: at, DryRun: r.DryRun}
	value := highest
	switch {
	case r.Max != nil && highest > *r.Max:
		health.Detail = fmt.Sprintf("%v is above the limit of %v", highest, *r.Max)
	case r.Min != nil && lowest < *r.Min:
		value, health.Detail = lowest, fmt.Sprintf("%v is below the limit of %v", lowest, *r.Min)
	default:
		health.Verdict = Healthy
		if r.Max == nil {
			value = lowest
		}
	}
	if !math.IsInf(value, 0) { // errors without any request: JSON knows no infinity
		health.Value = &value
	}
	return health
}

// Unanswered is what a rule comes to without a number.
func (r HealthRule) Unanswered(reason HealthReason, detail string, at time.Time) RuleHealth {
	health := RuleHealth{Name: r.Name, Verdict: HealthUnknown, Reason: reason, Detail: detail, At: at, DryRun: r.DryRun}
	switch {
	case reason != NoData:
	case r.NoData == Healthy:
		health.Verdict, health.Reason = Healthy, ""
		health.Detail += ", which the plan counts as healthy"
	case r.NoData == Unhealthy:
		health.Verdict, health.Reason = Unhealthy, ""
		health.Detail += ", which the plan counts as a breach"
	}
	return health
}
