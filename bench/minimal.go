package main

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"slipway/config"
	"slipway/keyring"
	"slipway/lifecycle"
	"slipway/workflows"
)

const (
	minimalQueue = "minimal"
	minimalType  = "Minimal"
	updateType   = "MinimalUpdate"
	updateName   = "act"
)

// minimalWorkflow is the least that workflows.Client gets an outcome from: no rules, no catalogue, nothing to see in Temporal UI.
// It never continues as new; a measurement is over long before its history is too long.
func minimalWorkflow(ctx workflow.Context) error {
	outcomes := map[string]lifecycle.Outcome{}
	err := workflow.SetQueryHandler(ctx, workflows.QueryOutcome, func(requestID, _ string) (workflows.OutcomeReply, error) {
		outcome, seen := outcomes[requestID]
		return workflows.OutcomeReply{Seen: seen, Outcome: &outcome}, nil
	})
	if err != nil {
		return err
	}
	selector := workflow.NewSelector(ctx)
	for _, action := range []lifecycle.Action{lifecycle.SetGrayscale, lifecycle.LeaveFeedback} {
		selector.AddReceive(workflow.GetSignalChannel(ctx, string(action)), func(c workflow.ReceiveChannel, _ bool) {
			var command lifecycle.Command
			c.Receive(ctx, &command)
			outcomes[command.RequestID] = lifecycle.Outcome{RequestID: command.RequestID, Accepted: true}
		})
	}
	for {
		selector.Select(ctx)
	}
}

// minimalUpdateWorkflow is the least that answers an update. The handler neither waits nor is validated, so that the update is accepted and
// completed in one workflow task. A percentage is told to Temporal, as the product does. A run answers at most 2,000
// updates; the next one goes on.
func minimalUpdateWorkflow(ctx workflow.Context) error {
	err := workflow.SetUpdateHandler(ctx, updateName, func(ctx workflow.Context, command lifecycle.Command) (lifecycle.Outcome, error) {
		outcome := lifecycle.Outcome{RequestID: command.RequestID, Accepted: true}
		if command.Percent == nil {
			return outcome, nil
		}
		return outcome, workflow.UpsertTypedSearchAttributes(ctx, workflows.AttributeRolloutPercent.ValueSet(command.Percent.Float()))
	})
	if err == nil {
		err = workflow.Await(ctx, func() bool { return workflow.GetInfo(ctx).GetContinueAsNewSuggested() })
	}
	if err != nil {
		return err
	}
	return workflow.NewContinueAsNewError(ctx, updateType)
}

// runMinimalWorker runs the minimal workflows until ctx is done, in a worker with the options of the real one that matter for speed.
func runMinimalWorker(ctx context.Context, address string) error {
	connection, err := connect(ctx, address)
	if err != nil {
		return err
	}
	defer connection.Close()
	w := worker.New(connection, minimalQueue, worker.Options{
		StickyScheduleToStartTimeout: time.Second,
		WorkflowTaskPollerBehavior:   workflows.TaskPollers(),
	})
	w.RegisterWorkflowWithOptions(minimalWorkflow, workflow.RegisterOptions{Name: minimalType})
	w.RegisterWorkflowWithOptions(minimalUpdateWorkflow, workflow.RegisterOptions{Name: updateType})
	if err := w.Start(); err != nil {
		return fmt.Errorf("starting the minimal worker: %w", err)
	}
	<-ctx.Done()
	w.Stop()
	return nil
}

// connect connects as the product does, without compression and with the keys of PAYLOAD_KEY: what is compared must not differ in that.
func connect(ctx context.Context, address string) (client.Client, error) {
	var keys struct {
		Payload keyring.Ring `env:"PAYLOAD_KEY"`
	}
	if err := config.Parse(&keys); err != nil {
		return nil, err
	}
	connection, err := client.DialContext(ctx, client.Options{
		HostPort: address, ConnectionOptions: client.ConnectionOptions{GrpcCompression: &client.GrpcCompressionNone{}},
		DataConverter: converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), keyring.NewCodec(keys.Payload)),
	})
	if err != nil {
		return nil, fmt.Errorf("connecting to Temporal at %s: %w", address, err)
	}
	return connection, nil
}
