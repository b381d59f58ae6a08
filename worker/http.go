package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/opentelemetry"

	"slipway/catalog"
)

// probeTimeout bounds one look at what the worker depends on.
const probeTimeout = 3 * time.Second

// metrics collects what Temporal's SDK and the Go runtime tell, for Prometheus.
type metrics struct {
	registry *prometheus.Registry
	temporal client.MetricsHandler
}

func newMetrics() (*metrics, error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry))
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	meter := metric.NewMeterProvider(metric.WithReader(exporter)).Meter("temporal-sdk-go")
	return &metrics{
		registry: registry,
		temporal: opentelemetry.NewMetricsHandler(opentelemetry.MetricsHandlerOptions{Meter: meter, UseMonotonicCounters: true}),
	}, nil
}

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
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	if _, err := h.temporal.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		return fmt.Errorf("temporal: %w", err)
	}
	if err := h.catalog.Ping(ctx); err != nil {
		return fmt.Errorf("catalogue: %w", err)
	}
	return nil
}

// listen serves /healthz, /readyz and /metrics until ctx is done.
func listen(ctx context.Context, addr string, health *health, metrics *metrics) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := health.check(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintln(w, "ready")
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics.registry, promhttp.HandlerOpts{}))
	server := &http.Server{Addr: addr, Handler: mux, ReadHeaderTimeout: probeTimeout}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("WORKER_ADDR: %w", err)
	}
	return nil
}
