package main

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/devserver"
	"slipway/process"
)

// served is a delivery server that ends with the test.
func served(t *testing.T) (address string) {
	free, err := process.FreeAddress(t.Context(), devserver.Host)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serveDelivery(ctx, free.String()) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-ended)
	})
	ready := process.HTTPReady("http://" + free.String() + "/readyz")
	require.Eventually(t, func() bool { return ready(t.Context()) == nil }, outcomeTimeout, 10*time.Millisecond)
	return free.String()
}

func TestAConnectionHearsTheSameAnswerAgainAndAgain(t *testing.T) {
	address := served(t)
	lengths := map[string]int{}
	for _, path := range deliveryPaths {
		c, err := openConnection(t.Context(), address, path)
		require.NoError(t, err)
		defer c.close()
		for range 3 {
			require.NoError(t, c.ask())
			assert.Contains(t, string(c.answer), "HTTP/1.1 200 OK")
			assert.Contains(t, string(c.answer), "1.1.0", "the answer is whole: %s", path)
		}
		lengths[path] = len(c.answer)
	}
	assert.Greater(t, lengths["/ofrep/v1/evaluate/flags"], 500*lengths["/bare"], "the bulk answer has 1,000 mini-programs")
	_, err := openConnection(t.Context(), address, "/nowhere")
	assert.ErrorContains(t, err, "status 404")
}
