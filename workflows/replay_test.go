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

	"slipway/lifecycle"
)

// The recorded histories are those of real mini-programs, per version of the workflow (make record). A change that
// cannot replay one of them would wedge mini-programs that are under way when it is deployed.
func TestEveryRecordedHistoryReplays(t *testing.T) {
	files, err := filepath.Glob("testdata/histories/*/*.json.gz")
	require.NoError(t, err)
	require.NotEmpty(t, files, "there are no recorded histories; run: make record")
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			require.NoError(t, replayer(t, (&Workflows{Settings: lifecycle.DefaultSettings()}).MiniProgram).ReplayWorkflowHistory(nil, readHistory(t, file)))
		})
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
		require.Error(t, replayer(t, forgetful).ReplayWorkflowHistory(nil, readHistory(t, file)))
	}
}

func replayer(t *testing.T, flow any) worker.WorkflowReplayer {
	r, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{
		Interceptors: []interceptor.WorkerInterceptor{&Interceptor{}},
	})
	require.NoError(t, err)
	r.RegisterWorkflowWithOptions(flow, workflow.RegisterOptions{Name: WorkflowType})
	return r
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
