package workflows

import (
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/workflow"

	"slipway/monitoring/tracing"
)

// traces lets each action continue the trace of whoever sent it, although signals wait in the inbox, and perhaps for the next run. What
// timers do begins traces of its own: else the request for creation would have one of years. Nothing here is a command of the workflow.
type traces struct {
	tracer interceptor.Tracer // nil when nobody traces
}

const (
	traceparent = "traceparent"
	// maxTrace is the length of a traceparent: nothing longer is carried.
	maxTrace = 55
)

// of reads from the context of a signal which trace it belongs to: from its span or, in a replay, which has none, from its header.
func (t traces) of(ctx workflow.Context) string {
	if t.tracer == nil {
		return ""
	}
	var carried map[string]string
	if span, ok := ctx.Value(t.tracer.Options().SpanContextKey).(interceptor.TracerSpan); ok {
		carried, _ = t.tracer.MarshalSpan(span) // a map in memory: there is nothing that could fail
	} else if payload := interceptor.WorkflowHeader(ctx)[t.tracer.Options().HeaderKey]; payload != nil {
		_ = converter.GetDefaultDataConverter().FromPayload(payload, &carried) // whoever sends nonsense is not traced
	}
	if len(carried[traceparent]) > maxTrace {
		return ""
	}
	return carried[traceparent]
}

// resume is the context in which what comes next continues a trace, or, with "", begins one.
func (t traces) resume(ctx workflow.Context, trace string) workflow.Context {
	if t.tracer == nil {
		return ctx
	}
	key := t.tracer.Options().SpanContextKey
	parent, err := t.tracer.UnmarshalSpan(map[string]string{traceparent: trace})
	if trace == "" || err != nil {
		return workflow.WithValue(ctx, key, nil)
	}
	span, err := t.tracer.StartSpan(&interceptor.TracerStartSpanOptions{Operation: tracing.Continued, Parent: parent})
	if err != nil {
		return workflow.WithValue(ctx, key, nil)
	}
	return workflow.WithValue(ctx, key, span)
}
