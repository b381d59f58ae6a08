// Package lifecycletest has the contract of the lifecycle, who may do what in which state, written down by hand a second time and not made
// from the transition table, so that tests can hold every way into the product against it.
package lifecycletest

import (
	"slices"
	"strings"
)

// Roles are those that people hold.
var Roles = []string{"developer", "reviewer", "reviewer:security", "release-manager", "operator", "auditor"}

// Teams are the one that every mini-program of these tests belongs to, and another.
const (
	OwnTeam, OtherTeam = "acme", "globex"
	// Requester has made every request that waits for a decision.
	Requester = "ann"
)

// Person is somebody who tries an action.
type Person struct {
	User         string
	Roles, Teams []string
}

// Situation is all of a mini-program that decides on what is possible.
type Situation struct {
	State string
	// Live tells that a version is served to everyone, LastStage that the rollout is in its last one.
	Live, LastStage bool
	// Open are the roles of the steps of the review that are still to be decided, separated by blanks; "" is a single one for reviewers.
	// Decided are those who have decided the others.
	Open, Decided string
	// Scheduled, Paused and Previous say that there are a schedule, a pause and a version before the live one.
	Scheduled, Paused, Previous bool
}

// Action is a row of the contract.
type Action struct {
	Name string
	// Who are the roles that may take it, separated by blanks; "anyone" is everybody signed in who does not only read.
	Who string
	// From are the states that it is possible in, separated by blanks; "-" is before the first request, "served" any with something served.
	From string
	// To is where it leads; "" leaves the state.
	To string
	// Needs is what else there has to be: one of schedule, pause, no pause, previous.
	Needs string
	// Comment tells that the reason is required, Decides that it decides a step of the review, and nobody may take it on their own request,
	// Remark that the revision stays.
	Comment, Decides, Remark bool
	// Waits tells that it is refused as frozen outside the release windows, and while the line is stopped.
	Waits bool
}

// Actions is the table of the contract.
var Actions = []Action{
	{Name: "request-creation", Who: "developer", From: "- CreationCancelled CreationRejected", To: "CreationPending"},
	{Name: "cancel-creation", Who: "developer", From: "CreationPending", To: "CreationCancelled"},
	{Name: "approve-creation", Who: "reviewer", From: "CreationPending", To: "CodeUnavailable", Decides: true},
	{Name: "reject-creation", Who: "reviewer", From: "CreationPending", To: "CreationRejected", Decides: true, Comment: true},
	{Name: "upload-code", Who: "developer", To: "CodeAvailable",
		From: "CodeUnavailable CodeAvailable PublishingCancelled PublishingRejected ReadyToPublish Published UnpublishedByDev SuspendedByOp"},
	{Name: "discard-code", Who: "developer", To: "CodeUnavailable",
		From: "CodeAvailable PublishingCancelled PublishingRejected ReadyToPublish"},
	{Name: "request-publishing", Who: "developer", To: "PublishingPending",
		From: "CodeAvailable PublishingCancelled PublishingRejected UnpublishedByDev SuspendedByOp"},
	{Name: "cancel-publishing", Who: "developer", From: "PublishingPending ReadyToPublish", To: "PublishingCancelled"},
	{Name: "approve-publishing", Who: "reviewer", From: "PublishingPending", To: "ReadyToPublish", Decides: true},
	{Name: "reject-publishing", Who: "reviewer", From: "PublishingPending", To: "PublishingRejected", Decides: true, Comment: true},
	{Name: "publish", Who: "developer", From: "ReadyToPublish", To: "GrayscaleRelease", Waits: true},
	{Name: "cancel-schedule", Who: "developer", From: "ReadyToPublish", Needs: "schedule"},
	{Name: "set-grayscale", Who: "developer release-manager", From: "GrayscaleRelease"},
	{Name: "promote", Who: "developer release-manager system", From: "GrayscaleRelease", To: "ProductionRelease", Waits: true},
	{Name: "advance", Who: "release-manager system", From: "ProductionRelease", Waits: true},
	{Name: "pause", Who: "developer release-manager operator system", From: "GrayscaleRelease ProductionRelease", Needs: "no pause"},
	{Name: "resume", Who: "developer release-manager operator", From: "GrayscaleRelease ProductionRelease", Needs: "pause"},
	{Name: "change-plan", Who: "developer release-manager", From: "ReadyToPublish GrayscaleRelease ProductionRelease"},
	{Name: "rollback", Who: "developer release-manager operator system", To: "CodeAvailable", Comment: true,
		From: "GrayscaleRelease ProductionRelease"},
	{Name: "revert", Who: "developer release-manager", From: "Published", Needs: "previous"},
	{Name: "unpublish", Who: "developer", From: "served", To: "UnpublishedByDev", Comment: true},
	{Name: "suspend", Who: "operator", From: "served", To: "SuspendedByOp", Comment: true},
	{Name: "leave-feedback", Who: "anyone", From: "GrayscaleRelease ProductionRelease", Remark: true},
	{Name: "comment", Who: "developer reviewer release-manager operator", Remark: true,
		From: "CreationPending CodeUnavailable CodeAvailable PublishingPending PublishingCancelled PublishingRejected ReadyToPublish " +
			"GrayscaleRelease ProductionRelease Published UnpublishedByDev SuspendedByOp"},
	{Name: "assign", Who: "reviewer", From: "CreationPending PublishingPending", Remark: true},
	{Name: "expedite", Who: "developer", From: "PublishingPending", Comment: true},
}

