// Command web serves the pages for people and the API for programs.
package main

import (
	"context"
	"fmt"
	"os"

	"go.temporal.io/sdk/client"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"slipway/catalog"
	"slipway/config"
	"slipway/delivery"
	"slipway/monitoring"
	"slipway/monitoring/logkey"
	"slipway/monitoring/tracing"
	"slipway/packages"
	"slipway/program"
	"slipway/tokens"
	"slipway/web/events"
	"slipway/web/oidc"
	"slipway/web/service"
	"slipway/workflows"
)

func main() {
	var configuration settings
	os.Exit(program.Program{
		Name: "web", Summary: "serves the pages for people, the JSON API for programs, and tells host apps which version a user gets", Settings: &configuration, Run: run,
		Addr: func() (string, error) { err := config.Parse(&configuration); return configuration.Addr, err },
	}.Main(os.Args[1:], os.Stdout, os.Stderr))
}

// run serves until ctx is done, then lets what is under way finish. An error is why it could not start or go on.
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
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	world, err := open(ctx, settings, logger)
	if err != nil {
		return err
	}
	defer func() {
		stop() // what works in the background has to end before its world does
		world.close()
	}()
	return serve(ctx, settings, world, logger)
}

// world is what the web works on.
type world struct {
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

// waiting is what a web does that has nothing to answer host apps from.
const waiting = "waiting for the database; nobody is answered before"

// open connects. Temporal may be away: pages are shown all the same. So may the database when delivery has a file copy of
// what it needs; else it is waited for.
func open(ctx context.Context, settings settings, logger *zap.Logger) (w world, err error) {
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if w.metrics, err = newMetrics(); err != nil {
		return w, err
	}
	w.database = delivery.NewLazyCatalog(func(ctx context.Context) (*catalog.Catalog, error) { return catalog.Open(ctx, settings.Database()) })
	options, err := settings.Temporal(logger)
	if err != nil {
		return w, err
	}
	if w.traces, err = tracing.Start(ctx, settings.Tracing, "slipway-web", program.Version(), logger); err != nil {
		return w, err
	}
	if _, err = w.traces.Intercept(&options); err != nil {
		return w, err
	}
	options.MetricsHandler, w.namespace = w.metrics.Temporal, options.Namespace
	if !settings.SignalKeys.Empty() {
		options.Interceptors = append(options.Interceptors, &workflows.Signer{Keys: settings.SignalKeys, Life: lifeIn(w.database)})
	}
	if w.temporal, err = client.NewLazyClient(options); err != nil {
		return w, fmt.Errorf("connection to Temporal at %q (TEMPORAL_ADDRESS): %w", options.HostPort, err)
	}
	if w.store, err = settings.OpenPackages(ctx); err != nil {
		return w, err
	}
	w.tokens = tokens.NewKnown(w.database, logger)
	w.watch = monitoring.NewWatch(w.temporal, w.database.Catalog)
	w.metrics.Registry.MustRegister(w.watch)
	if settings.DeliveryFile == "" { // else the snapshot gives it only a moment, and the tables may have to be converted
		if _, err := program.Await(ctx, logger, waiting, settings.Passes, w.database.Catalog); err != nil {
			return w, err
		}
	}
	w.snapshot, err = program.Await(ctx, logger, waiting, settings.Passes, func(ctx context.Context) (*delivery.Snapshot, error) {
		return delivery.Open(ctx, w.database, delivery.Options{File: settings.DeliveryFile, Logger: logger})
	})
	return w, err
}

func lifeIn(database *delivery.LazyCatalog) func(ctx context.Context, id string) (string, error) {
	return func(ctx context.Context, id string) (string, error) {
		cat, err := database.Catalog(ctx)
		if err != nil {
			return "", err
		}
		return cat.Life(ctx, id)
	}
}

func (w world) close() {
	if w.snapshot != nil {
		<-w.snapshot.Done()
	}
	if w.database != nil {
		_ = w.database.Close()
	}
	if w.store != nil {
		_ = w.store.Close()
	}
	if w.temporal != nil {
		w.temporal.Close()
	}
	if w.traces != nil {
		w.traces.Stop()
	}
}

// serve ends all that it started before it returns. Host apps are answered at once, people and programs as soon as the
// database answers.
func serve(ctx context.Context, settings settings, world world, logger *zap.Logger) error {
	group, ctx := errgroup.WithContext(ctx)
	front := newFront(settings, world, logger)
	group.Go(func() error { world.tokens.Run(ctx); return nil })
	group.Go(func() error { return newServer(settings, front, logger).listen(ctx, settings.Addr) })
	group.Go(func() error { return world.metrics.Listen(ctx, settings.MetricsAddr) })
	group.Go(func() error { world.watch.Run(ctx); return nil })
	group.Go(func() error {
		var ok bool
		if world.catalog, ok = await(ctx, logger, world.database.Catalog); !ok {
			return nil
		}
		feed, ok := await(ctx, logger, func(ctx context.Context) (*events.Feed, error) { return events.NewFeed(ctx, world.catalog, logger) })
		if !ok {
			return nil
		}
		return servePeople(ctx, group, front, settings, world, feed, logger)
	})
	return group.Wait()
}

// await tries until the database has answered: whatever keeps people waiting must not end what host apps need. It is false when the
// web was told to stop meanwhile.
func await[T any](ctx context.Context, logger *zap.Logger, try func(context.Context) (T, error)) (answer T, ok bool) {
	answer, err := program.Await(ctx, logger, "pages wait for the database", func(error) bool { return true }, try)
	return answer, err == nil
}

func servePeople(ctx context.Context, group *errgroup.Group, front *front, settings settings, world world, feed *events.Feed, logger *zap.Logger) error {
	monitor := service.NewMonitor(ctx, world.temporal)
	site := site{
		settings: settings, world: world, logger: logger, feed: feed,
		service: &service.Service{
			Workflows: workflows.Client{Temporal: world.temporal, Answers: &feed.Answers, Known: world.catalog.Knows},
			Catalog:   world.catalog, Store: world.store, Temporal: monitor, Tokens: world.tokens, Logger: logger,
			Settings: settings.lifecycle, Limits: settings.PackageLimits(), AnswerWait: settings.AnswerWait,
		},
	}
	if settings.Auth == authOIDC {
		site.provider = oidc.New(settings.OIDC, settings.PublicURL, logger)
	}
	handler, err := site.handler()
	if err != nil {
		return err
	}
	world.metrics.Registry.MustRegister(world.catalog.Collectors()...)
	world.metrics.Registry.MustRegister(feed.Collectors(world.watch.LastChange)...)
	group.Go(func() error { feed.Run(ctx); return nil })
	group.Go(func() error { monitor.Run(ctx); return nil })
	front.people.Store(&handler)
	logger.Info("web is ready", zap.String(logkey.Address, settings.Addr))
	return nil
}
