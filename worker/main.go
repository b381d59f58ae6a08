// Command worker runs the workflows and activities of Slipway.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
	_ "time/tzdata" // calendars name time zones, and containers may know none

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"slipway/activities"
	"slipway/catalog"
	"slipway/config"
	"slipway/lifecycle"
	"slipway/monitoring"
	"slipway/monitoring/logkey"
	"slipway/notify"
	"slipway/packages"
	"slipway/program"
	"slipway/workflows"
)

func main() {
	var environment settings
	os.Exit(program.Program{
		Name: "worker", Summary: "runs the workflows and activities of Slipway",
		Settings: &environment, Addr: &environment.Addr, Run: run,
	}.Main(os.Args[1:], os.Stdout, os.Stderr))
}

// run works until ctx is done, then lets what is under way finish. An error is why it could not start or go on.
func run(ctx context.Context) error {
	settings, err := load()
	if err != nil {
		return err
	}
	telemetry, err := program.Prepare(ctx, "worker", settings.Common, settings.Settings)
	if err != nil {
		return err
	}
	defer telemetry.Stop()
	temporal, err := program.Await(ctx, telemetry.Logger, "waiting for Temporal", passes, func(ctx context.Context) (connection, error) {
		return dial(ctx, settings, telemetry)
	})
	if err != nil {
		return err
	}
	defer temporal.Close()
	kept, err := program.Await(ctx, telemetry.Logger, "waiting for the database", settings.Passes, func(ctx context.Context) (storage, error) {
		return openStorage(ctx, settings)
	})
	if err != nil {
		return err
	}
	defer kept.close()
	inForce := config.NewInForce(settings.SettingsFile, settings.timersAndPlans)
	inForce.Complete = settings.complete
	acts, err := newActivities(settings, inForce, kept)
	if err != nil {
		return err
	}
	signing, err := temporal.signing(ctx, &workflows.Signer{Keys: settings.SignalKeys, Life: kept.catalog.Life})
	if err != nil {
		return err
	}
	defer signing.Close()
	fleet := newFleet(signing, settings.FleetPerSecond, kept.catalog)
	return service{settings, inForce, telemetry, temporal, kept, acts, fleet, newFollower(settings, kept)}.run(ctx)
}

// storage is where the worker keeps what it does.
type storage struct {
	catalog       *catalog.Catalog
	packages      *packages.Store
	subscriptions *notify.Store
}

func openStorage(ctx context.Context, settings settings) (s storage, err error) {
	if s.catalog, err = catalog.Open(ctx, settings.Database()); err != nil {
		return s, err
	}
	if s.packages, err = settings.OpenPackages(ctx); err != nil {
		_ = s.catalog.Close()
		return s, err
	}
	s.subscriptions = notify.NewStore(s.catalog.Database(), settings.PayloadKeys)
	if err = s.keep(ctx, settings.timersAndPlans); err == nil {
		err = s.subscriptions.Reseal(ctx)
	}
	if err != nil {
		s.close()
	}
	return s, err
}

// keep keeps settings that are to be in force, with their subscriptions.
func (s storage) keep(ctx context.Context, inForce lifecycle.Settings) error {
	if err := s.catalog.KeepSettings(ctx, inForce); err != nil {
		return err
	}
	return s.subscriptions.TakeUp(ctx, inForce.Subscriptions, time.Now())
}

func (s storage) close() { _, _ = s.packages.Close(), s.catalog.Close() }

func newActivities(settings settings, inForce *config.InForce, kept storage) (*activities.Activities, error) {
	acts := &activities.Activities{
		Catalog: kept.catalog, Platform: kept.catalog, Reports: kept.catalog, HealthKeeper: kept.catalog, Packages: kept.packages,
		Settings: settings.timersAndPlans, InForce: inForce.Settings, Limits: settings.PackageMax.Limits(), Metrics: activities.NewMetrics(),
		SignalKeys: settings.SignalKeys, SignedOnly: settings.SignalsFrom == fromWeb,
	}
	if settings.PrometheusURL == "" {
		return acts, nil
	}
	prometheus, err := activities.NewPrometheus(settings.PrometheusURL)
	if err != nil {
		return nil, err
	}
	acts.Health = prometheus
	return acts, nil
}

// service is a worker that has all it needs.
type service struct {
	settings   settings
	inForce    *config.InForce
	telemetry  *program.Telemetry
	temporal   connection
	storage    storage
	activities *activities.Activities
	fleet      *activities.Fleet
	follower   *notify.Follower
}

// run does everything that a worker does side by side; when one thing fails, the others stop too.
func (s service) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	health := &health{temporal: s.temporal, catalog: s.storage.catalog}
	watch := monitoring.NewWatch(s.temporal, func(context.Context) (*catalog.Catalog, error) { return s.storage.catalog, nil })
	metrics := s.telemetry.Metrics
	metrics.Registry.MustRegister(watch, s.follower.Metrics)
	metrics.Registry.MustRegister(s.inForce.Collectors()...)
	metrics.Registry.MustRegister(slices.Concat(s.storage.catalog.Collectors(), s.activities.Metrics.Collectors())...)
	var beside *monitoring.Metrics
	if s.settings.BesideRequests(s.settings.Addr) {
		beside = metrics
	}
	sweeper := &sweeper{s.storage, time.Duration(s.settings.PackageGrace), s.telemetry.Logger}
	group.Go(func() error { return listen(ctx, s.settings.Addr, health, beside) })
	group.Go(func() error { return metrics.Listen(ctx, s.settings.MetricsAddr) })
	group.Go(func() error { watch.Run(ctx); return nil })
	group.Go(func() error { s.follower.Metrics.Watch(ctx, s.follower.Store); return nil })
	group.Go(func() error {
		s.inForce.Follow(ctx, s.telemetry.Logger, s.storage.keep)
		return nil
	})
	group.Go(func() error { return sweeper.run(ctx) })
	group.Go(func() error { return notifiers{s.temporal, s.follower.Store, s.telemetry.Logger}.run(ctx) })
	group.Go(func() error { return s.work(ctx, health) })
	if err := group.Wait(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// work runs the Temporal workers until ctx is done.
func (s service) work(ctx context.Context, health *health) error {
	fatal := make(chan error, 1)
	workers := newWorkers(s.temporal, s.settings, s.activities, s.fleet, s.follower, func(err error) {
		select {
		case fatal <- err:
		default: // another one was first
		}
	})
	if err := workers.Start(); err != nil {
		return fmt.Errorf("starting the worker: %w", err)
	}
	if err := workflows.StartPlatform(ctx, s.temporal); err != nil { // whoever acts on it starts it, too
		s.telemetry.Logger.Warn("the workflow of the platform was not started", zap.Error(err))
	}
	health.started.Store(true)
	s.telemetry.Logger.Info("worker started", zap.String(logkey.Address, s.settings.Addr))
	defer s.telemetry.Logger.Info("worker stopped")
	select {
	case err := <-fatal: // the SDK has stopped the worker already
		return fmt.Errorf("working: %w", err)
	case <-ctx.Done():
		health.started.Store(false)
		workers.Stop()
		return nil
	}
}
