// Package model is the contract of the lifecycle once more: what is promised about one mini-program, in as few words as possible and
// without a line of the product's. It imports nothing of ours, keeps everything in plain memory, and answers each action in one place,
// so that it can be held against the contract by eye.
//
// To be read in this order: table.go (who may do what, where, and where it leads), decide.go (the order of the checks), effect.go (what an
// action changes), clock.go (what happens by itself), gate.go (what a health gate makes of the answers), calendar.go and users.go.
//
// The tests beside it send random walks through the real workflow and hold it to the model after every step.
package model

import (
	"fmt"
	"slices"
	"time"
)

// MiniProgram is all that the contract knows about one mini-program.
type MiniProgram struct {
	ID, Team           string
	State              string
	Revision, Sequence int

	// Candidate is on its way, Live is for everyone, Previous were live before it, newest first.
	Candidate, Live *Package
	Previous        []Package

	Review     *Review
	Plan       *Plan // chosen for the publication to come
	Schedule   *Schedule
	Rollout    *Rollout
	Suspension string // the reason

	// Policy is what the deployment has set, Stopped whether the line is stopped, Asked what health gates asked and were answered, as far as
	// that is not judged yet.
	Policy  Policy
	Stopped bool
	Asked   []Asked
	// Lenient is a run of before, which takes another request under a known id for a repetition.
	Lenient bool

	// Trail is the audit trail, Answers are those that people got, both oldest first.
	Trail   []Record
	Answers []Answer

	clock     time.Time // nothing happens before it any more
	highest   string    // the highest version ever published
	submitted []Package
	expedited []time.Time
	first     map[string]Answer // the answer to a request, by person and request id
	asked     map[string]string // what it asked for
}

// Package is a version of the code.
type Package struct {
	Version string `json:"version"`
	SHA256  string `json:"sha256"`
}

// Review is a request that waits for a decision.
type Review struct {
	RequestedBy, Assignee        string
	RemindAt, DueAt              time.Time
	Reminded, Overdue, Expedited bool
	Steps                        []Step
}

// Step of a review: who decides it, and who has.
type Step struct{ Name, Role, DecidedBy string }

// Schedule is a publication at a time to come.
type Schedule struct {
	At   time.Time
	By   string
	Held bool
}

// Rollout is a release on its way to everyone; stage 0 is grayscale.
type Rollout struct {
	Plan      Plan
	Stage     int
	Since     time.Time // the begin of the stage, moved on by its pauses
	PausedAt  *time.Time
	PausedFor time.Duration
	RemindAt  time.Time
	Held      string // "", or what it waits for: person, window, health
	gate      gate
}

// Record is an entry of the audit trail.
type Record struct {
	Sequence, Revision int
	Kind               string // "", remark or note
	At                 time.Time
	Action             string
	Actor, Role        string
	From, To           string
	Version, Comment   string
}

// Answer is what came of a request.
type Answer struct {
	RequestID, Actor, Action string
	Accepted                 bool
	Code                     string
	State                    string
	Revision                 int
	At                       time.Time
	Actions                  []string // that are legal now
	StepsLeft                []string
	ScheduledAt, NextWindow  *time.Time
}

// Request begins a mini-program, or refuses to.
func Request(now time.Time, id, team string, c Command, policy Policy) *MiniProgram {
	m := &MiniProgram{ID: id, Team: team, Policy: policy, first: map[string]Answer{}, asked: map[string]string{}}
	c.Action = "request-creation"
	m.Do(now, c)
	return m
}

// Do lets somebody act, and is their answer. What was due before happens first.
func (m *MiniProgram) Do(now time.Time, c Command) Answer {
	m.Advance(now)
	m.clock = now
	key, content := c.Actor.User+"\n"+c.RequestID, c.content()
	if c.RequestID != "" {
		if first, known := m.first[key]; known && (m.Lenient || m.asked[key] == content) {
			return first
		} else if known {
			return m.answer(now, c, refusal{code: "key_reused"})
		}
	}
	answer := m.answer(now, c, m.take(now, c))
	if c.RequestID != "" {
		m.first[key], m.asked[key] = answer, content
	}
	return answer
}

