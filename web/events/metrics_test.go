package events_test

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/web/events"
)

// tells is what a feed says of itself: how many changes it passed on with a lag, and how many it has not passed on.
func tells(t *testing.T, feed *events.Feed, last int64) (passedOn uint64, behind float64) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(feed.Collectors(func() int64 { return last })...)
	gathered, err := registry.Gather()
	require.NoError(t, err)
	for _, family := range gathered {
		switch family.GetName() {
		case "slipway_feed_lag_seconds":
			passedOn = family.GetMetric()[0].GetHistogram().GetSampleCount()
		case "slipway_feed_behind_changes":
			behind = family.GetMetric()[0].GetGauge().GetValue()
		}
	}
	return passedOn, behind
}

func TestAFeedTellsHowFarItIsBehind(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		still, err := events.NewFeed(t.Context(), c, zap.NewNop())
		require.NoError(t, err)
		feed, _ := follow(t, c)
		request(t, c, "one")
		refuse(t, c, "one", 1)
		require.Eventually(t, func() bool { return feed.Last() == 2 }, patience, time.Millisecond)
		passedOn, behind := tells(t, feed, 2)
		assert.EqualValues(t, 2, passedOn)
		assert.Zero(t, behind)
		_, behind = tells(t, still, 2)
		assert.EqualValues(t, 2, behind, "it does not run")
		_, behind = tells(t, feed, 0)
		assert.Zero(t, behind, "the catalogue is away")
	})
}
