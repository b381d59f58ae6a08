package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"go.uber.org/zap"

	"slipway/activities"
	"slipway/config"
	"slipway/monitoring"
	"slipway/workflows"
)

const (
	// stickyTimeout is how long a task waits for the worker that has the workflow in its cache. Temporal's default of 5 s is what
	// a query takes that gets stuck on the way there (about one in 1,600).
	stickyTimeout = time.Second
	// stopTimeout is what running activities get to finish.
	stopTimeout = 10 * time.Second
	// heartbeatInterval is how far back a worker that takes over a health watch starts to count. Temporal's default of up to
	// a minute would forget most breaches of a gate that asks every few seconds, and notice a cancellation as late.
	heartbeatInterval = time.Second
)

// connection is one to Temporal, with the data converter that payloads go through; nil is Temporal's usual one.
type connection struct {
	client.Client
	dataConverter converter.DataConverter
}

// dial connects to Temporal and makes sure that the namespace has what the workflows need.
func dial(ctx context.Context, logger *zap.Logger, metrics *monitoring.Metrics) (connection, error) {
	options, err := config.Temporal(logger)
	if err != nil {
		return connection{}, err
	}
	options.MetricsHandler = metrics.Temporal
	dialed, err := client.DialContext(ctx, options)
	if err != nil {
		return connection{}, fmt.Errorf("connecting to Temporal at %q (TEMPORAL_ADDRESS): %w", options.HostPort, err)
	}
	if err := ensureSearchAttributes(ctx, dialed, options.Namespace); err != nil {
		dialed.Close()
		return connection{}, err
	}
	return connection{dialed, options.DataConverter}, nil
}

// newWorker is the worker as production runs it. onFatalError hears when it cannot go on, such as when its namespace is gone.
func newWorker(temporal connection, settings settings, acts *activities.Activities, onFatalError func(error)) worker.Worker {
	w := worker.New(temporal.Client, workflows.TaskQueue, worker.Options{
		StickyScheduleToStartTimeout: stickyTimeout,
		WorkerStopTimeout:            stopTimeout,
		MaxHeartbeatThrottleInterval: heartbeatInterval,
		Interceptors:                 []interceptor.WorkerInterceptor{&workflows.Interceptor{DataConverter: temporal.dataConverter}},
		DeploymentOptions:            versioning(settings),
		OnFatalError:                 onFatalError,
		WorkflowTaskPollerBehavior:   config.TaskPollers(),
		ActivityTaskPollerBehavior:   worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{}),
	})
	flows := &workflows.Workflows{Settings: settings.lifecycle}
	w.RegisterWorkflowWithOptions(flows.MiniProgram, workflow.RegisterOptions{Name: workflows.WorkflowType})
	w.RegisterActivity(acts)
	return w
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

// ensureSearchAttributes creates the search attributes that are missing. Without them every workflow task would fail, so
// a worker that may not create them refuses to start and says what to run.
func ensureSearchAttributes(ctx context.Context, connection client.Client, namespace string) error {
	operator := connection.OperatorService()
	existing, err := operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return fmt.Errorf("listing the search attributes of namespace %q: %w", namespace, err)
	}
	missing := map[string]enumspb.IndexedValueType{}
	for _, key := range workflows.SearchAttributes {
		found, ok := existing.GetCustomAttributes()[key.GetName()]
		if ok && found != key.GetValueType() {
			return fmt.Errorf("search attribute %s of namespace %q is of type %s, but must be %s: remove it and let the worker create it", key.GetName(), namespace, found, key.GetValueType())
		}
		if !ok {
			missing[key.GetName()] = key.GetValueType()
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = operator.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{Namespace: namespace, SearchAttributes: missing})
	if _, exists := errors.AsType[*serviceerror.AlreadyExists](err); err != nil && !exists {
		return fmt.Errorf("namespace %q lacks search attributes, and creating them failed (%w); run: %s", namespace, err, createCommand(namespace, missing))
	}
	return nil
}

func createCommand(namespace string, missing map[string]enumspb.IndexedValueType) string {
	var command strings.Builder
	fmt.Fprintf(&command, "temporal operator search-attribute create --namespace %s", namespace)
	for _, name := range slices.Sorted(maps.Keys(missing)) {
		fmt.Fprintf(&command, " --name %s --type %s", name, missing[name])
	}
	return command.String()
}
