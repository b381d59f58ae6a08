package pages

import (
	"slipway/catalog"
	"slipway/lifecycle"
)

// queueLength is how much of a queue the overview shows; the list has the rest.
const queueLength = 20

// queue is what somebody in a role looks at first.
type queue struct {
	Kind queueKind
	// Title says what is in it, Empty what to do when nothing is; without that an empty queue is not shown, nor when one of the same kind
	// before it has something.
	Title, Empty string
	Items        []catalog.Item
	HasMore      bool
	filter       catalog.Filter
}

// queueKind decides what the table of a queue tells.
type queueKind string

const (
	queueToDo      queueKind = "to-do"
	queueWaiting   queueKind = "waiting"
	queueDone      queueKind = "done"
	queueReviews   queueKind = "reviews"
	queueRollouts  queueKind = "rollouts"
	queueSuspended queueKind = "suspended"
	queueChanged   queueKind = "changed"
)

// More leads to the whole list.
func (q queue) More() string { return listAt(q.filter) }

// Shown tells whether there is something to show.
func (q queue) Shown() bool { return len(q.Items) > 0 || q.Empty != "" }

// queuesOf are the queues of a role, most urgent first.
func (w words) queuesOf(role lifecycle.Role, person lifecycle.Actor) []queue {
	queues := map[lifecycle.Role]func(words) []queue{
		lifecycle.ReleaseManager: words.queuesOfReleaseManager,
		lifecycle.Operator:       words.queuesOfOperator, lifecycle.Auditor: words.queuesOfAuditor,
	}
	var all []queue
	switch of, known := queues[role]; {
	case known:
		all = of(w)
	case role == lifecycle.Reviewer:
		all = w.queuesOfReviewer(person)
	case role == lifecycle.Developer && len(person.Teams) > 0:
		all = w.queuesOfDeveloper(person.Teams)
	}
	for i := range all {
		all[i].filter.Limit = queueLength
	}
	return all
}

func (w words) queuesOfDeveloper(teams []string) []queue {
	others := []lifecycle.Role{lifecycle.Reviewer, lifecycle.ReleaseManager, lifecycle.Operator, lifecycle.System}
	return []queue{{
		Kind: queueToDo, Title: w.t("Yours to do"), Empty: w.t("Nothing waits for you."),
		filter: catalog.Filter{Teams: teams, Turns: []lifecycle.Role{lifecycle.Developer}},
	}, {
		Kind: queueWaiting, Title: w.t("Waits for others"), Empty: w.t("Nothing waits for others."),
		filter: catalog.Filter{Teams: teams, Turns: others},
	}, {
		Kind: queueDone, Title: w.t("Done"), Empty: w.t("Nothing is Published yet."),
		filter: catalog.Filter{Teams: teams, Turns: []lifecycle.Role{nobody}},
	}}
}

// queuesOfReviewer has only requests with a step that this one may still decide.
func (w words) queuesOfReviewer(person lifecycle.Actor) []queue {
	return []queue{{
		Kind: queueReviews, Title: w.t("Requests that wait for a decision"),
		Empty:  w.t("No request waits. New ones appear here by themselves, the most urgent first."),
		filter: catalog.Filter{Decider: &person, Order: catalog.DueFirst},
	}}
}

func (w words) queuesOfReleaseManager() []queue {
	return []queue{{
		Kind: queueRollouts, Title: w.t("Held: somebody has to decide"),
		filter: catalog.Filter{Standing: catalog.Held, Order: catalog.DueFirst},
	}, {
		Kind: queueRollouts, Title: w.t("Frozen"),
		filter: catalog.Filter{Standing: catalog.Frozen, Order: catalog.DueFirst},
	}, {
		Kind: queueRollouts, Title: w.t("Paused"),
		filter: catalog.Filter{Standing: catalog.Paused, Order: catalog.DueFirst},
	}, {
		Kind: queueRollouts, Title: w.t("Rollouts under way"), Empty: w.t("Nothing is being rolled out."),
		filter: catalog.Filter{Standing: catalog.Running, Order: catalog.DueFirst},
	}}
}

func (w words) queuesOfOperator() []queue {
	return []queue{{
		Kind: queueReviews, Title: w.t("Overdue"), Empty: w.t("Nothing is overdue."),
		filter: catalog.Filter{Overdue: new(true), Order: catalog.DueFirst},
	}, {
		Kind: queueSuspended, Title: w.t("Suspended"), Empty: w.t("Nothing is suspended."),
		filter: catalog.Filter{States: []lifecycle.State{lifecycle.SuspendedByOp}},
	}, {
		Kind: queueDone, Title: w.t("Live for everyone"), Empty: w.t("Nothing is live for everyone."),
		filter: catalog.Filter{States: []lifecycle.State{lifecycle.Published}},
	}}
}

func (w words) queuesOfAuditor() []queue {
	return []queue{{Kind: queueChanged, Title: w.t("Recently changed"), Empty: w.t("There are no mini-programs yet.")}}
}
