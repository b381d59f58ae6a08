package lifecycle

import (
	"slices"
	"time"
)

// Status is all that pages and programs show of a mini-program (interfaces.md, "Temporal"): the facts, and what follows
// from them.
type Status struct {
	ID          string    `json:"id"`
	Title       string    `json:"title"`
	Description string    `json:"description"`
	Team        string    `json:"team"`
	State       State     `json:"state"`
	Revision    int       `json:"revision"`
	Sequence    int       `json:"sequence"`
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
	DueAt *time.Time `json:"due_at"`
	// Next is what happens next; null when nothing is awaited.
	Next        *Next         `json:"next"`
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
		State: m.State, Revision: m.Revision, Sequence: m.Sequence, UpdatedAt: m.UpdatedAt,
		Candidate: m.Candidate, Live: m.Live, Previous: orEmpty(m.Previous),
		Submitted: m.Submitted, Review: m.Review, Plan: m.Plan, Suspension: m.Suspension, Feedback: orEmpty(m.Feedback),
		Next: m.Next(), Actions: m.LegalActions(), Transitions: orEmpty(m.Transitions),
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

// FromStatus finds the mini-program whose status it was, for what was stored before the mini-program itself was. The highest version
// published is known as far as it is still there.
func FromStatus(s Status) MiniProgram {
	m := MiniProgram{
		ID: s.ID, Title: s.Title, Description: s.Description, Team: s.Team, State: s.State,
		Revision: s.Revision, Sequence: s.Sequence, UpdatedAt: s.UpdatedAt,
		Candidate: s.Candidate, Live: s.Live, Previous: s.Previous, Review: s.Review, Plan: s.Plan,
		Suspension: s.Suspension, Feedback: s.Feedback, Submitted: s.Submitted, Transitions: s.Transitions,
	}
	if s.ScheduledAt != nil {
		m.Schedule = &Schedule{At: *s.ScheduledAt, By: s.ScheduledBy}
	}
	if s.Rollout != nil {
		m.Rollout = s.Rollout.facts(s.UpdatedAt)
	}
	published := append([]Version{}, s.Previous...)
	if s.Live != nil {
		published = append(published, *s.Live)
	}
	for _, version := range published {
		if m.HighestPublished == "" || compareVersions(version.Version, m.HighestPublished) > 0 {
			m.HighestPublished = version.Version
		}
	}
	return m.Numbered()
}

// facts finds when a paused rollout was paused from what was left of its stage; pausedAt stands in when nothing tells.
func (r RolloutStatus) facts(pausedAt time.Time) *Rollout {
	rollout := &Rollout{Plan: r.Plan, Stage: r.Stage, StageSince: r.StageSince, Held: r.HeldReason, Health: r.Health}
	switch {
	case r.EndsAt != nil:
		rollout.PausedFor = Duration(r.EndsAt.Sub(r.StageSince) - rollout.StageTime())
	case r.Remaining != nil:
		rollout.PausedAt = &pausedAt
		rollout.PausedFor = Duration(pausedAt.Sub(r.StageSince)-rollout.StageTime()) + *r.Remaining
	}
	return rollout
}

// Numbered completes a mini-program from before there were remarks and notes: everything in its audit trail had a revision.
func (m MiniProgram) Numbered() MiniProgram {
	if m.Sequence > 0 {
		return m
	}
	m.Sequence = m.Revision
	m.Transitions = slices.Clone(m.Transitions)
	for i := range m.Transitions {
		m.Transitions[i].Sequence = m.Transitions[i].Revision
	}
	return m
}

// WhyNot tells why the person cannot take the action now; nil when they can.
func (s Status) WhyNot(action Action, person Actor) *Refusal {
	return FromStatus(s).WhyNot(action, person)
}
