package pages

import (
	"slices"
	"time"

	"slipway/lifecycle"
)

// actions are what can be done with a mini-program: by this person now, and otherwise.
type actions struct {
	// Main takes the mini-program on when it is this person's turn; nil when it is not.
	Main *legalAction
	// Quiet are the others, those that take something away last.
	Quiet []legalAction
	// Others are not possible now, or not for this person, each with its reason.
	Others []otherAction
}

// legalAction has a form, for the mini-program with the id.
type legalAction struct {
	lifecycle.Rule
	ID     string
	Form   form
	Weight weight
	// Effect is what it does to users and to what is under way.
	Effect string
}

type otherAction struct {
	lifecycle.Rule
	Reason string
}

// weight is how much a button stands out.
type weight string

const (
	primary weight = "primary"
	quiet   weight = "quiet"
	danger  weight = "danger"
)

// destructive are the actions that take something away from users or from the team.
var destructive = []lifecycle.Action{
	lifecycle.CancelCreation, lifecycle.RejectCreation, lifecycle.DiscardCode, lifecycle.RejectPublishing,
	lifecycle.Rollback, lifecycle.Revert, lifecycle.Unpublish, lifecycle.Suspend,
}

// weightOf is how much the button stands out that sends the form of an action.
func weightOf(action lifecycle.Action) weight {
	if slices.Contains(destructive, action) {
		return danger
	}
	return primary
}

// mainAction is what a page about the mini-program is about for a person: what takes it on, when that is their turn. "" when it is not.
func mainAction(status lifecycle.Status, person lifecycle.Actor) lifecycle.Action {
	next := status.Next
	if next == nil || next.BySystem() || status.WhyNot(next.Action, person) != nil {
		return ""
	}
	return next.Action
}

func newActions(status lifecycle.Status, person lifecycle.Actor, words words) actions {
	var all actions
	var last []legalAction
	main := mainAction(status, person)
	for _, rule := range lifecycle.Table {
		if rule.Action == lifecycle.RequestCreation {
			continue
		}
		elsewhere := rule.Action == lifecycle.Comment || rule.Action == lifecycle.Assign // with the conversation, and the request
		if refusal := status.WhyNot(rule.Action, person); refusal != nil {
			all.Others = append(all.Others, otherAction{rule, refusal.Message})
			continue
		}
		if elsewhere {
			continue
		}
		legal := legalAction{rule, status.ID, newForm(rule, status), quiet, words.effect(rule.Action, status)}
		switch {
		case rule.Action == main:
			legal.Weight, all.Main = primary, &legal
		case weightOf(rule.Action) == danger:
			legal.Weight = danger
			last = append(last, legal)
		default:
			all.Quiet = append(all.Quiet, legal)
		}
	}
	all.Quiet = append(all.Quiet, last...)
	return all
}

// forms are those of all that the person can do now.
func (a *actions) forms() (all []*form) {
	if a.Main != nil {
		all = append(all, &a.Main.Form)
	}
	for i := range a.Quiet {
		all = append(all, &a.Quiet[i].Form)
	}
	return all
}

// overriding offers too what the person can do now only as an override of the closed release window, and asks whether the rest is one.
func (a actions) overriding(status lifecycle.Status, person lifecycle.Actor, settings lifecycle.Settings, words words) actions {
	others := a.Others
	a.Others, a.Quiet = nil, slices.Clone(a.Quiet)
	for _, form := range a.forms() {
		form.MayOverride = lifecycle.MayOverride(person)
	}
	for _, other := range others {
		if !status.CanOnlyOverride(other.Action, person, time.Now(), settings) {
			a.Others = append(a.Others, other)
			continue
		}
		form := newForm(other.Rule, status)
		form.Override, form.OnlyOverride = true, true
		legal := legalAction{other.Rule, status.ID, form, quiet, words.effect(other.Action, status)}
		a.Quiet = append([]legalAction{legal}, a.Quiet...) // before what is red
	}
	return a
}

// withoutMain makes all actions quiet, for a page that leads elsewhere first.
func (a actions) withoutMain() actions {
	if a.Main == nil {
		return a
	}
	main := *a.Main
	main.Weight = quiet
	a.Main, a.Quiet = nil, append([]legalAction{main}, a.Quiet...)
	return a
}

// decisions leaves the actions that decide on a request.
func (a actions) decisions() actions {
	if a.Main != nil && !a.Main.Decides {
		a.Main = nil
	}
	a.Quiet = slices.DeleteFunc(slices.Clone(a.Quiet), func(legal legalAction) bool { return !legal.Decides })
	a.Others = slices.DeleteFunc(slices.Clone(a.Others), func(other otherAction) bool { return !other.Decides })
	return a
}
