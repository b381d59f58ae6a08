package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"slipway/accounts"
	"slipway/monitoring"
	"slipway/monitoring/logkey"
	"slipway/web/access"
	"slipway/web/api"
	"slipway/web/events"
	"slipway/web/oidc"
	"slipway/web/pages"
	"slipway/web/service"
)

const (
	// bodyLimit leaves room for the longest comment and the longest list of testers, as a form encodes them.
	bodyLimit      = 1 << 20
	bodyPatience   = 30 * time.Second
	uploadPatience = 15 * time.Minute
	// uploadMargin is what a form has besides its file.
	uploadMargin = 1 << 20

	// A person who signs in does so a few times a day; who does so all the time fills the database with sessions.
	signInsPerSecond = 1
	signInsAtOnce    = 10
	// A browser has one stream, whatever the number of its tabs.
	streamsPerPerson = 20
	streamsInAll     = 5_000
	// One person's slow uploads must not take the connections of everybody, nor all people those of host apps.
	requestsPerPerson = 100
	requestsShare     = 0.9 // of the connections
)

// site puts together what answers requests.
type site struct {
	settings settings
	world    world
	service  *service.Service
	feed     *events.Feed
	// provider signs people in; nil with AUTH=dev.
	provider *oidc.Provider
	logger   *zap.Logger
}

// handler answers every request. Whoever reads it from the outside in sees what a request goes through.
func (s site) handler() (http.Handler, error) {
	sessions := s.sessions()
	router, err := s.router(sessions)
	if err != nil {
		return nil, err
	}
	handler, err := s.protect(sessions.Wrap(router.Handler()))
	if err != nil {
		return nil, err
	}
	if s.settings.Auth == authDev {
		handler = access.LocalOnly(handler, refusal(notLocal))
	}
	return handler, nil
}

// sessions are those of the accounts of a development machine, or of people whom the provider signs in.
func (s site) sessions() *access.Sessions {
	kept := accounts.NewSessions(s.world.catalog.Database())
	sessions := access.NewSessions(kept, accounts.Dev(), s.sessionFailed)
	if s.provider != nil {
		secure := strings.HasPrefix(s.settings.PublicURL, "https://")
		sessions = access.NewProviderSessions(kept, s.provider, s.settings.pace, secure, s.sessionFailed)
	}
	sessions.Tokens = s.world.tokens
	return sessions
}

// router has every route of people and programs, each with who may call it.
func (s site) router(sessions *access.Sessions) (*access.Router, error) {
	people, err := pages.New(pages.Options{
		Service: s.service, Sessions: sessions, Feed: s.feed, TemporalUI: s.settings.TemporalUI, Namespace: s.world.namespace,
		Provider: s.provider, PublicURL: s.settings.PublicURL, Contact: s.settings.Contact,
	})
	if err != nil {
		return nil, err
	}
	programs := api.New(s.service, s.feed)
	refuse := func(c *gin.Context, err error) {
		if api.Has(c.Request.URL.Path) || below(c.Request.URL.Path, codecFolder) {
			programs.Refuse(c, err)
			return
		}
		people.Refuse(c, err)
	}
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	router := access.NewRouter(engine)
	bound := s.boundOf(router)
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false // gin would answer before anything that a request goes through, and led by its headers
	if err := engine.SetTrustedProxies(s.settings.TrustedProxies); err != nil {
		return nil, fmt.Errorf("TRUSTED_PROXIES: %w; give addresses or networks such as 10.0.0.0/8, separated by commas", err)
	}
	engine.Use(s.observe, gin.CustomRecoveryWithWriter(nil, func(c *gin.Context, cause any) {
		s.logger.Error("a handler panicked", zap.Any(logkey.Cause, cause), zap.Stack(logkey.Stack))
		refuse(c, service.ErrPanicked)
		c.Abort() // what would have come next is not to run: the panic may have been the guard's
	}), access.Headers, s.admitCodec, access.Bound(bound), s.deadline(router, bound), s.guard(router, sessions, refuse).Check)
	engine.NoRoute(func(c *gin.Context) { refuse(c, service.ErrNoRoute) })
	engine.NoMethod(func(c *gin.Context) { refuse(c, service.ErrNoMethod) })
	people.Register(router)
	programs.Register(router)
	s.registerHealth(router)
	s.registerDiscovery(router)
	s.registerCodec(router)
	return router, nil
}

// guard has the limits of people and addresses. Without a limit of requests there is none of sign-ins.
func (s site) guard(router *access.Router, sessions *access.Sessions, refuse func(*gin.Context, error)) *access.Guard {
	perSecond := int(s.settings.RateLimit)
	return &access.Guard{
		Router: router, Sessions: sessions, Refuse: refuse,
		Limits: access.NewLimits(perSecond, 2*perSecond), SignIns: access.NewLimits(min(perSecond, signInsPerSecond), signInsAtOnce),
		Requests: access.NewRequests(requestsPerPerson, int(requestsShare*float64(s.settings.MaxConnections))),
		Streams:  access.NewStreams(streamsPerPerson, streamsInAll),
	}
}

// boundOf lets only uploads be large and slow.
func (s site) boundOf(router *access.Router) func(*gin.Context) (bytes int64, within time.Duration) {
	return func(c *gin.Context) (int64, time.Duration) {
		if router.Permission(c).BringsPackage() {
			return s.settings.PackageMax.Bytes() + uploadMargin, uploadPatience
		}
		if below(c.FullPath(), codecFolder) {
			return codecBody, bodyPatience
		}
		return bodyLimit, bodyPatience
	}
}

// deadline ends what takes too long. The body has time of its own to arrive; streams go on for as long as somebody listens.
func (s site) deadline(router *access.Router, bound func(*gin.Context) (int64, time.Duration)) gin.HandlerFunc {
	return func(c *gin.Context) {
		if router.Permission(c).IsStream() {
			return
		}
		within := s.settings.timeouts.answer + s.settings.AnswerWait
		if c.Request.ContentLength != 0 {
			_, arriving := bound(c)
			within += arriving
		}
		ctx, cancel := context.WithTimeoutCause(c.Request.Context(), within, service.ErrTooSlow)
		defer cancel()
		c.Request = c.Request.WithContext(ctx)
		c.Next()
	}
}

func (s site) registerHealth(router *access.Router) {
	router.GET("/healthz", access.Health, alive)
	router.GET("/readyz", access.Health, s.ready)
	if s.settings.BesideRequests(s.settings.Addr) {
		router.GET("/metrics", access.Health, gin.WrapH(s.world.metrics.Handler()))
	}
}

// ready tells whether Temporal and the database answer, and how old the knowledge is that host apps are answered from.
func (s site) ready(c *gin.Context) {
	status, text := http.StatusOK, "ready"
	if err := monitoring.Ready(c.Request.Context(), s.world.temporal, s.world.catalog); err != nil {
		status, text = http.StatusServiceUnavailable, err.Error()
	}
	c.String(status, "%s\ndelivery: up to change %d, known %s ago\n", text, s.world.snapshot.Change(), s.world.snapshot.Age().Round(time.Millisecond))
}

// sessionFailed answers when the sessions cannot be read or kept.
func (s site) sessionFailed(w http.ResponseWriter, r *http.Request, err error) {
	turnAway(w, r, s.service.Problem(err))
}
