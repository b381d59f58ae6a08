package e2e

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"slipway/lifecycle"
	"slipway/workflows"
)

// prometheus answers every query with the value that the function gives.
func prometheus(t *testing.T, value func() string) string {
	server := httptest.NewServer(answering(value))
	t.Cleanup(server.Close)
	return server.URL
}

func answering(value func() string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[%d,%q]}]}}`, time.Now().Unix(), value())
	}
}

func watched(plan func(*lifecycle.Command)) func(*lifecycle.Command) {
	return func(c *lifecycle.Command) {
		plan(c)
		c.Plan.Health = &lifecycle.Health{Query: `errors{id="{{.MiniProgram}}",version="{{.Version}}"}`, Max: 0.02, Interval: lifecycle.Duration(time.Second), Failures: 2}
	}
}

func TestAnUnhealthyReleaseIsRolledBack(t *testing.T) {
	p := install(t, "PROMETHEUS_URL="+prometheus(t, func() string { return "0.5" })).start()
	id := p.request("unhealthy")
	p.approved(id, "1.0.0")
	p.do(id, lifecycle.Publish, developer, watched(plan(time.Hour)))
	p.becomes(id, lifecycle.CodeAvailable)
	transitions := p.status(id).Transitions
	last := transitions[len(transitions)-1]
	assert.Equal(t, lifecycle.Rollback, last.Action)
	assert.Equal(t, lifecycle.System, last.Role)
	assert.Contains(t, last.Comment, "0.5 is above the limit of 0.02")
}

func TestAHealthyReleaseGoesOnPausedAndScheduledToo(t *testing.T) {
	p := install(t, "PROMETHEUS_URL="+prometheus(t, func() string { return "0.01" })).start()
	id := p.request("healthy")
	p.approved(id, "1.0.0")
	p.do(id, lifecycle.Publish, developer, watched(plan(time.Second)), func(c *lifecycle.Command) { c.At = new(time.Now().Add(time.Second)) })
	assert.Equal(t, lifecycle.ReadyToPublish, p.status(id).State)
	p.becomes(id, lifecycle.GrayscaleRelease)
	p.do(id, lifecycle.Pause, operator)
	assert.Nil(t, p.status(id).Rollout.EndsAt)
	p.do(id, lifecycle.Resume, operator)
	p.becomes(id, lifecycle.Published)
}

func TestAGateThatCannotAskSaysWhyAndGoesOnWhenItCan(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := listener.Addr().String()
	require.NoError(t, listener.Close())
	p := install(t, "PROMETHEUS_URL=http://"+addr).start()
	id := p.request("silent")
	p.approved(id, "1.0.0")
	p.do(id, lifecycle.Publish, developer, watched(plan(time.Second)))
	p.eventually("the stage is held", func() bool { return p.status(id).Rollout.Held })
	rollout := p.status(id).Rollout
	assert.Equal(t, lifecycle.HeldForHealth, rollout.HeldReason)
	require.NotNil(t, rollout.Health)
	assert.Equal(t, lifecycle.HealthUnknown, rollout.Health.Status)
	assert.Equal(t, lifecycle.Unreachable, rollout.Health.Reason)
	assert.Equal(t, "Prometheus cannot be reached: nothing listens at its address", rollout.Health.Detail)
	timeline := p.status(id).Transitions
	assert.Contains(t, timeline[len(timeline)-1].Details, "Prometheus cannot be reached: nothing listens at its address (since ", "people are told")
	assert.Contains(t, p.output.String(), `"msg":"a release is not known to be healthy"`)
	assert.Contains(t, p.details(id), "nothing listens at its address", "Temporal UI shows it")

	listener, err = net.Listen("tcp", addr)
	require.NoError(t, err)
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: answering(func() string { return "0.01" }), ReadHeaderTimeout: time.Minute}}
	server.Start()
	t.Cleanup(server.Close)
	p.becomes(id, lifecycle.Published)
	assert.Equal(t, []lifecycle.Action{
		lifecycle.Publish, lifecycle.HealthChanged, lifecycle.Held, lifecycle.HealthChanged, lifecycle.Promote, lifecycle.Advance, lifecycle.Advance, lifecycle.Advance,
	}, p.trail(id)[5:])
}

// A stage whose gate began under a worker of before ends under a new one, and the next stage is of the new kind.
func TestAGateOfBeforeGoesOnUnderANewWorker(t *testing.T) {
	p := install(t, "PROMETHEUS_URL="+prometheus(t, func() string { return "0.01" }))
	p.program = workerWith(t, rewrite{"workflows/before.go", "if !g.probes {", "if false {"})
	p.start()
	id := p.request("gate-of-before")
	p.approved(id, "1.0.0")
	p.do(id, lifecycle.Publish, developer, watched(plan(time.Second)), bakedAt(time.Now().Add(5*time.Second)))
	run := p.runOf(id)
	p.eventually("the gate asks", func() bool { return strings.Contains(strings.Join(p.activities(id, run), " "), "WatchHealth") })
	p.stop(syscall.SIGTERM)
	p.program = workerBin
	p.start()
	p.becomes(id, lifecycle.Published)
	assert.Equal(t, []lifecycle.Action{lifecycle.Publish, lifecycle.HealthChanged, lifecycle.Promote, lifecycle.Advance, lifecycle.Advance, lifecycle.Advance}, p.trail(id)[5:])
	assert.Contains(t, p.activities(id, run), "ProbeHealth")
}

func (p *platform) runOf(id string) string {
	p.t.Helper()
	described, err := server.Client.DescribeWorkflowExecution(p.t.Context(), workflows.WorkflowID(id), "")
	require.NoError(p.t, err)
	return described.WorkflowExecutionInfo.Execution.RunId
}

// activities are the types of those that a run scheduled, in their order.
func (p *platform) activities(id, run string) (types []string) {
	p.t.Helper()
	history := server.Client.GetWorkflowHistory(p.t.Context(), workflows.WorkflowID(id), run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for history.HasNext() {
		event, err := history.Next()
		require.NoError(p.t, err)
		if scheduled := event.GetActivityTaskScheduledEventAttributes(); scheduled != nil {
			types = append(types, scheduled.ActivityType.Name)
		}
	}
	return types
}
