package workflows

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/workflow"

	"slipway/activities"
	"slipway/catalog"
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

// handleSignal gives each signal an outcome, whatever it carries. It never fails the workflow.
func (m *miniProgram) handleSignal(ctx workflow.Context, s Signal) {
	if m.hearsOfTheLine(ctx, s) {
		m.lookAgain(ctx)
		return
	}
	records := m.migrateToRecords(ctx)
	q := s.question()
	if q.Command.RequestID == "" {
		q.Command.RequestID = m.assignRequestID(s, records)
	} else if reused := m.refuseReused(ctx, q); reused != nil {
		q.Refusal, q.Command.RequestID = reused, m.assignRequestID(s, records)
	}
	switch {
	case m.outcomes.knows(q.Command) || m.inspectionOf(q.Command) != nil || !records && m.outcomes.knowsRequest(q.Command.RequestID):
		m.logger(ctx).Info("signal repeats a request id; the first outcome stands",
			logkey.RequestID, q.Command.RequestID, logkey.Action, q.Action)
	case q.Action == lifecycle.UploadCode:
		m.upload(ctx, q)
	default:
		m.decide(ctx, q)
	}
}

// refuseReused refuses a signal whose request id was used for something else. The first outcome stays that of the id, so that the refusal
// is remembered under an id of its own, like that of a signal without one. Runs from before this was refused go on as they were.
func (m *miniProgram) refuseReused(ctx workflow.Context, q activities.Question) (refusal *lifecycle.Refusal) {
	first, known := m.outcomes.find(q.Command.Actor.User, q.Command.RequestID)
	switch inspected := m.inspectionOf(q.Command); {
	case known:
		refusal = first.RefuseOther(q.Action, q.Digest)
	case inspected != nil && inspected.Digest() != q.Digest:
		refusal = lifecycle.RefuseReused(q.Command.RequestID, lifecycle.UploadCode, q.Action)
	}
	if refusal == nil || workflow.GetVersion(ctx, "reused-request-ids", workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		return nil
	}
	return refusal
}

// assignRequestID names a signal that has no request id of its own. One that a reset brings back gets the id that it had; another one in
// its place, sent after the reset, does not.
func (m *miniProgram) assignRequestID(s Signal, records bool) string {
	m.unnamed++
	if !records {
		return fmt.Sprintf("%s%d", lifecycle.Unnamed, m.unnamed)
	}
	return fmt.Sprintf("%s%d-%.8x", lifecycle.Unnamed, m.unnamed, sha256.Sum256([]byte(s.Name+" "+s.Data)))
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
		err = fmt.Errorf("%s starts a workflow; it is not a signal", action)
	}
	if err != nil {
		command = s.readable(action)
	}
	return command, err
}

// readable is what can be read of a malformed signal; the error is known already. Another worker may have read all of it, and have
// had it decided: that stands, with what it said.
func (s Signal) readable(action lifecycle.Action) (command lifecycle.Command) {
	_ = json.Unmarshal([]byte(s.Data), &command)
	var whose struct { // which the first reading may not have come to
		RequestID string `json:"request_id"`
		Actor     struct {
			User string `json:"user"`
		} `json:"actor"`
	}
	_ = json.Unmarshal([]byte(s.Data), &whose)
	command.Action, command.RequestID, command.Actor.User = action, whose.RequestID, whose.Actor.User
	return command
}

