package lifecycle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
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

// OnUnhealthy is what happens when the health gate fails.
type OnUnhealthy string

const (
	RollbackOnUnhealthy OnUnhealthy = "rollback"
	PauseOnUnhealthy    OnUnhealthy = "pause"
)

// PromotesItself tells whether the release goes on by itself at the end of the bake time (the default).
func (p Plan) PromotesItself() bool { return p.AutoPromote == nil || *p.AutoPromote }

// Resolve turns what somebody wrote into a plan to work with: a name alone is looked up among the plans to choose from, defaults are
// filled in, and everything is validated.
func (p Plan) Resolve(named map[string]Plan) (Plan, *Refusal) {
	if p.Name != "" && len(p.Production) == 0 {
		known, ok := named[p.Name]
		if !ok {
			return Plan{}, Refuse(InvalidInput, "there is no plan named %q; choose one of %s, or give a plan of your own",
				Excerpt(p.Name), strings.Join(sortedNames(named), ", "))
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
		return Refuse(InvalidInput, "on_unhealthy is %q; it must be %q or %q",
			Excerpt(string(p.OnUnhealthy)), RollbackOnUnhealthy, PauseOnUnhealthy)
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
		return Refuse(InvalidInput, "the plan has %d production stages; it needs %d to %d, the last at 100 percent",
			len(stages), limit.Min, limit.Max)
	}
	before, where := p.Grayscale.Percent, "grayscale"
	for i, stage := range stages {
		r := firstRefusal(checkPercent("plan.production[].percent", stage.Percent), checkDuration("plan.production[].hold", stage.Hold))
		if r != nil {
			return r
		}
		if stage.Percent < before || (i > 0 && stage.Percent == before) {
			return Refuse(InvalidInput, "stage %d of the plan has %s, but %s has %s; the percentages must rise", i+1, stage.Percent, where, before)
		}
		before, where = stage.Percent, "the stage before it"
	}
	if before != Everyone {
		return Refuse(InvalidInput, "the last stage of the plan has %s; it must have 100 %%", before)
	}
	return nil
}

// changedAt merges a new plan into one that has reached a stage (0 is grayscale). Stages already passed stay passed and the served
// percentage stays as it is: of the new plan only the time of the current stage and the stages above the current percentage count.
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

// UnmarshalJSON reads a plan object, or the name of a plan as a plain string.
func (p *Plan) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte(`"`)) {
		*p = Plan{}
		return json.Unmarshal(data, &p.Name)
	}
	type plain Plan
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields() // what people send is read by DecodeStrictly, which has words for errors
	return decoder.Decode((*plain)(p))
}

// Outline is the plan in one line: its name, and how many users have the release for how long.
func (p Plan) Outline() string {
	name := "own plan"
	if p.Name != "" {
		name = "plan " + shorten(p.Name, 40)
	}
	stages := []string{fmt.Sprintf("%s for %s", p.Grayscale.Percent, p.Grayscale.Bake)}
	for _, stage := range p.Production {
		text := stage.Percent.String()
		if stage.Hold > 0 {
			text += " for " + stage.Hold.String()
		}
		stages = append(stages, text)
	}
	return name + ": " + strings.Join(stages, ", ")
}

// Rollout is a release on its way to everyone. What is stored are facts (since when, paused since when); how much time is left and which
// percentage is served are derived from them.
type Rollout struct {
	Plan Plan `json:"plan"`
	// Stage is 0 in grayscale, 1.. in the stages of the production release.
	Stage      int       `json:"stage"`
	StageSince time.Time `json:"stage_since"`
	// PausedAt is set while the rollout is paused; PausedFor is the sum of earlier pauses within this stage.
	PausedAt  *time.Time `json:"paused_at,omitempty"`
	PausedFor Duration   `json:"paused_for,omitempty"`
	// RemindAt is when people are next reminded of the present pause. Rollouts that were paused before it was stored have
	// PauseReminders instead, the number of reminders so far.
	RemindAt       *time.Time `json:"remind_at,omitempty"`
	PauseReminders int        `json:"pause_reminders,omitempty"`
	// Held says why the stage goes on although its time is over; "" while it is not.
	Held Hold `json:"held,omitempty"`
	// Closure is what it waits for that goes by itself; nil when it waits for a person.
	Closure *Closure `json:"closure,omitempty"`
	// Health is the last known verdict of the health gate.
	Health *HealthVerdict `json:"health,omitempty"`
}

// Hold is the reason why a stage goes on although its time is over.
type Hold string

