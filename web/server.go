package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"

	"slipway/monitoring/logkey"
)

// timeouts bound how long a client may keep us waiting.
type timeouts struct {
	// header is what a request's header may take to arrive, body its body unless its route allows more.
	header, body time.Duration
	// answer is what making an answer may take, besides the wait for a workflow. Each statement of the catalogue has a deadline of its
	// own, so that the first that is silent ends a request earlier.
	answer time.Duration
	// write is what a client has to take the next 16 KiB of its answer.
	write time.Duration
	// idle is how long a connection is kept for the next request.
	idle time.Duration
	// stop is what requests under way get to finish when the process stops.
	stop time.Duration
}

var usualTimeouts = timeouts{
	header: 10 * time.Second, body: 10 * time.Second, answer: 10 * time.Second, write: 30 * time.Second, idle: 2 * time.Minute,
	stop: 10 * time.Second,
}

// server answers what comes over the network.
type server struct {
	http.Server
	timeouts       timeouts
	maxConnections int
	logger         *zap.Logger
}

func newServer(settings settings, handler http.Handler, logger *zap.Logger) *server {
	times := settings.timeouts
	return &server{
		Server: http.Server{
			Handler: handler, ReadHeaderTimeout: times.header, IdleTimeout: times.idle, ErrorLog: zap.NewStdLog(logger),
			DisableGeneralOptionsHandler: true, // every answer is one of ours
		},
		timeouts: times, maxConnections: settings.MaxConnections, logger: logger,
	}
}

func (s *server) listen(ctx context.Context, addr string) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("WEB_ADDR: %w", err)
	}
	return s.serve(ctx, listener)
}

// serve answers until ctx is done. Connections beyond the limit wait until another one ends, or makes room because it waits itself.
func (s *server) serve(ctx context.Context, listener net.Listener) error {
	s.BaseContext = func(net.Listener) context.Context { return context.WithoutCancel(ctx) }
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		stopped <- s.stop(context.WithoutCancel(ctx))
	}()
	slots := newSlots(s.maxConnections)
	s.ConnState = slots.follow
	if err := s.Serve(timeoutListener{listenOn(slots, listener), s.timeouts.write}); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving on %s: %w", listener.Addr(), err)
	}
	return <-stopped
}

// stop lets requests under way finish. Those that do not are cut off: whoever sends one without an end must not decide how
// this process ends.
func (s *server) stop(ctx context.Context) error {
	finish, cancel := context.WithTimeout(ctx, s.timeouts.stop)
	defer cancel()
	err := s.Shutdown(finish)
	if errors.Is(err, context.DeadlineExceeded) {
		s.logger.Warn("requests that did not finish in time were cut off", zap.Duration(logkey.Within, s.timeouts.stop))
		return s.Close()
	}
	return err
}
