package pages

import "slipway/lifecycle"

// actions are what can be done with a mini-program: by this person now, and otherwise.
type actions struct {
	Legal []legalAction
	// Others are not possible now, or not for this person, each with its reason.
	Others []otherAction
}

// legalAction has a form, for the mini-program with the id.
type legalAction struct {
	lifecycle.Rule
	ID   string
	Form form
}

type otherAction struct {
	lifecycle.Rule
	Reason string
}

func newActions(status lifecycle.Status, person lifecycle.Actor) actions {
	var all actions
	for _, rule := range lifecycle.Table {
		if rule.Action == lifecycle.RequestCreation {
			continue
		}
		elsewhere := rule.Action == lifecycle.Comment || rule.Action == lifecycle.Assign // with the conversation, and the request
		if refusal := status.WhyNot(rule.Action, person); refusal != nil {
			all.Others = append(all.Others, otherAction{rule, refusal.Message})
		} else if !elsewhere {
			all.Legal = append(all.Legal, legalAction{rule, status.ID, newForm(rule, status)})
		}
	}
	return all
}

// decisions leaves the actions that decide on a request.
func (a actions) decisions() actions {
	var left actions
	for _, legal := range a.Legal {
		if legal.Decides {
			left.Legal = append(left.Legal, legal)
		}
	}
	for _, other := range a.Others {
		if other.Decides {
			left.Others = append(left.Others, other)
		}
	}
	return left
}
