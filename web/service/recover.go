package service

import (
	"context"
	"errors"
	"fmt"

	"slipway/lifecycle"
	"slipway/workflows"
)

// Recover starts the workflow of a mini-program again after it was ended from outside. The errors are those of Act.
func (s *Service) Recover(ctx context.Context, operator lifecycle.Actor, id, requestID string) (lifecycle.Status, error) {
	if !s.Temporal.Up() {
		return lifecycle.Status{}, ErrAway
	}
	waiting, cancel := context.WithTimeout(ctx, s.AnswerWait)
	defer cancel()
	if _, err := s.Workflows.Recover(waiting, id, operator, requestID); err != nil {
		if isRefusal(err) || errors.Is(err, workflows.ErrUnfinished) {
			return lifecycle.Status{}, err
		}
		return lifecycle.Status{}, fmt.Errorf("%w: %w", ErrUncertain, err)
	}
	return s.Status(ctx, operator, id)
}

// Runs tells whether the workflow of a mini-program whose life has not ended runs; true when that cannot be told.
func (s *Service) Runs(ctx context.Context, status lifecycle.Status) bool {
	if status.State.Final() || !s.Temporal.Up() {
		return true
	}
	looking, cancel := context.WithTimeout(ctx, s.AnswerWait)
	defer cancel()
	runs, err := s.Workflows.Runs(looking, status.ID)
	return runs || err != nil
}
