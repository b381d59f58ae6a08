package main

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"slipway/monitoring"
)

// metrics adds the requests of the web to what every program tells.
type metrics struct {
	*monitoring.Metrics
	requests *prometheus.HistogramVec
}

func newMetrics() (*metrics, error) {
	common, err := monitoring.NewMetrics()
	if err != nil {
		return nil, err
	}
	requests := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "slipway_http_request_seconds", Help: "How long requests took, by route and status.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"method", "route", "status"})
	common.Registry.MustRegister(requests)
	return &metrics{common, requests}, nil
}

func (m *metrics) observe(method, route string, status int, took time.Duration) {
	if route == "" {
		method, route = "any", "none" // strangers choose these
	}
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
}