// First is the answer to a request, as far as it has one.
func (m *MiniProgram) First(user, requestID string) (Answer, bool) {
	answer, ok := m.first[user+"\n"+requestID]
	return answer, ok
}

// Malformed is a signal that cannot be read: it is answered, and changes nothing.
func (m *MiniProgram) Malformed(now time.Time, c Command) Answer {
	m.Advance(now)
	m.clock = now
	answer := m.answer(now, c, refusal{code: "invalid_input"})
	if c.RequestID != "" {
		m.first[c.Actor.User+"\n"+c.RequestID] = answer
	}
	return answer
}

// take does what was asked for, unless something speaks against it.
func (m *MiniProgram) take(now time.Time, c Command) refusal {
	row, known := rowOf(c.Action)
	if !known {
		return refusal{code: "invalid_input"}
	}
	role, refused := m.check(now, c, row)
	if refused.code != "" {
		return refused
	}
	m.record(now, row, c, role)
	return refusal{}
}

// record applies an action and writes it into the audit trail.
func (m *MiniProgram) record(now time.Time, row row, c Command, role string) {
	from, before := m.State, m.Candidate
	m.apply(now, c, row)
	m.Sequence++
	if row.kind() == "" {
		m.Revision++
	}
	m.Trail = append(m.Trail, Record{
		Sequence: m.Sequence, Revision: m.Revision, Kind: row.kind(), At: now, Action: c.Action, Actor: c.Actor.User, Role: role,
		From: from, To: m.State, Version: versionOf(m.Candidate, before, m.Live), Comment: c.Comment,
	})
}

func (m *MiniProgram) answer(now time.Time, c Command, refused refusal) Answer {
	answer := Answer{
		RequestID: c.RequestID, Actor: c.Actor.User, Action: c.Action, Accepted: refused.code == "", Code: refused.code,
		State: m.State, Revision: m.Revision, At: now, Actions: m.Legal(), NextWindow: refused.until,
	}
	if answer.Accepted && c.Action == "publish" && m.Schedule != nil {
		answer.ScheduledAt = &m.Schedule.At
	}
	if row, _ := rowOf(c.Action); answer.Accepted && row.has("decides") && m.Review != nil {
		for _, step := range m.Review.open() {
			answer.StepsLeft = append(answer.StepsLeft, step.Name)
		}
	}
	m.Answers = append(m.Answers, answer)
	return answer
}

// Legal lists the actions that are legal now.
func (m *MiniProgram) Legal() []string {
	legal := []string{}
	for _, row := range table {
		if !row.has("note") && m.legal(row) {
			legal = append(legal, row.action)
		}
	}
	return legal
}

// Served tells whether any user gets anything.
func (m *MiniProgram) Served() bool { return m.Live != nil || m.Rollout != nil }

// Final tells whether the lifecycle is over.
func (m *MiniProgram) Final() bool {
	return m.State == "CreationCancelled" || m.State == "CreationRejected"
}

// Percent is the share of users that a rollout has reached, in hundredths of a percent. Going on takes the candidate from nobody.
func (r *Rollout) Percent() Percent {
	if r.Stage == 0 {
		return r.Plan.Grayscale.Percent
	}
	return max(r.Plan.Grayscale.Percent, r.Plan.Production[r.Stage-1].Percent)
}

func (r *Review) open() (open []Step) {
	for _, step := range r.Steps {
		if step.DecidedBy == "" {
			open = append(open, step)
		}
	}
	return open
}

// versionOf is the first of these that there is.
func versionOf(packages ...*Package) string {
	i := slices.IndexFunc(packages, func(p *Package) bool { return p != nil })
	if i < 0 {
		return ""
	}
	return packages[i].Version
}

func (r Record) String() string {
	at := r.At.UTC().Format("2006-01-02T15:04:05")
	return fmt.Sprintf("%3d/%-3d %s %s %s by %s as %q: %s -> %s, version %q, %q",
		r.Sequence, r.Revision, at, r.Action, r.Kind, r.Actor, r.Role, r.From, r.To, r.Version, r.Comment)
}
