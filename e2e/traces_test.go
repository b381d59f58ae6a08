package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"go.uber.org/zap"
	"google.golang.org/protobuf/encoding/protojson"

	"slipway/lifecycle"
	"slipway/monitoring/tracing"
	"slipway/monitoring/tracing/tracingtest"
	"slipway/workflows"
)

// traced is an installation that tells a collector.
type traced struct {
	*platform
	collector *tracingtest.Collector
	url       string
}

func tracedPlatform(t *testing.T) traced {
	collector := tracingtest.New(t)
	p := install(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+collector.URL, "OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20hush", "OTEL_BSP_SCHEDULE_DELAY=20").start()
	url := p.web("ANSWER_WAIT=5s")
	return traced{p, collector, url}
}

const sender = "00f067aa0ba902b7" // a span of whoever sends

// post sends what the API takes, as the person, under a trace of its own, which it returns.
func (p traced) post(path, person, requestID, body string, accepted ...int) (trace string) {
	p.t.Helper()
	trace = fmt.Sprintf("%032x", time.Now().UnixNano())
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.url+"/api/v1"+path, strings.NewReader(body))
	require.NoError(p.t, err)
	for name, value := range map[string]string{
		"Authorization": "Bearer dev-" + person, "Idempotency-Key": requestID, "Content-Type": "application/json",
		"Traceparent": "00-" + trace + "-" + sender + "-01", "Baggage": "note=personal",
	} {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(p.t, err)
	require.NoError(p.t, response.Body.Close())
	require.Contains(p.t, accepted, response.StatusCode, path)
	assert.Equal(p.t, requestID, response.Header.Get("X-Request-Id"))
	return trace
}

// chain waits until the trace has the spans, each a child of the one before; the first is a child of the sender's.
func (p traced) chain(trace string, names ...string) (chain []tracingtest.Span) {
	p.t.Helper()
	p.eventually(fmt.Sprintf("a trace of %q", names), func() bool {
		chain = nil
		parent := sender
		for _, name := range names {
			spans := p.collector.Of(trace)
			i := slices.IndexFunc(spans, func(s tracingtest.Span) bool { return s.ParentID == parent && s.Name == name })
			if i < 0 {
				return false
			}
			chain, parent = append(chain, spans[i]), spans[i].ID
		}
		return true
	})
	return chain
}

var decided = []string{"StartActivity:Decide", "RunActivity:Decide", "catalogue Commit", "COMMIT"}

func TestOneTraceLeadsFromTheRequestToTheCommit(t *testing.T) {
	p := tracedPlatform(t)
	const personal = "a sentence that nobody else may read"
	creation := p.post("/mini-programs", "developer", "creation-of-traced", `{"id": "traced", "title": "`+personal+`", "team": "acme"}`, http.StatusCreated)
	p.chain(creation, append([]string{"POST /api/v1/mini-programs", "StartWorkflow:MiniProgram"}, decided...)...)

	approval := p.post("/mini-programs/traced/actions/approve-creation", "reviewer", "approval-of-traced", `{"comment": "`+personal+`"}`, http.StatusOK)
	chain := p.chain(approval, append([]string{
		"POST /api/v1/mini-programs/:id/actions/:action", "SignalWorkflow:approve-creation", "HandleSignal:approve-creation",
	}, decided...)...)
	var services []string
	for _, span := range chain {
		services = append(services, span.Service)
		assert.False(t, span.Failed, span.Name)
	}
	assert.Equal(t, []string{"slipway-web", "slipway-worker"}, slices.Compact(services), "two programs, one trace")
	assert.Equal(t, "approve-creation", chain[0].Attributes["slipway.action"])
	assert.Equal(t, "Bearer hush", p.collector.Headers().Get("Authorization"))

	p.saysOfBoth(approval, "approval-of-traced", "approve-creation")
	for _, span := range p.collector.Spans() {
		told := protojson.Format(span.Raw)
		for _, secret := range []string{"sentence", "personal", "dev-reviewer", "dev-developer", "reviewer", `"developer"`, "hush"} {
			assert.NotContains(t, told, secret, span.Name)
		}
	}
}

// saysOfBoth waits until web and worker have logged an action: each names it and its trace.
func (p traced) saysOfBoth(trace, requestID, action string) {
	p.t.Helper()
	var said []map[string]any
	p.eventually("both have logged it", func() bool {
		said = nil
		for _, line := range strings.Split(p.output.String(), "\n") {
			var fields map[string]any
			if json.Unmarshal([]byte(line), &fields) == nil && fields["request_id"] == requestID {
				said = append(said, fields)
			}
		}
		return len(said) >= 2
	})
	var messages []any
	for _, fields := range said {
		messages = append(messages, fields["msg"])
		for key, value := range map[string]any{"trace_id": trace, "action": action, "mini_program": "traced", "user": "reviewer"} {
			assert.Equal(p.t, value, fields[key], "%s of %v", key, fields)
		}
	}
	assert.ElementsMatch(p.t, []any{"request", "accepted"}, messages)
}

