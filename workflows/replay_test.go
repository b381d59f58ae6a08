package workflows

import (
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"go.uber.org/zap"

	"slipway/lifecycle"
	"slipway/monitoring/tracing"
)

// The recorded histories are those of real workflows, per version of their code (make record). A change that cannot replay one of them
// would wedge those that are under way when it is deployed.
func TestEveryRecordedHistoryReplays(t *testing.T) {
	files, err := filepath.Glob("testdata/histories/*/*.json.gz")
	require.NoError(t, err)
	require.NotEmpty(t, files, "there are no recorded histories; run: make record")
	traced := whileTracing(t)
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			require.NoError(t, replay(t, file, (&Workflows{Settings: lifecycle.DefaultSettings()}).MiniProgram))
			require.NoError(t, replay(t, file, (&Workflows{Settings: lifecycle.DefaultSettings()}).MiniProgram, traced...), "by a worker that traces")
		})
	}
}

// whileTracing are the interceptors of a worker that tells a collector; nobody listens to this one.
func whileTracing(t *testing.T) []interceptor.WorkerInterceptor {
	nobody := tracing.Settings{Endpoint: "http://127.0.0.1:1", Protocol: "http/protobuf", Sampler: "always_on"}
	traces, err := tracing.Start(t.Context(), nobody, "replay", "", zap.NewNop())
	require.NoError(t, err)
	var options client.Options
	tracer, err := traces.Intercept(&options)
	require.NoError(t, err)
	return []interceptor.WorkerInterceptor{options.Interceptors[0].(interceptor.WorkerInterceptor), &Interceptor{Tracer: tracer}}
}

func TestEachTypeOfWorkflowIsAmongTheRecordedHistories(t *testing.T) {
	files, err := filepath.Glob("testdata/histories/*/*.json.gz")
	require.NoError(t, err)
	types := map[string]bool{}
	for _, file := range files {
		types[readHistory(t, file).Events[0].GetWorkflowExecutionStartedEventAttributes().WorkflowType.Name] = true
	}
	for _, name := range []string{WorkflowType, PlatformType, FleetWorkflowType, NotifierType} {
		require.True(t, types[name], "there is no history of %s; run: make record", name)
	}
}

func TestAReplayNoticesAWorkflowThatDoesSomethingElse(t *testing.T) {
	files, err := filepath.Glob("testdata/histories/*/life-sqlite-1.json.gz")
	require.NoError(t, err)
	forgetful := func(ctx workflow.Context, in Input) error {
		m, err := (&Workflows{Settings: lifecycle.DefaultSettings()}).open(ctx, in)
		if err != nil {
			return err
		}
		m.wait(ctx) // no reminder of the review
		return nil
	}
	for _, file := range files {
		require.ErrorContains(t, replay(t, file, forgetful), "Timer")
	}
}

func replay(t *testing.T, file string, flow any, with ...interceptor.WorkerInterceptor) error {
	if with == nil {
		with = []interceptor.WorkerInterceptor{&Interceptor{}}
	}
	replayer, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{Interceptors: with})
	require.NoError(t, err)
	others := &Workflows{Settings: lifecycle.DefaultSettings()}
	for name, registered := range map[string]any{
		WorkflowType: flow, PlatformType: others.Platform, FleetWorkflowType: others.Fleet, NotifierType: Notifier,
	} {
		replayer.RegisterWorkflowWithOptions(registered, workflow.RegisterOptions{Name: name})
	}
	history := readHistory(t, file)
	started := history.Events[0].GetWorkflowExecutionStartedEventAttributes()
	return replayer.ReplayWorkflowHistoryWithOptions(nil, history, worker.ReplayWorkflowHistoryOptions{
		OriginalExecution: workflow.Execution{ID: started.WorkflowId, RunID: started.OriginalExecutionRunId},
	})
}

func readHistory(t *testing.T, name string) *historypb.History {
	file, err := os.Open(name)
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	unzipper, err := gzip.NewReader(file)
	require.NoError(t, err)
	history, err := client.HistoryFromJSON(unzipper, client.HistoryJSONOptions{})
	require.NoError(t, err)
	return history
}
