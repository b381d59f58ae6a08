package lifecycle

import (
	"slices"
	"time"
)

// Rules is the number of this package's rules, which records are marked with: whoever changes what is accepted, or where it leads,
// raises it.
const Rules = 7

// NewMiniProgram decides a request for creation: the mini-program, which waits for the platform's review, and what to record; or a refusal.
func NewMiniProgram(creation Creation, now time.Time, settings Settings) (MiniProgram, Record, *Refusal) {
	m := MiniProgram{ID: creation.ID, Title: creation.Title, Description: creation.Description, Team: creation.Team}
	if r := creation.validate(); r != nil {
		return m, Record{}, r
	}
	command := Command{
		Action: RequestCreation, Via: creation.Via, RequestID: creation.RequestID, Actor: creation.Actor, Comment: creation.Comment,
	}
	return m.Decide(command, Facts{}, now, settings)
}

// Admit refuses a request for creation that would not be accepted, whatever a deployment's settings are.
func (c Creation) Admit(now time.Time) *Refusal {
	_, _, refusal := NewMiniProgram(c, now, Settings{}) // they only say when people are reminded
	return refusal
}

// Decide decides a command: the mini-program as it is afterwards and what to record, or a refusal. The receiver stays as it was.
func (m MiniProgram) Decide(command Command, facts Facts, now time.Time, settings Settings) (MiniProgram, Record, *Refusal) {
	role, refusal := m.Admit(command, now, settings)
	if refusal != nil {
		return m, Record{}, refusal
	}
	rule, _ := ruleOrNote(command.Action)
	if rule.checkFacts != nil {
		if refusal := rule.checkFacts(m, command, facts); refusal != nil {
			return m, Record{}, refusal
		}
	}
	after := m
	rule.apply(&after, change{Command: command, now: now, settings: settings, facts: facts})
	closure, overridden := closedFor(command, facts, now, settings)
	goesOn := GoesOn(m, after)
	if refusal := rule.goesOnNow(command, m.Team, goesOn, overridden, closure); refusal != nil {
		return m, Record{}, refusal
	}
	if facts.Health != nil && after.Rollout != nil {
		after.Rollout = with(after.Rollout, func(r *Rollout) { r.Health = facts.Health })
	}
	after.Sequence++
	if rule.Kind == KindAction {
		after.Revision++
	}
	if !command.PlatformOnly { // the team would see that something was said
		after.UpdatedAt = now
	}
	transition := Transition{
		Sequence: after.Sequence, Revision: after.Revision, Kind: rule.Kind, At: now, Action: command.Action,
		Actor: command.Actor.User, OnBehalfOf: command.Actor.OnBehalfOf, Role: role, Via: command.Via,
		From: m.State, To: after.State, Version: versionInvolved(m, after), Comment: command.Comment,
		Details: withOverride(details(m, after, command), closure, overridden && goesOn), PlatformOnly: command.PlatformOnly,
	}
	if rule.Kind != KindRemark { // remarks have lists of their own: many people's feedback must not hide what was done
		short := transition
		short.Comment = Excerpt(transition.Comment)
		after.Transitions = appendBounded(MaxTransitions, m.Transitions, short)
	}
	return after, Record{
		Transition: transition, Command: m.spelledOut(rule, command, settings), Serving: after.Serving(),
		Health: facts.Health, Rules: Rules, Settings: settings.Digest(),
	}, nil
}

// goesOnNow refuses what goes on while releases are closed, and what was only permitted as an override but lets nothing go on.
func (rule Rule) goesOnNow(command Command, team string, goesOn, overridden bool, closure *Closure) *Refusal {
	_, notPermitted := rule.permits(command.Actor, team)
	switch {
	case closure != nil && !overridden && (goesOn || command.Action == HoldLifted):
		return closure.refuse(command.Action)
	case !goesOn:
		return notPermitted
	default:
		return nil
	}
}

