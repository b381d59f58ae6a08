package lifecycle

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
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

// change is an accepted command on its way into the mini-program.
type change struct {
	Command
	now      time.Time
	settings Settings
	facts    Facts
}

// NewMiniProgram answers a request for creation: the mini-program waiting for the platform and what to record, or a
// refusal.
func NewMiniProgram(creation Creation, now time.Time, settings Settings) (MiniProgram, Record, *Refusal) {
	m := MiniProgram{ID: creation.ID, Title: creation.Title, Description: creation.Description, Team: creation.Team}
	if r := validateCreation(creation); r != nil {
		return m, Record{}, r
	}
	return m.Decide(Command{
		Action: RequestCreation, Via: creation.Via, RequestID: creation.RequestID, Actor: creation.Actor, Comment: creation.Comment,
	}, Facts{}, now, settings)
}

// Admit refuses a request for creation that cannot be accepted, whatever a deployment's settings are.
func (c Creation) Admit(now time.Time) *Refusal {
	_, _, refusal := NewMiniProgram(c, now, Settings{}) // which only say when people are reminded
	return refusal
}

// Rules is the number of the rules of this package; whoever changes what is accepted, or where it leads, raises it. Records name
// the rules that they were decided by.
const Rules = 3

// Decide answers a command: the mini-program as it is afterwards and what to record, or a refusal. The receiver stays
// as it was. Facts are what was found out before: in an uploaded package, or about the health of a release.
func (m MiniProgram) Decide(command Command, facts Facts, now time.Time, settings Settings) (MiniProgram, Record, *Refusal) {
	role, refusal := m.Admit(command, now, settings)
	if refusal != nil {
		return m, Record{}, refusal
	}
	rule, _ := ruleOf(command.Action)
	after := m
	rule.apply(&after, change{Command: command, now: now, settings: settings, facts: facts})
	if facts.Health != nil && after.Rollout != nil {
		after.Rollout = with(after.Rollout, func(r *Rollout) { r.Health = facts.Health })
	}
	after.Sequence++
	if rule.Kind == KindAction {
		after.Revision++
	}
	after.UpdatedAt = now
	transition := Transition{
		Sequence: after.Sequence, Revision: after.Revision, Kind: rule.Kind, At: now, Action: command.Action,
		Actor: command.Actor.User, OnBehalfOf: command.Actor.OnBehalfOf, Role: role, Via: command.Via,
		From: m.State, To: after.State, Version: versionInvolved(m, after), Comment: command.Comment,
		Details: details(m, after, command),
	}
	if rule.Kind != KindRemark { // remarks have lists of their own: many people's feedback must not hide what was done
		short := transition
		short.Comment = excerpt(transition.Comment)
		after.Transitions = appendBounded(MaxTransitions, m.Transitions, short)
	}
	return after, Record{Transition: transition, Command: m.spelledOut(rule, command, settings), Serving: after.Serving(), Rules: Rules, Settings: settings.Digest()}, nil
}

// spelledOut is the command with the whole plan that was named, or chosen by leaving it out: what its name stands for may change, what was
// done may not.
func (m MiniProgram) spelledOut(rule Rule, command Command, settings Settings) Command {
	if slices.Contains(rule.Fields, "plan") {
		if plan, refusal := m.planFor(command, settings); refusal == nil {
			command.Plan = &plan
		}
	}
	return command
}

// Admit tells whether a command would be accepted now, and in which role; it changes nothing. The order of the checks is part of
// the contract: allowed to the person, well-formed, up to date, legal in the state, then the details of the action. A person
// of another team thus learns nothing, whatever they send.
func (m MiniProgram) Admit(command Command, now time.Time, settings Settings) (Role, *Refusal) {
	rule, ok := ruleOf(command.Action)
	if !ok {
		return "", Refuse(InvalidInput, "there is no action %q", excerpt(string(command.Action)))
	}
	if r := command.Actor.Validate(); r != nil {
		return "", r
	}
	role, r := rule.permits(command.Actor, m.Team)
	if r != nil {
		return "", r
	}
	if r := firstRefusal(rule.uses(command), command.validate(now)); r != nil {
		return "", r
	}
	if r := m.upToDate(command); r != nil {
		return "", r
	}
	if r := rule.legalIn(m); r != nil {
		return "", r
	}
	if r := rule.judge(m, command); r != nil {
		return "", r
	}
	if rule.check != nil {
		return role, rule.check(m, command, settings)
	}
	return role, nil
}

// WhyNot tells why the person cannot take the action now, whatever they would send with it; nil when they can. It refuses with the
// checks of Admit, and in their order.
func (m MiniProgram) WhyNot(action Action, person Actor) *Refusal {
	rule, ok := ruleOf(action)
	if !ok {
		return Refuse(InvalidInput, "there is no action %q", excerpt(string(action)))
	}
	if _, r := rule.permits(person, m.Team); r != nil {
		return r
	}
	return firstRefusal(rule.legalIn(m), rule.ownRequest(m, person))
}

