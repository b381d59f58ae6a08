package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"

	"go.temporal.io/sdk/client"

	"slipway/catalog"
	"slipway/monitoring"
)

// health tells whether the worker can do its work.
type health struct {
	started  atomic.Bool
	temporal client.Client
	catalog  *catalog.Catalog
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
	return monitoring.Serve(ctx, "WORKER_ADDR", addr, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	}))
}
