package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"slipway/activities"
	"slipway/keyring"
	"slipway/lifecycle"
	"slipway/notify"
	"slipway/program"
	"slipway/workflows"
)

const (
	// stickyTimeout is how long a task waits for the worker that has the workflow in its cache. About one query in 1,600 gets stuck on
	// its way there, and waits for this long: 5 s by Temporal's default.
	stickyTimeout = time.Second
	// stopTimeout is what running activities get to finish.
	stopTimeout = 10 * time.Second
	// probesAtOnce bounds the probes of all health gates that are under way at the same time, probesPerSecond those that begin: with
	// thousands of gates that ask every few seconds, what a probe costs Temporal would otherwise leave nothing for people.
	probesAtOnce    = 100
	probesPerSecond = 100
	// inspectionsAtOnce bounds what packages cost in memory and time.
	inspectionsAtOnce = 16
	// fleetActsAtOnce bounds the fleet acts that a worker works on, which share FLEET_PER_SECOND; fleetCommandsAtOnce the commands of one act
	// that are not answered yet. fleetPatience is how long an answer is waited for before the next mini-program is asked, fleetRest how long
	// an act rests before it asks again.
	fleetActsAtOnce     = 4
	fleetCommandsAtOnce = 2
	fleetPatience       = 5 * time.Second
	fleetRest           = 5 * time.Second
	// tellingAtOnce has a slot for each subscription that there may be, and for tests.
	tellingAtOnce = lifecycle.MaxSubscriptions + 20
)

// connection is one to Temporal, with the data converter that payloads go through; nil is Temporal's usual one.
type connection struct {
	client.Client
	dataConverter converter.DataConverter
	tracer        interceptor.Tracer // nil when nobody traces
	options       client.Options
}

// dial connects to Temporal and makes sure that the namespace has what the workflows need.
func dial(ctx context.Context, settings settings, telemetry *program.Telemetry) (connection, error) {
	options, err := settings.Temporal(telemetry.Logger)
	if err != nil {
		return connection{}, err
	}
	tracer, err := telemetry.Traces.Intercept(&options)
	if err != nil {
		return connection{}, err
	}
	options.MetricsHandler = telemetry.Metrics.Temporal
	options.DataConverter = converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), insistent{settings.PayloadCodec()})
	dialed, err := client.DialContext(ctx, options)
	if err != nil {
		return connection{}, fmt.Errorf("connecting to Temporal at %q (TEMPORAL_ADDRESS): %w", options.HostPort, err)
	}
	if err := ensureSearchAttributes(ctx, dialed, options.Namespace); err != nil {
		dialed.Close()
		return connection{}, err
	}
	return connection{dialed, options.DataConverter, tracer, options}, nil
}

// signing is a client on the same connection that signs what it sends to mini-programs. The caller closes it.
func (c connection) signing(ctx context.Context, signer *workflows.Signer) (client.Client, error) {
	options := c.options
	if !signer.Keys.Empty() {
		options.Interceptors = append(slices.Clone(options.Interceptors), signer)
	}
	return client.NewClientFromExistingWithContext(ctx, c.Client, options)
}

// insistent fails the workflow task when a key is missing; the task is tried again until the key is back. An error would end a workflow
// whose input cannot be read, and could be taken for the result of an activity.
type insistent struct{ converter.PayloadCodec }

// Decode panics when a key is missing.
func (c insistent) Decode(sealed []*commonpb.Payload) ([]*commonpb.Payload, error) {
	plain, err := c.PayloadCodec.Decode(sealed)
	if missing, ok := errors.AsType[*keyring.MissingKeyError](err); ok {
		panic(missing)
	}
	return plain, err
}

// passes tells whether an error will pass: Temporal is away, and not asked for something that it does not have.
func passes(err error) bool {
	_, unavailable := errors.AsType[*serviceerror.Unavailable](err)
	_, late := errors.AsType[*serviceerror.DeadlineExceeded](err)
	return unavailable || late || errors.Is(err, context.DeadlineExceeded)
}

