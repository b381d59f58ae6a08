package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"slipway/devserver"
	"slipway/process"
)

// program is one row of the table of what runs.
type program struct {
	name      string
	locate    func(ctx context.Context, progress io.Writer) (path string, err error)
	args      []string
	env       []string // empty: our own
	endpoints []endpoint
	ready     func(ctx context.Context) error
	// silentStop leaves out what the program says once it was asked to stop.
	silentStop bool
	// patience is how long it may end while it starts, and be started again.
	patience time.Duration
}

// endpoint is an address that a program listens on, and the variable that moves it.
type endpoint struct {
	address  string
	variable string
	title    string // for people; empty: not shown
	scheme   string // what makes the address one that can be clicked
}

// programs is the table: what is started, and stopped in reverse.
func (s settings) programs() []program {
	env := s.environment()
	worker := program{
		name:      "worker",
		locate:    built("worker"),
		env:       env,
		endpoints: []endpoint{{address: s.workerAddr, variable: "WORKER_ADDR"}},
		ready:     process.HTTPReady("http://" + s.workerAddr + "/readyz"),
	}
	web := program{
		name:      "web",
		locate:    built("web"),
		env:       env,
		endpoints: []endpoint{{address: s.webAddr, variable: "WEB_ADDR", title: "Slipway", scheme: "http://"}},
		ready:     process.HTTPReady("http://" + s.webAddr + "/readyz"),
	}
	if s.serverElsewhere != "" {
		return []program{worker, web}
	}
	return []program{s.temporalServer(), s.temporalUI(), worker, web}
}

func (s settings) temporalServer() program {
	address := s.temporal.Address()
	return program{
		name:      "temporal",
		locate:    devserver.CLI,
		args:      s.temporal.Args(),
		endpoints: []endpoint{{address: address, variable: "TEMPORAL_PORT", title: "Temporal"}},
		ready:     func(ctx context.Context) error { return devserver.Ready(ctx, address) },
		// It reports its own orderly end as errors.
		silentStop: true,
		// With a full disk it ends at once, and host apps are served without it.
		patience: 30 * time.Second,
	}
}

// temporalUI is this program once more, as the proxy before Temporal UI.
func (s settings) temporalUI() program {
	return program{
		name:      "ui",
		locate:    func(context.Context, io.Writer) (string, error) { return os.Executable() },
		args:      []string{uiProxyCommand, s.uiAddr(), s.temporal.UI.String(), s.codec()},
		endpoints: []endpoint{{address: s.uiAddr(), variable: "TEMPORAL_UI_PORT", title: "Temporal UI", scheme: "http://"}},
		ready:     process.HTTPReady("http://" + s.uiAddr() + "/api/v1/system-info"), // which Temporal itself answers
	}
}

func built(name string) func(context.Context, io.Writer) (string, error) {
	path := filepath.Join("bin", name)
	return func(context.Context, io.Writer) (string, error) {
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("%s is not built: start the launcher with make run, in the project's folder", path)
		}
		return path, nil
	}
}
