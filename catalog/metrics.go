package catalog

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// metrics are about the commits of this process.
type metrics struct {
	commits   *prometheus.HistogramVec
	conflicts prometheus.Counter
}

// How a commit ends: written, refused for what is stored already, or with an error.
const (
	resultCommitted = "committed"
	resultRefused   = "refused"
	resultFailed    = "failed"
)

func newMetrics() metrics {
	m := metrics{
		commits: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "slipway_commit_seconds", Help: "How long commits of mini-programs took, by result, the wait for a connection included.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}, []string{"result"}),
		conflicts: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "slipway_step_conflicts_total", Help: "Commits of a step that the catalogue knew already: a task was done twice, or workflow and catalogue differ.",
		}),
	}
	for _, result := range []string{resultCommitted, resultRefused, resultFailed} {
		m.commits.WithLabelValues(result)
	}
	return m
}

func (m metrics) observe(took time.Duration, err error) {
	result := resultFailed
	switch {
	case err == nil:
		result = resultCommitted
	case errors.Is(err, ErrStepTaken):
		m.conflicts.Inc()
		result = resultRefused
	case errors.Is(err, ErrLifeGoesOn):
		result = resultRefused
	}
	m.commits.WithLabelValues(result).Observe(took.Seconds())
}

// Collectors are the metrics of this catalogue: its commits, and its connections.
func (c *Catalog) Collectors() []prometheus.Collector {
	return []prometheus.Collector{
		c.metrics.commits, c.metrics.conflicts, collectors.NewDBStatsCollector(c.write, "write"), collectors.NewDBStatsCollector(c.read, "read"),
	}
}
