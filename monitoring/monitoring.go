// Package monitoring is how the programs of Slipway tell what they do and whether they can.
package monitoring

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/opentelemetry"

	"slipway/catalog"
)

// ProbeTimeout bounds one look at what a program depends on.
const ProbeTimeout = 3 * time.Second

// Metrics collects what Temporal's SDK, the Go runtime and the program itself tell, for Prometheus.
type Metrics struct {
	Registry *prometheus.Registry
	Temporal client.MetricsHandler
}

// inSeconds gives histograms buckets for what the SDK measures, seconds; OpenTelemetry's own are for milliseconds and begin at 5.
var inSeconds = metric.NewView(metric.Instrument{Kind: metric.InstrumentKindHistogram}, metric.Stream{
	Aggregation: metric.AggregationExplicitBucketHistogram{Boundaries: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60}},
})

// NewMetrics begins to collect.
func NewMetrics() (*Metrics, error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	exporter, err := otelprometheus.New(
		otelprometheus.WithRegisterer(registry), otelprometheus.WithoutScopeInfo(), otelprometheus.WithoutTargetInfo())
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	meter := metric.NewMeterProvider(metric.WithReader(exporter), metric.WithView(inSeconds)).Meter("temporal-sdk-go")
	return &Metrics{
		Registry: registry,
		Temporal: opentelemetry.NewMetricsHandler(opentelemetry.MetricsHandlerOptions{Meter: meter, UseMonotonicCounters: true}),
	}, nil
}

// Ready tells what does not answer, of what a program depends on; nil when all does.
func Ready(ctx context.Context, temporal client.Client, catalog *catalog.Catalog) error {
	ctx, cancel := context.WithTimeout(ctx, ProbeTimeout)
	defer cancel()
	if _, err := temporal.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		return fmt.Errorf("temporal: %w", err)
	}
	if err := catalog.Ping(ctx); err != nil {
		return fmt.Errorf("catalogue: %w", err)
	}
	return nil
}
