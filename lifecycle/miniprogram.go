package lifecycle

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	jsonpatch "github.com/evanphx/json-patch/v5"
)

// MiniProgram is everything that matters about one mini-program, in one serialisable piece.
type MiniProgram struct {
	ID          string `json:"id"`
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	Team        string `json:"team"`
	State       State  `json:"state"`
	// Revision counts the accepted actions; Sequence everything in the audit trail, remarks and notes too.
	Revision  int       `json:"revision"`
	Sequence  int       `json:"sequence"`
	UpdatedAt time.Time `json:"updated_at"`

	// Candidate is the version on its way to publishing, Live the one served to everyone, Previous those that were live before it, newest
	// first: a revert goes back to them.
	Candidate *Version  `json:"candidate,omitempty"`
	Live      *Version  `json:"live,omitempty"`
	Previous  []Version `json:"previous,omitempty"`

	Review   *Review   `json:"review,omitempty"`
	Plan     *Plan     `json:"plan,omitempty"`
	Schedule *Schedule `json:"schedule,omitempty"`
	Rollout  *Rollout  `json:"rollout,omitempty"`

	Suspension *Suspension `json:"suspension,omitempty"`
	Feedback   []Feedback  `json:"feedback,omitempty"`

	// HighestPublished is the highest version ever published; Submitted are the contents of higher versions that reviewers have seen.
	HighestPublished string    `json:"highest_published,omitempty"`
	Submitted        []Package `json:"submitted,omitempty"`

	Transitions []Transition `json:"transitions,omitempty"`
}

// How much a mini-program carries with it; everything older is in the audit trail. These bounds keep what a workflow hands to its next run
// small, however many actions there were.
const (
	MaxPrevious    = 10
	MaxFeedback    = 10
	MaxTransitions = 20
	MaxSubmitted   = 100
)

// Version is one code package on its way through the lifecycle.
type Version struct {
	Version     string     `json:"version"`
	SHA256      string     `json:"sha256"`
	Notes       string     `json:"notes,omitempty"`
	Size        int64      `json:"size,omitempty"`
	Format      string     `json:"format,omitempty"`
	MinPlatform int        `json:"min_platform,omitempty"`
	UploadedBy  string     `json:"uploaded_by,omitempty"`
	UploadedAt  *time.Time `json:"uploaded_at,omitempty"`
	ApprovedBy  string     `json:"approved_by,omitempty"`
	PublishedAt *time.Time `json:"published_at,omitempty"`
}

// Facts is what was found out for a decision: by the inspection of an accepted code package, by the health gate, or in the report about
// the package that is submitted, or to be approved.
type Facts struct {
	Format      string         `json:"format"`
	Size        int64          `json:"size"`
	MinPlatform int            `json:"min_platform,omitempty"`
	Health      *HealthVerdict `json:"health,omitempty"`
	// Blocking are the findings that an approval has to waive.
	Blocking []Finding `json:"blocking,omitempty"`
	// Stop is set while the line is stopped. Closure is what a release is to be held for.
	Stop    *Stop    `json:"stop,omitempty"`
	Closure *Closure `json:"closure,omitempty"`
	// Conditions are those that hold for the package that is submitted, but for FirstRelease, which needs no report.
	Conditions []Condition `json:"conditions,omitempty"`
}

// Review is a request that waits for the platform's decision.
type Review struct {
	RequestedBy string `json:"requested_by"`
	// OnBehalfOf is who made the access token that requested it; "" when a person did.
	OnBehalfOf  string    `json:"on_behalf_of,omitempty"`
	RequestedAt time.Time `json:"requested_at"`
	RemindAt    time.Time `json:"remind_at"`
	DueAt       time.Time `json:"due_at"`
	Reminded    bool      `json:"reminded,omitempty"`
	Overdue     bool      `json:"overdue,omitempty"`
	// Assignee is the reviewer who took the request; "" when nobody did. Anyone entitled may decide all the same.
	Assignee string `json:"assignee,omitempty"`
	// Expedited puts the request at the head of the queue.
	Expedited bool `json:"expedited,omitempty"`
	// Steps are those that the request needs, in their order; none is a single step for reviewers. Waived are the findings that approvals
	// of steps have waived.
	Steps  []ReviewStep    `json:"steps,omitempty"`
	Waived []WaivedFinding `json:"waived,omitempty"`
}