// workers are those of this process: one for each task queue.
type workers []worker.Worker

// newWorkers are the workers as production runs them. onFatalError hears when one cannot go on, such as when its namespace is gone.
//
// Each queue has limits of its own, so that a thousand gates that ask a Prometheus which does not answer, or a hundred uploads at once,
// hold up neither each other nor decisions.
func newWorkers(
	temporal connection, settings settings, acts *activities.Activities, fleet *activities.Fleet, follower *notify.Follower,
	onFatalError func(error),
) workers {
	options := worker.Options{
		WorkerStopTimeout:          stopTimeout,
		DeploymentOptions:          versioning(settings),
		OnFatalError:               onFatalError,
		ActivityTaskPollerBehavior: worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{}),
	}
	lifecycles, gates, inspections, fleets, notifications := options, options, options, options, options
	lifecycles.StickyScheduleToStartTimeout = stickyTimeout
	lifecycles.Interceptors = []interceptor.WorkerInterceptor{
		&workflows.Interceptor{DataConverter: temporal.dataConverter, Tracer: temporal.tracer},
	}
	lifecycles.WorkflowTaskPollerBehavior = workflows.TaskPollers()
	gates.DisableWorkflowWorker, inspections.DisableWorkflowWorker = true, true
	gates.MaxConcurrentActivityExecutionSize = probesAtOnce
	gates.WorkerActivitiesPerSecond = probesPerSecond
	inspections.MaxConcurrentActivityExecutionSize = inspectionsAtOnce
	fleets.MaxConcurrentActivityExecutionSize = fleetActsAtOnce
	notifications.MaxConcurrentActivityExecutionSize = tellingAtOnce
	all := workers{
		worker.New(temporal.Client, workflows.TaskQueue, lifecycles),
		worker.New(temporal.Client, workflows.HealthQueue, gates),
		worker.New(temporal.Client, workflows.InspectionQueue, inspections),
	}
	telling := worker.New(temporal.Client, workflows.NotifierQueue, notifications)
	telling.RegisterWorkflowWithOptions(workflows.Notifier, workflow.RegisterOptions{Name: workflows.NotifierType})
	telling.RegisterActivity(&notify.Activities{Follower: follower})
	flows := &workflows.Workflows{Settings: settings.timersAndPlans}
	all[0].RegisterWorkflowWithOptions(flows.MiniProgram, workflow.RegisterOptions{Name: workflows.WorkflowType})
	all[0].RegisterWorkflowWithOptions(flows.Platform, workflow.RegisterOptions{Name: workflows.PlatformType})
	for _, w := range all {
		w.RegisterActivity(acts) // the first has those that were under way when there was one queue for all
	}
	fleeting := worker.New(temporal.Client, workflows.FleetQueue, fleets)
	fleeting.RegisterWorkflowWithOptions(flows.Fleet, workflow.RegisterOptions{Name: workflows.FleetWorkflowType})
	fleeting.RegisterActivity(fleet)
	return append(all, telling, fleeting)
}

// Start starts them all or, with an error, none.
func (all workers) Start() error {
	for i, w := range all {
		if err := w.Start(); err != nil {
			all[:i].Stop()
			return err
		}
	}
	return nil
}

// Stop returns when all have let go of what was under way.
func (all workers) Stop() {
	var stopping sync.WaitGroup
	for _, w := range all {
		stopping.Go(w.Stop)
	}
	stopping.Wait()
}

// versioning lets a deployment roll workers out by version. Workflows move on to the current version by themselves: a
// mini-program may rest in Published for years, and pinning it would keep its worker for as long. Recorded histories, replayed in
// the tests, make that safe.
func versioning(settings settings) worker.DeploymentOptions {
	if settings.Deployment == "" {
		return worker.DeploymentOptions{}
	}
	return worker.DeploymentOptions{
		UseVersioning:             true,
		Version:                   worker.WorkerDeploymentVersion{DeploymentName: settings.Deployment, BuildID: settings.BuildID},
		DefaultVersioningBehavior: workflow.VersioningBehaviorAutoUpgrade,
	}
}
