package catalog

import (
	"context"
	"runtime"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// traced begins the span of a question, where whoever asks has one: those who follow the catalogue day and night have none. end takes the
// error of the answer; what it says stays out of the span, for it may repeat what was asked.
func traced(ctx context.Context, name func() string) (asking context.Context, end func(error)) {
	asker := trace.SpanFromContext(ctx)
	if !asker.IsRecording() {
		return ctx, func(error) {}
	}
	asking, span := asker.TracerProvider().Tracer("slipway/catalog").Start(ctx, name(), trace.WithSpanKind(trace.SpanKindClient))
	return asking, func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// method names a question by the method that was called: the first one on the way here that others can call.
func method() string {
	var callers [16]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(0, callers[:])])
	for {
		frame, more := frames.Next()
		_, function, ours := strings.Cut(frame.Function, "slipway/catalog.")
		name := function[strings.LastIndexByte(function, '.')+1:]
		if first, _ := utf8.DecodeRuneInString(name); ours && unicode.IsUpper(first) {
			return "catalogue " + name
		}
		if !more {
			return "catalogue"
		}
	}
}
