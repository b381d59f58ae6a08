package database

import (
	"context"
	"runtime"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// traced begins a span where the caller has one: what runs day and night has none. end takes the error, whose text stays out of the span,
// because it may repeat what somebody wrote.
func traced(ctx context.Context, name func() string) (asking context.Context, end func(error)) {
	asker := trace.SpanFromContext(ctx)
	if !asker.IsRecording() {
		return ctx, func(error) {}
	}
	asking, span := asker.TracerProvider().Tracer("slipway/database").Start(ctx, name(), trace.WithSpanKind(trace.SpanKindClient))
	return asking, func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// caller names a span by the method that wants something of the database, and its package: the first on the way here, outside this
// package, that others can call.
func caller() string {
	var callers [24]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(0, callers[:])])
	for {
		frame, more := frames.Next()
		room, function, _ := strings.Cut(strings.TrimPrefix(frame.Function, "slipway/"), ".")
		name := function[strings.LastIndexByte(function, '.')+1:]
		first, _ := utf8.DecodeRuneInString(name)
		if room != "database" && strings.HasPrefix(frame.Function, "slipway/") && unicode.IsUpper(first) {
			if room == "catalog" {
				room = "catalogue" // the word in everything that people read
			}
			return room + " " + name
		}
		if !more {
			return "database"
		}
	}
}
