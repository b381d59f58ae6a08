package main

import (
	"context"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"slipway/activities"
	"slipway/catalog/catalogtest"
	"slipway/devserver"
	"slipway/devserver/devservertest"
	"slipway/lifecycle"
	"slipway/packages"
	"slipway/program/programtest"
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
	people := workflows.Client{Temporal: server.Client}
	require.ErrorContains(t, people.Prepared(t.Context()), "MiniProgram", "who is told that all is ready could not start a mini-program")
	for range 2 {
		require.NoError(t, ensureSearchAttributes(t.Context(), server.Client, "default"), "the second time there is nothing to do")
		require.NoError(t, people.Prepared(t.Context()))
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

// many are more gates than a worker may do activities at the same time.
const many = 1100

// prober answers when it is let go.
type prober struct {
	underWay atomic.Int32
	release  chan struct{}
	letGo    func()
}

func newProber() *prober {
	p := &prober{release: make(chan struct{})}
	p.letGo = sync.OnceFunc(func() { close(p.release) })
	return p
}

func (p *prober) Probe(ctx context.Context, _ string) ([]float64, error) {
	p.underWay.Add(1)
	defer p.underWay.Add(-1)
	select {
	case <-p.release:
		return []float64{0}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// gated starts the workers of production on a server of its own, with a workflow that has many gates on a queue.
func gated(t *testing.T, asked *prober, queue string, activity any, argument any) *devservertest.Server {
	server := devservertest.Start(t)
	store, err := packages.OpenStore(t.Context(), "mem://")
	require.NoError(t, err)
	all := newWorkers(connection{Client: server.Client}, settings{}, &activities.Activities{Health: asked, Packages: store}, &activities.Fleet{}, nil, nil)
	all[0].RegisterWorkflowWithOptions(func(ctx workflow.Context) error {
		var last workflow.Future
		for range many {
			last = workflow.ExecuteActivity(on(ctx, queue), activity, argument)
		}
		return last.Get(ctx, nil)
	}, workflow.RegisterOptions{Name: "gates"})
	all[0].RegisterWorkflowWithOptions(everythingElse, workflow.RegisterOptions{Name: "everything else"})
	require.NoError(t, all.Start())
	t.Cleanup(all.Stop)
	t.Cleanup(asked.letGo)
	_, err = server.Client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: workflows.TaskQueue}, "gates")
	require.NoError(t, err)
	return server
}

func on(ctx workflow.Context, queue string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{TaskQueue: queue, StartToCloseTimeout: time.Hour})
}

// everythingElse is what else there is to do: a package to inspect, and a notification on the queue of what waits for the catalogue.
func everythingElse(ctx workflow.Context) error {
	var a *activities.Activities
	if err := workflow.ExecuteActivity(on(ctx, workflows.InspectionQueue), a.InspectPackage, activities.Inspection{}).Get(ctx, nil); err != nil {
		return err
	}
	return workflow.ExecuteActivity(on(ctx, workflows.TaskQueue), a.Notify, activities.Notification{}).Get(ctx, nil)
}

func doesEverythingElse(t *testing.T, server *devservertest.Server) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	run, err := server.Client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{TaskQueue: workflows.TaskQueue}, "everything else")
	require.NoError(t, err)
	require.NoError(t, run.Get(ctx, nil))
}

var endless = lifecycle.Health{Query: "up", Interval: lifecycle.Duration(time.Hour), Failures: 1000}

func TestGatesThatGetNoAnswerHoldUpNothingElse(t *testing.T) {
	var a *activities.Activities
	asked := newProber()
	server := gated(t, asked, workflows.HealthQueue, a.ProbeHealth, activities.HealthProbe{Gate: lifecycle.Gate{Health: endless}})
	full := func() bool { return asked.underWay.Load() == probesAtOnce }
	require.Eventually(t, full, 3*time.Minute, 10*time.Millisecond)
	doesEverythingElse(t, server)
}

// They are on the queue of everything else, and used to stay there for days.
func TestWatchesOfBeforeHoldUpNothingElse(t *testing.T) {
	var a *activities.Activities
	asked := newProber()
	server := gated(t, asked, workflows.TaskQueue, a.WatchHealth, activities.HealthWatch{Health: endless})
	full := func() bool { return asked.underWay.Load() == 1000 }
	require.Eventually(t, full, 3*time.Minute, 10*time.Millisecond)
	asked.letGo()
	doesEverythingElse(t, server)
}

func TestANamespaceThatIsNotThereIsNotWaitedFor(t *testing.T) {
	nothingSet(t)
	t.Setenv("VAR_DIR", filepath.Join(t.TempDir(), "var"))
	t.Setenv("TEMPORAL_ADDRESS", devservertest.Start(t).Address)
	t.Setenv("TEMPORAL_NAMESPACE", "nowhere")
	assert.ErrorContains(t, run(t.Context()), "nowhere")
}

func TestAWorkerThatStartsBeforeTemporalAndItsDatabaseWaitsForBoth(t *testing.T) {
	server := devservertest.Start(t)
	database, err := url.Parse(catalogtest.NewProxy(t, catalogtest.Postgres(t)).URL)
	require.NoError(t, err)
	temporal, postgres := programtest.NewOutage(t, server.Address), programtest.NewOutage(t, database.Host)
	nothingSet(t)
	database.Host = postgres.Addr
	addr := freeAddress(t)
	for name, value := range map[string]string{
		"VAR_DIR": filepath.Join(t.TempDir(), "var"), "TEMPORAL_ADDRESS": temporal.Addr, "DATABASE_URL": database.String(), "WORKER_ADDR": addr, "LOG_LEVEL": "error",
	} {
		t.Setenv(name, value)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	<-temporal.Tried
	temporal.End()
	<-postgres.Tried
	postgres.End()
	require.Eventually(t, func() bool { status, _ := get("http://" + addr + "/readyz"); return status == http.StatusOK }, patience, glance)
	stop()
	require.NoError(t, <-ended)
}

func TestAWorkerThatWaitsEndsAsSoonAsItIsTold(t *testing.T) {
	away := programtest.NewOutage(t, "")
	nothingSet(t)
	t.Setenv("VAR_DIR", filepath.Join(t.TempDir(), "var"))
	t.Setenv("TEMPORAL_ADDRESS", away.Addr)
	t.Setenv("LOG_LEVEL", "error")
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	<-away.Tried
	stop()
	assert.ErrorIs(t, <-ended, context.Canceled)
}
