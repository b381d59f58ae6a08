package lifecycle

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Settings are the choices that a deployment makes without touching code.
type Settings struct {
	// RemindAfter and EscalateAfter count from the request for a review.
	RemindAfter   Duration `json:"remind_after"`
	EscalateAfter Duration `json:"escalate_after"`
	// PauseReminder is how often people are reminded of a paused rollout.
	PauseReminder Duration `json:"pause_reminder"`
	// DefaultPlan names the plan of a publication that brings none; Plans are those to choose from.
	DefaultPlan string          `json:"default_plan"`
	Plans       map[string]Plan `json:"plans"`
}

// DefaultSettings are the settings of the specification (lifecycle.md, "Timers" and "Rollout plan").
func DefaultSettings() Settings {
	return Settings{
		RemindAfter:   Duration(24 * time.Hour),
		EscalateAfter: Duration(48 * time.Hour),
		PauseReminder: Duration(30 * 24 * time.Hour),
		DefaultPlan:   "standard",
		Plans:         StandardPlans(),
	}
}

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

// Validate refuses settings that no deployment can mean. Of several faults it names the first, always the same one.
func (s Settings) Validate() *Refusal {
	for _, timer := range []struct {
		name  string
		lasts Duration
	}{{"remind_after", s.RemindAfter}, {"escalate_after", s.EscalateAfter}, {"pause_reminder", s.PauseReminder}} {
		if timer.lasts <= 0 {
			return Refuse(InvalidInput, "%s is %s; it must be above 0s", timer.name, timer.lasts)
		}
	}
	if s.EscalateAfter < s.RemindAfter {
		return Refuse(InvalidInput, "escalate_after is %s, which is before remind_after (%s)", s.EscalateAfter, s.RemindAfter)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Plans)) {
		if _, r := s.Plans[name].Resolve(nil); r != nil {
			return Refuse(InvalidInput, "plan %q: %s", name, r.Message)
		}
	}
	_, r := Plan{Name: s.DefaultPlan}.Resolve(s.Plans)
	return r
}

// Digest names the settings in a few letters: records say by which they were decided.
func (s Settings) Digest() string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // durations, names and plans can always be written
	}
	return fmt.Sprintf("%.8x", sha256.Sum256(text))
}
