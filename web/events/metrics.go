package events

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"slipway/catalog"
)

func newLag() prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "slipway_feed_lag_seconds", Help: "How long after its decision a change was passed on to those who watch or wait for an answer.",
		Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
	})
}

// observe measures by two clocks, that of Temporal at the decision and ours: less than nothing is nothing.
func (f *Feed) observe(change catalog.Change) {
	var at time.Time
	switch {
	case change.Transition != nil:
		at = change.Transition.At
	case change.Outcome != nil:
		at = change.Outcome.At
	default:
		return
	}
	f.lag.Observe(max(0, time.Since(at).Seconds()))
}

// Collectors are the metrics of the feed. last is the number of the last change in the catalogue, as it was known a moment ago, and 0 while
// the catalogue does not answer.
func (f *Feed) Collectors(last func() int64) []prometheus.Collector {
	behind := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "slipway_feed_behind_changes", Help: "Changes in the catalogue, as of its last count, that the feed has not passed on yet.",
	}, func() float64 { return float64(max(0, last()-f.Last())) })
	return []prometheus.Collector{f.lag, behind}
}
