package main

import (
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"slipway/monitoring"
)

// metrics adds the requests of the web to what every program tells.
type metrics struct {
	*monitoring.Metrics
	requests *prometheus.HistogramVec
}

func newMetrics(common *monitoring.Metrics) *metrics {
	requests := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "slipway_http_request_seconds", Help: "How long requests took, by route and status.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"method", "route", "status"})
	common.Registry.MustRegister(requests)
	return &metrics{common, requests}
}

// count is observe as a middleware.
func (m *metrics) count(c *gin.Context) {
	begin := time.Now()
	c.Next()
	m.observe(c.Request.Method, c.FullPath(), c.Writer.Status(), time.Since(begin))
}

func (m *metrics) observe(method, route string, status int, took time.Duration) {
	if route == "" {
		method, route = "any", "none" // strangers choose these
	}
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
}
