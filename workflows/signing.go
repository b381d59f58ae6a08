package workflows

import (
	"context"
	"errors"
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"

	"slipway/activities"
	"slipway/keyring"
	"slipway/lifecycle"
)

// The Temporal headers that signatures travel in, beside what is signed: one for a signal, one for what starts a workflow. A signal that starts one has both.
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

// sent is what a question says of its signature: that there is none, too.
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
func (s *signing) SignalWithStartWorkflow(ctx context.Context, in *interceptor.ClientSignalWithStartWorkflowInput) (client.WorkflowRun, error) {
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
