package workflows

import (
	"slices"

	"slipway/lifecycle"
)

const (
	// maxOutcomes is how many outcomes are remembered (lifecycle.md, "Once only": at least the last 200 actions).
	maxOutcomes = 250
	// maxRefused is how many of the latest refusals the status shows.
	maxRefused = 3
)

// request is whose request it is: two people's request ids never meet.
type request struct{ user, id string }

// outcomes remembers the latest outcomes by request, oldest first.
type outcomes struct {
	latest  []lifecycle.Outcome
	byRequest map[request]lifecycle.Outcome
}

func (a *outcomes) remember(outcome lifecycle.Outcome) {
	key := request{outcome.Actor, outcome.RequestID}
	if _, known := a.byRequest[key]; known {
		return
	}
	if a.byRequest == nil {
		a.byRequest = map[request]lifecycle.Outcome{}
	}
	if len(a.latest) == maxOutcomes {
		oldest := a.latest[0]
		delete(a.byRequest, request{oldest.Actor, oldest.RequestID})
		a.latest = slices.Clone(a.latest[1:]) // lets go of what is forgotten
	}
	a.latest = append(a.latest, outcome)
	a.byRequest[key] = outcome
}

// knows tells whether the command was answered. Answers from before requests belonged to a person are everybody's.
func (a *outcomes) knows(command lifecycle.Command) bool {
	_, own := a.byRequest[request{command.Actor.User, command.RequestID}]
	_, before := a.byRequest[request{lifecycle.Everybody, command.RequestID}]
	return own || before
}

// knowsRequest tells whether anybody's request had the id.
func (a *outcomes) knowsRequest(id string) bool {
	_, ok := a.find("", id)
	return ok
}

// full says that an answer may have been forgotten.
func (a *outcomes) full() bool { return len(a.latest) == maxOutcomes }

// find returns the answer to a user's request; without a user, the latest to anybody's.
func (a *outcomes) find(user, id string) (lifecycle.Outcome, bool) {
	for _, outcome := range slices.Backward(a.latest) {
		if outcome.RequestID == id && (user == "" || outcome.Actor == user || outcome.Actor == lifecycle.Everybody) {
			return outcome, true
		}
	}
	return lifecycle.Outcome{}, false
}

// refused returns the latest refusals, newest first.
func (a *outcomes) refused() []lifecycle.Outcome {
	var refused []lifecycle.Outcome
	for _, outcome := range slices.Backward(a.latest) {
		if !outcome.Accepted && len(refused) < maxRefused {
			refused = append(refused, outcome)
		}
	}
	return refused
}
