// Command worker runs the workflows and activities of Slipway.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"slipway/activities"
	"slipway/catalog"
	"slipway/config"
	"slipway/monitoring"
	"slipway/monitoring/logkey"
	"slipway/monitoring/tracing"
	"slipway/program"
)

func main() {
	var configuration settings
	os.Exit(program.Program{
		Name: "worker", Summary: "runs the workflows and activities of Slipway", Settings: &configuration, Run: run,
		Addr: func() (string, error) { err := config.Parse(&configuration); return configuration.Addr, err },
	}.Main(os.Args[1:], os.Stdout, os.Stderr))
}

// run works until ctx is done, then lets what is under way finish. An error is why it could not start or go on.
func run(ctx context.Context) error {
	settings, err := load()
	if err != nil {
		return err
	}
	logger, err := settings.Logger()
	if err != nil {
		return err
	}
	defer func() { _ = logger.Sync() }()
	if err := settings.MakeVarDir(); err != nil {
		return err
	}
	metrics, err := monitoring.NewMetrics()
	if err != nil {
		return err
	}
	traces, err := tracing.Start(ctx, settings.Tracing, "slipway-worker", program.Version(), logger)
	if err != nil {
		return err
	}
	defer traces.Stop()
	temporal, err := program.Await(ctx, logger, "waiting for Temporal", passes, func(ctx context.Context) (connection, error) {
		return dial(ctx, settings, logger, metrics, traces)
	})
	if err != nil {
		return err
	}
	defer temporal.Close()
	var closeAll func()
	acts, err := program.Await(ctx, logger, "waiting for the database", settings.Passes, func(ctx context.Context) (*activities.Activities, error) {
		acts, closing, err := open(ctx, settings, metrics)
		closeAll = closing
		return acts, err
	})
	if err != nil {
		return err
	}
	defer closeAll()
	return serve(ctx, settings, temporal, acts, metrics, logger)
}

// open connects the activities to the world.
func open(ctx context.Context, settings settings, metrics *monitoring.Metrics) (*activities.Activities, func(), error) {
	cat, err := catalog.Open(ctx, settings.Database())
	if err != nil {
		return nil, nil, err
	}
	store, err := settings.OpenPackages(ctx)
	if err != nil {
		_ = cat.Close()
		return nil, nil, err
	}
	closeAll := func() { _, _ = store.Close(), cat.Close() }
	if err := cat.KeepSettings(ctx, settings.lifecycle); err != nil {
		closeAll()
		return nil, nil, err
	}
	acts := &activities.Activities{
		Catalog: cat, Settings: settings.lifecycle, Reports: cat, Packages: store, Limits: settings.PackageMax.Limits(), Metrics: activities.NewMetrics(),
		SignalKeys: settings.SignalKeys, SignedOnly: settings.SignalsFrom == fromWeb,
	}
	metrics.Registry.MustRegister(slices.Concat(cat.Collectors(), acts.Metrics.Collectors())...)
	if settings.PrometheusURL != "" {
		prometheus, err := activities.NewPrometheus(settings.PrometheusURL)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		acts.Health = prometheus
	}
	return acts, closeAll, nil
}

// serve runs the Temporal worker and the HTTP server beside each other; when one fails, the other stops too.
func serve(ctx context.Context, settings settings, temporal connection, acts *activities.Activities, metrics *monitoring.Metrics, logger *zap.Logger) error {
	cat := acts.Catalog.(*catalog.Catalog)
	health := newHealth(temporal, cat)
	group, ctx := errgroup.WithContext(ctx)
	watch := monitoring.NewWatch(temporal, func(context.Context) (*catalog.Catalog, error) { return cat, nil })
	metrics.Registry.MustRegister(watch)
	beside := metrics
	if !settings.BesideRequests(settings.Addr) {
		beside = nil
	}
	group.Go(func() error { return listen(ctx, settings.Addr, health, beside) })
	group.Go(func() error { return metrics.Listen(ctx, settings.MetricsAddr) })
	group.Go(func() error { watch.Run(ctx); return nil })
	group.Go(func() error {
		return newSweeper(cat, acts.Packages, time.Duration(settings.PackageGrace), logger).run(ctx)
	})
	group.Go(func() error {
		fatal := make(chan error, 3) // one of each worker
		work := newWorkers(temporal, settings, acts, func(err error) { fatal <- err })
		if err := work.Start(); err != nil {
			return fmt.Errorf("starting the worker: %w", err)
		}
		health.started.Store(true)
		logger.Info("worker started", zap.String(logkey.Address, settings.Addr))
		defer logger.Info("worker stopped")
		select {
		case err := <-fatal: // the SDK has stopped the worker already
			return fmt.Errorf("working: %w", err)
		case <-ctx.Done():
			health.started.Store(false)
			work.Stop()
			return nil
		}
	})
	if err := group.Wait(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}
