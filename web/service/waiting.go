package service

import (
	"context"
	"errors"
	"slices"

	"slipway/catalog"
	"slipway/lifecycle"
	"slipway/workflows"
)

// How many actions may wait for the workflow of one mini-program, of all people and of one. What waits is in Temporal, which ends a
// workflow whose history grows beyond 50 MB; an action has at most lifecycle.MaxCommand.
const (
	maxWaiting         = 200
	maxWaitingOfPerson = 20
)

// ErrTooManyWaiting says that too much waits for an answer already, so that nothing was recorded.
var ErrTooManyWaiting = errors.New(
	"too many actions on this mini-program are waiting for their outcome; nothing was recorded, so wait a second and try again")

// Waits tells whether this process knows a request of the person to be recorded and unfinished.
func (s *Service) Waits(id string, person lifecycle.Actor, requestID string) bool {
	waiters := s.Workflows.Waiters
	return waiters != nil && slices.Contains(waiters.Unfinished(id), catalog.Request{MiniProgram: id, User: person.User, ID: requestID})
}

// Begun tells whether the request for the creation of a mini-program that the catalogue does not know is recorded, by whatever process.
func (s *Service) Begun(ctx context.Context, id string, person lifecycle.Actor, requestID string) bool {
	if s.Waits(id, person, requestID) {
		return true
	}
	if !s.Temporal.Up() || lifecycle.ValidateID(id) != nil {
		return false
	}
	looking, cancel := context.WithTimeout(ctx, s.AnswerWait)
	defer cancel()
	runs, err := s.Workflows.Runs(looking, id)
	return err == nil && runs
}

// isEmergency tells whether an action must get through however much waits: the operator's suspend.
func isEmergency(command lifecycle.Command) bool {
	return command.Action == lifecycle.Suspend && slices.Contains(command.Actor.Roles, lifecycle.Operator)
}

// bounded sends a request unless too many wait already.
func (s *Service) bounded(request catalog.Request, do func() (lifecycle.Outcome, error)) (lifecycle.Outcome, error) {
	waiters := s.Workflows.Waiters
	if waiters == nil {
		return do()
	}
	if !waiters.Expect(request, maxWaiting, maxWaitingOfPerson) {
		return lifecycle.Outcome{}, ErrTooManyWaiting
	}
	outcome, err := do()
	if !errors.Is(err, workflows.ErrUnfinished) { // what Temporal did not confirm counts for nothing: it must not lock anybody out
		waiters.Settle(request)
	}
	return outcome, err
}
