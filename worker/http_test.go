package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/devserver/devservertest"
	"slipway/monitoring"
	"slipway/process"
)

const (
	patience = 30 * time.Second
	glance   = 20 * time.Millisecond
)

// freeAddress is an address of this machine that nobody listens on.
func freeAddress(t *testing.T) string {
	address, err := process.FreeAddress(t.Context(), "127.0.0.1")
	require.NoError(t, err)
	return address.String()
}

// get asks the worker; status is 0 when nobody answers.
func get(url string) (status int, body string) {
	response, err := http.Get(url)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	text, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(text)
}

// started runs a worker with its own data until stop, which returns how it ended.
func started(t *testing.T, server *devservertest.Server) (url string, stop func() error) {
	nothingSet(t)
	addr := freeAddress(t)
	t.Setenv("VAR_DIR", filepath.Join(t.TempDir(), "var"))
	t.Setenv("WORKER_ADDR", addr)
	t.Setenv("TEMPORAL_ADDRESS", server.Address)
	t.Setenv("LOG_LEVEL", "error")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	stop = func() error {
		cancel()
		return <-ended
	}
	url = "http://" + addr
	require.Eventually(t, func() bool {
		status, _ := get(url + "/readyz")
		return status == http.StatusOK
	}, patience, glance)
	return url, stop
}

func TestAWorkerIsReadyMeasuredAndStopsGracefully(t *testing.T) {
	url, stop := started(t, devservertest.Start(t))
	status, body := get(url + "/healthz")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "ok\n", body)

	status, body = get(url + "/metrics")
	assert.Equal(t, http.StatusOK, status)
	assert.Regexp(t, regexp.MustCompile(`(?m)^temporal_\w+_total\{.*\} \d`), body, "counters end in _total")
	assert.Contains(t, body, "go_goroutines")
	assert.Contains(t, body, "process_")

	require.NoError(t, stop(), "being asked to stop is no failure")
	status, _ = get(url + "/readyz")
	assert.Zero(t, status, "nobody listens any more")
}

func TestAnAddressThatIsTakenIsNamed(t *testing.T) {
	server := devservertest.Start(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = taken.Close() }()
	nothingSet(t)
	t.Setenv("VAR_DIR", t.TempDir())
	t.Setenv("WORKER_ADDR", taken.Addr().String())
	t.Setenv("TEMPORAL_ADDRESS", server.Address)
	t.Setenv("LOG_LEVEL", "error")
	err = run(t.Context())
	assert.ErrorContains(t, err, "WORKER_ADDR")
	assert.ErrorContains(t, err, taken.Addr().String())
}

// probed serves the health of something that is not a whole worker.
func probed(t *testing.T, health *health) (url string) {
	addr := freeAddress(t)
	metrics, err := monitoring.NewMetrics()
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- listen(ctx, addr, health, metrics) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-ended)
	})
	require.Eventually(t, func() bool {
		status, _ := get("http://" + addr + "/healthz")
		return status == http.StatusOK
	}, patience, glance, "alive, whatever it depends on")
	return "http://" + addr
}

func TestNoAnswerOfTheWorkerIsTakenForSomethingElse(t *testing.T) {
	url := probed(t, &health{})
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/nowhere", "/readyz/"} {
		response, err := http.Get(url + path)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, "nosniff", response.Header.Get("X-Content-Type-Options"), path)
	}
}

func TestReadinessSaysWhatIsMissing(t *testing.T) {
	server, err := devservertest.Launch(t.Context(), t.Output())
	require.NoError(t, err)
	cat, err := catalog.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "slipway.db"))
	require.NoError(t, err)
	health := &health{temporal: server.Client, catalog: cat}
	url := probed(t, health)
	unready := func(reason string) {
		t.Helper()
		status, body := get(url + "/readyz")
		assert.Equal(t, http.StatusServiceUnavailable, status)
		assert.True(t, strings.HasPrefix(body, reason), body)
	}

	unready("the worker is not running")
	health.started.Store(true)
	status, body := get(url + "/readyz")
	assert.Equal(t, http.StatusOK, status, body)
	require.NoError(t, cat.Close())
	unready("catalogue: ")
	server.Stop()
	unready("temporal: ")
}
