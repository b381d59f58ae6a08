package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"slipway/keyring"
	"slipway/lifecycle"
)

// signatureAge is for how long after it was signed an action may be decided for the first time. Within it, a worker that was away for days
// takes nothing from anybody; a signal that somebody has held back for longer is worth nothing. What was decided is not decided again: it
// is known by its request id.
const signatureAge = 7 * 24 * time.Hour

// SignCommand vouches for a command on a mini-program in one of its lives, as the web does. The error is that of JSON.
func SignCommand(keys keyring.Ring, id, life string, command lifecycle.Command) (keyring.Signature, error) {
	return sign(keys, id, life, command.Action, command)
}

// SignCreation vouches for a request for creation. The life is the one that the id has now, "" for none: a request is good for the next
// life only.
func SignCreation(keys keyring.Ring, life string, creation lifecycle.Creation) (keyring.Signature, error) {
	return sign(keys, creation.ID, life, lifecycle.RequestCreation, creation)
}

func sign(keys keyring.Ring, id, life string, action lifecycle.Action, content any) (keyring.Signature, error) {
	parts, err := signed(id, life, action, content)
	if err != nil {
		return keyring.Signature{}, err
	}
	return keys.Sign(time.Now(), parts...), nil
}

// signed is what a signature is about.
func signed(id, life string, action lifecycle.Action, content any) ([]string, error) {
	text, err := json.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("signing %s of %s: %w", action, id, err)
	}
	return []string{id, life, string(action), string(text)}, nil
}

// authenticate finds out which way a question came, and refuses what did not come through the web where nothing else is accepted. The
// error is a catalogue that does not answer.
func (a *Activities) authenticate(ctx context.Context, q Question) (Question, error) {
	if !q.toVerify() || a.SignalKeys.Empty() {
		return q, nil
	}
	why, err := a.verify(ctx, q)
	switch {
	case err != nil:
		return q, err
	case why == "":
		q.Via = lifecycle.ViaWeb
	case a.SignedOnly && q.Action != lifecycle.Recovered: // which only goes on with what is stored
		q.Command.RequestID = lifecycle.UnsignedID(q.Command.RequestID)
		q.Refusal = refuseUnsigned(q.Action, why)
	default:
		q.Via = lifecycle.ViaTemporal
	}
	return q, nil
}

const tooOld = "its signature is more than 7 days old"

func refuseUnsigned(action lifecycle.Action, why string) *lifecycle.Refusal {
	return lifecycle.Refuse(lifecycle.UnsignedSignal, "this %s did not come through Slipway's web, and nothing else is accepted here: "+
		"%s; use the pages, the API or starter --server", action, why)
}

// toVerify tells whether a question says whose it is. One that is refused already would use up a request id of whoever that is, unless the
// workflow gave it one.
func (q Question) toVerify() bool {
	return q.Sent != nil && (q.Refusal == nil || !strings.HasPrefix(q.Command.RequestID, lifecycle.Unnamed))
}

// verify says why the signature does not vouch for the question; "" when it does.
func (a *Activities) verify(ctx context.Context, q Question) (why string, err error) {
	life, content := q.Life, any(q.Command)
	if q.Creation != nil {
		if recorded, err := a.recordedBefore(ctx, q); err != nil || recorded {
			return "", err // what was recorded stays
		}
		content = *q.Creation
		if life, err = a.Catalog.Life(ctx, q.id()); err != nil {
			return "", err
		}
	}
	parts, err := signed(q.id(), life, q.Action, content)
	if err == nil {
		err = a.SignalKeys.Verify(*q.Sent, parts...)
	}
	if err != nil {
		return err.Error(), nil //nolint:nilerr // it is the answer
	}
	if q.Now.Sub(q.Sent.At) > signatureAge {
		return tooOld, nil
	}
	return "", nil
}
