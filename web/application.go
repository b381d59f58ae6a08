package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"slipway/accounts"
	"slipway/delivery"
	"slipway/monitoring"
	"slipway/monitoring/logkey"
	"slipway/notify"
	"slipway/tokens"
	"slipway/web/access"
	"slipway/web/api"
	"slipway/web/events"
	"slipway/web/oidc"
	"slipway/web/pages"
	"slipway/web/service"
	"slipway/workflows"
)

// application answers people and programs.
type application struct {
	settings settings
	dependencies
	service *service.Service
	feed    *events.Feed
	// provider signs people in; nil with AUTH=dev.
	provider *oidc.Provider
	logger   *zap.Logger
}

func newApplication(ctx context.Context, settings settings, with dependencies, feed *events.Feed, logger *zap.Logger) application {
	a := application{
		settings: settings, dependencies: with, logger: logger, feed: feed,
		service: &service.Service{
			Workflows: workflows.Client{
				Temporal: with.temporal, Waiters: &feed.Waiters, Known: with.catalog.Knows, Titles: settings.PayloadKeys.Empty(),
			},
			Catalog: with.catalog, Store: with.store, Temporal: service.NewMonitor(ctx, with.temporal), Logger: logger,
			Sessions: accounts.NewSessions(with.catalog.Database()), TokenStore: tokens.NewStore(with.catalog.Database()), Tokens: with.tokens,
			Filters: accounts.NewFilters(with.catalog.Database()), People: accounts.NewPeople(with.catalog.Database()),
			Notifications: notify.NewStore(with.catalog.Database(), settings.PayloadKeys),
			Settings:      settings.inForce.Settings, Limits: settings.PackageMax.Limits(), AnswerWait: settings.AnswerWait,
			Previews: delivery.Previews{Keys: settings.PreviewKeys}, PublicURL: settings.PublicURL,
		},
	}
	if settings.Auth == authOIDC {
		a.provider = oidc.New(settings.OIDC, settings.PublicURL, logger)
	}
	return a
}

// handler answers every request of people and programs. From the outside in, a request is denied when it is addressed to another machine
// (AUTH=dev) or was sent by a page of another site; then it gets the session of its browser; then it goes through the router.
func (a application) handler() (http.Handler, error) {
	sessions := a.sessions()
	router, err := a.router(sessions)
	if err != nil {
		return nil, err
	}
	handler, err := a.protect(sessions.Wrap(router.Handler()))
	if err != nil {
		return nil, err
	}
	if a.settings.Auth == authDev {
		handler = access.LocalOnly(handler, denyWith(notLocal))
	}
	return handler, nil
}

// router has every route of people and programs, each with who may call it and what a request may bring, and what a request goes through
// before it comes to its route.
func (a application) router(sessions *access.Sessions) (*access.Router, error) {
	people, err := pages.New(pages.Options{
		Service: a.service, Sessions: sessions, Feed: a.feed, TemporalUI: a.settings.TemporalUI, Namespace: a.namespace,
		Provider: a.provider, PublicURL: a.settings.PublicURL, Contact: a.settings.Contact,
	})
	if err != nil {
		return nil, err
	}
	programs := api.New(a.service, a.feed)
	refuse := func(c *gin.Context, err error) {
		if api.Has(c.Request.URL.Path) || below(c.Request.URL.Path, codecFolder) {
			programs.Refuse(c, err)
			return
		}
		people.Refuse(c, err)
	}
	engine, err := a.engine()
	if err != nil {
		return nil, err
	}
	router := access.NewRouter(engine)
	router.Packages = access.PackageBody(a.settings.PackageMax.Bytes())
	engine.Use(
		a.observe,
		a.recovery(refuse),
		access.Headers,
		a.admitCodec,
		router.Limit(a.settings.timeouts.answer+a.settings.AnswerWait, service.ErrTooSlow),
		a.guard(router, sessions, refuse).Check,
	)
	engine.NoRoute(func(c *gin.Context) { refuse(c, service.ErrNoRoute) })
	engine.NoMethod(func(c *gin.Context) { refuse(c, service.ErrNoMethod) })
	people.Register(router)
	programs.Register(router)
	a.registerHealth(router)
	a.registerDiscovery(router)
	a.registerCodec(router)
	return router, nil
}

