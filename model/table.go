package model

import (
	"slices"
	"strings"
)

// row is a line of the contract's table of actions. Lists are words with blanks between them.
type row struct {
	action string
	// who are the roles that may take it; of several that somebody has, the first counts. "anyone" is everybody who does not only read.
	who string
	// from are the states in which it is possible: "served" is any with something served, "unfinished" any but the final ones.
	from string
	// to is the state that it leads to; "" leaves it. Where it may lead to several, effect.go says to which.
	to string
	// rules are what goes with it:
	//   comment   needs a comment that tells why
	//   decides   is a decision on a request, which nobody takes on their own
	//   remark    leaves the revision alone, as a note does, which nobody can ask for
	//   scheduled, paused, running, previous, once: there has to be a schedule, a pause, none, a version before, no expedition yet
	rules string
	// takes are the fields that it has a use for, besides those that go with every action.
	takes string
}

var table = []row{
	{"request-creation", "developer", "-", "CreationPending", "", ""},
	{"cancel-creation", "developer", "CreationPending", "CreationCancelled", "", ""},
	{"approve-creation", "reviewer", "CreationPending", "CodeUnavailable", "decides", ""},
	{"reject-creation", "reviewer", "CreationPending", "CreationRejected", "decides comment", ""},
	{"upload-code", "developer",
		"CodeUnavailable CodeAvailable PublishingCancelled PublishingRejected ReadyToPublish Published UnpublishedByDev SuspendedByOp",
		"CodeAvailable", "", "package notes"},
	{"discard-code", "developer", "CodeAvailable PublishingCancelled PublishingRejected ReadyToPublish", "CodeUnavailable", "", ""},
	{"request-publishing", "developer", "CodeAvailable PublishingCancelled PublishingRejected UnpublishedByDev SuspendedByOp",
		"PublishingPending", "", "package notes"},
	{"cancel-publishing", "developer", "PublishingPending ReadyToPublish", "PublishingCancelled", "", ""},
	{"approve-publishing", "reviewer", "PublishingPending", "ReadyToPublish", "decides", "waivers"},
	{"reject-publishing", "reviewer", "PublishingPending", "PublishingRejected", "decides comment", ""},
	{"publish", "developer system", "ReadyToPublish", "GrayscaleRelease", "", "plan at override"},
	{"cancel-schedule", "developer", "ReadyToPublish", "", "scheduled", ""},
	{"set-grayscale", "developer release-manager", "GrayscaleRelease", "", "", "percent testers override"},
	{"promote", "developer release-manager system", "GrayscaleRelease", "ProductionRelease", "", "override"},
	{"advance", "release-manager system", "ProductionRelease", "ProductionRelease", "", "override"},
	{"pause", "developer release-manager operator system", "GrayscaleRelease ProductionRelease", "", "running", ""},
	{"resume", "developer release-manager operator", "GrayscaleRelease ProductionRelease", "", "paused", ""},
	{"change-plan", "developer release-manager", "ReadyToPublish GrayscaleRelease ProductionRelease", "", "", "plan override"},
	{"rollback", "developer release-manager operator system", "GrayscaleRelease ProductionRelease", "CodeAvailable", "comment", ""},
	{"revert", "developer release-manager", "Published", "", "previous", ""},
	{"unpublish", "developer", "served", "UnpublishedByDev", "comment", ""},
	{"suspend", "operator", "served", "SuspendedByOp", "comment", ""},
	{"leave-feedback", "anyone", "GrayscaleRelease ProductionRelease", "", "remark", "rating text"},
	{"comment", "developer reviewer release-manager operator", "unfinished", "", "remark", "text platform_only file line package"},
	{"assign", "reviewer", "CreationPending PublishingPending", "", "remark", "assignee"},
	{"expedite", "developer", "PublishingPending", "", "comment once", ""},

	{"reminded", "system", "unfinished", "", "note", ""},
	{"escalated", "system", "CreationPending PublishingPending", "", "note", ""},
	{"held", "system", "ReadyToPublish GrayscaleRelease ProductionRelease", "", "note", ""},
}

// Actions are all that people can ask for, but the request that begins a mini-program.
func Actions() (actions []string) {
	for _, row := range table[1:] {
		if !row.has("note") {
			actions = append(actions, row.action)
		}
	}
	return actions
}

// Takes are the fields that an action has a use for.
func Takes(action string) []string {
	row, _ := rowOf(action)
	return strings.Fields(row.takes)
}

func rowOf(action string) (row, bool) {
	i := slices.IndexFunc(table, func(r row) bool { return r.action == action })
	if i < 0 {
		return row{}, false
	}
	return table[i], true
}

func (r row) has(rule string) bool { return slices.Contains(strings.Fields(r.rules), rule) }

// kind is that of its record: "" for an action.
func (r row) kind() string {
	switch {
	case r.has("remark"):
		return "remark"
	case r.has("note"):
		return "note"
	default:
		return ""
	}
}

// legal tells whether the action is possible now, whoever takes it.
func (m *MiniProgram) legal(r row) bool {
	switch {
	case r.from == "-":
		return m.State == "" || m.Final()
	case r.from == "served":
		return m.Served()
	case r.from == "unfinished":
		return !m.Final()
	case !slices.Contains(strings.Fields(r.from), m.State):
		return false
	}
	switch {
	case r.has("scheduled"):
		return m.Schedule != nil
	case r.has("paused"):
		return m.Rollout.PausedAt != nil
	case r.has("running"):
		return m.Rollout.PausedAt == nil
	case r.has("previous"):
		return len(m.Previous) > 0
	case r.has("once"):
		return !m.Review.Expedited
	default:
		return true
	}
}
