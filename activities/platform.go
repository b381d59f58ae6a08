package activities

import (
	"context"
	"errors"
	"time"

	"slipway/catalog"
	"slipway/keyring"
	"slipway/lifecycle"
)

// PlatformKeeper is the part of the catalogue that knows the platform.
type PlatformKeeper interface {
	Platform(ctx context.Context) (platform lifecycle.Platform, step int, err error)
	CommitPlatform(ctx context.Context, commit catalog.PlatformCommit) error
	PlatformRequest(ctx context.Context, user, requestID string) (outcome lifecycle.Outcome, answered bool, err error)
	WaitingForLine(ctx context.Context, after string, limit int) ([]string, error)
}

// PlatformQuestion is what the workflow of the platform wants to have decided. Without an Action it only wants to know how the platform
// stands.
type PlatformQuestion struct {
	Action  lifecycle.Action  `json:"action,omitempty"`
	Command lifecycle.Command `json:"command"`
	Now     time.Time         `json:"now"`
	Digest  string            `json:"digest,omitempty"`
	// Refusal is set when there is nothing left to decide; it only has to be recorded.
	Refusal *lifecycle.Refusal `json:"refusal,omitempty"`
	// Sent is the signature of the signal; the zero value is none.
	Sent keyring.Signature `json:"sent,omitzero"`
}

// PlatformDecision is the answer: how the platform stands afterwards and, unless nothing was asked for, the outcome. It is kept in the
// workflow's history, so that the same question is never decided anew.
type PlatformDecision struct {
	Platform lifecycle.Platform `json:"platform"`
	Outcome  *lifecycle.Outcome `json:"answer,omitempty"`
}

// DecidePlatform takes a decision on the platform and records it in the same step: it is final when this returns. A request that has its
// outcome keeps it. The catalogue says how the platform stands, so that its workflow may begin anew at any time. An error is a catalogue
// that does not answer, or another decision that was faster; ask again.
func (a *Activities) DecidePlatform(ctx context.Context, q PlatformQuestion) (PlatformDecision, error) {
	platform, step, err := a.Platform.Platform(ctx)
	if err != nil || q.Action == "" {
		return PlatformDecision{Platform: platform}, err
	}
	first, answered, err := a.Platform.PlatformRequest(ctx, q.Command.Actor.User, q.Command.RequestID)
	if err != nil || answered {
		return PlatformDecision{platform, &first}, err
	}
	q.Command.Action = q.Action
	if a.authenticatePlatform(&q) {
		if first, answered, err = a.Platform.PlatformRequest(ctx, q.Command.Actor.User, q.Command.RequestID); err != nil || answered {
			return PlatformDecision{platform, &first}, err
		}
	}
	commit := catalog.PlatformCommit{Step: step + 1, Platform: platform}
	refusal := q.Refusal
	if refusal == nil {
		var record lifecycle.Record
		commit.Platform, record, refusal = platform.Decide(q.Command, q.Now)
		if refusal == nil {
			commit.Record = &record
		}
	}
	commit.Outcome = commit.Platform.Outcome(q.Command, refusal, q.Now)
	commit.Outcome.Digest = q.Digest
	if err := a.Platform.CommitPlatform(ctx, commit); err != nil {
		return PlatformDecision{}, err
	}
	a.observePlatform(ctx, q, refusal)
	return PlatformDecision{commit.Platform, &commit.Outcome}, nil
}

// authenticatePlatform finds out which way a question came, and refuses what did not come through the web where nothing else is accepted,
// under an id of its own: it tells whether it did.
func (a *Activities) authenticatePlatform(q *PlatformQuestion) (renamed bool) {
	if a.SignalKeys.Empty() || q.Refusal != nil {
		return false
	}
	why := ""
	parts, err := signed(catalog.PlatformID, "", q.Action, q.Command)
	if err == nil {
		err = a.SignalKeys.Verify(q.Sent, parts...)
	}
	switch {
	case err != nil:
		why = err.Error()
	case q.Now.Sub(q.Sent.At) > signatureAge:
		why = tooOld
	default:
		q.Command.Via = lifecycle.ViaWeb
		return false
	}
	q.Command.Via = lifecycle.ViaTemporal
	if a.SignedOnly {
		q.Command.RequestID, q.Refusal = lifecycle.UnsignedID(q.Command.RequestID), refuseUnsigned(q.Action, why)
	}
	return a.SignedOnly
}

// observePlatform logs and counts what was recorded.
func (a *Activities) observePlatform(ctx context.Context, q PlatformQuestion, refusal *lifecycle.Refusal) {
	about := Question{Action: q.Action, Command: q.Command, MiniProgram: lifecycle.MiniProgram{ID: catalog.PlatformID}}
	if refusal != nil {
		a.observeRefusal(ctx, about, refusal.Code)
		return
	}
	a.observeAccepted(ctx, about)
}

// refuseStopped decides anew what was about to go on while the line is stopped; without a stop, what was about to be held for one that
// is lifted by now is refused.
func (a *Activities) refuseStopped(ctx context.Context, q Question, stop *lifecycle.Stop) (Decision, error) {
	if stop == nil {
		return q.refused(lifecycle.Refuse(lifecycle.Frozen, "the line is not stopped any more")), nil
	}
	q.Facts.Stop = stop
	after, record, refusal := q.decide()
	if refusal == nil {
		return Decision{}, errors.New("the line is stopped, but the rules let a release go on") // they are broken
	}
	return a.settle(ctx, q, after, record, refusal)
}

// lineFor is what a decision needs of the line.
func lineFor(q Question, after lifecycle.MiniProgram) catalog.Line {
	switch {
	case q.Action == lifecycle.Held && q.Facts.Closure != nil && q.Facts.Closure.Stopped:
		return catalog.StoppedLine
	case q.Action == lifecycle.HoldLifted, lifecycle.GoesOn(q.MiniProgram, after):
		return catalog.MovingLine
	default:
		return catalog.AnyLine
	}
}
