package tracing

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// scope names who made a span.
const scope = "slipway"

// Begin begins the span of a request, which continues the trace that its sender says (traceparent). The name of the route, not its
// address, goes into it: addresses have what people wrote. end is called with the status of the answer.
func (t *Traces) Begin(r *http.Request, route string) (traced *http.Request, end func(status int)) {
	if !t.On() {
		return r, func(int) {}
	}
	method := methodOf(r.Method)
	name := method
	if route != "" {
		name += " " + route
	}
	ctx := propagator.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	ctx, span := t.provider.Tracer(scope).Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.String("http.request.method", method), attribute.String("http.route", route)))
	return r.WithContext(ctx), func(status int) {
		span.SetAttributes(attribute.Int("http.response.status_code", status))
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// methodOf keeps to the methods that there are; others are whatever a stranger wrote.
func methodOf(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	default:
		return "_OTHER"
	}
}

// ID is the trace that a context belongs to; "" when it is none.
func ID(ctx context.Context) string {
	if at := trace.SpanContextFromContext(ctx); at.HasTraceID() {
		return at.TraceID().String()
	}
	return ""
}

// About adds to the span of the context what it is about: names of ours, never what people wrote.
func About(ctx context.Context, pairs ...string) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			span.SetAttributes(attribute.String("slipway."+pairs[i], pairs[i+1]))
		}
	}
}
