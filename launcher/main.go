// Command launcher runs the whole product on this machine: it starts the programs of its table, all at once, because each waits by itself
// for what it needs, and stops them in reverse when it is told to, or when one of them cannot start. One that ends by itself later is
// started again, Temporal's server also while it starts: whoever asks which version a user gets is not to wait for a person.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"slipway/devserver"
	"slipway/plain"
	"slipway/process"
)

const (
	startTimeout = 3 * time.Minute  // a busy machine with a slow disk; who ends is noticed at once
	stopTimeout  = 15 * time.Second // longer than what the worker gives its activities
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, stdout, stderr io.Writer) int {
	// Programs quote strangers in their log lines.
	stdout, stderr = &plain.Writer{To: stdout}, &plain.Writer{To: stderr}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := command(ctx, args, stdout); err != nil {
		fmt.Fprintln(stderr, "\nslipway:", err)
		return 1
	}
	return 0
}

func command(ctx context.Context, args []string, stdout io.Writer) error {
	switch {
	case len(args) == 0:
		return launch(ctx, stdout)
	case len(args) == 1 && args[0] == "prepare":
		_, err := devserver.CLI(ctx, stdout)
		return err
	case len(args) == 1 && args[0] == "demo":
		return demo(ctx)
	case len(args) == 4 && args[0] == uiProxyCommand:
		return serveUI(ctx, args[1], args[2], args[3])
	default:
		return fmt.Errorf("unknown arguments %q: give none to run the product, \"demo\" to see it at work, or \"prepare\" to only make sure "+
			"that there is a temporal command", args)
	}
}

// launch looks for every obstacle before it starts anything. Being told to stop is success, whenever it happens.
func launch(ctx context.Context, stdout io.Writer) error {
	settings, err := settingsFromEnvironment()
	if err != nil {
		return err
	}
	unlock, err := claim(settings.varDir)
	if err != nil {
		return err
	}
	defer unlock()
	if err = settings.keepKeys(); err != nil {
		return err
	}
	if settings.temporal.UI, err = hidden(ctx); err != nil {
		return err
	}
	programs := settings.programs()
	if err := checkPorts(ctx, programs); err != nil {
		return err
	}
	commands, err := locate(ctx, programs, stdout)
	if err != nil {
		return unlessToldToStop(ctx, err)
	}
	output := newOutput(stdout, programs)
	supervisor := &process.Supervisor{StartTimeout: startTimeout, StopTimeout: stopTimeout, Log: output.line}
	defer supervisor.Stop()
	var started []process.Program
	for i, p := range programs {
		command := exec.Command(commands[i], p.args...)
		command.Env = p.env
		started = append(started, process.Program{
			Name: p.name, Command: command, Ready: p.ready, SilentStop: p.silentStop, Restart: true, Patience: p.patience,
		})
	}
	if err := supervisor.Start(ctx, started...); err != nil {
		return unlessToldToStop(ctx, err)
	}
	settings.announce(stdout, programs)
	return supervisor.Wait(ctx)
}

// demo becomes the demo, in the environment that the programs have.
func demo(ctx context.Context) error {
	settings, err := settingsFromEnvironment()
	if err != nil {
		return err
	}
	path, err := built("starter")(ctx, io.Discard)
	if err != nil {
		return err
	}
	return syscall.Exec(path, []string{path, "demo"}, settings.environment()) //nolint:gosec // ours, in the folder of the project
}

func unlessToldToStop(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return nil
}

// claim makes sure that no other launcher works on the same data.
func claim(varDir string) (unlock func(), err error) {
	if err := os.MkdirAll(varDir, 0o755); err != nil {
		return nil, fmt.Errorf("folder for data, VAR_DIR=%s: %w", varDir, err)
	}
	unlock, err = process.TryLock(filepath.Join(varDir, "launcher.lock"))
	if errors.Is(err, process.ErrLocked) {
		return nil, fmt.Errorf("the data in %s is in use by another make run: stop it, or choose another folder "+
			"with VAR_DIR=…", varDir)
	}
	return unlock, err
}

// locate finds the program file of every row, which may mean building it.
func locate(ctx context.Context, programs []program, progress io.Writer) ([]string, error) {
	commands := make([]string, len(programs))
	for i, p := range programs {
		var err error
		if commands[i], err = p.locate(ctx, progress); err != nil {
			return nil, err
		}
	}
	return commands, nil
}
