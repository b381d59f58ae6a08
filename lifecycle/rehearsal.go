package lifecycle

import (
	"encoding/json"
	"maps"
	"time"
)

// Rehearse is what is to be rehearsed: a plan, as it would go from a start on.
type Rehearse struct {
	Plan  Plan      `json:"plan"`
	Start time.Time `json:"start"`
	// Settings are those to go by instead of the ones in force: what a settings file would say, of which the rest stays.
	Settings json.RawMessage `json:"settings,omitempty"`
	Breach   *Breach         `json:"breach,omitempty"`
}

// Breach is a rule of the health gate that is beyond its limit from a time on; until then, and all others ever, are healthy.
type Breach struct {
	// Rule is its name; "" for the only rule of a gate.
	Rule string    `json:"rule,omitempty"`
	At   time.Time `json:"at"`
}

// Rehearsal is what a plan would do, and when.
type Rehearsal struct {
	// Plan is the whole plan, with its defaults; Settings is the digest of those that it was rehearsed by.
	Plan     Plan   `json:"plan"`
	Settings string `json:"settings"`
	// State is where it ends at EndsAt; WaitsFor is what only a person can do then, "" when the rollout is over.
	State    State     `json:"state"`
	EndsAt   time.Time `json:"ends_at"`
	WaitsFor Action    `json:"waits_for,omitempty"`
	Moments  []Moment  `json:"moments"`
	// Records are those that the audit trail would have.
	Records []Record `json:"-"`
}

// Moment is something that happens in a rehearsal.
type Moment struct {
	At     time.Time `json:"at"`
	Action Action    `json:"action"`
	State  State     `json:"state"`
	// Stage is the one that is reached, 0 for grayscale; Percent is the share of the users that have the candidate from then on.
	Stage   int     `json:"stage"`
	Percent Percent `json:"percent"`
	Cause   string  `json:"cause"`
	// Until is when what is held by the calendar goes on, Reason what the calendar says.
	Until  *time.Time `json:"until,omitempty"`
	Reason string     `json:"reason,omitempty"`
	// Earliest tells that a person has to say so first, so that this and what follows comes at this time at the earliest.
	Earliest bool `json:"earliest,omitempty"`
}

// The years that a rehearsal may begin in: those that calendars are sure about.
const (
	firstRehearsal = 1970
	lastRehearsal  = 2200
)

// Rehearse tells what a plan would do under the settings, by the rules that a rollout is decided by. Nobody but the system acts; where only
// a person can go on, they do so at once. The receiver are the settings in force.
func (s Settings) Rehearse(asked Rehearse) (Rehearsal, *Refusal) {
	settings, refusal := s.instead(asked.Settings)
	if refusal != nil {
		return Rehearsal{}, refusal
	}
	plan, refusal := asked.Plan.Resolve(settings.Plans)
	if refusal == nil {
		refusal = firstRefusal(checkStart(asked.Start), asked.Breach.validate(plan))
	}
	if refusal != nil {
		return Rehearsal{}, refusal
	}
	r := newRehearsal(plan, asked, settings)
	r.play()
	return r.Rehearsal, nil
}

// instead are the settings with others in the place of those that a text names. The receiver stays as it was: what is read goes into what
// is there, so that nothing of it may be shared. Subscriptions decide nothing.
func (s Settings) instead(text json.RawMessage) (Settings, *Refusal) {
	if len(text) == 0 {
		return s, nil
	}
	others := s
	others.Plans = maps.Clone(s.Plans)
	others.BlockingWarnings, others.Review, others.Calendar, others.Subscriptions = nil, nil, nil, nil
	if err := others.Override(text); err != nil {
		return s, Refuse(InvalidInput, "settings: %s", err)
	}
	others.keep(s, text)
	return others, others.Validate()
}

