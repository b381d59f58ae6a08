// Package devservertest gives tests a Temporal development server of their own.
package devservertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"slipway/devserver"
	"slipway/process"
)

const (
	attempts     = 3 // another program may take the free port before the server does
	startLimit   = time.Minute
	askInterval  = 50 * time.Millisecond
	stopGrace    = 5 * time.Second
	keptLogLines = 40
)

// Server is a development server in memory, on loopback ports that were free.
type Server struct {
	Address string
	Client  client.Client // of the namespace "default"

	child *process.Process
	log   *process.Tail
}

// Start starts a server for one test, or for a test and its subtests, and stops it when they end. Settings are those of
// devserver.Options.DynamicConfig.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	server, err := Launch(t.Context(), t.Output(), settings...)
	if err != nil {
		t.Fatalf("Temporal development server for this test: %v", err)
	}
	t.Cleanup(func() {
		server.Stop()
		if t.Failed() {
			t.Logf("last lines of the Temporal development server:\n%s", server.log)
		}
	})
	return server
}

// Launch starts a server for all tests of a package, from TestMain, which must stop it.
func Launch(ctx context.Context, progress io.Writer, settings ...string) (*Server, error) {
	cli, err := devserver.CLI(ctx, progress)
	if err != nil {
		return nil, err
	}
	for range attempts {
		var server *Server
		if server, err = launch(ctx, cli, settings); err == nil {
			return server, nil
		}
	}
	return nil, err
}

func launch(ctx context.Context, cli string, settings []string) (*Server, error) {
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	options := devserver.Options{Port: port, DynamicConfig: settings}
	server := &Server{Address: options.Address(), log: &process.Tail{Max: keptLogLines}}
	output := &process.Lines{Each: server.log.Add}
	cmd := exec.Command(cli, options.Args()...)
	cmd.Stdout, cmd.Stderr = output, output
	if server.child, err = process.Start(cmd); err != nil {
		return nil, fmt.Errorf("%s: %w", cli, err)
	}
	err = server.waitUntilReady(ctx)
	if err == nil {
		server.Client, err = client.DialContext(ctx, client.Options{HostPort: server.Address})
	}
	if err != nil {
		server.child.Stop(stopGrace)
		return nil, fmt.Errorf("%s at %s: %w; it said last:\n%s", cli, server.Address, err, server.log)
	}
	return server, nil
}

func (s *Server) waitUntilReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	ticker := time.NewTicker(askInterval)
	defer ticker.Stop()
	for {
		notYet := devserver.Ready(ctx, s.Address)
		if notYet == nil {
			return nil
		}
		select {
		case <-s.child.Done():
			return errors.New("ended with " + s.child.Exit())
		case <-ctx.Done():
			return fmt.Errorf("not ready within %s: %w", startLimit, notYet)
		case <-ticker.C:
		}
	}
}

// Stop ends the server and all that it knew.
func (s *Server) Stop() {
	s.Client.Close()
	s.child.Stop(stopGrace)
}

func freePort(ctx context.Context) (int, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(devserver.Host, "0"))
	if err != nil {
		return 0, fmt.Errorf("free port: %w", err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
