package lifecycle

import "time"

// Status is all that pages and programs show of a mini-program (interfaces.md, "Temporal"): the facts, and what follows
// from them.
type Status struct {
	ID          string    `json:"id"`
	Title       string    `json:"title"`
	Description string    `json:"description"`
	Team        string    `json:"team"`
	State       State     `json:"state"`
	Revision    int       `json:"revision"`
	UpdatedAt   time.Time `json:"updated_at"`

	Candidate *Version  `json:"candidate"`
	Live      *Version  `json:"live"`
	Previous  []Version `json:"previous"`

	// Submitted are the packages that reviewers have seen and that are not older than what was published, oldest first.
	Submitted []Package `json:"submitted,omitempty"`

	Review      *Review        `json:"review"`
	Plan        *Plan          `json:"plan,omitempty"`
	ScheduledAt *time.Time     `json:"scheduled_at"`
	ScheduledBy string         `json:"scheduled_by,omitempty"`
	Rollout     *RolloutStatus `json:"rollout"`
	Suspension  *Suspension    `json:"suspension"`
	Feedback    []Feedback     `json:"feedback"`

	// DueAt is the next moment that somebody waits for.
	DueAt       *time.Time    `json:"due_at"`
	Actions     []LegalAction `json:"actions"`
	Transitions []Transition  `json:"transitions"`

	// Inspecting are the packages whose upload waits for the inspection; Refused are the latest refusals.
	Inspecting []Package `json:"inspecting,omitempty"`
	Refused    []Outcome `json:"refused,omitempty"`
}

// RolloutStatus is a rollout with all that follows from its facts.
type RolloutStatus struct {
	Stage      int       `json:"stage"`
	Stages     int       `json:"stages"`
	StageSince time.Time `json:"stage_since"`
	Percent    Percent   `json:"percent"`
	Testers    []string  `json:"testers"`
	Paused     bool      `json:"paused"`
	Held       bool      `json:"held"`
	HeldReason Hold      `json:"held_reason,omitempty"`
	// EndsAt is when the stage's time is over, null while paused; Remaining is what is left of it while paused.
	EndsAt    *time.Time     `json:"ends_at"`
	Remaining *Duration      `json:"remaining,omitempty"`
	Health    *HealthVerdict `json:"health,omitempty"`
	Plan      Plan           `json:"plan"`
}

// Status shows the mini-program.
func (m MiniProgram) Status() Status {
	status := Status{
		ID: m.ID, Title: m.Title, Description: m.Description, Team: m.Team,
		State: m.State, Revision: m.Revision, UpdatedAt: m.UpdatedAt,
		Candidate: m.Candidate, Live: m.Live, Previous: orEmpty(m.Previous),
		Submitted: m.Submitted, Review: m.Review, Plan: m.Plan, Suspension: m.Suspension, Feedback: orEmpty(m.Feedback),
		Actions: m.LegalActions(), Transitions: orEmpty(m.Transitions),
	}
	if m.Schedule != nil {
		status.ScheduledAt, status.ScheduledBy = &m.Schedule.At, m.Schedule.By
	}
	if m.Rollout != nil {
		status.Rollout = m.Rollout.status()
	}
	if at, ok := m.DueAt(); ok {
		status.DueAt = &at
	}
	return status
}

func (r Rollout) status() *RolloutStatus {
	status := &RolloutStatus{
		Stage: r.Stage, Stages: len(r.Plan.Production), StageSince: r.StageSince,
		Percent: r.Percent(), Testers: orEmpty(r.Plan.Grayscale.Testers),
		Paused: r.Paused(), Held: r.Held != "", HeldReason: r.Held, Health: r.Health, Plan: r.Plan,
	}
	if at, ok := r.EndsAt(); ok {
		status.EndsAt = &at
	} else {
		status.Remaining = new(Duration(r.Remaining(*r.PausedAt)))
	}
	return status
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