// keep takes over what a text does not name from former settings.
func (s *Settings) keep(former Settings, text json.RawMessage) {
	var named struct {
		Calendar json.RawMessage `json:"calendar"`
		Review   json.RawMessage `json:"review"`
		Warnings json.RawMessage `json:"blocking_warnings"`
	}
	_ = json.Unmarshal(text, &named) // it was read before
	if named.Calendar == nil {
		s.Calendar = former.Calendar
	}
	if named.Review == nil {
		s.Review = former.Review
	}
	if named.Warnings == nil {
		s.BlockingWarnings = former.BlockingWarnings
	}
}

func checkStart(start time.Time) *Refusal {
	if start.IsZero() {
		return Refuse(InvalidInput, `"start" is missing; say when the rollout would begin, as in 2026-12-01T09:00:00Z`)
	}
	if year := start.Year(); year < firstRehearsal || year > lastRehearsal {
		return Refuse(InvalidInput, "start is %s; give a time from %d to %d", start.Format(time.RFC3339), firstRehearsal, lastRehearsal)
	}
	return nil
}

func (b *Breach) validate(plan Plan) *Refusal {
	switch {
	case b == nil:
		return nil
	case plan.Health == nil:
		return Refuse(InvalidInput, "the plan has no health gate, so that nothing can be breached; leave breach out, or give the plan health")
	case b.At.IsZero():
		return Refuse(InvalidInput, `breach needs "at", the time from which on the rule is beyond its limit`)
	}
	var names []string
	for _, rule := range plan.Health.All() {
		if rule.Name == b.Rule {
			return nil
		}
		names = append(names, rule.Name)
	}
	if len(plan.Health.Rules) == 0 {
		return Refuse(InvalidInput, "breach.rule is %q, but the health gate of the plan has one rule, without a name; leave it out",
			Excerpt(b.Rule))
	}
	return Refuse(InvalidInput, "breach.rule is %q; the rules of the plan are %s", Excerpt(b.Rule), joined(names))
}

// rehearsal is one on its way.
type rehearsal struct {
	Rehearsal
	m        MiniProgram
	now      time.Time
	settings Settings
	gate     GateProgress
	breach   *Breach
	earliest bool
	over     bool
}

// The mini-program and the people of rehearsals.
var (
	rehearsed = MiniProgram{
		ID: "rehearsal", Team: "rehearsal", State: ReadyToPublish, Candidate: &Version{Version: "1.0.0", ApprovedBy: "a reviewer"},
	}
	promoter = Actor{User: "a release manager", Roles: []Role{ReleaseManager}}
)

func newRehearsal(plan Plan, asked Rehearse, settings Settings) *rehearsal {
	start := asked.Start.UTC()
	r := &rehearsal{m: rehearsed, now: start, settings: settings, breach: asked.Breach}
	r.Rehearsal = Rehearsal{Plan: plan, Settings: settings.Digest()}
	r.m.Plan, r.m.Schedule = &plan, &Schedule{At: start, By: "the rehearsal"}
	return r
}

// play lets one thing happen after the other, as the workflow does.
func (r *rehearsal) play() {
	for !r.over {
		r.step()
	}
	r.State, r.EndsAt = r.m.State, r.now
}

// step is what happens next: a timer, or an answer to the health gate that has something to tell.
func (r *rehearsal) step() {
	at, then := r.deadline()
	if r.watches() {
		if report, told := r.nextReport(at); told && report.Verdict.At.Year() <= lastYear {
			r.now = report.Verdict.At
			r.act(report)
			return
		}
	}
	if then == nil || at.Year() > lastYear {
		r.over = true
		return
	}
	r.now = latestOf(r.now, at)
	then()
}

// deadline is what happens by itself, and when; then is nil where nothing does.
func (r *rehearsal) deadline() (at time.Time, then func()) {
	closure, rollout := r.m.Closure(), r.m.Rollout
	switch {
	case closure != nil && closure.Until != nil:
		return *closure.Until, r.goOn
	case closure != nil:
		return time.Time{}, nil
	case rollout == nil && r.m.Schedule != nil:
		return r.m.Schedule.At, r.goOn
	case rollout == nil:
		return time.Time{}, nil
	case rollout.Paused():
		r.WaitsFor = Resume
		return time.Time{}, nil
	case rollout.Held == HeldForPromotion:
		return r.now, r.promote
	case rollout.WaitsForPerson():
		at, _ = rollout.EndsAt()
		return at, func() { r.decide(Command{Action: Held, Actor: Timers, Comment: string(HeldForPromotion)}, Facts{}) }
	case rollout.Plan.Health != nil:
		return time.Time{}, nil // what the gate reports ends the stage
	default:
		at, _ = rollout.EndsAt()
		return at, r.goOn
	}
}

