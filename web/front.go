package main

import (
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"slipway/delivery"
	"slipway/web/access"
)

// front sends requests of host apps one way and all others another: what end users wait for depends on neither sessions
// nor the database.
type front struct {
	hostApps http.Handler
	// people is empty until the database answers; until then there is only health.
	people atomic.Pointer[http.Handler]
	health http.Handler
	// bodyTimeout is what a body may take to arrive, of whatever request. People get more, by their routes.
	bodyTimeout time.Duration
}

func newFront(settings settings, world world, logger *zap.Logger) *front {
	gin.SetMode(gin.ReleaseMode)
	hostApps := gin.New()
	hostApps.Use(world.metrics.count)
	handlers := delivery.Handlers{
		Snapshot: world.snapshot, Store: world.store, History: world.database, BaseURL: settings.PublicURL,
		Tokens: settings.tokens, Access: world.tokens, NeedToken: settings.Auth != authDev, Origins: settings.origins, Logger: logger,
	}
	handlers.Register(hostApps)
	world.metrics.Registry.MustRegister(world.snapshot)
	health := gin.New()
	health.RedirectTrailingSlash = false
	health.Use(access.Headers)
	health.GET("/healthz", alive)
	if settings.BesideRequests(settings.Addr) {
		health.GET("/metrics", gin.WrapH(world.metrics.Handler()))
	}
	health.NoRoute(gin.WrapH(refusal(databaseAway)))
	f := &front{hostApps: hostApps, health: health, bodyTimeout: settings.timeouts.body}
	if settings.Auth == authDev {
		f.hostApps, f.health = access.LocalOnly(hostApps, refusal(notLocal)), access.LocalOnly(health, refusal(notLocal))
	}
	return f
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	access.ReadWithin(w, r, f.bodyTimeout)
	if forHostApps(r.URL.Path) {
		f.hostApps.ServeHTTP(w, r)
		return
	}
	if people := f.people.Load(); people != nil {
		(*people).ServeHTTP(w, r)
		return
	}
	f.health.ServeHTTP(w, r)
}

func forHostApps(path string) bool { return below(path, "/ofrep") || below(path, "/packages") }

func below(path, folder string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }

func alive(c *gin.Context) { c.String(http.StatusOK, "ok\n") }
