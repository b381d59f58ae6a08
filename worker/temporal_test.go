package main

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"slipway/activities"
	"slipway/devserver"
	"slipway/devserver/devservertest"
	"slipway/lifecycle"
	"slipway/workflows"
)

func attributes(t *testing.T, server *devservertest.Server) map[string]enumspb.IndexedValueType {
	list, err := server.Client.OperatorService().ListSearchAttributes(t.Context(), &operatorservice.ListSearchAttributesRequest{Namespace: "default"})
	require.NoError(t, err)
	return list.GetCustomAttributes()
}

func wanted() map[string]enumspb.IndexedValueType {
	all := map[string]enumspb.IndexedValueType{}
	for _, key := range workflows.SearchAttributes {
		all[key.GetName()] = key.GetValueType()
	}
	return all
}

func TestMissingSearchAttributesAreCreated(t *testing.T) {
	server := devservertest.Start(t)
	_, err := server.Client.OperatorService().AddSearchAttributes(t.Context(), &operatorservice.AddSearchAttributesRequest{
		Namespace: "default", SearchAttributes: map[string]enumspb.IndexedValueType{"MiniProgramTeam": enumspb.INDEXED_VALUE_TYPE_KEYWORD},
	})
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, ensureSearchAttributes(t.Context(), server.Client, "default"), "the second time there is nothing to do")
		assert.Subset(t, attributes(t, server), wanted())
	}
}

func TestASearchAttributeOfAnotherTypeIsRefused(t *testing.T) {
	server := devservertest.Start(t)
	_, err := server.Client.OperatorService().AddSearchAttributes(t.Context(), &operatorservice.AddSearchAttributesRequest{
		Namespace: "default", SearchAttributes: map[string]enumspb.IndexedValueType{"MiniProgramOverdue": enumspb.INDEXED_VALUE_TYPE_KEYWORD},
	})
	require.NoError(t, err)
	err = ensureSearchAttributes(t.Context(), server.Client, "default")
	assert.EqualError(t, err, `search attribute MiniProgramOverdue of namespace "default" is of type Keyword, but must be Bool: remove it and let the worker create it`)
	assert.NotContains(t, attributes(t, server), "MiniProgramState", "nothing is created beside it")
}

func TestTheCommandThatAPersonIsToldToRunWorks(t *testing.T) {
	server := devservertest.Start(t)
	cli, err := devserver.CLI(t.Context(), t.Output())
	require.NoError(t, err)
	words := strings.Fields(createCommand("default", wanted()))
	require.Equal(t, "temporal", words[0])
	command := exec.Command(cli, append(words[1:], "--address", server.Address, "--disable-config-file")...)
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
	assert.Subset(t, attributes(t, server), wanted())
}

func TestANamespaceThatIsNotThereIsNamed(t *testing.T) {
	server := devservertest.Start(t)
	assert.ErrorContains(t, ensureSearchAttributes(t.Context(), server.Client, "nowhere"), `namespace "nowhere"`)
}

// sick is a Prober that finds everything far above every limit.
type sick struct{}

func (sick) Probe(context.Context, string) (float64, error) { return 1000, nil }

// A killed worker says nothing any more: what Temporal does not know then is lost.
func TestTemporalKnowsTheBreachesAsTheyAreCounted(t *testing.T) {
	server := devservertest.Start(t)
	w := newWorker(connection{Client: server.Client}, settings{}, &activities.Activities{Health: sick{}}, nil)
	w.RegisterWorkflowWithOptions(watchOnly, workflow.RegisterOptions{Name: "watch"})
	require.NoError(t, w.Start())
	_, err := server.Client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "watch", TaskQueue: workflows.TaskQueue}, "watch")
	require.NoError(t, err)
	breaches := func() (n int) {
		described, err := server.Client.DescribeWorkflowExecution(t.Context(), "watch", "")
		if err == nil && len(described.GetPendingActivities()) == 1 {
			_ = converter.GetDefaultDataConverter().FromPayloads(described.PendingActivities[0].GetHeartbeatDetails(), &n)
		}
		return n
	}
	require.Eventually(t, func() bool { return breaches() >= 3 }, 20*time.Second, 50*time.Millisecond)
	began := time.Now()
	w.Stop()
	assert.Less(t, time.Since(began), stopTimeout/2, "the watch does not keep the worker from stopping")
	assert.GreaterOrEqual(t, breaches(), 3, "the next worker counts on")
}

func watchOnly(ctx workflow.Context) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Hour, HeartbeatTimeout: time.Minute})
	var a *activities.Activities
	return workflow.ExecuteActivity(ctx, a.WatchHealth, activities.HealthWatch{
		Health: lifecycle.Health{Query: "up", Interval: lifecycle.Duration(200 * time.Millisecond), Failures: 1000},
	}).Get(ctx, nil)
}

func TestWithoutAServerTheErrorNamesItsVariable(t *testing.T) {
	nothingSet(t)
	t.Setenv("VAR_DIR", filepath.Join(t.TempDir(), "var"))
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
	assert.ErrorContains(t, run(t.Context()), `connecting to Temporal at "127.0.0.1:1" (TEMPORAL_ADDRESS)`)
}
