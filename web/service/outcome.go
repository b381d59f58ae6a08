package service

import (
	"context"
	"errors"

	"slipway/catalog"
	"slipway/lifecycle"
)

// Outcome reads the answer to a person's request. One that the person may no longer see, and an id that nobody may use, is a
// *lifecycle.Refusal; the error is catalog.ErrNotFound when there is none (yet).
func (s *Service) Outcome(ctx context.Context, person lifecycle.Actor, id, requestID string) (lifecycle.Outcome, error) {
	if refusal := lifecycle.RefuseReserved(requestID); refusal != nil {
		return lifecycle.Outcome{}, refusal
	}
	outcome, team, err := s.Catalog.Outcome(ctx, id, person.User, requestID)
	rule, _ := lifecycle.RuleFor(outcome.Action)
	switch {
	case err != nil || Sees(person, team) || outcome.Revision == 0: // or it is about no mini-program at all
		return outcome, err
	case rule.Anyone || outcome.Code == lifecycle.NotYourTeam:
		return forOthers(id, outcome), nil
	default:
		return lifecycle.Outcome{}, lifecycle.Refuse(lifecycle.InvalidInput,
			"the request id %q was used for something that you may not see; choose another", requestID)
	}
}

// discreet leaves out of a fresh answer what somebody who does not see the mini-program may not know. What was done by the rules needs no
// look: but for what is open to everyone, only members of the team do anything.
func (s *Service) discreet(ctx context.Context, asked request, outcome lifecycle.Outcome, err error) (lifecycle.Outcome, error) {
	refusal, refused := errors.AsType[*lifecycle.Refusal](err)
	rule, _ := lifecycle.RuleFor(asked.action)
	if asked.person.OnPlatformSide() || err != nil && !refused || outcome.Accepted && !rule.Anyone {
		return outcome, err
	}
	status, _, errStatus := s.Catalog.Status(ctx, asked.miniProgram)
	switch {
	case errors.Is(errStatus, catalog.ErrNotFound) || errStatus == nil && Sees(asked.person, status.Team):
		return outcome, err
	case errStatus != nil:
		return lifecycle.Outcome{}, errStatus
	case refused && rule.Anyone:
		return outcome, wordedForOthers(asked.miniProgram, refusal)
	case refused:
		return outcome, notYours(asked.miniProgram)
	default:
		return forOthers(asked.miniProgram, outcome), nil
	}
}

// forOthers is an outcome as people see it who do not see the mini-program.
func forOthers(id string, outcome lifecycle.Outcome) lifecycle.Outcome {
	rule, _ := lifecycle.RuleFor(outcome.Action)
	outcome.State, outcome.Revision, outcome.Actions = "", 0, []lifecycle.Action{}
	if outcome.Accepted {
		return outcome
	}
	told := notYours(id)
	if rule.Anyone {
		told = wordedForOthers(id, &lifecycle.Refusal{Code: outcome.Code, Message: outcome.Message})
	}
	outcome.Code, outcome.Message = told.Code, told.Message
	return outcome
}

// wordedForOthers keeps to itself where the mini-program stands, and whether its lifecycle is over.
func wordedForOthers(id string, refusal *lifecycle.Refusal) *lifecycle.Refusal {
	switch refusal.Code {
	case lifecycle.IllegalInState, lifecycle.StaleRevision, lifecycle.NotRunning:
		return lifecycle.Refuse(lifecycle.IllegalInState,
			"this is not possible for the mini-program %q at the moment, only while a version is being released", id)
	default:
		return refusal
	}
}

func notYours(id string) *lifecycle.Refusal {
	return lifecycle.Refuse(lifecycle.NotYourTeam,
		"the mini-program %q belongs to another team; only its members and the people of the platform can see it", id)
}
