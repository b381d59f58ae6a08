package monitoring_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.uber.org/goleak"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/monitoring"
)

const patience = 30 * time.Second

// told is what a Watch says, each metric as name{label values}.
func told(t *testing.T, watch *monitoring.Watch) map[string]float64 {
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(watch)
	gathered, err := registry.Gather()
	require.NoError(t, err)
	values := map[string]float64{}
	for _, family := range gathered {
		for _, metric := range family.GetMetric() {
			var labels []string
			for _, label := range metric.GetLabel() {
				labels = append(labels, label.GetValue())
			}
			values[family.GetName()+"{"+strings.Join(labels, ",")+"}"] = metric.GetGauge().GetValue()
		}
	}
	return values
}

// watching runs until the end of the test, and leaves nothing behind.
func watching(t *testing.T, open func(context.Context) (*catalog.Catalog, error)) *monitoring.Watch {
	temporal, err := client.NewLazyClient(client.Options{HostPort: "127.0.0.1:1"})
	require.NoError(t, err)
	watch := monitoring.NewWatch(temporal, open)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() { defer close(done); watch.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-done
		temporal.Close()
	})
	return watch
}

func TestWhatIsNotKnownIsLeftOutRatherThanWrong(t *testing.T) {
	proxy := catalogtest.NewProxy(t, catalogtest.Postgres(t))
	cat, err := catalog.Open(t.Context(), proxy.URL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = cat.Close() })
	watch := watching(t, func(context.Context) (*catalog.Catalog, error) { return cat, nil })
	require.Eventually(t, func() bool { return told(t, watch)["slipway_dependency_up{catalogue}"] == 1 }, patience, time.Millisecond)
	assert.Equal(t, map[string]float64{"slipway_dependency_up{catalogue}": 1, "slipway_dependency_up{temporal}": 0, "slipway_overdue_reviews{}": 0}, told(t, watch))

	proxy.Become(catalogtest.SwallowsAll)
	require.Eventually(t, func() bool { return told(t, watch)["slipway_dependency_up{catalogue}"] == 0 }, patience, 10*time.Millisecond)
	assert.Equal(t, map[string]float64{"slipway_dependency_up{catalogue}": 0, "slipway_dependency_up{temporal}": 0}, told(t, watch), "asking for it waits for nobody")
	assert.Zero(t, watch.LastChange())
	proxy.Become(catalogtest.Talks)
	require.Eventually(t, func() bool { return told(t, watch)["slipway_dependency_up{catalogue}"] == 1 }, patience, 10*time.Millisecond)
}

func TestACatalogueThatCannotBeOpenedIsAway(t *testing.T) {
	asked := make(chan struct{}, 100)
	watch := watching(t, func(context.Context) (*catalog.Catalog, error) {
		asked <- struct{}{}
		return nil, errors.New("the database is down")
	})
	<-asked
	assert.Zero(t, told(t, watch)["slipway_dependency_up{catalogue}"])
}

func TestMetricsAreBesideRequestsOnlyWhereNobodyElseCanAsk(t *testing.T) {
	for addr, beside := range map[string]bool{
		"127.0.0.1:8080": true, "localhost:8080": true, "[::1]:8080": true, "127.1.2.3:80": true, "": true,
		"0.0.0.0:8080": false, ":8080": false, "[::]:8080": false, "192.168.1.2:8080": false, "slipway.example.com:80": false,
	} {
		assert.Equal(t, beside, monitoring.Settings{}.BesideRequests(addr), addr)
		assert.False(t, monitoring.Settings{MetricsAddr: "127.0.0.1:9464"}.BesideRequests(addr), addr)
	}
}

func TestMetricsHaveAListenerOfTheirOwn(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	metrics, err := monitoring.NewMetrics()
	require.NoError(t, err)
	require.NoError(t, metrics.Listen(t.Context(), ""), "there is nothing to do")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := listener.Addr().String()
	assert.ErrorContains(t, metrics.Listen(t.Context(), addr), "METRICS_ADDR: listen tcp "+addr)
	require.NoError(t, listener.Close())

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- metrics.Listen(ctx, addr) }()
	asking := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	get := func(path string) (status int, body string) {
		response, err := asking.Get("http://" + addr + path)
		if err != nil {
			return 0, ""
		}
		defer func() { _ = response.Body.Close() }()
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, string(text)
	}
	require.Eventually(t, func() bool { status, _ := get("/metrics"); return status == http.StatusOK }, patience, time.Millisecond)
	_, body := get("/metrics")
	assert.Contains(t, body, "go_goroutines")
	status, _ := get("/")
	assert.Equal(t, http.StatusNotFound, status)
	cancel()
	require.NoError(t, <-ended)
}
