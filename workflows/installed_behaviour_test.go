package workflows

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"slipway/activities"
	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/devserver/devservertest"
	"slipway/lifecycle"
)

// installed is what a client talks to: a real Temporal server, a worker that comes and goes, and a catalogue.
type installed struct {
	*testing.T
	server  *devservertest.Server
	catalog *catalog.Catalog
	Client
	working *[]worker.Worker // shared by all parts of the test
	ctx     context.Context  // each part has some time
}

// Context ends when a part of the test has taken too long, which is longer than anything may take.
func (i *installed) Context() context.Context { return i.ctx }

func install(t *testing.T) *installed {
	i := &installed{T: t, server: devservertest.Start(t), catalog: catalogtest.Open(t, catalogtest.SQLite(t)), working: new([]worker.Worker), ctx: t.Context()}
	i.Client = Client{Temporal: i.server.Client}
	wanted := map[string]enumspb.IndexedValueType{}
	for _, key := range SearchAttributes {
		wanted[key.GetName()] = key.GetValueType()
	}
	_, err := i.server.Client.OperatorService().AddSearchAttributes(t.Context(), &operatorservice.AddSearchAttributesRequest{
		Namespace: "default", SearchAttributes: wanted,
	})
	require.NoError(t, err)
	t.Cleanup(i.rest)
	return i.work(nil)
}

// work starts the workers, rest stops them.
func (i *installed) work(change func(*activities.Activities)) *installed {
	acts := &activities.Activities{Catalog: i.catalog, Settings: lifecycle.DefaultSettings(), Packages: openStore()}
	if change != nil {
		change(acts)
	}
	for _, queue := range []string{TaskQueue, InspectionQueue} {
		w := worker.New(i.server.Client, queue, worker.Options{Interceptors: []interceptor.WorkerInterceptor{&Interceptor{}}, DisableWorkflowWorker: queue != TaskQueue})
		if queue == TaskQueue {
			w.RegisterWorkflowWithOptions((&Workflows{Settings: acts.Settings}).MiniProgram, workflow.RegisterOptions{Name: WorkflowType})
		}
		w.RegisterActivity(acts)
		require.NoError(i, w.Start())
		*i.working = append(*i.working, w)
	}
	return i
}

func (i *installed) rest() {
	for _, w := range *i.working {
		w.Stop()
	}
	*i.working = nil
}

// in is the same for a part of the test.
func (i *installed) in(t *testing.T) *installed {
	part := *i
	part.T = t
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	part.ctx = ctx
	return &part
}

func requested(id string) lifecycle.Creation {
	return lifecycle.Creation{ID: id, Title: "Weather", Team: "acme", Actor: ann, RequestID: "creation"}
}

// requests has the creation of a mini-program requested.
func (i *installed) requests(id string) string {
	i.Helper()
	outcome, err := i.RequestCreation(i.Context(), requested(id))
	require.NoError(i, err)
	require.True(i, outcome.Accepted)
	return id
}

// does has an action done, which must be accepted.
func (i *installed) does(id string, action lifecycle.Action, by lifecycle.Actor, fill ...func(*lifecycle.Command)) {
	i.Helper()
	command := lifecycle.Command{Action: action, Actor: by, Comment: "because"}
	for _, f := range fill {
		f(&command)
	}
	outcome, err := i.Act(i.Context(), id, command)
	require.NoError(i, err)
	require.True(i, outcome.Accepted, outcome.Message)
}

func (i *installed) terminates(id string) {
	i.Helper()
	require.NoError(i, i.server.Client.TerminateWorkflow(i.Context(), WorkflowID(id), "", "for the test"))
}

// refused insists that an error is a refusal.
func (i *installed) refused(code lifecycle.Code, err error) {
	i.Helper()
	refusal, ok := errors.AsType[*lifecycle.Refusal](err)
	require.True(i, ok, "%v", err)
	assert.Equal(i, code, refusal.Code, refusal.Message)
}

// counting counts the queries of a client.
type counting struct {
	interceptor.ClientInterceptorBase
	queries atomic.Int32
}

func (c *counting) InterceptClient(next interceptor.ClientOutboundInterceptor) interceptor.ClientOutboundInterceptor {
	return &countingOutbound{interceptor.ClientOutboundInterceptorBase{Next: next}, c}
}

type countingOutbound struct {
	interceptor.ClientOutboundInterceptorBase
	*counting
}

func (c *countingOutbound) QueryWorkflow(ctx context.Context, in *interceptor.ClientQueryWorkflowInput) (converter.EncodedValue, error) {
	c.queries.Add(1)
	return c.Next.QueryWorkflow(ctx, in)
}

// dials connects another client.
func (i *installed) dials(options client.Options) client.Client {
	i.Helper()
	options.HostPort = i.server.Address
	dialed, err := client.DialContext(i.Context(), options)
	require.NoError(i, err)
	i.Cleanup(dialed.Close)
	return dialed
}
