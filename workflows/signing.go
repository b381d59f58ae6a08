package workflows

import (
	"context"
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"

	"slipway/activities"
	"slipway/keyring"
	"slipway/lifecycle"
)

// signatureHeader is the Temporal header that a signature travels in, beside what is signed.
const signatureHeader = "slipway-signature"

// signatureIn reads a signature; nil when there is none that can be read.
func signatureIn(header map[string]*commonpb.Payload) *keyring.Signature {
	payload, ok := header[signatureHeader]
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

// ExecuteWorkflow signs a request for creation. A recovery needs no signature: it does nothing but go on with what is stored.
func (s *signing) ExecuteWorkflow(ctx context.Context, in *interceptor.ClientExecuteWorkflowInput) (client.WorkflowRun, error) {
	if in.WorkflowType == WorkflowType && len(in.Args) == 1 {
		if input, ok := in.Args[0].(Input); ok && input.Recover == nil {
			if err := s.signCreation(ctx, input.Creation); err != nil {
				return nil, err
			}
		}
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
	if err := s.signCommand(ctx, in.Options.ID, in.SignalName, in.SignalArg); err != nil {
		return nil, err
	}
	return s.Next.SignalWithStartWorkflow(ctx, in)
}

func (s *signing) signCreation(ctx context.Context, creation lifecycle.Creation) error {
	life, err := s.Life(ctx, creation.ID)
	if err != nil {
		return err
	}
	signature, err := activities.SignCreation(s.Keys, life, creation)
	return attach(ctx, signature, err)
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
	return attach(ctx, signature, err)
}

// attach puts a signature into the header of the request that ctx belongs to, unless there is an error already.
func attach(ctx context.Context, signature keyring.Signature, err error) error {
	if err != nil {
		return err
	}
	payload, err := converter.GetDefaultDataConverter().ToPayload(signature)
	if err == nil {
		interceptor.Header(ctx)[signatureHeader] = payload
	}
	return err
}
