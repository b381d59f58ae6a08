package main

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"slipway/monitoring"
	"slipway/monitoring/logkey"
	"slipway/monitoring/tracing"
	"slipway/web/access"
	"slipway/web/service"
)

// requestIDHeader names a request, and what is logged about it, to whoever sent it.
const requestIDHeader = "X-Request-Id"

// observe logs, counts and traces every request. Looking is logged only when something is wrong. An action has the request id that its
// sender gave it, by which the worker's log knows it, too; any other request has one that is drawn.
func (a application) observe(c *gin.Context) {
	begin := time.Now()
	traced, end := a.traces.Begin(c.Request, c.FullPath())
	note := &service.Note{RequestID: uuid.NewString(), Known: func(known service.Note) { nameAnswer(c, known.RequestID) }}
	nameAnswer(c, note.RequestID)
	c.Request = traced.WithContext(service.WithNote(traced.Context(), note))
	c.Next()
	status, took := c.Writer.Status(), time.Since(begin)
	end(status)
	a.metrics.observe(c.Request.Method, c.FullPath(), status, took)
	level := zap.DebugLevel
	if c.Request.Method != http.MethodGet || status >= http.StatusInternalServerError {
		level = zap.InfoLevel
	}
	a.logger.Log(level, "request", append(aboutNote(c, note),
		zap.String(logkey.Method, c.Request.Method), zap.String(logkey.Route, c.FullPath()), zap.Int(logkey.Status, status),
		zap.Duration(logkey.Took, took))...)
}

// nameAnswer leaves out what cannot be in a header.
func nameAnswer(c *gin.Context, requestID string) {
	if requestID != "" && strings.IndexFunc(requestID, func(r rune) bool { return r <= ' ' || r > '~' }) < 0 {
		c.Header(requestIDHeader, requestID)
	}
}

// aboutNote are the fields that say which request it was, and whose; those that do not apply are left out.
func aboutNote(c *gin.Context, note *service.Note) []zapcore.Field {
	ctx := c.Request.Context()
	fields := []zapcore.Field{zap.String(logkey.RequestID, note.RequestID), zap.String(logkey.User, access.Person(ctx).User)}
	if note.Action != "" {
		fields = append(fields, zap.String(logkey.Action, string(note.Action)))
	}
	if note.MiniProgram != "" {
		fields = append(fields, zap.String(logkey.MiniProgram, note.MiniProgram))
	}
	if trace := tracing.ID(ctx); trace != "" {
		fields = append(fields, zap.String(logkey.TraceID, trace))
	}
	return fields
}

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
