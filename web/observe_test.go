package main

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"slipway/monitoring"
	"slipway/monitoring/tracing"
	"slipway/monitoring/tracing/tracingtest"
)

// logging is a web whose log is kept; traces are told to the collector, if there is one.
func logging(t *testing.T, collector *tracingtest.Collector) (standing, *observer.ObservedLogs) {
	core, logged := observer.New(zap.DebugLevel)
	s := stand(t)
	s.app.logger = zap.New(core)
	if collector != nil {
		var err error
		s.app.traces, err = tracing.Start(t.Context(),
			tracing.Settings{Endpoint: collector.URL, Protocol: "http/protobuf", Sampler: "parentbased_always_on"}, "slipway-web", "1", zap.NewNop())
		require.NoError(t, err)
		t.Cleanup(s.app.traces.Stop)
	}
	handler, err := s.app.handler()
	require.NoError(t, err)
	s.Config.Handler = handler
	return s, logged
}

// requestLine waits for what is logged about the only request since it was called last: that happens when its answer is on the way.
func requestLine(t *testing.T, logged *observer.ObservedLogs) map[string]any {
	t.Helper()
	require.Eventually(t, func() bool { return logged.FilterMessage("request").Len() == 1 }, patience, time.Millisecond)
	line := logged.FilterMessage("request").All()[0].ContextMap()
	logged.TakeAll()
	return line
}

func TestARequestIsLoggedUnderTheIDOfItsAction(t *testing.T) {
	s, logged := logging(t, nil)
	s.weather()
	key := func(r *http.Request) { r.Header.Set("Idempotency-Key", "approval-1") }
	response, body := s.ask(http.MethodPost, "/api/v1/mini-programs/weather/actions/approve-creation", as("reviewer"), key)
	require.Equal(t, http.StatusServiceUnavailable, response.StatusCode, body)
	line := requestLine(t, logged)
	assert.Equal(t, "approval-1", response.Header.Get("X-Request-Id"))
	for name, value := range map[string]any{"request_id": "approval-1", "action": "approve-creation", "mini_program": "weather", "user": "reviewer", "status": int64(503)} {
		assert.Equal(t, value, line[name], name)
	}
	assert.NotContains(t, line, "trace_id", "nobody traces")

	response, body = s.ask(http.MethodPost, "/api/v1/fleet", as("operator"), header("Idempotency-Key", "act-1"),
		filledIn(`{"action": "pause"}`), header("Content-Type", "application/json"))
	require.Equal(t, http.StatusServiceUnavailable, response.StatusCode, body)
	assert.Equal(t, "act-1", response.Header.Get("X-Request-Id"), "also of one action on many")
	assert.Contains(t, body, `"request_id":"act-1"`)
	line = requestLine(t, logged)
	assert.Equal(t, []any{"act-1", "pause"}, []any{line["request_id"], line["action"]})
	assert.NotContains(t, line, "mini_program")

	response, _ = s.ask(http.MethodGet, "/healthz")
	line = requestLine(t, logged)
	assert.NotEmpty(t, line["request_id"])
	assert.Equal(t, response.Header.Get("X-Request-Id"), line["request_id"], "one that is drawn")
	assert.NotContains(t, line, "action")
}

func TestARequestIDThatCannotBeInAHeaderIsLoggedAllTheSame(t *testing.T) {
	s, logged := logging(t, nil)
	s.weather()
	fields := url.Values{"request_id": {"ч\r\nX-Evil: 1"}, "if_revision": {"1"}, "comment": {"fine"}}
	response, _ := s.ask(http.MethodPost, "/mini-programs/weather/actions/approve-creation", as("reviewer"), form(fields))
	line := requestLine(t, logged)
	assert.Contains(t, line["request_id"], "ч")
	assert.NotEmpty(t, response.Header.Get("X-Request-Id"), "the one that was drawn")
	assert.Empty(t, response.Header.Get("X-Evil"))
}

func TestARequestAndItsQuestionsToTheCatalogueAreOneTrace(t *testing.T) {
	collector := tracingtest.New(t)
	s, logged := logging(t, collector)
	s.weather()
	_, _ = s.ask(http.MethodGet, "/api/v1/mini-programs/weather", as("developer"))
	trace := requestLine(t, logged)["trace_id"].(string)
	s.app.traces.Stop()
	names := map[string]string{}
	root := ""
	for _, span := range collector.Of(trace) {
		names[span.Name] = span.ParentID
		if span.ParentID == "" {
			root = span.ID
		}
	}
	assert.Equal(t, map[string]string{"GET /api/v1/mini-programs/:id": "", "catalogue Status": root}, names)
}

func TestMetricsThatOthersCouldReachAreNotServedBesidePages(t *testing.T) {
	for _, change := range []func(*settings){
		func(s *settings) { s.Addr = "0.0.0.0:8080" },
		func(s *settings) { s.Settings = monitoring.Settings{MetricsAddr: "127.0.0.1:9464"} },
	} {
		s := stand(t, change)
		for state, web := range dispatchers(t, s) {
			response, body := web.ask(http.MethodGet, "/metrics")
			assert.NotEqual(t, http.StatusOK, response.StatusCode, state)
			assert.NotContains(t, body, "slipway_", state)
		}
	}
}
