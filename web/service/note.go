package service

import (
	"context"

	"slipway/lifecycle"
	"slipway/monitoring/logkey"
	"slipway/monitoring/tracing"
)

// Note is what the log says about a request, besides its route: which action it turned out to be.
type Note struct {
	MiniProgram, RequestID string
	Action                 lifecycle.Action
	// Known is called when that is known, before the answer.
	Known func(Note)
}

type noteKey struct{}

// WithNote lets the service fill in what a request was about.
func WithNote(ctx context.Context, note *Note) context.Context {
	return context.WithValue(ctx, noteKey{}, note)
}

// note remembers what is asked for where somebody wants to know.
func (r request) note(ctx context.Context) {
	tracing.About(ctx, logkey.Action, string(r.action), logkey.MiniProgram, r.miniProgram)
	note, wanted := ctx.Value(noteKey{}).(*Note)
	if !wanted {
		return
	}
	note.MiniProgram, note.RequestID, note.Action = r.miniProgram, r.id, r.action
	if note.Known != nil {
		note.Known(*note)
	}
}

// Note remembers what is asked for of many mini-programs, of which none is named.
func (o FleetOrder) Note(ctx context.Context) { requestOf("", o.Command).note(ctx) }
