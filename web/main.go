// Command web serves the pages for people and the API for programs, and tells host apps which version a user gets.
//
// Read on in serve: what answers whom, and when. A request comes in by server.go, is sent on by dispatcher.go, and goes through what
// application.go says.
package main

import (
	"context"
	"os"
	"sync"
	_ "time/tzdata" // calendars name time zones, and containers may know none

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"slipway/lifecycle"
	"slipway/monitoring/logkey"
	"slipway/program"
	"slipway/web/events"
)

func main() {
	var environment settings
	os.Exit(program.Program{
		Name: "web", Settings: &environment, Addr: &environment.Addr, Run: run,
		Summary: "serves the pages for people, the JSON API for programs, and tells host apps which version a user gets",
	}.Main(os.Args[1:], os.Stdout, os.Stderr))
}

// run serves until ctx is done, then lets what is under way finish. An error is why it could not start or go on.
func run(ctx context.Context) error {
	settings, err := load()
	if err != nil {
		return err
	}
	telemetry, err := program.Prepare(ctx, "web", settings.Common, settings.Settings)
	if err != nil {
		return err
	}
	defer telemetry.Stop()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	dependencies, err := open(ctx, settings, telemetry)
	if err != nil {
		return err
	}
	dependencies.metrics.Registry.MustRegister(settings.inForce.Collectors()...)
	defer func() {
		stop() // what works in the background has to end before what it works on is closed
		dependencies.close()
	}()
	return serve(ctx, settings, dependencies, telemetry.Logger)
}

// serve ends all that it started before it returns. Host apps are answered at once, people and programs as soon as the
// database answers.
func serve(ctx context.Context, settings settings, dependencies dependencies, logger *zap.Logger) error {
	group, ctx := errgroup.WithContext(ctx)
	dispatcher := newDispatcher(settings, dependencies, logger)
	group.Go(func() error { return newServer(settings, dispatcher, logger).listen(ctx, settings.Addr) })
	group.Go(func() error { return servePeople(ctx, dispatcher, settings, dependencies, logger) })
	group.Go(func() error { dependencies.tokens.Run(ctx); return nil })
	group.Go(func() error { settings.inForce.Follow(ctx, logger, kept); return nil })
	group.Go(func() error { return dependencies.metrics.Listen(ctx, settings.MetricsAddr) })
	group.Go(func() error { dependencies.watch.Run(ctx); return nil })
	return group.Wait()
}

// kept is because the workers keep the settings, by which they decide.
func kept(context.Context, lifecycle.Settings) error { return nil }

// servePeople lets the dispatcher send people and programs to the application, once the database has answered.
func servePeople(ctx context.Context, dispatcher *dispatcher, settings settings, dependencies dependencies, logger *zap.Logger) error {
	catalogue, ok := await(ctx, logger, dependencies.database.Catalog)
	if !ok {
		return nil
	}
	feed, ok := await(ctx, logger, func(ctx context.Context) (*events.Feed, error) { return events.NewFeed(ctx, catalogue, logger) })
	if !ok {
		return nil
	}
	dependencies.catalog = catalogue
	application := newApplication(ctx, settings, dependencies, feed, logger)
	handler, err := application.handler()
	if err != nil {
		return err
	}
	dependencies.metrics.Registry.MustRegister(catalogue.Collectors()...)
	dependencies.metrics.Registry.MustRegister(feed.Collectors(dependencies.watch.LastChange)...)
	var background sync.WaitGroup
	background.Go(func() { feed.Run(ctx) })
	background.Go(func() { application.service.Temporal.Run(ctx) })
	dispatcher.people.Store(&handler)
	logger.Info("web is ready", zap.String(logkey.Address, settings.Addr))
	background.Wait()
	return nil
}

// await tries until the database has answered: whatever keeps people waiting must not end what host apps need. It is false when the
// web was told to stop meanwhile.
func await[T any](ctx context.Context, logger *zap.Logger, try func(context.Context) (T, error)) (answer T, ok bool) {
	answer, err := program.Await(ctx, logger, "pages wait for the database", func(error) bool { return true }, try)
	return answer, err == nil
}
