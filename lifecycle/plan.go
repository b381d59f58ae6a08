package lifecycle

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"
)

// Plan says how a release reaches its users: first a cohort, then stage by stage everyone.
type Plan struct {
	Name        string      `json:"name,omitempty"`
	Grayscale   Grayscale   `json:"grayscale"`
	Production  []Stage     `json:"production"`
	Health      *Health     `json:"health,omitempty"`
	OnUnhealthy OnUnhealthy `json:"on_unhealthy,omitempty"`
	AutoPromote *bool       `json:"auto_promote,omitempty"`
}

// Grayscale is stage 0: who tests the release, and for how long before it goes on.
type Grayscale struct {
	Percent Percent  `json:"percent"`
	Testers []string `json:"testers,omitempty"`
	Bake    Duration `json:"bake"`
}

// Stage is one step of the production release: how many users get it, and how long until the next step.
type Stage struct {
	Percent Percent  `json:"percent"`
	Hold    Duration `json:"hold"`
}

// Health is what the health gate asks Prometheus while a cohort is served. In Query, {{.MiniProgram}} and {{.Version}}
// are filled in. A value above Max is a breach; Failures breaches in a row are a failure. Besides every Interval it is asked when a
// stage begins and when its time is over. NoData is what a query counts as that finds nothing: HealthUnknown, which "" means too, or Healthy.
type Health struct {
	Query    string       `json:"query"`
	Max      float64      `json:"max"`
	Interval Duration     `json:"interval"`
	Failures int          `json:"failures"`
	NoData   HealthStatus `json:"no_data,omitempty"`
}

// OnUnhealthy is what happens when the health gate fails.
type OnUnhealthy string

const (
	RollbackOnUnhealthy OnUnhealthy = "rollback"
	PauseOnUnhealthy    OnUnhealthy = "pause"
)

// PromotesItself tells whether the release goes on by itself at the end of the bake time (the default).
func (p Plan) PromotesItself() bool { return p.AutoPromote == nil || *p.AutoPromote }

// StandardPlans are the plans to choose from when a deployment's policy names no others.
func StandardPlans() map[string]Plan {
	return map[string]Plan{
		"standard":  namedPlan("standard", 5, Duration(day), Duration(day), 10, 25, 50),
		"app-store": namedPlan("app-store", 1, Duration(day), Duration(day), 2, 5, 10, 20, 50),
		"fast":      namedPlan("fast", 25, Duration(time.Hour), 0),
	}
}

func namedPlan(name string, grayscale int, bake, hold Duration, stages ...int) Plan {
	plan := Plan{Name: name, Grayscale: Grayscale{Percent: WholePercent(grayscale), Bake: bake}}
	for _, percent := range stages {
		plan.Production = append(plan.Production, Stage{Percent: WholePercent(percent), Hold: hold})
	}
	plan.Production = append(plan.Production, Stage{Percent: Everyone})
	return plan
}

// UnmarshalJSON reads a plan object, or the name of a plan as a plain string.
func (p *Plan) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte(`"`)) {
		*p = Plan{}
		return json.Unmarshal(data, &p.Name)
	}
	type plain Plan
	decoder := json.NewDecoder(bytes.NewReader(data)) // whoever reads what people sent does it by DecodeStrictly, which has words for errors
	decoder.DisallowUnknownFields()
	return decoder.Decode((*plain)(p))
}

// Resolve turns what somebody wrote into a plan to work with: a name alone is looked up among the plans to choose
// from, defaults are filled in, and everything is validated.
func (p Plan) Resolve(named map[string]Plan) (Plan, *Refusal) {
	if p.Name != "" && len(p.Production) == 0 {
		known, ok := named[p.Name]
		if !ok {
			return Plan{}, Refuse(InvalidInput, "there is no plan named %q; choose one of %s, or give a plan of your own",
				excerpt(p.Name), strings.Join(sortedNames(named), ", "))
		}
		if p.hasMoreThanAName() {
			return Plan{}, Refuse(InvalidInput, "the plan %q has no production stages of its own; give its name alone, or the whole plan", p.Name)
		}
		name := p.Name
		p = known
		p.Name = name
	}
	p.Production = slices.Clone(p.Production)
	p.Grayscale.Testers = slices.Clone(p.Grayscale.Testers)
	if p.OnUnhealthy == "" {
		p.OnUnhealthy = RollbackOnUnhealthy
	}
	if p.AutoPromote == nil {
		p.AutoPromote = new(true)
	}
	return p, p.validate()
}