// spelledOut is the command with the whole plan that was named, or chosen by leaving it out, and with the package that a file is in: what
// a name stands for may change, what was done may not.
func (m MiniProgram) spelledOut(rule Rule, command Command, settings Settings) Command {
	if command.File != "" && command.Package == nil {
		command.Package = &Package{Version: m.newest().Version, SHA256: m.newest().SHA256}
	}
	if slices.Contains(rule.Fields, "plan") {
		if plan, refusal := m.planFor(command, settings); refusal == nil {
			command.Plan = &plan
		}
	}
	return command
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

// Admit tells whether a command would be accepted now, and in which role. The order of the checks is part of the contract: allowed to
// the person, well-formed, up to date, legal in the state, then the details of the action. A person of another team thus learns
// nothing, whatever they send.
func (m MiniProgram) Admit(command Command, now time.Time, settings Settings) (Role, *Refusal) {
	rule, ok := ruleOrNote(command.Action)
	if !ok {
		return "", Refuse(InvalidInput, "there is no action %q", Excerpt(string(command.Action)))
	}
	if r := command.Actor.Validate(); r != nil {
		return "", r
	}
	role, r := rule.permits(command.Actor, m.Team)
	if overriding := command.roleOverriding(now, settings); r != nil && overriding != "" {
		role, r = overriding, nil
	}
	if r != nil {
		return "", r
	}
	r = firstRefusal(
		rule.takes(command), permitsOverride(command), command.validate(now), m.upToDate(command),
		rule.legalIn(m), rule.ownRequest(m, command.Actor),
	)
	if r == nil && rule.Decides {
		role, r = m.Review.roleFor(command.Actor)
	}
	if r == nil {
		r = rule.commented(command)
	}
	if r == nil && rule.check != nil {
		r = rule.check(m, command, settings)
	}
	return role, r
}

// WhyNot tells why the person cannot take the action now, whatever they would send with it; nil when they can. It refuses with the
// checks of Admit, and in their order.
func (m MiniProgram) WhyNot(action Action, person Actor) *Refusal {
	rule, ok := ruleOrNote(action)
	if !ok {
		return Refuse(InvalidInput, "there is no action %q", Excerpt(string(action)))
	}
	if _, r := rule.permits(person, m.Team); r != nil {
		return r
	}
	r := firstRefusal(rule.legalIn(m), rule.ownRequest(m, person))
	if r == nil && rule.Decides {
		_, r = m.Review.roleFor(person)
	}
	return r
}

// permits finds the first role in which the actor may take the action on a mini-program of the team.
func (rule Rule) permits(actor Actor, team string) (Role, *Refusal) {
	if rule.Anyone {
		return rule.permitsAnyone(actor)
	}
	inOtherTeam := false
	for _, role := range rule.Roles {
		switch acting := actor.as(role); {
		case acting == "":
		case role == Developer && !slices.Contains(actor.Teams, team):
			inOtherTeam = true
		default:
			return acting, nil
		}
	}
	if inOtherTeam {
		return "", Refuse(NotYourTeam, "%s is not in team %q, which owns this mini-program; ask one of its developers to %s",
			actor.User, team, rule.Action)
	}
	return "", Refuse(ForbiddenRole, "%s requires one of these roles: %s; %s has: %s",
		rule.Action, joined(rule.people()), actor.User, joined(actor.Roles))
}

// permitsAnyone asks for no role, but auditors act in none.
func (rule Rule) permitsAnyone(actor Actor) (Role, *Refusal) {
	if actor.OnlyReads() {
		return "", Refuse(ForbiddenRole, "%s is not for the role %s, which may only read; %s has no other role", rule.Action, Auditor, actor.User)
	}
	for _, role := range actor.Roles {
		if role != Auditor {
			return role, nil
		}
	}
	return "", nil
}

func (m MiniProgram) upToDate(command Command) *Refusal {
	if command.IfRevision == 0 || command.IfRevision == m.Revision {
		return nil
	}
	if command.IfRevision > m.Revision {
		return Refuse(StaleRevision, "if_revision is %d, but the mini-program is at revision %d", command.IfRevision, m.Revision)
	}
	for _, last := range slices.Backward(m.Transitions) {
		if last.Kind == KindAction {
			return Refuse(StaleRevision, "revision %d is no longer current: %s did %s (revision %d, now %s); look at it again, then decide",
				command.IfRevision, last.Actor, last.Action, m.Revision, m.State)
		}
	}
	return Refuse(StaleRevision, "revision %d is no longer current, the mini-program is at revision %d; look at it again, then decide",
		command.IfRevision, m.Revision)
}

func (rule Rule) legalIn(m MiniProgram) *Refusal {
	if !slices.Contains(rule.From, m.State) {
		state := string(m.State)
		if state == "" {
			state = "(not requested yet)"
		}
		return Refuse(IllegalInState, "%s is not possible in state %s, only in %s", rule.Action, state, joined(rule.From))
	}
	if rule.unless == nil {
		return nil
	}
	if why := rule.unless(m); why != "" {
		return Refuse(IllegalInState, "%s is not possible in state %s: %s", rule.Action, m.State, why)
	}
	return nil
}

// isLegalIn is legalIn without words, for those who ask about every action.
func (rule Rule) isLegalIn(m MiniProgram) bool {
	return slices.Contains(rule.From, m.State) && (rule.unless == nil || rule.unless(m) == "")
}

// ownRequest holds the separation of duties: nobody decides on what they requested, be it by an access token.
func (rule Rule) ownRequest(m MiniProgram, person Actor) *Refusal {
	if !rule.Decides || m.Review == nil || !person.isOneOf(m.Review.RequestedBy, m.Review.OnBehalfOf) {
		return nil
	}
	who := person.User
	if who != m.Review.RequestedBy {
		who += ", who counts as the same person as " + m.Review.RequestedBy + ","
	}
	return Refuse(OwnRequest, "%s requested this and cannot decide on it; another reviewer has to %s", who, rule.Action)
}

// isOneOf tells whether the actor is one of these users, or acts for one. "" is nobody.
func (a Actor) isOneOf(users ...string) bool {
	return slices.ContainsFunc(users, func(user string) bool { return user != "" && (user == a.User || user == a.OnBehalfOf) })
}

func (rule Rule) commented(command Command) *Refusal {
	switch {
	case hasSomethingToRead(command.Comment):
	case rule.NeedsComment:
		return Refuse(CommentRequired, "%s needs a comment that tells the others why, in visible characters", rule.Action)
	case command.Override:
		return Refuse(CommentRequired, "an override needs a comment that tells the others why, in visible characters")
	}
	return nil
}
