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

// dispatcher sends requests of host apps one way and all others another: what end users wait for depends on neither sessions
// nor the database.
type dispatcher struct {
	hostApps http.Handler
	// people is empty until the database answers; until then waiting answers in its place.
	people  atomic.Pointer[http.Handler]
	waiting http.Handler
	// bodyTimeout is what a body may take to arrive, of whatever request. People get more, by their routes.
	bodyTimeout time.Duration
}

func newDispatcher(settings settings, dependencies dependencies, logger *zap.Logger) *dispatcher {
	gin.SetMode(gin.ReleaseMode)
	dependencies.metrics.Registry.MustRegister(dependencies.snapshot)
	d := &dispatcher{
		hostApps: hostApps(settings, dependencies, logger), waiting: onlyHealth(settings, dependencies), bodyTimeout: settings.timeouts.body,
	}
	if settings.Auth == authDev {
		d.hostApps, d.waiting = access.LocalOnly(d.hostApps, denyWith(notLocal)), access.LocalOnly(d.waiting, denyWith(notLocal))
	}
	return d
}

// ServeHTTP answers every request to the web.
func (d *dispatcher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	access.ReadWithin(w, r, d.bodyTimeout)
	if forHostApps(r.URL.Path) {
		d.hostApps.ServeHTTP(w, r)
		return
	}
	if people := d.people.Load(); people != nil {
		(*people).ServeHTTP(w, r)
		return
	}
	d.waiting.ServeHTTP(w, r)
}

func hostApps(settings settings, dependencies dependencies, logger *zap.Logger) http.Handler {
	engine := gin.New()
	engine.Use(dependencies.metrics.count)
	handlers := delivery.Handlers{
		Snapshot: dependencies.snapshot, Store: dependencies.store, History: dependencies.database, BaseURL: settings.PublicURL,
		Tokens: settings.tokens, Access: dependencies.tokens, NeedToken: settings.Auth != authDev, Origins: settings.origins, Logger: logger,
		Previews: delivery.Previews{Keys: settings.PreviewKeys},
	}
	handlers.Register(engine)
	return engine
}

// onlyHealth tells that this process runs, and asks everybody else to wait.
func onlyHealth(settings settings, dependencies dependencies) http.Handler {
	engine := gin.New()
	engine.RedirectTrailingSlash = false
	engine.Use(access.Headers)
	engine.Match([]string{http.MethodGet, http.MethodHead}, "/healthz", alive)
	if settings.BesideRequests(settings.Addr) {
		engine.GET("/metrics", gin.WrapH(dependencies.metrics.Handler()))
	}
	engine.NoRoute(gin.WrapH(denyWith(databaseAway)))
	return engine
}

func alive(c *gin.Context) { c.String(http.StatusOK, "ok\n") }

func forHostApps(path string) bool { return below(path, "/ofrep") || below(path, "/packages") }

func below(path, folder string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }
