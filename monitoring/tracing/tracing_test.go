package tracing_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"slipway/monitoring/tracing"
	"slipway/monitoring/tracing/tracingtest"
)

func usual(endpoint string) tracing.Settings {
	return tracing.Settings{Endpoint: endpoint, Protocol: "http/protobuf", Sampler: "parentbased_always_on"}
}

func started(t *testing.T, settings tracing.Settings) *tracing.Traces {
	require.NoError(t, settings.Validate())
	traces, err := tracing.Start(t.Context(), settings, "slipway-test", "1", zap.NewNop())
	require.NoError(t, err)
	t.Cleanup(traces.Stop)
	return traces
}

func TestWithoutAnEndpointNothingIsStarted(t *testing.T) {
	traces := started(t, usual(""))
	assert.False(t, traces.On())
	request := httptest.NewRequest(http.MethodGet, "/", nil)
	traced, end := traces.Begin(request, "/")
	end(http.StatusOK)
	assert.Same(t, request, traced)
	assert.Empty(t, tracing.ID(traced.Context()))
	var options client.Options
	tracer, err := traces.Intercept(&options)
	require.NoError(t, err)
	assert.Nil(t, tracer)
	assert.Empty(t, options.Interceptors)
	var none *tracing.Traces
	assert.False(t, none.On())
}

func TestEverythingThatIsWrongIsNamedAndNoSecretShown(t *testing.T) {
	wrong := tracing.Settings{
		Endpoint: "collector:4318", TracesEndpoint: "ftp://user:hush@collector", Protocol: "json", Headers: "authorization", Sampler: "sometimes", SamplerArg: "half",
	}
	err := wrong.Validate()
	for _, variable := range []string{
		"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL=json", "OTEL_EXPORTER_OTLP_HEADERS: entry 1", "OTEL_TRACES_SAMPLER_ARG=half",
	} {
		assert.ErrorContains(t, err, variable)
	}
	assert.NotContains(t, err.Error(), "hush")
	wrong.SamplerArg = "NaN"
	assert.ErrorContains(t, wrong.Validate(), "OTEL_TRACES_SAMPLER_ARG=NaN")
	wrong.SamplerArg = ""
	assert.ErrorContains(t, wrong.Validate(), "OTEL_TRACES_SAMPLER=sometimes")
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", usual(""), tracing.Settings{Headers: "hush"}, tracing.Settings{Headers: "hush"}), "hush")
}

func traceparent(sampled string) string {
	return "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-" + sampled
}

// told is what a collector heard of one request with the header.
func told(t *testing.T, settings func(url string) tracing.Settings, header string) []tracingtest.Span {
	collector := tracingtest.New(t)
	traces := started(t, settings(collector.URL))
	request := httptest.NewRequest("SECRET", "/mini-programs/weather?q=secret", nil)
	request.Header.Set("Traceparent", header)
	traced, end := traces.Begin(request, "/mini-programs/:id")
	assert.Equal(t, "4bf92f3577b34da6a3ce929d0e0e4736", tracing.ID(traced.Context()), "also when it is not told, the log has it")
	tracing.About(traced.Context(), "action", "publish", "code", "")
	end(http.StatusBadGateway)
	traces.Stop()
	return collector.Spans()
}

func TestARequestContinuesTheTraceOfItsSender(t *testing.T) {
	spans := told(t, usual, traceparent("01"))
	require.Len(t, spans, 1)
	assert.Equal(t, "00f067aa0ba902b7", spans[0].ParentID)
	assert.Equal(t, "_OTHER /mini-programs/:id", spans[0].Name)
	assert.Equal(t, "slipway-test", spans[0].Service)
	assert.True(t, spans[0].Failed)
	assert.Equal(t, "publish", spans[0].Attributes["slipway.action"])
	assert.NotContains(t, spans[0].Attributes, "slipway.code")
	assert.NotContains(t, spans[0].Raw.String(), "secret")
}

func TestTheSamplerDecidesWhichTracesAreTold(t *testing.T) {
	with := func(sampler string) func(string) tracing.Settings {
		return func(url string) tracing.Settings {
			settings := usual(url)
			settings.Sampler = sampler
			return settings
		}
	}
	assert.Empty(t, told(t, usual, traceparent("00")), "its sender does not want it")
	assert.Empty(t, told(t, with("always_off"), traceparent("01")))
	assert.Len(t, told(t, with("always_on"), traceparent("00")), 1)
	assert.Len(t, told(t, with("traceidratio"), traceparent("00")), 1, "a share of one is all")
}

// Errors may repeat what people wrote, signals may have any name.
func TestSpansOfTemporalSayNothingThatPeopleWrote(t *testing.T) {
	collector := tracingtest.New(t)
	traces := started(t, usual(collector.URL))
	var options client.Options
	tracer, err := traces.Intercept(&options)
	require.NoError(t, err)
	require.Len(t, options.Interceptors, 1)
	for _, name := range []string{"my secret", "approve-creation"} {
		span, err := tracer.StartSpan(&interceptor.TracerStartSpanOptions{Operation: "HandleSignal", Name: name, Time: time.Now()})
		require.NoError(t, err)
		span.Finish(&interceptor.TracerFinishSpanOptions{Error: errors.New("refused: my secret")})
	}
	run, err := tracer.StartSpan(&interceptor.TracerStartSpanOptions{Operation: "RunWorkflow", Name: "MiniProgram", Time: time.Now()})
	require.NoError(t, err)
	run.Finish(&interceptor.TracerFinishSpanOptions{})
	traces.Stop()
	spans := collector.Spans()
	require.Len(t, spans, 2, "a run has no span")
	assert.Equal(t, "HandleSignal:unknown", spans[0].Name)
	assert.Equal(t, "HandleSignal:approve-creation", spans[1].Name)
	for _, span := range spans {
		assert.True(t, span.Failed)
		assert.Equal(t, "*errors.errorString", span.Attributes["error.type"])
		assert.NotContains(t, span.Raw.String(), "secret")
	}
}

func TestACollectorThatIsAwayHoldsNothingUpAndIsLogged(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "100")
	for _, protocol := range []string{"http/protobuf", "grpc"} {
		core, logged := observer.New(zap.WarnLevel)
		settings := usual("http://127.0.0.1:1")
		settings.Protocol = protocol
		traces, err := tracing.Start(context.Background(), settings, "slipway-test", "1", zap.New(core))
		require.NoError(t, err)
		_, end := traces.Begin(httptest.NewRequest(http.MethodGet, "/", nil), "/")
		end(http.StatusOK)
		traces.Stop()
		assert.NotZero(t, logged.FilterMessage("traces are lost").Len(), protocol)
	}
}

// BenchmarkARequest measures a request with four more spans, as an action has in the web.
func BenchmarkARequest(b *testing.B) {
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer collector.Close()
	for name, settings := range map[string]tracing.Settings{
		"nobody":   usual(""),
		"none-of":  {Endpoint: collector.URL, Protocol: "http/protobuf", Sampler: "always_off"},
		"everyone": usual(collector.URL),
	} {
		b.Run(name, func(b *testing.B) {
			traces, err := tracing.Start(b.Context(), settings, "slipway-bench", "1", zap.NewNop())
			require.NoError(b, err)
			defer traces.Stop()
			request := httptest.NewRequest(http.MethodGet, "/", nil)
			for b.Loop() {
				requests, ends := request, [5]func(int){}
				for i := range ends {
					requests, ends[i] = traces.Begin(requests, "/mini-programs/:id")
				}
				for _, end := range ends {
					end(http.StatusOK)
				}
			}
		})
	}
}
