package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/client"

	"slipway/catalog"
	"slipway/monitoring"
)

// Who watches over the worker gets small answers.
const (
	headerTimeout = 10 * time.Second
	answerTimeout = 30 * time.Second
	idleTimeout   = 2 * time.Minute
)

// health tells whether the worker can do its work.
type health struct {
	started  atomic.Bool
	temporal client.Client
	catalog  *catalog.Catalog
}

func newHealth(temporal client.Client, catalog *catalog.Catalog) *health {
	return &health{temporal: temporal, catalog: catalog}
}

func (h *health) check(ctx context.Context) error {
	if !h.started.Load() {
		return errors.New("the worker is not running")
	}
	return monitoring.Ready(ctx, h.temporal, h.catalog)
}

// listen serves /healthz and /readyz until ctx is done, and /metrics when there are some.
func listen(ctx context.Context, addr string, health *health, metrics *monitoring.Metrics) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := health.check(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintln(w, "ready")
	})
	if metrics != nil {
		mux.Handle("GET /metrics", metrics.Handler())
	}
	plain := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	})
	server := &http.Server{Addr: addr, Handler: plain, ReadHeaderTimeout: headerTimeout, ReadTimeout: headerTimeout, WriteTimeout: answerTimeout, IdleTimeout: idleTimeout}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("WORKER_ADDR: %w", err)
	}
	return nil
}
