package workflows

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"slipway/activities"
	"slipway/keyring"
	"slipway/lifecycle"
	"slipway/monitoring/logkey"
)

// Signal is one signal as it arrived.
type Signal struct {
	Name string `json:"name"`
	// Data is the JSON object that it carries; Malformed says why there is none.
	Data      string `json:"data,omitempty"`
	Malformed string `json:"malformed,omitempty"`
	// Signature is nil when it came without one.
	Signature *keyring.Signature `json:"signature,omitempty"`
	// Trace is the traceparent of whoever sent it; "" when there is none.
	Trace string `json:"trace,omitempty"`
}

// newSignal reads what a signal carries as the client wrote it, with the same data converter.
func newSignal(name string, carried *commonpb.Payloads, from converter.DataConverter) Signal {
	s := Signal{Name: name}
	if n := len(carried.GetPayloads()); n != 1 {
		s.Malformed = fmt.Sprintf("it carries %d values instead of one JSON object", n)
		return s
	}
	var data json.RawMessage
	if err := from.FromPayload(carried.GetPayloads()[0], &data); err != nil {
		if _, missing := errors.AsType[*keyring.MissingKeyError](err); missing {
			panic(err) // a failed task, which is tried again: what cannot be read yet must not be answered
		}
		s.Malformed = "it does not carry JSON, or cannot be decrypted here"
		return s
	}
	s.Data = string(data)
	return s
}

// command reads what the signal carries. With an error it still returns what could be read of whose request it is, so that
// whoever sent it can find the refusal.
func (s Signal) command() (lifecycle.Command, error) {
	action := lifecycle.Action(lifecycle.Excerpt(s.Name))
	if s.Malformed != "" {
		return lifecycle.Command{Action: action}, errors.New(s.Malformed)
	}
	command, err := lifecycle.DecodeCommand(action, []byte(s.Data))
	if err == nil && action == lifecycle.RequestCreation {
		err = fmt.Errorf("%s starts a workflow, it is no signal", action)
	}
	if err == nil {
		return command, nil
	}
	return s.readable(action), err
}

// readable is what can be read of a malformed signal; the error is known already. Another worker may have read all of it, and have
// had it decided: that stands, with what it said.
func (s Signal) readable(action lifecycle.Action) (command lifecycle.Command) {
	_ = json.Unmarshal([]byte(s.Data), &command)
	command.Action, command.RequestID, command.Actor.User = action, s.requestID(), s.user()
	return command
}

func (s Signal) requestID() string {
	var named struct {
		RequestID string `json:"request_id"`
	}
	_ = json.Unmarshal([]byte(s.Data), &named)
	return named.RequestID
}

func (s Signal) user() string {
	var sent struct {
		Actor struct {
			User string `json:"user"`
		} `json:"actor"`
	}
	_ = json.Unmarshal([]byte(s.Data), &sent)
	return sent.Actor.User
}

// read is command as a question, with all that is refused whatever the mini-program's state. The command is whole all the same: when the
// history has it as decided, what it said counts, whatever this worker makes of it.
func (s Signal) read() activities.Question {
	command, err := s.command()
	q := activities.Question{Action: command.Action, Command: command, Digest: command.Digest(), Sent: sent(s.Signature)}
	if err != nil {
		q.Digest = lifecycle.DigestOf(command.Action, []byte(s.Data))
	}
	q.Refusal = s.refuse(command, err)
	if wrong := command.Identify(); wrong != nil {
		q.Command, q.Refusal = lifecycle.Command{Action: command.Action}, wrong
	}
	if lifecycle.RefuseReserved(q.Command.RequestID) != nil {
		q.Command.RequestID = ""
	}
	return q
}

func (s Signal) refuse(command lifecycle.Command, err error) *lifecycle.Refusal {
	reserved := lifecycle.RefuseReserved(command.RequestID)
	_, isAction := lifecycle.RuleFor(command.Action)
	switch {
	case len(s.Data) > lifecycle.MaxCommand:
		return lifecycle.Refuse(lifecycle.InvalidInput, "the signal %s has %d bytes, at most %d are allowed; shorten its texts and lists",
			command.Action, len(s.Data), lifecycle.MaxCommand)
	case err != nil:
		return lifecycle.Refuse(lifecycle.InvalidInput, "the signal %s is malformed: %s", command.Action, err)
	case !isAction: // notes have names, too
		return lifecycle.Refuse(lifecycle.InvalidInput, "there is no action %q", command.Action)
	case reserved != nil:
		return reserved
	default:
		return refuseSystem(command.Actor)
	}
}

// refuseSystem keeps the role of timers and health gates to themselves.
func refuseSystem(actor lifecycle.Actor) *lifecycle.Refusal {
	for _, role := range actor.Roles {
		if role == lifecycle.System {
			return lifecycle.Refuse(lifecycle.ForbiddenRole, "the role %s is for timers and health gates only", lifecycle.System)
		}
	}
	return nil
}

// nameFor gives a signal a request id. A signal that a reset brings back gets the one that it had; another one in its place, sent
// after the reset, does not.
func (m *miniProgram) nameFor(s Signal, records bool) string {
	m.unnamed++
	if !records {
		return fmt.Sprintf("%s%d", lifecycle.Unnamed, m.unnamed)
	}
	return fmt.Sprintf("%s%d-%.8x", lifecycle.Unnamed, m.unnamed, sha256.Sum256([]byte(s.Name+" "+s.Data)))
}

// handleSignal answers one signal, whatever it carries. It never fails the workflow.
func (m *miniProgram) handleSignal(ctx workflow.Context, s Signal) {
	records := m.recordsDecisions(ctx)
	q := s.read()
	if q.Command.RequestID == "" {
		q.Command.RequestID = m.nameFor(s, records)
	} else if reused := m.refuseReused(ctx, q); reused != nil {
		q.Refusal, q.Command.RequestID = reused, m.nameFor(s, records)
	}
	switch {
	case m.answers.knows(q.Command) || m.isInspecting(q.Command) || !records && m.answers.knowsRequest(q.Command.RequestID):
		m.logger(ctx).Info("signal repeats a request id; the first answer stands", logkey.RequestID, q.Command.RequestID, logkey.Action, q.Action)
	case q.Action == lifecycle.UploadCode:
		m.upload(ctx, q)
	default:
		m.decide(ctx, q)
	}
}

// refuseReused refuses a signal whose request id was used for something else. The first answer stays the answer to that id, so that the refusal
// is remembered under an id of its own, as that of a signal without one. Runs from before this was refused go on as they were.
func (m *miniProgram) refuseReused(ctx workflow.Context, q activities.Question) (refusal *lifecycle.Refusal) {
	first, answered := m.answers.find(q.Command.Actor.User, q.Command.RequestID)
	switch inspected := m.inspectionOf(q.Command); {
	case answered:
		refusal = first.RefuseOther(q.Action, q.Digest)
	case inspected != nil && inspected.command.Digest() != q.Digest:
		refusal = lifecycle.RefuseReused(q.Command.RequestID, lifecycle.UploadCode, q.Action)
	}
	if refusal == nil || workflow.GetVersion(ctx, "reused-request-ids", workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		return nil
	}
	return refusal
}
