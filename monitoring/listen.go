package monitoring

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"slipway/monitoring/tracing"
)

// Settings say how a program lets itself be observed.
type Settings struct {
	// MetricsAddr is where metrics are served, on a listener of their own.
	MetricsAddr string `env:"METRICS_ADDR"`
	// Tracing says whom traces are told.
	Tracing tracing.Settings
}

// BesideRequests tells whether metrics are served at addr, too, where the program answers everything else: while they have no listener of
// their own, and as long as nobody but this machine can ask there.
func (s Settings) BesideRequests(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	ip := net.ParseIP(host)
	return s.MetricsAddr == "" && (err != nil || host == "localhost" || ip != nil && ip.IsLoopback())
}

// Who watches over a program gets small answers.
const (
	headerTimeout = 10 * time.Second
	answerTimeout = 30 * time.Second
	idleTimeout   = 2 * time.Minute
)

// Handler answers with all metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.Registry, promhttp.HandlerOpts{})
}

// Listen serves /metrics at the address until ctx is done; without one it has nothing to do.
func (m *Metrics) Listen(ctx context.Context, addr string) error {
	if addr == "" {
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.Handler())
	return Serve(ctx, "METRICS_ADDR", addr, mux)
}

// Serve answers those who watch over a program, at the address until ctx is done. An error names the variable that the address is from.
func Serve(ctx context.Context, variable, addr string, handler http.Handler) error {
	server := &http.Server{
		Addr: addr, Handler: handler,
		ReadHeaderTimeout: headerTimeout, ReadTimeout: headerTimeout, WriteTimeout: answerTimeout, IdleTimeout: idleTimeout,
	}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("%s: %w", variable, err)
	}
	return nil
}
