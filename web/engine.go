package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"

	"slipway/config"
	"slipway/monitoring"
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
	engine, err := s.engine(sessions)
	if err != nil {
		return nil, err
	}
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(refusal(otherSite))
	handler := protection.Handler(sessions.Wrap(engine))
	if s.settings.Auth == authDev {
		handler = access.LocalOnly(handler, refusal(notLocal))
	}
	return handler, nil
}

// sessions are those of the accounts of a development machine, or of people whom the provider signs in.
func (s site) sessions() *access.Sessions {
	kept := s.world.catalog.Sessions()
	if s.provider == nil {
		return access.NewSessions(kept, config.DevAccounts(), s.sessionFailed)
	}
	secure := strings.HasPrefix(s.settings.PublicURL, "https://")
	return access.NewProviderSessions(kept, s.provider, s.settings.pace, secure, s.sessionFailed)
}

func (s site) engine(sessions *access.Sessions) (*gin.Engine, error) {
	people, err := pages.New(pages.Options{
		Service: s.service, Sessions: sessions, Feed: s.feed, TemporalUI: s.settings.TemporalUI, Namespace: s.world.namespace,
		Provider: s.provider, PublicURL: s.settings.PublicURL, Contact: s.settings.Contact,
	})
	if err != nil {
		return nil, err
	}
	programs := api.New(s.service, s.feed)
	refuse := func(c *gin.Context, err error) {
		if api.Has(c.Request.URL.Path) {
			programs.Refuse(c, err)
			return
		}
		people.Refuse(c, err)
	}
	guard := s.guard(sessions, refuse)
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false // gin would answer before anything that a request goes through, and led by its headers
	if err := engine.SetTrustedProxies(s.settings.TrustedProxies); err != nil {
		return nil, fmt.Errorf("TRUSTED_PROXIES: %w; give addresses or networks such as 10.0.0.0/8, separated by commas", err)
	}
	engine.Use(s.observe, gin.CustomRecoveryWithWriter(nil, func(c *gin.Context, cause any) {
		s.logger.Error("a handler panicked", zap.Any("cause", cause), zap.Stack("stack"))
		refuse(c, service.ErrPanicked)
		c.Abort() // what would have come next is not to run: the panic may have been the guard's
	}), access.Headers, access.Bound(s.bound), s.deadline, guard.Check)
	engine.NoRoute(func(c *gin.Context) { refuse(c, service.ErrNoRoute) })
	engine.NoMethod(func(c *gin.Context) { refuse(c, service.ErrNoMethod) })
	people.Register(engine)
	programs.Register(engine)
	s.registerHealth(engine)
	s.registerDiscovery(engine)
	return engine, nil
}

// guard has the limits of people and addresses. Without a limit of requests there is none of sign-ins.
func (s site) guard(sessions *access.Sessions, refuse func(*gin.Context, error)) *access.Guard {
	perSecond := int(s.settings.RateLimit)
	return &access.Guard{
		Permissions: permissions, Sessions: sessions, Refuse: refuse,
		Limits: access.NewLimits(perSecond, 2*perSecond), SignIns: access.NewLimits(min(perSecond, signInsPerSecond), signInsAtOnce),
		Requests: access.NewRequests(requestsPerPerson, int(requestsShare*float64(s.settings.MaxConnections))),
		Streams:  access.NewStreams(streamsPerPerson, streamsInAll),
	}
}

// bound lets only uploads be large and slow.
func (s site) bound(c *gin.Context) (bytes int64, within time.Duration) {
	if strings.HasSuffix(c.FullPath(), "/packages") {
		return s.settings.PackageMax.Bytes() + uploadMargin, uploadPatience
	}
	return bodyLimit, bodyPatience
}

// deadline ends what takes too long. The body has time of its own to arrive; streams go on for as long as somebody listens.
func (s site) deadline(c *gin.Context) {
	if permissions[c.Request.Method+" "+c.FullPath()].IsStream() {
		return
	}
	within := s.settings.timeouts.answer + s.settings.AnswerWait
	if c.Request.ContentLength != 0 {
		_, arriving := s.bound(c)
		within += arriving
	}
	ctx, cancel := context.WithTimeoutCause(c.Request.Context(), within, service.ErrTooSlow)
	defer cancel()
	c.Request = c.Request.WithContext(ctx)
	c.Next()
}

func (s site) registerHealth(engine *gin.Engine) {
	engine.GET("/healthz", alive)
	engine.GET("/readyz", s.ready)
	engine.GET("/metrics", gin.WrapH(promhttp.HandlerFor(s.world.metrics.Registry, promhttp.HandlerOpts{})))
}

// ready tells whether Temporal and the database answer, and how old the knowledge is that host apps are answered from.
func (s site) ready(c *gin.Context) {
	status, text := http.StatusOK, "ready"
	if err := monitoring.Ready(c.Request.Context(), s.world.temporal, s.world.catalog); err != nil {
		status, text = http.StatusServiceUnavailable, err.Error()
	}
	c.String(status, "%s\ndelivery: up to change %d, known %s ago\n", text, s.world.snapshot.Change(), s.world.snapshot.Age().Round(time.Millisecond))
}

// observe logs and counts every request. Looking is logged only when something is wrong.
func (s site) observe(c *gin.Context) {
	begin, requestID := time.Now(), uuid.NewString()
	c.Header("X-Request-Id", requestID)
	c.Next()
	status, took := c.Writer.Status(), time.Since(begin)
	s.world.metrics.observe(c.Request.Method, c.FullPath(), status, took)
	level := zap.DebugLevel
	if c.Request.Method != http.MethodGet || status >= http.StatusInternalServerError {
		level = zap.InfoLevel
	}
	s.logger.Log(level, "request",
		zap.String("method", c.Request.Method), zap.String("route", c.FullPath()), zap.Int("status", status), zap.Duration("took", took),
		zap.String("request", requestID), zap.String("who", access.Person(c.Request.Context()).User))
}

// sessionFailed answers when the sessions cannot be read or kept.
func (s site) sessionFailed(w http.ResponseWriter, r *http.Request, err error) {
	turnAway(w, r, s.service.Problem(err))
}