// What waits is answered long after it was sent, perhaps by the next run of the workflow.
func TestATraceGoesOnWhereItsActionWaited(t *testing.T) {
	p := tracedPlatform(t)
	p.request("traced-later")
	p.approved("traced-later", "1.0.0")
	p.do("traced-later", lifecycle.Publish, developer, plan(time.Hour))
	run := p.runID("traced-later")
	p.stop(os.Interrupt)
	waits := []int{http.StatusAccepted}
	offline := p.post("/mini-programs/traced-later/actions/unpublish", "developer", "offline", `{"comment": "for a while"}`, waits...)
	again := p.post("/mini-programs/traced-later/actions/request-publishing", "developer", "again", "{}", waits...)
	p.start()
	action := "POST /api/v1/mini-programs/:id/actions/:action"
	p.chain(offline, append([]string{action, "SignalWorkflow:unpublish", "HandleSignal:unpublish"}, decided...)...)
	p.chain(again, append([]string{action, "SignalWorkflow:request-publishing", "HandleSignal:request-publishing"}, decided...)...)
	assert.NotEqual(t, run, p.runID("traced-later"), "the second is answered by a run of its own")
	for _, each := range []string{run, p.runID("traced-later")} {
		replayed(t, p.history("traced-later", each), &workflows.Interceptor{})
		replayed(t, p.history("traced-later", each), tracingToo(t, p.collector.URL)...)
	}
}

// tracingToo are the interceptors of a worker that tells a collector.
func tracingToo(t *testing.T, url string) []interceptor.WorkerInterceptor {
	traces, err := tracing.Start(t.Context(), tracing.Settings{Endpoint: url, Protocol: "http/protobuf", Sampler: "always_on"}, "replay", "", zap.NewNop())
	require.NoError(t, err)
	t.Cleanup(traces.Stop)
	var options client.Options
	tracer, err := traces.Intercept(&options)
	require.NoError(t, err)
	return []interceptor.WorkerInterceptor{options.Interceptors[0].(interceptor.WorkerInterceptor), &workflows.Interceptor{Tracer: tracer}}
}

// A timer is nobody's request: else the request for creation would have a trace of years.
func TestWhatTimersDoHasTracesOfItsOwn(t *testing.T) {
	p := tracedPlatform(t)
	creation := p.post("/mini-programs", "developer", "creation", `{"id": "traced-timers", "title": "Timers", "team": "acme"}`, http.StatusCreated)
	p.do("traced-timers", lifecycle.ApproveCreation, reviewer)
	p.approved("traced-timers", "1.0.0")
	p.do("traced-timers", lifecycle.Publish, developer, plan(time.Second))
	p.becomes("traced-timers", lifecycle.Published)
	promoted := func() (promotions []tracingtest.Span) {
		for _, span := range p.collector.Spans() {
			if span.Name == "RunActivity:Decide" && span.Attributes["slipway.action"] == "promote" {
				promotions = append(promotions, span)
			}
		}
		return promotions
	}
	p.eventually("the promotion is told", func() bool { return len(promoted()) == 1 })
	trace := promoted()[0].Trace
	assert.NotEqual(t, creation, trace)
	p.eventually("its trace is whole", func() bool {
		return slices.ContainsFunc(p.collector.Of(trace), func(s tracingtest.Span) bool { return s.ParentID == "" && s.Name == "StartActivity:Decide" })
	})
}

func replayed(t *testing.T, events []*historypb.HistoryEvent, with ...interceptor.WorkerInterceptor) {
	t.Helper()
	replayer, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{Interceptors: with})
	require.NoError(t, err)
	flows := &workflows.Workflows{Settings: lifecycle.DefaultSettings()}
	replayer.RegisterWorkflowWithOptions(flows.MiniProgram, workflow.RegisterOptions{Name: workflows.WorkflowType})
	started := events[0].GetWorkflowExecutionStartedEventAttributes()
	require.NoError(t, replayer.ReplayWorkflowHistoryWithOptions(nil, &historypb.History{Events: events}, worker.ReplayWorkflowHistoryOptions{
		OriginalExecution: workflow.Execution{ID: started.WorkflowId, RunID: started.OriginalExecutionRunId},
	}))
}
