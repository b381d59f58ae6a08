package lifecycle

import "time"

// Status is all that pages and programs show of a mini-program: the facts, and what follows from them.
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

	// Attention is what stopped it on its way and is not dealt with yet, the gravest first.
	Attention []Attention `json:"attention,omitempty"`

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

// Status is what is shown of the mini-program.
func (m MiniProgram) Status() Status {
	status := Status{
		ID: m.ID, Title: m.Title, Description: m.Description, Team: m.Team,
		State: m.State, Revision: m.Revision, Sequence: m.Sequence, UpdatedAt: m.UpdatedAt,
		Candidate: m.Candidate, Live: m.Live, Previous: orEmpty(m.Previous),
		Submitted: m.Submitted, Plan: m.Plan, Suspension: m.Suspension, Feedback: orEmpty(m.Feedback),
		Next: m.Next(), Actions: m.LegalActions(), Transitions: orEmpty(m.Transitions), Attention: m.Attention(),
	}
	if m.Review != nil {
		status.Review = with(m.Review, func(r *Review) { r.Steps = r.AllSteps() })
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

// LegalAction is an action that is possible now, with the roles that may take it; no roles means everyone signed in.
type LegalAction struct {
	Action Action `json:"action"`
	Label  string `json:"label"`
	Roles  []Role `json:"roles"`
}

// LegalActions lists what people can do now. Whether a given person may depends on role, team and separation of duties.
func (m MiniProgram) LegalActions() []LegalAction {
	legal := []LegalAction{}
	if m.State == "" {
		return legal
	}
	for _, rule := range Table {
		if rule.isLegalIn(m) {
			legal = append(legal, LegalAction{Action: rule.Action, Label: rule.Label, Roles: orEmpty(rule.whoActs(m))})
		}
	}
	return legal
}

// whoActs are the roles of those who can take the action now. Reviewers with a name count as reviewers, but where steps are theirs.
func (rule Rule) whoActs(m MiniProgram) []Role {
	if rule.Decides && m.Review != nil {
		return m.Review.OpenRoles()
	}
	return rule.people()
}

// LegalActionNames are the names of the legal actions.
func (m MiniProgram) LegalActionNames() []Action {
	names := []Action{}
	for _, legal := range m.LegalActions() {
		names = append(names, legal.Action)
	}
	return names
}

// Next is what happens next with a mini-program: the action that takes it on, whose turn that is, and when. It is data; each surface
// has words for it.
type Next struct {
	Action Action `json:"action"`
	// By are the roles whose turn it is: System where it happens by itself.
	By []Role `json:"by"`
	// At is when it happens by itself or is due; nil where no time is set, as while a rollout is paused.
	At *time.Time `json:"at"`
	// Overdue says that At has passed without a decision.
	Overdue bool `json:"overdue,omitempty"`
	// Held says why a stage whose time was over at At waits for a person.
	Held Hold `json:"held,omitempty"`
	// Remaining is what is left of the stage of a paused rollout.
	Remaining *Duration `json:"remaining,omitempty"`
	// To is the state that it leads to, Percent the share of the users that have the candidate then; nil outside a rollout.
	To      State    `json:"to"`
	Percent *Percent `json:"percent,omitempty"`
}

// BySystem tells whether it happens by itself.
func (n Next) BySystem() bool { return len(n.By) == 1 && n.By[0] == System }

// forward is the action that takes a mini-program on towards Published; nothing follows the states that are not here.
var forward = map[State]Action{
	CreationPending: ApproveCreation, CodeUnavailable: UploadCode, CodeAvailable: RequestPublishing,
	PublishingPending: ApprovePublishing, PublishingCancelled: RequestPublishing, PublishingRejected: UploadCode,
	ReadyToPublish: Publish, GrayscaleRelease: Promote, ProductionRelease: Advance,
	UnpublishedByDev: RequestPublishing, SuspendedByOp: RequestPublishing,
}

// Next tells what happens next; nil where nothing is awaited: the mini-program is Published, or its lifecycle is over.
func (m MiniProgram) Next() *Next {
	action, ok := forward[m.State]
	if !ok {
		return nil
	}
	rule, _ := RuleFor(action)
	next := Next{Action: action, By: rule.whoActs(m), To: rule.To[0]}
	switch {
	case m.Review != nil:
		next.At, next.Overdue = &m.Review.DueAt, m.Review.Overdue
	case m.Schedule != nil:
		next.At, next.By = &m.Schedule.At, []Role{System}
	case m.Rollout != nil:
		m.Rollout.next(&next)
	}
	return &next
}

// Turn is the role whose turn it is: the first of those that can take it on, System where it goes on by itself, "" where nothing is
// awaited. Reviewers with a name count as reviewers.
func (m MiniProgram) Turn() Role {
	if next := m.Next(); next != nil {
		return next.By[0].Base()
	}
	return ""
}

// next completes what follows the present stage.
func (r Rollout) next(next *Next) {
	next.Held = r.Held
	if r.Paused() {
		resume, _ := RuleFor(Resume)
		next.Action, next.By, next.To = Resume, resume.people(), ""
		next.Remaining = new(Duration(r.Remaining(*r.PausedAt)))
		return
	}
	after := r
	if r.LastStage() {
		next.To = Published
	} else {
		after.Stage++
	}
	next.Percent = new(after.Percent())
	at, _ := r.EndsAt()
	next.At = &at
	if r.Held == "" && !r.WaitsForPerson() {
		next.By = []Role{System}
	}
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

// WhyNot tells why the person cannot take the action now; nil when they can.
func (s Status) WhyNot(action Action, person Actor) *Refusal {
	return FromStatus(s).WhyNot(action, person)
}
