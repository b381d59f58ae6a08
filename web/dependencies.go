package main

import (
	"context"
	"fmt"

	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"slipway/catalog"
	"slipway/delivery"
	"slipway/monitoring"
	"slipway/monitoring/tracing"
	"slipway/packages"
	"slipway/program"
	"slipway/tokens"
	"slipway/workflows"
)

// dependencies are what the web works with.
type dependencies struct {
	temporal  client.Client
	namespace string
	// database is opened as soon as it answers; catalog is it, once pages can be served.
	database *delivery.LazyCatalog
	catalog  *catalog.Catalog
	snapshot *delivery.Snapshot
	tokens   *tokens.Known
	store    *packages.Store
	metrics  *metrics
	traces   *tracing.Traces
	watch    *monitoring.Watch
}

// open connects. Temporal may be away: pages are shown all the same. So may the database when delivery has a file copy of
// what it needs; else it is waited for.
func open(ctx context.Context, settings settings, telemetry *program.Telemetry) (d dependencies, err error) {
	logger := telemetry.Logger
	d.metrics, d.traces = newMetrics(telemetry.Metrics), telemetry.Traces
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	d.database = delivery.NewLazyCatalog(func(ctx context.Context) (*catalog.Catalog, error) { return catalog.Open(ctx, settings.Database()) })
	if err = d.connectTemporal(settings, logger); err != nil {
		return d, err
	}
	if d.store, err = settings.OpenPackages(ctx); err != nil {
		return d, err
	}
	d.tokens = tokens.NewKnown(d.tokenStore, logger)
	d.watch = monitoring.NewWatch(d.temporal, d.database.Catalog)
	d.metrics.Registry.MustRegister(d.watch)
	d.snapshot, err = openSnapshot(ctx, settings, d.database, logger)
	return d, err
}

// connectTemporal makes a client that connects when it is used first, and signs what is sent to mini-programs.
func (d *dependencies) connectTemporal(settings settings, logger *zap.Logger) error {
	options, err := settings.Temporal(logger)
	if err != nil {
		return err
	}
	if _, err = d.traces.Intercept(&options); err != nil {
		return err
	}
	options.MetricsHandler, d.namespace = d.metrics.Temporal, options.Namespace
	if !settings.SignalKeys.Empty() {
		options.Interceptors = append(options.Interceptors, &workflows.Signer{Keys: settings.SignalKeys, Life: d.life})
	}
	if d.temporal, err = client.NewLazyClient(options); err != nil {
		return fmt.Errorf("connection to Temporal at %q (TEMPORAL_ADDRESS): %w", options.HostPort, err)
	}
	return nil
}

// life is the one that a mini-program is in, for which actions are signed.
func (d *dependencies) life(ctx context.Context, id string) (string, error) {
	catalogue, err := d.database.Catalog(ctx)
	if err != nil {
		return "", err
	}
	return catalogue.Life(ctx, id)
}

// tokenStore is where the access tokens are, as soon as the database answers.
func (d *dependencies) tokenStore(ctx context.Context) (tokens.Source, error) {
	catalogue, err := d.database.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	return tokens.NewStore(catalogue.Database()), nil
}

// openSnapshot waits for the database where there is nothing else to answer host apps from.
func openSnapshot(
	ctx context.Context, settings settings, database *delivery.LazyCatalog, logger *zap.Logger,
) (*delivery.Snapshot, error) {
	const waiting = "waiting for the database; nobody is answered before"
	if settings.DeliveryFile == "" { // else the snapshot gives it only a moment, and the tables may have to be converted
		if _, err := program.Await(ctx, logger, waiting, settings.Passes, database.Catalog); err != nil {
			return nil, err
		}
	}
	return program.Await(ctx, logger, waiting, settings.Passes, func(ctx context.Context) (*delivery.Snapshot, error) {
		return delivery.Open(ctx, database, delivery.Options{File: settings.DeliveryFile, Logger: logger})
	})
}

// close ends what was opened, however much that is.
func (d *dependencies) close() {
	if d.snapshot != nil {
		<-d.snapshot.Done()
	}
	if d.database != nil {
		_ = d.database.Close()
	}
	if d.store != nil {
		_ = d.store.Close()
	}
	if d.temporal != nil {
		d.temporal.Close()
	}
}
