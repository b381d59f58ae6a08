package tracing

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.uber.org/zap"
)

// flushTimeout is what the last spans get to be told when the program stops.
const flushTimeout = 3 * time.Second

// Traces are those of one program. Nil, or the zero value, begins none.
type Traces struct {
	provider *sdktrace.TracerProvider
}

// propagator carries nothing but which trace it is: baggage is whatever a stranger wrote.
var propagator = propagation.TraceContext{}

// Start begins to tell about a program, such as slipway-web, and which version it is, where the settings have an endpoint. A collector
// that is away holds nothing up; what it misses is lost, and logged.
func Start(ctx context.Context, settings Settings, service, version string, logger *zap.Logger) (*Traces, error) {
	if !settings.On() {
		return &Traces{}, nil
	}
	sampler, err := settings.sampler()
	if err != nil {
		return nil, err
	}
	exporter, err := settings.exporter(ctx)
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	if settings.ServiceName != "" {
		service = settings.ServiceName
	}
	about, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithHost(), resource.WithFromEnv(), resource.WithAttributes(
		attribute.String("service.name", service), attribute.String("service.version", version)))
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { logger.Warn("traces are lost", zap.Error(err)) }))
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithSampler(sampler), sdktrace.WithResource(about))
	return &Traces{provider}, nil
}

func (s Settings) exporter(ctx context.Context) (*otlptrace.Exporter, error) {
	headers, err := s.headers()
	if err != nil {
		return nil, err
	}
	if s.Protocol == overGRPC {
		return otlptracegrpc.New(ctx, otlptracegrpc.WithEndpointURL(s.url()), otlptracegrpc.WithHeaders(headers))
	}
	return otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(s.url()), otlptracehttp.WithHeaders(headers))
}

// On tells whether anybody is told.
func (t *Traces) On() bool { return t != nil && t.provider != nil }

// Stop tells what is not told yet.
func (t *Traces) Stop() {
	if !t.On() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		otel.Handle(err)
	}
}
