package service

import (
	"context"
	"time"

	"slipway/catalog"
	"slipway/lifecycle"
)

// Platform reads whether the line is stopped, what the calendar says, and how many releases wait for that. Everybody may know.
func (s *Service) Platform(ctx context.Context) (lifecycle.PlatformStatus, error) {
	platform, _, err := s.Catalog.Platform(ctx)
	if err != nil {
		return lifecycle.PlatformStatus{}, err
	}
	status := platform.Status()
	status.Closure = s.Settings().ClosureAt(time.Now())
	status.Waiting, err = s.Catalog.Waiting(ctx)
	return status, err
}

// ActOnPlatform stops the line, or lifts the stop. The errors are those of Act.
func (s *Service) ActOnPlatform(ctx context.Context, command lifecycle.Command) (lifecycle.Outcome, error) {
	return s.send(ctx, requestOf(catalog.PlatformID, command), func(ctx context.Context) (lifecycle.Outcome, error) {
		return s.Workflows.ActOnPlatform(ctx, command)
	})
}
