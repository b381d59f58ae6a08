// Package devservertest gives tests a Temporal development server of their own.
package devservertest

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"slipway/devserver"
	"slipway/process"
)

const (
	attempts     = 3 // another program may take the free port before the server does
	startTimeout = time.Minute
	stopTimeout  = 5 * time.Second
)

// Server is a development server, in memory unless it is given a file, on loopback ports that were free; or one that was given.
type Server struct {
	Address string
	Client  client.Client // of the namespace "default"

	supervisor process.Supervisor // of nothing, when the server was given
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
			t.Log(server.supervisor.LogTails())
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

func try(ctx context.Context, cli string, options devserver.Options) (*Server, error) {
	address, err := process.FreeAddress(ctx, devserver.Host)
	if err != nil {
		return nil, err
	}
	options.Port = int(address.Port())
	server := &Server{
		Address:    options.Address(),
		supervisor: process.Supervisor{StartTimeout: startTimeout, StopTimeout: stopTimeout},
	}
	err = server.supervisor.Start(ctx, options.Program(cli))
	if err == nil {
		server.Client, err = client.DialContext(ctx, client.Options{HostPort: server.Address})
	}
	if err != nil {
		server.supervisor.Stop()
		return nil, fmt.Errorf("%s at %s: %w", cli, server.Address, err)
	}
	return server, nil
}

// Stop ends the server and all that it knew.
func (s *Server) Stop() {
	s.Client.Close()
	s.supervisor.Stop()
}
