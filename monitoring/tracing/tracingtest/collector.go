// Package tracingtest is an OpenTelemetry collector for tests: it takes traces as programs send them, OTLP over HTTP.
package tracingtest

import (
	"compress/gzip"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Span is one that was told.
type Span struct {
	// Service is the program that it was made by.
	Service, Name       string
	Trace, ID, ParentID string
	Kind                tracepb.Span_SpanKind
	Failed              bool
	Attributes          map[string]string
	// Raw is all that was told of it.
	Raw *tracepb.Span
}

// Collector takes traces at URL until the test is over.
type Collector struct {
	URL string

	mu      sync.Mutex
	spans   []Span
	headers http.Header
}

// New starts a collector.
func New(t *testing.T) *Collector {
	c := &Collector{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.take(t, w, r) }))
	t.Cleanup(server.Close)
	c.URL = server.URL
	return c
}

func (c *Collector) take(t *testing.T, w http.ResponseWriter, r *http.Request) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipper, err := gzip.NewReader(r.Body)
		if !assert.NoError(t, err) {
			return
		}
		body = unzipper
	}
	content, err := io.ReadAll(body)
	var request collector.ExportTraceServiceRequest
	if !assert.NoError(t, err) || !assert.Equal(t, "/v1/traces", r.URL.Path) || !assert.NoError(t, proto.Unmarshal(content, &request)) {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.headers = r.Header
	for _, of := range request.GetResourceSpans() {
		c.add(of)
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func (c *Collector) add(of *tracepb.ResourceSpans) {
	service := ""
	for _, attribute := range of.GetResource().GetAttributes() {
		if attribute.GetKey() == "service.name" {
			service = attribute.GetValue().GetStringValue()
		}
	}
	for _, scope := range of.GetScopeSpans() {
		for _, raw := range scope.GetSpans() {
			span := Span{
				Service: service, Name: raw.GetName(), Trace: hex.EncodeToString(raw.GetTraceId()), ID: hex.EncodeToString(raw.GetSpanId()),
				ParentID: hex.EncodeToString(raw.GetParentSpanId()), Kind: raw.GetKind(),
				Failed: raw.GetStatus().GetCode() == tracepb.Status_STATUS_CODE_ERROR, Attributes: map[string]string{}, Raw: raw,
			}
			for _, attribute := range raw.GetAttributes() {
				span.Attributes[attribute.GetKey()] = attribute.GetValue().GetStringValue()
			}
			c.spans = append(c.spans, span)
		}
	}
}

// Spans are those that were told so far.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Span(nil), c.spans...)
}

// Of are the spans of one trace.
func (c *Collector) Of(trace string) (spans []Span) {
	for _, span := range c.Spans() {
		if span.Trace == trace {
			spans = append(spans, span)
		}
	}
	return spans
}

// Headers came with the last export.
func (c *Collector) Headers() http.Header {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.headers
}