func (a application) engine() (*gin.Engine, error) {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false // gin would answer before anything that a request goes through, and led by its headers
	if err := engine.SetTrustedProxies(a.settings.TrustedProxies); err != nil {
		return nil, fmt.Errorf("TRUSTED_PROXIES: %w; give addresses or networks such as 10.0.0.0/8, separated by commas", err)
	}
	return engine, nil
}

func (a application) recovery(refuse func(*gin.Context, error)) gin.HandlerFunc {
	return gin.CustomRecoveryWithWriter(nil, func(c *gin.Context, cause any) {
		a.logger.Error("a handler panicked", zap.Any(logkey.Cause, cause), zap.Stack(logkey.Stack))
		refuse(c, service.ErrPanicked)
		c.Abort() // what would have come next is not to run: the panic may have been the guard's
	})
}

// sessions are those of the accounts of a development machine, or of people whom the provider signs in.
func (a application) sessions() *access.Sessions {
	failed := func(w http.ResponseWriter, r *http.Request, err error) { deny(w, r, a.service.Problem(err)) }
	kept := accounts.NewSessions(a.catalog.Database())
	sessions := access.NewSessions(kept, accounts.Dev(), failed)
	if a.provider != nil {
		secure := strings.HasPrefix(a.settings.PublicURL, "https://")
		sessions = access.NewProviderSessions(kept, a.provider, a.settings.pace, secure, failed)
	}
	sessions.Tokens = a.tokens
	return sessions
}

const (
	// A person who signs in does so a few times a day; who does so all the time fills the database with sessions.
	signInsPerSecond = 1
	signInsAtOnce    = 10
	// A browser has one stream, whatever the number of its tabs.
	streamsPerPerson = 20
	streamsInAll     = 5_000
	// One person's slow uploads must not take the connections of everybody, nor all people those of host apps.
	requestsPerPerson = 100
	requestsShare     = 0.9 // of the connections
	// A file is in memory until it has been taken, however slowly.
	filesPerPerson = 4
	filesInAll     = 16
)

// guard has the limits of people and addresses. Without a limit of requests there is none of sign-ins.
func (a application) guard(router *access.Router, sessions *access.Sessions, refuse func(*gin.Context, error)) *access.Guard {
	perSecond := int(a.settings.RateLimit)
	return &access.Guard{
		Router: router, Sessions: sessions, Refuse: refuse,
		Limits: access.NewLimits(perSecond, 2*perSecond), SignIns: access.NewLimits(min(perSecond, signInsPerSecond), signInsAtOnce),
		Requests: access.NewRequests(requestsPerPerson, int(requestsShare*float64(a.settings.MaxConnections))),
		Streams:  access.NewStreams(streamsPerPerson, streamsInAll),
		Files:    access.NewFiles(filesPerPerson, filesInAll),
	}
}

func (a application) registerHealth(router *access.Router) {
	router.GET("/healthz", access.Health, alive)
	router.GET("/readyz", access.Health, a.ready)
	if a.settings.BesideRequests(a.settings.Addr) {
		router.GET("/metrics", access.Health, gin.WrapH(a.metrics.Handler()))
	}
}

// ready tells whether Temporal and the database answer, so that people can act, and how old the knowledge is that host apps are answered
// from.
func (a application) ready(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), monitoring.ProbeTimeout)
	defer cancel()
	err := monitoring.Ready(ctx, a.temporal, a.catalog)
	if err == nil {
		err = a.service.Workflows.Prepared(ctx)
	}
	if err == nil && !a.service.Temporal.Up() {
		err = errors.New("temporal: it answers again, which pages and API are about to notice")
	}
	status, text := http.StatusOK, "ready"
	if err != nil {
		status, text = http.StatusServiceUnavailable, err.Error()
	}
	c.String(status, "%s\ndelivery: up to change %d, known %s ago\n", text, a.snapshot.Change(), a.snapshot.Age().Round(time.Millisecond))
}
