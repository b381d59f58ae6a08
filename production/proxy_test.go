//go:build production

package production

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"sync"
	"testing"
	"time"
)

// proxy stands before the webs as nginx does with deploy/compose/nginx.conf: a web that refuses a connection, or breaks one off, is left out for
// a moment, and another one is asked what may be asked twice.
type proxy struct {
	*httptest.Server
	webs      []string
	transport http.Transport

	mu     sync.Mutex
	turn   int
	failed map[string]time.Time
}

const (
	failTimeout = 2 * time.Second
	// servedBy is the header that names the web behind an answer.
	servedBy = "X-Served-By"
	// largest is what is kept of a request to ask again.
	largest = 1 << 20
)

func newProxy(t *testing.T, webs ...string) *proxy {
	p := &proxy{webs: webs, failed: map[string]time.Time{}, transport: http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}
	p.Server = httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetXForwarded()
			r.Out.URL.Scheme, r.Out.Host = "http", r.In.Host
		},
		Transport: p, FlushInterval: -1, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	})
	t.Cleanup(func() {
		p.CloseClientConnections() // event streams have no end of their own
		p.Close()
		p.transport.CloseIdleConnections()
	})
	return p
}

// RoundTrip asks one web after the other.
func (p *proxy) RoundTrip(r *http.Request) (response *http.Response, err error) {
	again, err := repeatable(r)
	if err != nil {
		return nil, err
	}
	for _, web := range p.order() {
		attempt := again(web)
		if response, err = p.transport.RoundTrip(attempt); err == nil {
			response.Header.Set(servedBy, web)
			return response, nil
		}
		if r.Context().Err() != nil {
			return nil, err
		}
		p.fails(web)
		if !mayBeAskedTwice(r) && !unsent(err) {
			return nil, err
		}
	}
	return nil, err
}

// unsent says that there was not even a connection.
func unsent(err error) bool {
	failed, ok := errors.AsType[*net.OpError](err)
	return ok && failed.Op == "dial"
}

// mayBeAskedTwice says that a request only asks. Who acts repeats it by itself.
func mayBeAskedTwice(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead || strings.HasPrefix(r.URL.Path, "/ofrep/")
}

// repeatable makes the request as often as there are webs.
func repeatable(r *http.Request) (func(web string) *http.Request, error) {
	body := r.Body
	var kept []byte
	if keep := r.ContentLength >= 0 && r.ContentLength <= largest; keep && body != nil {
		var err error
		if kept, err = io.ReadAll(body); err != nil {
			return nil, err
		}
		body = nil
	}
	return func(web string) *http.Request {
		attempt := r.Clone(r.Context())
		attempt.URL.Host = web
		if attempt.Body = body; body == nil {
			attempt.Body = io.NopCloser(bytes.NewReader(kept))
		}
		return attempt
	}, nil
}

// order is in turn, those that failed a moment ago last.
func (p *proxy) order() (order []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turn++
	var out []string
	for n := range p.webs {
		web := p.webs[(p.turn+n)%len(p.webs)]
		if time.Since(p.failed[web]) < failTimeout {
			out = append(out, web)
			continue
		}
		order = append(order, web)
	}
	return append(order, out...)
}

func (p *proxy) fails(web string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed[web] = time.Now()
}
