package workflows

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"slipway/activities"
	"slipway/lifecycle"
)

// Signal is one signal as it arrived.
type Signal struct {
	Name string `json:"name"`
	// Data is the JSON object that it carries; Malformed says why there is none.
	Data      string `json:"data,omitempty"`
	Malformed string `json:"malformed,omitempty"`
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
		s.Malformed = "it does not carry JSON, or cannot be decrypted here"
		return s
	}
	s.Data = string(data)
	return s
}

// unnamed is how request ids begin that the workflow gives to signals without one; nobody else may use them.
const unnamed = "unnamed-"

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

// read is command with all that is refused whatever the mini-program's state. The command is whole all the same: when the history has
// it as decided, what it said counts, whatever this worker makes of it.
func (s Signal) read() (lifecycle.Command, *lifecycle.Refusal) {
	command, err := s.command()
	reserved := strings.HasPrefix(command.RequestID, unnamed)
	var refusal *lifecycle.Refusal
	switch {
	case len(s.Data) > lifecycle.MaxCommand:
		refusal = lifecycle.Refuse(lifecycle.InvalidInput, "the signal %s has %d bytes, at most %d are allowed; shorten its texts and lists",
			command.Action, len(s.Data), lifecycle.MaxCommand)
	case err != nil:
		refusal = lifecycle.Refuse(lifecycle.InvalidInput, "the signal %s is malformed: %s", command.Action, err)
	case reserved:
		refusal = lifecycle.Refuse(lifecycle.InvalidInput, "request ids that begin with %q are given by the workflow; choose another", unnamed)
	default:
		refusal = refuseSystem(command.Actor)
	}
	if wrong := command.Identify(); wrong != nil {
		return lifecycle.Command{Action: command.Action}, wrong
	}
	if reserved {
		command.RequestID = ""
	}
	return command, refusal
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
		return fmt.Sprintf("%s%d", unnamed, m.unnamed)
	}
	return fmt.Sprintf("%s%d-%.8x", unnamed, m.unnamed, sha256.Sum256([]byte(s.Name+" "+s.Data)))
}

// handleSignal answers one signal, whatever it carries. It never fails the workflow.
func (m *miniProgram) handleSignal(ctx workflow.Context, s Signal) {
	records := m.recordsDecisions(ctx)
	command, refusal := s.read()
	if command.RequestID == "" {
		command.RequestID = m.nameFor(s, records)
	}
	switch {
	case m.answers.knows(command) || m.isInspecting(command) || !records && m.answers.knowsRequest(command.RequestID):
		m.log.Info("signal repeats a request id; the first answer stands", "request_id", command.RequestID, "action", command.Action)
	case command.Action == lifecycle.UploadCode:
		m.upload(ctx, command, refusal)
	default:
		m.decide(ctx, activities.Question{Action: command.Action, Command: command, Refusal: refusal})
	}
}