// PlatformActions is the contract of the platform.
var PlatformActions = []Action{
	{Name: "stop-the-line", Who: "release-manager operator", From: "LineMoving", To: "LineStopped", Comment: true},
	{Name: "lift-the-stop", Who: "release-manager operator", From: "LineStopped", To: "LineMoving"},
}

// MayOverride are the roles that may override a closed release window, whatever roles the action itself asks for.
var MayOverride = []string{"release-manager", "operator"}

// May says with which code somebody is refused who may not take the action at all; "" when they may.
func (a Action) May(person Person) (code string) {
	if a.Who == "anyone" {
		if len(person.Roles) > 0 && !slices.ContainsFunc(person.Roles, func(role string) bool { return role != "auditor" }) {
			return "forbidden_role"
		}
		return ""
	}
	code = "forbidden_role"
	for role := range strings.FieldsSeq(a.Who) {
		switch {
		case !person.holds(role):
		case role != "developer" || slices.Contains(person.Teams, OwnTeam):
			return ""
		default:
			code = "not_your_team"
		}
	}
	return code
}

// Outcome is what the action comes to, with or without a comment: the code of a refusal, or "" and the state afterwards.
func (a Action) Outcome(person Person, s Situation, commented bool) (code, to string) {
	switch code = a.May(person); {
	case code != "":
		return code, s.State
	case !a.possible(s):
		return "illegal_in_state", s.State
	case a.Decides && s.mayDecide(person) != "":
		return s.mayDecide(person), s.State
	case a.Comment && !commented:
		return "comment_required", s.State
	case strings.HasPrefix(a.Name, "approve-") && len(s.open()) > 1:
		return "", s.State
	case a.Name == "discard-code" && s.Live, a.Name == "advance" && s.LastStage:
		return "", "Published"
	case a.To == "":
		return "", s.State
	default:
		return "", a.To
	}
}

// holds tells whether somebody has a role; reviewers with a name are reviewers, too.
func (p Person) holds(role string) bool {
	return slices.ContainsFunc(p.Roles, func(held string) bool { return held == role || strings.HasPrefix(held, role+":") })
}

// mayDecide says with which code somebody is refused who can decide no step that is open; "" when they can.
func (s Situation) mayDecide(person Person) (code string) {
	switch {
	case person.User == Requester || slices.Contains(strings.Fields(s.Decided), person.User):
		return "own_request"
	case !slices.ContainsFunc(s.open(), func(role string) bool { return slices.Contains(person.Roles, role) }):
		return "forbidden_role"
	default:
		return ""
	}
}

func (s Situation) open() []string {
	if s.Open == "" {
		return []string{"reviewer"}
	}
	return strings.Fields(s.Open)
}

func (a Action) possible(s Situation) bool {
	served := s.Live || s.State == "GrayscaleRelease" || s.State == "ProductionRelease"
	has := map[string]bool{"": true, "schedule": s.Scheduled, "pause": s.Paused, "no pause": !s.Paused, "previous": s.Previous}
	return (a.From == "served" && served || slices.Contains(strings.Fields(a.From), s.State)) && has[a.Needs]
}

// People are all who can be told apart by what they may do: every set of roles in every set of teams, with somebody else's name and the
// requester's.
func People() []Person {
	var people []Person
	for chosen := range 1 << len(Roles) {
		var roles []string
		for i, role := range Roles {
			if chosen&(1<<i) != 0 {
				roles = append(roles, role)
			}
		}
		if slices.Contains(roles, "reviewer:security") && len(roles) > 2 {
			continue // there are many sets, and these tell nothing more
		}
		for _, teams := range [][]string{nil, {OwnTeam}, {OtherTeam}, {OtherTeam, OwnTeam}} {
			people = append(people, Person{"zoe", roles, teams}, Person{Requester, roles, teams})
		}
	}
	return people
}
