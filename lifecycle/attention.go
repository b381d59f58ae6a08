package lifecycle

import (
	"slices"
	"time"
)

// Attention is what stopped a mini-program on its way, with the reason that somebody gave. It stands until it is dealt with.
type Attention struct {
	Kind AttentionKind `json:"kind"`
	// Reason is what was said about it, at most an excerpt; "" when nothing was.
	Reason string    `json:"reason,omitempty"`
	By     string    `json:"by,omitempty"`
	At     time.Time `json:"at"`
	// Version is the one that it is about; "" when it is about none.
	Version string `json:"version,omitempty"`
}

// AttentionKind says what happened.
type AttentionKind string

// What calls for attention, and what deals with it.
const (
	// AttentionSuspended goes when the mini-program is Published again.
	AttentionSuspended AttentionKind = "suspended"
	// AttentionHeld and AttentionPaused go with what they keep from going on.
	AttentionHeld   AttentionKind = "held"
	AttentionPaused AttentionKind = "paused"
	// AttentionRejected and AttentionRolledBack go with the next request, or with the code that they are about.
	AttentionRejected   AttentionKind = "rejected"
	AttentionRolledBack AttentionKind = "rolled-back"
)

// AttentionKinds lists every kind, the gravest first.
var AttentionKinds = []AttentionKind{AttentionSuspended, AttentionHeld, AttentionPaused, AttentionRejected, AttentionRolledBack}

// Attention is what calls for attention now, the gravest first; nil when nothing does.
func (m MiniProgram) Attention() (all []Attention) {
	if s := m.Suspension; s != nil {
		all = append(all, Attention{AttentionSuspended, Excerpt(s.Reason), s.By, s.At, s.Version})
	}
	if m.Rollout != nil {
		return append(all, m.standstill()...)
	}
	if setback, ok := m.setback(); ok {
		all = append(all, setback)
	}
	return all
}

// standstill is why the rollout does not go on; nil when it does.
func (m MiniProgram) standstill() []Attention {
	stopped := Attention{By: string(System)}
	if m.Candidate != nil {
		stopped.Version = m.Candidate.Version
	}
	switch r := m.Rollout; {
	case r.Paused():
		stopped.Kind, stopped.At = AttentionPaused, *r.PausedAt
		if pause, ok := m.last(Pause); ok {
			stopped.Reason, stopped.By, stopped.At = pause.Comment, pause.Actor, pause.At
		}
	case r.Closure != nil:
		return nil // it goes on by itself
	case r.Held != "":
		stopped.Kind, stopped.Reason = AttentionHeld, string(r.Held)
		stopped.At, _ = r.EndsAt()
		if held, ok := m.last(Held); ok {
			stopped.At = held.At
		}
	default:
		return nil
	}
	return []Attention{stopped}
}

// setback is the last rejection or rollback, unless something else was asked for since, or the code is gone.
func (m MiniProgram) setback() (Attention, bool) {
	for _, t := range slices.Backward(m.Transitions) {
		switch t.Action {
		case RejectCreation, RejectPublishing:
			return Attention{AttentionRejected, t.Comment, t.Actor, t.At, t.Version}, true
		case Rollback:
			return Attention{AttentionRolledBack, t.Comment, t.Actor, t.At, t.Version}, true
		case RequestCreation, RequestPublishing, DiscardCode, Publish, Unpublish, Suspend:
			return Attention{}, false
		}
	}
	return Attention{}, false
}

// last finds the latest entry of an action in the timeline.
func (m MiniProgram) last(action Action) (Transition, bool) {
	for _, t := range slices.Backward(m.Transitions) {
		if t.Action == action {
			return t, true
		}
	}
	return Transition{}, false
}