// question asks for a decision on the signal, which is a refusal already where the mini-program's state does not matter. The command
// is whole all the same: when the history has it as decided, what it said counts, whatever this worker makes of it.
func (s Signal) question() activities.Question {
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
		return lifecycle.Refuse(lifecycle.InvalidInput, "the signal %s has %d bytes, but only %d are allowed; shorten its texts and lists",
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

// The Temporal headers that signatures travel in, beside what is signed: one for a signal, one for what starts a workflow. A signal that
// starts one has both.
const (
	signalHeader = "slipway-signature"
	startHeader  = "slipway-start-signature"
)

// signatureIn reads a signature; nil when there is none that can be read.
func signatureIn(header map[string]*commonpb.Payload, name string) *keyring.Signature {
	payload, ok := header[name]
	if !ok {
		return nil
	}
	var signature keyring.Signature
	if converter.GetDefaultDataConverter().FromPayload(payload, &signature) != nil || len(signature.Key)+len(signature.MAC) > maxSignature {
		return nil
	}
	return &signature
}

// maxSignature is more than any of ours has, in bytes: a run hands signatures to the next.
const maxSignature = 256

// sent is what a question says of its signature; the zero value says that there is none.
func sent(signature *keyring.Signature) *keyring.Signature {
	if signature == nil {
		return &keyring.Signature{}
	}
	return signature
}

// Signer is a client interceptor that signs what is sent to mini-programs, for a program that knows who sends it.
type Signer struct {
	interceptor.ClientInterceptorBase
	Keys keyring.Ring
	// Life names the present life of a mini-program, "" for none: a signature is good for one life only.
	Life func(ctx context.Context, id string) (string, error)
}

// InterceptClient puts the signer before what sends.
func (s *Signer) InterceptClient(next interceptor.ClientOutboundInterceptor) interceptor.ClientOutboundInterceptor {
	return &signing{interceptor.ClientOutboundInterceptorBase{Next: next}, s}
}

type signing struct {
	interceptor.ClientOutboundInterceptorBase
	*Signer
}

// ExecuteWorkflow signs a request for creation, or a recovery.
func (s *signing) ExecuteWorkflow(ctx context.Context, in *interceptor.ClientExecuteWorkflowInput) (client.WorkflowRun, error) {
	if err := s.signStart(ctx, in.Args); err != nil {
		return nil, err
	}
	return s.Next.ExecuteWorkflow(ctx, in)
}

// SignalWorkflow signs an action.
func (s *signing) SignalWorkflow(ctx context.Context, in *interceptor.ClientSignalWorkflowInput) error {
	if err := s.signCommand(ctx, in.WorkflowID, in.SignalName, in.Arg); err != nil {
		return err
	}
	return s.Next.SignalWorkflow(ctx, in)
}

// SignalWithStartWorkflow signs the action that comes with a recovery.
func (s *signing) SignalWithStartWorkflow(
	ctx context.Context, in *interceptor.ClientSignalWithStartWorkflowInput,
) (client.WorkflowRun, error) {
	if err := errors.Join(s.signStart(ctx, in.Args), s.signCommand(ctx, in.Options.ID, in.SignalName, in.SignalArg)); err != nil {
		return nil, err
	}
	return s.Next.SignalWithStartWorkflow(ctx, in)
}

func (s *signing) signStart(ctx context.Context, args []any) error {
	if len(args) != 1 {
		return nil
	}
	input, isInput := args[0].(Input)
	if !isInput {
		return nil
	}
	life, err := s.Life(ctx, input.ID)
	if err != nil {
		return err
	}
	var signature keyring.Signature
	if input.Recover == nil {
		signature, err = activities.SignCreation(s.Keys, life, input.Creation)
	} else {
		signature, err = activities.SignCommand(s.Keys, input.ID, life, recovery(*input.Recover))
	}
	return attach(ctx, startHeader, signature, err)
}

func (s *signing) signCommand(ctx context.Context, workflowID, signal string, argument any) error {
	id, isMiniProgram := strings.CutPrefix(workflowID, workflowIDPrefix)
	command, isCommand := argument.(lifecycle.Command)
	if isCommand && workflowID == PlatformID {
		command.Action = lifecycle.Action(signal)
		signature, err := activities.SignCommand(s.Keys, catalog.PlatformID, "", command)
		return attach(ctx, signalHeader, signature, err)
	}
	if !isMiniProgram || !isCommand {
		return nil
	}
	life, err := s.Life(ctx, id)
	if err != nil {
		return err
	}
	command.Action = lifecycle.Action(signal)
	signature, err := activities.SignCommand(s.Keys, id, life, command)
	return attach(ctx, signalHeader, signature, err)
}

// attach puts a signature into the header of the request that ctx belongs to, unless there is an error already.
func attach(ctx context.Context, name string, signature keyring.Signature, err error) error {
	if err != nil {
		return err
	}
	payload, err := converter.GetDefaultDataConverter().ToPayload(signature)
	if err == nil {
		interceptor.Header(ctx)[name] = payload
	}
	return err
}