const (
	// HeldForPromotion: the plan does not promote by itself.
	HeldForPromotion Hold = "the plan leaves it to a person to promote"
	// HeldForHealth: the health gate does not know; that is no failure, but no reason to go on either.
	HeldForHealth Hold = "the health of the release is not known"
	// HeldForWindow: the calendar is closed; the stage ends when the next release window opens.
	HeldForWindow Hold = "it waits for the next release window"
	// HeldForStop: the line is stopped; the stage ends when somebody lifts the stop.
	HeldForStop Hold = "the line is stopped"
)

// Percent is the share of users that the candidate is served to now. Going on to a production stage never shrinks the cohort of the
// grayscale release.
func (r Rollout) Percent() Percent {
	percent := r.Plan.Grayscale.Percent
	if r.Stage > 0 {
		percent = max(percent, r.Plan.Production[r.Stage-1].Percent)
	}
	return percent
}

// Paused tells whether the clock of the stage stands still.
func (r Rollout) Paused() bool { return r.PausedAt != nil }

// LastStage tells whether nothing but Published follows.
func (r Rollout) LastStage() bool { return r.Stage == len(r.Plan.Production) }

// StageTime is how long the stage lasts.
func (r Rollout) StageTime() time.Duration { return time.Duration(r.Plan.StageTime(r.Stage)) }

// StageTime is how long a stage lasts, 0 being grayscale: its bake or hold time, and at least as long as the health gate lets it warm up.
func (p Plan) StageTime(stage int) Duration {
	planned := p.Grayscale.Bake
	if stage > 0 {
		planned = p.Production[stage-1].Hold
	}
	return max(planned, p.Health.warmUp())
}

// Remaining is how much of the stage's time is left, never negative. While paused it does not change.
func (r Rollout) Remaining(now time.Time) time.Duration {
	if r.PausedAt != nil {
		now = *r.PausedAt
	}
	return max(0, r.StageTime()-now.Sub(r.RunningSince()))
}

// EndsAt is when the stage's time is over; ok is false while paused.
func (r Rollout) EndsAt() (at time.Time, ok bool) {
	return r.RunningSince().Add(r.StageTime()), !r.Paused()
}

// RunningSince is when the stage began, moved on by the pauses within it.
func (r Rollout) RunningSince() time.Time { return r.StageSince.Add(time.Duration(r.PausedFor)) }

// WaitsForPerson tells whether, once its time is over, only a person can end the stage.
func (r Rollout) WaitsForPerson() bool { return r.Stage == 0 && !r.Plan.PromotesItself() }

// SameStage tells whether another rollout is in the same stage under the same gate, so that the gate counts on; nil is none.
func (r *Rollout) SameStage(other *Rollout) bool {
	return r != nil && other != nil && r.Stage == other.Stage && r.StageSince.Equal(other.StageSince) &&
		r.Paused() == other.Paused() && r.Plan.Health.Same(other.Plan.Health)
}

// enter begins a stage. A pause outlives it: it never ends by itself.
func (r *Rollout) enter(stage int, now time.Time) {
	r.Stage, r.StageSince, r.PausedFor, r.Held, r.Closure = stage, now, 0, "", nil
	if r.PausedAt != nil {
		r.PausedAt = &now
	}
}

func (r *Rollout) pause(now time.Time, settings Settings) {
	r.PausedAt, r.PauseReminders = &now, 0
	r.remindAfter(now, settings)
}

// remindAfter counts from now, so that a reminder that comes late is not followed at once by those that it has missed.
func (r *Rollout) remindAfter(now time.Time, settings Settings) {
	r.RemindAt = new(now.Add(time.Duration(settings.PauseReminder)))
}

// ReminderAt is when people are next reminded of the present pause.
func (r Rollout) ReminderAt() time.Time {
	if r.RemindAt != nil {
		return *r.RemindAt
	}
	return r.PausedAt.Add(time.Duration(DefaultSettings().PauseReminder) * time.Duration(r.PauseReminders+1))
}

func (r *Rollout) resume(now time.Time) {
	r.PausedFor += Duration(now.Sub(*r.PausedAt))
	r.PausedAt, r.RemindAt, r.PauseReminders = nil, nil, 0
}

// Bucket places a user among the 10,000 equal cohorts of a version, from 0 to 9999. The same user has the same bucket on every machine
// and after every restart; other versions and other mini-programs shuffle users independently.
func Bucket(miniProgram, version, user string) Percent {
	var room [128]byte // on the stack: host apps ask this for every user and every mini-program
	key := append(room[:0], miniProgram...)
	key = append(key, 0)
	key = append(key, version...)
	key = append(key, 0)
	key = append(key, user...)
	return Percent(xxhash.Sum64(key) % uint64(Everyone))
}

// InCohort tells whether a user is among the first percent of users to get the version. Raising the percentage only adds users, lowering
// it only removes those last added.
func InCohort(miniProgram, version, user string, percent Percent) bool {
	return Bucket(miniProgram, version, user) < percent
}