func (p Plan) hasMoreThanAName() bool {
	g := p.Grayscale
	return g.Percent != 0 || g.Bake != 0 || len(g.Testers) > 0 || p.Health != nil || p.OnUnhealthy != "" || p.AutoPromote != nil
}

func (p Plan) validate() *Refusal {
	if limit := LimitOf("plan.name"); len(p.Name) > limit.Max {
		return Refuse(InvalidInput, "the plan's name has %d bytes; %s are allowed", len(p.Name), limit)
	}
	if p.OnUnhealthy != RollbackOnUnhealthy && p.OnUnhealthy != PauseOnUnhealthy {
		return Refuse(InvalidInput, "on_unhealthy is %q; it must be %q or %q", excerpt(string(p.OnUnhealthy)), RollbackOnUnhealthy, PauseOnUnhealthy)
	}
	return firstRefusal(p.Grayscale.validate(), p.validateProduction(), p.Health.validate())
}

func (g Grayscale) validate() *Refusal {
	return firstRefusal(
		checkPercent("plan.grayscale.percent", g.Percent),
		checkDuration("plan.grayscale.bake", g.Bake),
		validateTesters("plan.grayscale.testers", g.Testers),
	)
}

func (p Plan) validateProduction() *Refusal {
	stages := p.Production
	if limit := LimitOf("plan.production"); len(stages) < limit.Min || len(stages) > limit.Max {
		return Refuse(InvalidInput, "the plan has %d production stages; it needs %d to %d, the last at 100 percent", len(stages), limit.Min, limit.Max)
	}
	before, where := p.Grayscale.Percent, "the grayscale percentage"
	for i, stage := range stages {
		if r := firstRefusal(checkPercent("plan.production[].percent", stage.Percent), checkDuration("plan.production[].hold", stage.Hold)); r != nil {
			return r
		}
		if stage.Percent < before || (i > 0 && stage.Percent == before) {
			return Refuse(InvalidInput, "stage %d of the plan has %s after %s of %s; the percentages must rise", i+1, stage.Percent, where, before)
		}
		before, where = stage.Percent, "the stage before it"
	}
	if before != Everyone {
		return Refuse(InvalidInput, "the last stage of the plan has %s; it must have 100 %%", before)
	}
	return nil
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
		return Refuse(InvalidInput, "health.query uses a placeholder that is neither {{.MiniProgram}} nor {{.Version}}: %q", excerpt(h.Query))
	case math.IsNaN(h.Max) || math.IsInf(h.Max, 0):
		return Refuse(InvalidInput, "health.max is %v; it must be a number that measured values can be above or below", h.Max)
	case h.NoData != "" && h.NoData != Healthy && h.NoData != HealthUnknown:
		return Refuse(InvalidInput, "health.no_data is %q; it must be %q or %q", excerpt(string(h.NoData)), Healthy, HealthUnknown)
	}
	return firstRefusal(checkDuration("plan.health.interval", h.Interval), checkNumber("plan.health.failures", h.Failures))
}

// changedAt merges a new plan into one that has reached a stage (0 = grayscale, 1.. = production). Stages already
// passed stay passed and the served percentage stays as it is: of the new plan only the time of the current stage and
// the stages above the current percentage count.
func (p Plan) changedAt(stage int, to Plan) Plan {
	if stage == 0 {
		return to
	}
	merged := to
	merged.Grayscale = p.Grayscale
	merged.Production = slices.Clone(p.Production[:stage])
	current := &merged.Production[stage-1]
	for _, next := range to.Production {
		if next.Percent == current.Percent {
			current.Hold = next.Hold
		}
		if next.Percent > current.Percent {
			merged.Production = append(merged.Production, next)
		}
	}
	return merged
}
