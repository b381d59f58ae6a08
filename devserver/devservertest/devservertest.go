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

// Server is a development server, in memory unless it is given a file, on loopback ports that were free; or one that was given.
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
	return start(t, devserver.Options{DynamicConfig: settings})
}

// StartOn starts a server for one test that keeps its data in a file, or goes on with what is there.
func StartOn(t testing.TB, file string) *Server {
	t.Helper()
	return start(t, devserver.Options{DBFile: file})
}

func start(t testing.TB, options devserver.Options) *Server {
	t.Helper()
	server, err := launch(t.Context(), t.Output(), options)
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
	return launch(ctx, progress, devserver.Options{DynamicConfig: settings})
}

// Connect uses a server that somebody else started. Stop then only ends the connection.
func Connect(ctx context.Context, address string) (*Server, error) {
	connection, err := client.DialContext(ctx, client.Options{HostPort: address})
	if err != nil {
		return nil, fmt.Errorf("the Temporal server at %s: %w", address, err)
	}
	return &Server{Address: address, Client: connection}, nil
}

func launch(ctx context.Context, progress io.Writer, options devserver.Options) (*Server, error) {
	cli, err := devserver.CLI(ctx, progress)
	if err != nil {
		return nil, err
	}
	for range attempts {
		var server *Server
		if server, err = try(ctx, cli, options); err == nil {
			return server, nil
		}
	}
	return nil, err
}

func try(ctx context.Context, cli string, options devserver.Options) (_ *Server, err error) {
	if options.Port, err = freePort(ctx); err != nil {
		return nil, err
	}
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
	if s.child != nil {
		s.child.Stop(stopGrace)
	}
}

func freePort(ctx context.Context) (int, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(devserver.Host, "0"))
	if err != nil {
		return 0, fmt.Errorf("free port: %w", err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