// goOn is what was due, once more when it was closed then.
func (r *rehearsal) goOn() {
	switch {
	case r.m.Rollout == nil:
		r.decide(Command{Action: Publish, Actor: Timers, Comment: "it begins"}, Facts{})
	case r.m.Rollout.Plan.Health != nil && r.m.Closure() != nil:
		r.gate = r.gate.AskedAt(r.now)
		r.decide(Command{Action: HoldLifted, Actor: Timers}, Facts{})
	default:
		r.endStage(Facts{})
	}
}

func (r *rehearsal) endStage(facts Facts) {
	action, why := r.m.EndOfStage()
	r.decide(Command{Action: action, Actor: Timers, Comment: why}, facts)
}

// promote is what a person does at once. While releases are closed they would have to wait.
func (r *rehearsal) promote() {
	r.earliest = true
	switch _, until, closed := r.settings.Calendar.Closed(r.now); {
	case closed && until.IsZero():
		r.over, r.WaitsFor = true, Promote
		return
	case closed:
		r.promoteAt(until)
		return
	}
	r.decide(Command{Action: Promote, Actor: promoter, Comment: "a person promotes it"}, Facts{})
}

// promoteAt lets the health gate work until then.
func (r *rehearsal) promoteAt(until time.Time) {
	if r.watches() {
		if report, told := r.nextReport(until); told {
			r.now = report.Verdict.At
			r.act(report)
			return
		}
	}
	r.now = until
}

// decide has the rules decide. What is closed is held until it opens.
func (r *rehearsal) decide(command Command, facts Facts) {
	after, record, refusal := r.m.Decide(command, facts, r.now, r.settings)
	switch {
	case refusal != nil && refusal.Closure != nil && !r.m.HeldBy(*refusal.Closure):
		held := Command{Action: Held, Actor: Timers, Comment: string(refusal.Closure.Hold())}
		r.decide(held, Facts{Closure: refusal.Closure})
		return
	case refusal != nil:
		r.over = true // nothing that the system does is refused otherwise
		return
	}
	before := r.m
	r.m = after
	if !before.Rollout.SameStage(after.Rollout) {
		r.gate = GateProgress{}
	}
	r.tell(record)
	r.over = after.Rollout == nil && after.Schedule == nil
}

func (r *rehearsal) tell(record Record) {
	shown := Moment{At: record.At, Action: record.Action, State: record.To, Cause: record.Comment, Earliest: r.earliest}
	shown.Percent = record.Serving.Percent
	switch {
	case r.m.Rollout != nil:
		shown.Stage = r.m.Rollout.Stage
	case record.To == Published:
		shown.Stage, shown.Percent = len(r.Plan.Production), Everyone
	}
	if closure := r.m.Closure(); closure != nil && record.Action == Held {
		shown.Reason, shown.Until = closure.Reason, closure.Until
	}
	r.Moments, r.Records = append(r.Moments, shown), append(r.Records, record)
}

// EndOfStage is the action that goes on from the present stage of a rollout when its time is over, and why.
func (m MiniProgram) EndOfStage() (action Action, why string) {
	if m.State == GrayscaleRelease {
		return Promote, "the bake time is over"
	}
	return Advance, "the hold time is over"
}

// WhenUnhealthy is what the health gate does to a release that is not healthy.
func (p Plan) WhenUnhealthy() Action {
	if p.OnUnhealthy == PauseOnUnhealthy {
		return Pause
	}
	return Rollback
}

func latestOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
