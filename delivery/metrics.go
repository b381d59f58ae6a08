package delivery

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Age is how long ago the catalogue last had nothing newer than the snapshot: at most a second or two while it answers.
func (s *Snapshot) Age() time.Duration { return time.Since(s.state.Load().at) }

// Err says why the catalogue does not answer; nil while it does. The snapshot goes on with what it knows.
func (s *Snapshot) Err() error { return s.state.Load().err }

// Change is the number of the last change that the snapshot has taken over.
func (s *Snapshot) Change() int64 { return s.state.Load().change }

var (
	ageMetric = prometheus.NewDesc("slipway_delivery_age_seconds",
		"How long ago the catalogue last had nothing newer than what delivery knows.", nil, nil)
	changeMetric = prometheus.NewDesc("slipway_delivery_change",
		"Number of the last change in the catalogue that delivery has taken over.", nil, nil)
	miniProgramsMetric = prometheus.NewDesc("slipway_delivery_mini_programs",
		"Mini-programs that delivery knows: served, not served, and unreadable (answered with their last good value, if there is one).",
		[]string{"release"}, nil)
	failuresMetric = prometheus.NewDesc("slipway_delivery_refresh_failures_total",
		"How often the catalogue did not answer delivery.", nil, nil)
)

// Describe makes the snapshot a prometheus.Collector.
func (s *Snapshot) Describe(descriptions chan<- *prometheus.Desc) {
	for _, each := range []*prometheus.Desc{ageMetric, changeMetric, miniProgramsMetric, failuresMetric} {
		descriptions <- each
	}
}

// Collect makes the snapshot a prometheus.Collector.
func (s *Snapshot) Collect(metrics chan<- prometheus.Metric) {
	gauge := func(which *prometheus.Desc, value float64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(which, prometheus.GaugeValue, value, labels...)
	}
	gauge(ageMetric, s.Age().Seconds())
	gauge(changeMetric, float64(s.Change()))
	served, not, unreadable := s.count()
	gauge(miniProgramsMetric, float64(served), "served")
	gauge(miniProgramsMetric, float64(not), "not-served")
	gauge(miniProgramsMetric, float64(unreadable), "unreadable")
	metrics <- prometheus.MustNewConstMetric(failuresMetric, prometheus.CounterValue, float64(s.failures.Load()))
}

func (s *Snapshot) count() (served, not, unreadable int) {
	for r := range s.all {
		switch {
		case r.Spoilt:
			unreadable++
		case r.served():
			served++
		default:
			not++
		}
	}
	return served, not, unreadable
}