// Schedule is a publication at a time to come.
type Schedule struct {
	At time.Time `json:"at"`
	By string    `json:"by"`
	// Closure is what it waits for since its time has come; nil before.
	Closure *Closure `json:"closure,omitempty"`
}

// Suspension is why the platform took the mini-program offline; it stays visible until it is Published again.
type Suspension struct {
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	Reason  string    `json:"reason"`
	Version string    `json:"version,omitempty"`
}

// Feedback is what somebody who had the candidate said about it.
type Feedback struct {
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	Version string    `json:"version"`
	Rating  int       `json:"rating"`
	// Sequence is its place in the audit trail.
	Sequence int    `json:"sequence,omitempty"`
	Text     string `json:"text,omitempty"`
}

// Transition is an accepted action, a remark or a note. The timeline keeps the latest, but no remarks.
type Transition struct {
	// Sequence is its place in the audit trail, Revision the one that an action led to, or that a remark or a note happened under.
	Sequence int       `json:"sequence"`
	Revision int       `json:"revision"`
	Kind     Kind      `json:"kind,omitempty"`
	At       time.Time `json:"at"`
	Action   Action    `json:"action"`
	Actor    string    `json:"actor"`
	// OnBehalfOf is who made the access token that acted; "" when a person did.
	OnBehalfOf string `json:"on_behalf_of,omitempty"`
	Role       Role   `json:"role"`
	Via        Via    `json:"via,omitempty"`
	From       State  `json:"from"`
	To         State  `json:"to"`
	Version    string `json:"version,omitempty"`
	Comment    string `json:"comment,omitempty"`
	// Details says in words what the action has set: percentages, plans, times.
	Details string `json:"details,omitempty"`
	// PlatformOnly marks what the team is neither shown nor told.
	PlatformOnly bool `json:"platform_only,omitempty"`
}

// Record is a transition as the audit trail keeps it for ever: with its whole comment, the command that caused it and what users
// got afterwards, and by which rules and settings it was decided.
type Record struct {
	Transition
	Command Command `json:"command"`
	Serving Serving `json:"serving"`
	// Health is the verdict of the health gate that it came with; nil when it came with none.
	Health *HealthVerdict `json:"health,omitempty"`
	// Rules is the number of the rules, Settings the digest of the worker's settings.
	Rules    int    `json:"rules,omitempty"`
	Settings string `json:"settings,omitempty"`
	// Restored marks a record that the catalogue had lost: the workflow's timeline had no more of it than the transition.
	Restored bool `json:"restored,omitempty"`
	// Amended are the records that an erasure has changed.
	Amended []Amendment `json:"amended,omitempty"`
}

// Amendment is a record of the audit trail that an erasure has changed: the number of its change, and the hash of salt and text as they are
// since.
type Amendment struct {
	Change  int64  `json:"change"`
	Content string `json:"content"`
}

// Serving is what users get: the candidate for its cohort, the live version for everyone else.
type Serving struct {
	Live      *Version  `json:"live,omitempty"`
	Candidate *Version  `json:"candidate,omitempty"`
	Percent   Percent   `json:"percent,omitempty"`
	Testers   []string  `json:"testers,omitempty"`
	Previous  []Version `json:"previous,omitempty"`
}

// Serving tells what users get now.
func (m MiniProgram) Serving() Serving {
	serving := Serving{Live: m.Live, Previous: m.Previous}
	if m.Rollout != nil {
		serving.Candidate = m.Candidate
		serving.Percent = m.Rollout.Percent()
		serving.Testers = m.Rollout.Plan.Grayscale.Testers
	}
	return serving
}

// Served tells whether any user gets anything.
func (m MiniProgram) Served() bool { return m.Live != nil || m.Rollout != nil }

// InStateSince is when the mini-program came into its present state; ok is false when that is longer ago than its timeline reaches.
func (m MiniProgram) InStateSince() (since time.Time, ok bool) {
	for _, transition := range slices.Backward(m.Transitions) {
		if transition.To == m.State && transition.From != m.State {
			return transition.At, true
		}
	}
	return time.Time{}, false
}

// DueAt is the next moment that somebody waits for: the deadline of the review, the scheduled publication, the end of the stage. ok is
// false when nothing is awaited.
func (m MiniProgram) DueAt() (at time.Time, ok bool) {
	switch {
	case m.Review != nil:
		return m.Review.DueAt, true
	case m.Closure() != nil && m.Closure().Until != nil:
		return *m.Closure().Until, true
	case m.Schedule != nil:
		return m.Schedule.At, true
	case m.Rollout != nil:
		return m.Rollout.EndsAt()
	default:
		return time.Time{}, false
	}
}

