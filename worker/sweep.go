package main

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"slipway/monitoring/logkey"
)

const (
	// outcomesKept is how long the catalogue keeps the outcomes of requests; the audit trail is kept for ever.
	outcomesKept = 30 * 24 * time.Hour
	// actsKept is how long fleet acts are kept that are over, parkedKept how long messages are that nobody took.
	actsKept      = 90 * 24 * time.Hour
	parkedKept    = 90 * 24 * time.Hour
	sweepInterval = time.Hour
)

// graceTime is a time that leaves room between storing a package and deciding on its upload.
type graceTime time.Duration

const leastGrace = time.Hour

// UnmarshalText reads a duration such as 168h.
func (g *graceTime) UnmarshalText(text []byte) error {
	grace, err := time.ParseDuration(string(text))
	if err != nil || grace < leastGrace {
		return fmt.Errorf("%q is not a duration of at least %s, such as 168h; with less, uploads could lose their package on the way",
			text, leastGrace)
	}
	*g = graceTime(grace)
	return nil
}

// sweeper removes from time to time what nobody needs any more.
type sweeper struct {
	storage
	grace time.Duration
	log   *zap.Logger
}

// run sweeps until ctx is done. Packages come an interval after the start: uploads that waited for a worker are decided by then.
func (s *sweeper) run(ctx context.Context) error {
	ticker := time.NewTicker(sweepInterval)
	defer ticker.Stop()
	for {
		s.complain(ctx, "outcomes", s.sweepOutcomes(ctx))
		s.complain(ctx, "fleet acts", s.catalog.SweepFleets(ctx, time.Now().Add(-actsKept)))
		s.complain(ctx, "parked messages", s.sweepParked(ctx))
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		s.complain(ctx, "packages", s.sweepPackages(ctx))
	}
}

func (s *sweeper) complain(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		s.log.Warn("not everything old was swept; trying again later", zap.String(logkey.What, what), zap.Error(err))
	}
}

func (s *sweeper) sweepOutcomes(ctx context.Context) error {
	_, err := s.catalog.SweepOutcomes(ctx, time.Now().Add(-outcomesKept))
	return err
}

func (s *sweeper) sweepParked(ctx context.Context) error {
	_, err := s.subscriptions.SweepParked(ctx, time.Now().Add(-parkedKept))
	return err
}

// sweepPackages removes what was neither uploaded nor inspected within the grace time and is referred to by nothing. Reports
// go first: a package that has one is still referred to.
func (s *sweeper) sweepPackages(ctx context.Context) error {
	reports, err := s.catalog.SweepReports(ctx, time.Now().Add(-s.grace))
	if err != nil {
		return err
	}
	removed, err := s.packages.Sweep(ctx, s.catalog.PackageReferenced, s.grace)
	if len(removed) > 0 || reports > 0 {
		s.log.Info("unused packages removed", zap.Strings(logkey.SHA256, removed), zap.Int64(logkey.Reports, reports))
	}
	return err
}
