package tracing

import (
	"context"
	"fmt"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/opentelemetry"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"

	"slipway/lifecycle"
	"slipway/monitoring/logkey"
)

// Continued is the operation of a span that is none: what comes after it continues the trace of its parent.
const Continued = "Continue"

// quiet are operations without a span of their own. A run of a mini-program may last for years, and its span would be told when it is over,
// long after its children; a health gate asks again and again, which would make one endless trace.
var quiet = []string{Continued + ":", "RunWorkflow:", "StartActivity:ProbeHealth", "RunActivity:ProbeHealth", "RunActivity:WatchHealth"}

// Intercept lets a client, and the workers that are made with it, continue traces through Temporal. tracer is for workflows.Interceptor;
// nil when nobody is told.
func (t *Traces) Intercept(options *client.Options) (tracer interceptor.Tracer, err error) {
	if !t.On() {
		return nil, nil
	}
	made, err := opentelemetry.NewTracer(opentelemetry.TracerOptions{
		Tracer: t.provider.Tracer(scope), SpanStarter: startSpan,
		TextMapPropagator: propagator, DisableBaggage: true, AllowInvalidParentSpans: true,
	})
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	tracer = temporalTracer{made}
	options.Interceptors = append(options.Interceptors, interceptor.NewTracingInterceptor(tracer))
	return tracer, nil
}

func startSpan(ctx context.Context, tracer trace.Tracer, name string, options ...trace.SpanStartOption) trace.Span {
	for _, prefix := range quiet {
		if strings.HasPrefix(name, prefix) {
			return trace.SpanFromContext(ctx)
		}
	}
	if signal, handled := strings.CutPrefix(name, handleSignal); handled {
		if _, known := lifecycle.RuleFor(lifecycle.Action(signal)); !known { // whatever somebody wrote
			name = handleSignal + "unknown"
		}
	}
	_, span := tracer.Start(ctx, name, options...)
	return discreet{span}
}

const handleSignal = "HandleSignal:"

// discreet leaves out of a span what errors say: they may repeat what people wrote, or how a database is reached. The log has it.
type discreet struct{ trace.Span }

// RecordError notes of which type the error is.
func (d discreet) RecordError(err error, _ ...trace.EventOption) {
	if err != nil {
		d.SetAttributes(attribute.String("error.type", fmt.Sprintf("%T", err)))
	}
}

// SetStatus sets the status without its description.
func (d discreet) SetStatus(code codes.Code, _ string) { d.Span.SetStatus(code, "") }

// temporalTracer words log lines in our vocabulary.
type temporalTracer struct{ interceptor.Tracer }

// GetLogger adds which trace a line belongs to.
func (temporalTracer) GetLogger(logger log.Logger, ref interceptor.TracerSpanRef) log.Logger {
	if span, ok := ref.(interface{ SpanContext() trace.SpanContext }); ok && span.SpanContext().IsValid() {
		return log.With(logger, logkey.TraceID, span.SpanContext().TraceID().String(), logkey.SpanID, span.SpanContext().SpanID().String())
	}
	return logger
}