// Overdue tells whether a review has gone beyond its deadline.
func (m MiniProgram) Overdue() bool { return m.Review != nil && m.Review.Overdue }

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

// Delta is what one decision changed in a mini-program, as the workflow's history records it. It holds results, not reasons: whoever
// applies it needs none of the rules, so that rules may change while mini-programs are under way. What the command says already is not
// repeated, because every accepted action has its delta in a history.
type Delta struct {
	// Transition completes the entry of the timeline; nil when there is none.
	Transition *DeltaTransition `json:"transition,omitempty"`
	// Feedback is what was added to the feedback.
	Feedback *Feedback `json:"feedback,omitempty"`
	// Patch is what else is different: a JSON merge patch (RFC 7396).
	Patch json.RawMessage `json:"patch"`
}

// DeltaTransition is what a transition says beyond its command and the states before and after it.
type DeltaTransition struct {
	Kind    Kind   `json:"kind,omitempty"`
	Role    Role   `json:"role"`
	Via     Via    `json:"via,omitempty"`
	Version string `json:"version,omitempty"`
	Details string `json:"details,omitempty"`
}

// DeltaOf tells what is different after a decision.
func DeltaOf(before, after MiniProgram) (Delta, error) {
	var delta Delta
	if entry := added(MaxTransitions, before.Transitions, after.Transitions); entry != nil {
		delta.Transition = &DeltaTransition{entry.Kind, entry.Role, entry.Via, entry.Version, entry.Details}
	}
	before.Transitions, after.Transitions = nil, nil // they only grow, by this entry
	if delta.Feedback = added(MaxFeedback, before.Feedback, after.Feedback); delta.Feedback != nil {
		after.Feedback = before.Feedback
	}
	after.UpdatedAt = before.UpdatedAt // the time of the decision
	was, err := json.Marshal(before)
	if err != nil {
		return Delta{}, fmt.Errorf("writing %s: %w", before.ID, err)
	}
	is, err := json.Marshal(after)
	if err != nil {
		return Delta{}, fmt.Errorf("writing %s: %w", after.ID, err)
	}
	delta.Patch, err = jsonpatch.CreateMergePatch(was, is)
	return delta, err
}

// added is what appendBounded has added to a list; nil when the list did not change or is another one.
func added[T comparable](limit int, before, after []T) *T {
	if len(after) == 0 || slices.Equal(before, after) {
		return nil
	}
	newest := after[len(after)-1]
	if !slices.Equal(after, appendBounded(limit, before, newest)) {
		return nil
	}
	return &newest
}

// Apply makes the mini-program what it was after the decision on a command at a time. It fails on a delta that is not ours.
func (m MiniProgram) Apply(delta Delta, command Command, at time.Time) (MiniProgram, error) {
	patchable := m
	patchable.Transitions = nil
	was, err := json.Marshal(patchable)
	if err != nil {
		return m, fmt.Errorf("writing %s: %w", m.ID, err)
	}
	patched, err := jsonpatch.MergePatch(was, delta.Patch)
	if err != nil {
		return m, fmt.Errorf("patching %s: %w", m.ID, err)
	}
	var after MiniProgram
	if err := json.Unmarshal(patched, &after); err != nil {
		return m, fmt.Errorf("reading the patched %s: %w", m.ID, err)
	}
	after.Transitions = m.Transitions
	if !command.PlatformOnly {
		after.UpdatedAt = at
	}
	if entry := delta.Transition; entry != nil {
		after.Transitions = appendBounded(MaxTransitions, after.Transitions, Transition{
			Sequence: after.Sequence, Revision: after.Revision, Kind: entry.Kind, At: at, Action: command.Action, Actor: command.Actor.User,
			OnBehalfOf: command.Actor.OnBehalfOf, Role: entry.Role, Via: entry.Via, From: m.State, To: after.State, Version: entry.Version,
			Comment: Excerpt(command.Comment), Details: entry.Details,
		})
	}
	if delta.Feedback != nil {
		after.Feedback = appendBounded(MaxFeedback, after.Feedback, *delta.Feedback)
	}
	return after, nil
}
