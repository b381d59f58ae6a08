package lifecycle

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"
)

// Settings are the choices that a deployment makes without touching code.
type Settings struct {
	// RemindAfter and EscalateAfter count from the request for a review, in working time where the calendar has working hours.
	RemindAfter   Duration `json:"remind_after"`
	EscalateAfter Duration `json:"escalate_after"`
	// ExpeditedAfter is the deadline of an expedited review, counted likewise from when it was expedited. A team may have ExpediteQuota of
	// them within QuotaPeriod.
	ExpeditedAfter Duration `json:"expedited_after"`
	ExpediteQuota  int      `json:"expedite_quota"`
	// BlockingWarnings are the codes of findings that an approval has to waive.
	BlockingWarnings []string `json:"blocking_warnings,omitempty"`
	// Review says which steps reviews have; nil is a single step for reviewers.
	Review *ReviewPolicy `json:"review,omitempty"`
	// PauseReminder is how often people are reminded of a paused rollout.
	PauseReminder Duration `json:"pause_reminder"`
	// DefaultPlan names the plan of a publication that brings none; Plans are those to choose from.
	DefaultPlan string          `json:"default_plan"`
	Plans       map[string]Plan `json:"plans"`
	// Calendar is when the deployment works and releases; nil is always.
	Calendar *Calendar `json:"calendar,omitempty"`
	// Subscriptions say who is told of what happens.
	Subscriptions Subscriptions `json:"subscriptions,omitzero"`
}

// DefaultSettings are those of a deployment that chooses nothing.
func DefaultSettings() Settings {
	return Settings{
		RemindAfter:    Duration(24 * time.Hour),
		EscalateAfter:  Duration(48 * time.Hour),
		ExpeditedAfter: Duration(8 * time.Hour),
		ExpediteQuota:  3,
		PauseReminder:  Duration(30 * 24 * time.Hour),
		DefaultPlan:    "standard",
		Plans:          StandardPlans(),
	}
}

// StandardPlans are the plans to choose from when a deployment names no others.
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
func (s Settings) Validate() *Refusal { return s.faults().first() }

// timer is a setting that lasts.
type timer struct {
	name  string
	lasts Duration
}

func (s Settings) faults() (found Faults) {
	for _, timer := range []timer{
		{"remind_after", s.RemindAfter}, {"escalate_after", s.EscalateAfter}, {"expedited_after", s.ExpeditedAfter},
		{"pause_reminder", s.PauseReminder},
	} {
		if timer.lasts <= 0 {
			found.at(timer.name, "is %s; it must be longer than 0s", timer.lasts)
		}
	}
	if s.EscalateAfter < s.RemindAfter {
		found.at("escalate_after", "is %s; it must not be shorter than remind_after, which is %s", s.EscalateAfter, s.RemindAfter)
	}
	if s.ExpediteQuota < 0 {
		found.at("expedite_quota", "is %d; it must be 0, for none, or more", s.ExpediteQuota)
	}
	if r := checkEntries("waivers", len(s.BlockingWarnings)); r != nil {
		found.add("blocking_warnings", "blocking_warnings: %s", r.Message)
	}
	if r := s.Review.validate(); r != nil {
		found.add("review", "%s", r.Message)
	}
	for _, name := range s.PlanNames() {
		if _, r := (Plan{Name: name}).Resolve(s.Plans); r != nil {
			found.add("plans."+name, "plan %q: %s", Excerpt(name), r.Message)
		}
	}
	if _, ok := s.Plans[s.DefaultPlan]; !ok {
		found.add("default_plan", "default_plan is %q; it must be one of the plans: %s", Excerpt(s.DefaultPlan), joined(s.PlanNames()))
	}
	found = append(found, s.Calendar.faults()...)
	for _, deadline := range []timer{{"escalate_after", s.EscalateAfter}, {"expedited_after", s.ExpeditedAfter}} {
		if week := s.Calendar.perWeek(); week > 0 && deadline.lasts > 52*week {
			found.at(deadline.name, "is %s of working time, which takes more than a year with %s a week in calendar.working_hours",
				deadline.lasts, week)
		}
	}
	return found
}

// PlanNames are the plans to choose from, in order.
func (s Settings) PlanNames() []string { return sortedNames(s.Plans) }

// Digest names the settings in a few letters, so that records can say which they were decided by.
func (s Settings) Digest() string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // durations, names and plans can always be written
	}
	return fmt.Sprintf("%.8x", sha256.Sum256(text))
}

// Override reads what a deployment sets otherwise from JSON; what it does not name stays as it is. Checks look for what only others know to
// be wrong. The error is Faults: all that is wrong, each with its line.
func (s *Settings) Override(data []byte, checks ...func(Settings) Faults) error {
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // what Windows puts before UTF-8
	found := decode(data, s)
	if len(found) == 0 {
		found = s.faults()
		for _, check := range checks {
			found = append(found, check(*s)...)
		}
	}
	if len(found) > 0 {
		return found.bounded().located(data)
	}
	return nil
}