func (rule Rule) permits(actor Actor, team string) (Role, *Refusal) {
	if rule.Anyone && actor.OnlyReads() {
		return "", Refuse(ForbiddenRole, "%s is not for the role %s, which reads everything and does nothing; it is all that %s has", rule.Action, Auditor, actor.User)
	}
	if rule.Anyone {
		acting := slices.DeleteFunc(slices.Clone(actor.Roles), func(role Role) bool { return role == Auditor })
		return append(acting, "")[0], nil
	}
	role, code := actor.actsAs(rule.Roles, team)
	switch code {
	case NotYourTeam:
		return "", Refuse(code, "%s is not in team %q, whose mini-program this is; ask one of its developers to %s", actor.User, team, rule.Action)
	case ForbiddenRole:
		return "", Refuse(code, "%s is for the roles %s; %s has %s", rule.Action, joined(rule.people()), actor.User, joined(actor.Roles))
	default:
		return role, nil
	}
}

// people are the roles that persons can have: all but System.
func (rule Rule) people() []Role {
	return slices.DeleteFunc(slices.Clone(rule.Roles), func(role Role) bool { return role == System })
}

func (m MiniProgram) upToDate(command Command) *Refusal {
	if command.IfRevision == 0 || command.IfRevision == m.Revision {
		return nil
	}
	if command.IfRevision > m.Revision {
		return Refuse(StaleRevision, "if_revision is %d, but the mini-program is at revision %d", command.IfRevision, m.Revision)
	}
	last, known := m.lastAction()
	if !known {
		return Refuse(StaleRevision, "revision %d is no longer current, the mini-program is at revision %d; look again and decide anew",
			command.IfRevision, m.Revision)
	}
	return Refuse(StaleRevision, "revision %d is no longer current: %s did %s (revision %d, now %s); look again and decide anew",
		command.IfRevision, last.Actor, last.Action, m.Revision, m.State)
}

// lastAction is the newest transition that raised the revision, as far as the timeline reaches back.
func (m MiniProgram) lastAction() (last Transition, known bool) {
	for _, transition := range slices.Backward(m.Transitions) {
		if transition.Kind == KindAction {
			return transition, true
		}
	}
	return Transition{}, false
}

func (rule Rule) legalIn(m MiniProgram) *Refusal {
	if !slices.Contains(rule.From, m.State) {
		return Refuse(IllegalInState, "%s is not possible in state %s, only in %s", rule.Action, m.stateOrNone(), joined(rule.From))
	}
	if rule.when == nil {
		return nil
	}
	if why := rule.when(m); why != "" {
		return Refuse(IllegalInState, "%s is not possible in state %s: %s", rule.Action, m.State, why)
	}
	return nil
}

// ownRequest holds the separation of duties.
func (rule Rule) ownRequest(m MiniProgram, person Actor) *Refusal {
	if !rule.Decides || m.Review == nil || !person.isOneOf(m.Review.RequestedBy, m.Review.OnBehalfOf) {
		return nil
	}
	who := person.User
	if who != m.Review.RequestedBy {
		who += ", who counts as one person with " + m.Review.RequestedBy + ","
	}
	return Refuse(OwnRequest, "%s requested this and cannot decide on it; another reviewer has to %s", who, rule.Action)
}

// judge holds separation of duties and required comments.
func (rule Rule) judge(m MiniProgram, command Command) *Refusal {
	if r := rule.ownRequest(m, command.Actor); r != nil {
		return r
	}
	if rule.NeedsComment && !hasSomethingToRead(command.Comment) {
		return Refuse(CommentRequired, "%s needs a comment that tells the others why, in letters that can be seen", rule.Action)
	}
	return nil
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
	for _, rule := range Table {
		if rule.legal(m) && m.State != "" {
			legal = append(legal, LegalAction{Action: rule.Action, Label: rule.Label, Roles: orEmpty(rule.people())})
		}
	}
	return legal
}

func (rule Rule) legal(m MiniProgram) bool {
	return slices.Contains(rule.From, m.State) && (rule.when == nil || rule.when(m) == "")
}

// LegalActionNames lists the names of what people can do now.
func (m MiniProgram) LegalActionNames() []Action {
	names := []Action{}
	for _, legal := range m.LegalActions() {
		names = append(names, legal.Action)
	}
	return names
}

func (m MiniProgram) stateOrNone() string {
	if m.State == "" {
		return "(not requested yet)"
	}
	return string(m.State)
}

func joined[T ~string](names []T) string {
	if len(names) == 0 {
		return "none"
	}
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = excerpt(string(name))
	}
	return strings.Join(texts, ", ")
}

// versionInvolved is the version that a transition is about: the one being worked on, else the live one.
func versionInvolved(before, after MiniProgram) string {
	for _, version := range []*Version{after.Candidate, before.Candidate, after.Live} {
		if version != nil {
			return version.Version
		}
	}
	return ""
}

// Digest names the settings in a few letters: records say by which they were decided.
func (s Settings) Digest() string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // durations, names and plans can always be written
	}
	return fmt.Sprintf("%.8x", sha256.Sum256(text))
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
		if _, r := (Plan{Name: name}).Resolve(s.Plans); r != nil {
			return Refuse(InvalidInput, "plan %q: %s", excerpt(name), r.Message)
		}
	}
	if _, ok := s.Plans[s.DefaultPlan]; !ok {
		return Refuse(InvalidInput, "default_plan is %q; it must be one of the plans: %s", excerpt(s.DefaultPlan), joined(sortedNames(s.Plans)))
	}
	return nil
}
