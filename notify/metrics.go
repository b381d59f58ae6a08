package notify

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"slipway/lifecycle"
)

// What came of an attempt to deliver: taken, not wanted by the target, or the target takes nothing now. A message that was given up is
// parked.
const (
	outcomeDelivered = "delivered"
	outcomeRefused   = "refused"
	outcomeFailed    = "failed"
	outcomeParked    = "parked"
)

const (
	// countInterval is how often subscriptions are counted, countPatience bounds one count.
	countInterval = 5 * time.Second
	countPatience = 2 * time.Second
)

// Metrics are how telling people goes: what this worker has sent, and how all subscriptions stand, which every worker tells alike. They
// are a prometheus.Collector, and being asked costs nothing. The nil pointer counts nothing.
type Metrics struct {
	deliveries *prometheus.CounterVec
	counts     atomic.Pointer[Counts] // nil while the database does not answer: a number of before would be wrong
}

// NewMetrics begins to count. What can be counted is known from the start, so that the first of its kind is a rise from zero.
func NewMetrics() *Metrics {
	m := &Metrics{deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "slipway_deliveries_total", Help: "Attempts to deliver messages of subscriptions, and messages that were given up (parked).",
	}, []string{"channel", "outcome"})}
	for _, channel := range lifecycle.Channels {
		for _, outcome := range []string{outcomeDelivered, outcomeRefused, outcomeFailed, outcomeParked} {
			m.deliveries.WithLabelValues(string(channel), outcome)
		}
	}
	return m
}

func (m *Metrics) count(channel lifecycle.Channel, outcome string) {
	if m != nil {
		m.deliveries.WithLabelValues(string(channel), outcome).Inc()
	}
}

// parked counts messages that were given up.
func (m *Metrics) parked(channel lifecycle.Channel, messages int) {
	if m != nil {
		m.deliveries.WithLabelValues(string(channel), outcomeParked).Add(float64(messages))
	}
}

// Watch counts the subscriptions of a store every few seconds, until ctx is done.
func (m *Metrics) Watch(ctx context.Context, store *Store) {
	ticker := time.NewTicker(countInterval)
	defer ticker.Stop()
	for {
		m.Look(ctx, store)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Look counts them once.
func (m *Metrics) Look(ctx context.Context, store *Store) {
	ctx, cancel := context.WithTimeout(ctx, countPatience)
	defer cancel()
	counts, err := store.Count(ctx)
	if err != nil {
		m.counts.Store(nil)
		return
	}
	m.counts.Store(&counts)
}

var (
	subscriptionsMetric = prometheus.NewDesc("slipway_subscriptions",
		"Subscriptions, by whether what they have to tell is taken.", []string{"standing"}, nil)
	undeliveredMetric = prometheus.NewDesc("slipway_undelivered_messages",
		"Messages of all subscriptions that were set aside, to be tried again or given up.", []string{"standing"}, nil)
	undeliveredAgeMetric = prometheus.NewDesc("slipway_undelivered_age_seconds",
		"How long ago the oldest happened that a subscription has still to tell; 0 when all is told, or given up.", nil, nil)
)

// Describe makes Metrics a prometheus.Collector.
func (m *Metrics) Describe(descriptions chan<- *prometheus.Desc) {
	m.deliveries.Describe(descriptions)
	for _, each := range []*prometheus.Desc{subscriptionsMetric, undeliveredMetric, undeliveredAgeMetric} {
		descriptions <- each
	}
}

// Collect makes Metrics a prometheus.Collector. What is not known is left out.
func (m *Metrics) Collect(metrics chan<- prometheus.Metric) {
	m.deliveries.Collect(metrics)
	counts := m.counts.Load()
	if counts == nil {
		return
	}
	gauge := func(which *prometheus.Desc, value float64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(which, prometheus.GaugeValue, value, labels...)
	}
	gauge(subscriptionsMetric, float64(counts.Delivering), "delivering")
	gauge(subscriptionsMetric, float64(counts.Failing), "failing")
	gauge(undeliveredMetric, float64(counts.Waiting), "waiting")
	gauge(undeliveredMetric, float64(counts.Parked), "parked")
	age := 0.0
	if !counts.Oldest.IsZero() {
		age = max(0, time.Since(counts.Oldest).Seconds())
	}
	gauge(undeliveredAgeMetric, age)
}
