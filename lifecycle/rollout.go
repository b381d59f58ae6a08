package lifecycle

import "time"

// Rollout is a release on its way to everyone. What is stored are facts (since when, paused since when); how much time
// is left and which percentage is served are derived from them.
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
	// Health is the last known verdict of the health gate.
	Health *HealthVerdict `json:"health,omitempty"`
}

// Hold is the reason why a stage whose time is over waits for a person.
type Hold string

const (
	// HeldForPromotion: the plan does not promote by itself.
	HeldForPromotion Hold = "the plan leaves it to a person to promote"
	// HeldForHealth: the health gate does not know; that is no failure, but no reason to go on either.
	HeldForHealth Hold = "the health of the release is not known"
)

func startRollout(plan Plan, now time.Time) *Rollout {
	return &Rollout{Plan: plan, StageSince: now}
}

// Percent is the share of users that the candidate is served to now. The cohort of the grayscale release never shrinks
// by going on to a production stage.
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

// StageTime is how long the stage lasts: the bake time of grayscale, the hold time of a production stage.
func (r Rollout) StageTime() time.Duration {
	if r.Stage == 0 {
		return time.Duration(r.Plan.Grayscale.Bake)
	}
	return time.Duration(r.Plan.Production[r.Stage-1].Hold)
}

// Remaining is how much of the stage's time is left, never negative. While paused it does not change.
func (r Rollout) Remaining(now time.Time) time.Duration {
	if r.PausedAt != nil {
		now = *r.PausedAt
	}
	elapsed := now.Sub(r.StageSince) - time.Duration(r.PausedFor)
	return max(0, r.StageTime()-elapsed)
}

// EndsAt is when the stage's time is over; ok is false while paused.
func (r Rollout) EndsAt() (at time.Time, ok bool) {
	return r.StageSince.Add(time.Duration(r.PausedFor)).Add(r.StageTime()), !r.Paused()
}

// WaitsForPerson tells whether, once its time is over, only a person can end the stage.
func (r Rollout) WaitsForPerson() bool { return r.Stage == 0 && !r.Plan.PromotesItself() }

// SameStage tells whether another rollout is in the same stage under the same gate, so that the gate counts on; nil is none.
func (r *Rollout) SameStage(other *Rollout) bool {
	return r != nil && other != nil && r.Stage == other.Stage && r.StageSince.Equal(other.StageSince) &&
		r.Paused() == other.Paused() && r.Plan.Health.same(other.Plan.Health)
}

// enter begins a stage. A pause outlives it: it never ends by itself.
func (r *Rollout) enter(stage int, now time.Time) {
	r.Stage, r.StageSince, r.PausedFor, r.Held = stage, now, 0, ""
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
