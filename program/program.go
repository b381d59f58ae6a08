// Package program is what the programs that serve have in common: how they begin, are asked about themselves, and end.
package program

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"slipway/config"
)

// Program is a program that is configured by its environment.
type Program struct {
	Name, Summary string
	// Settings is a pointer to what the environment is read into, for --help.
	Settings any
	// Addr is the one of the settings at which the program answers whether it is ready.
	Addr *string
	// Run serves until its context is done. An error is why it could not start or go on.
	Run func(context.Context) error
}

// Main does what the arguments say and returns the exit code: 0, or 1 after an error, or 2 for arguments that are unknown. The
// first SIGTERM or SIGINT lets Run finish what it does, a second one ends the process at once.
func (p Program) Main(args []string, stdout, stderr io.Writer) int {
	var err error
	switch {
	case len(args) == 0:
		err = p.run()
	case len(args) == 1 && (args[0] == "--help" || args[0] == "-h"):
		p.help(stdout)
	case len(args) == 1 && args[0] == "--version":
		_, _ = fmt.Fprintln(stdout, p.Name, Version())
	case len(args) == 1 && args[0] == "healthcheck":
		err = p.healthcheck()
	default:
		_, _ = fmt.Fprintf(stderr, "%s: unknown arguments %q; try --help\n", p.Name, args)
		return 2
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "%s: %s\n", p.Name, err)
		return 1
	}
	return 0
}

func (p Program) run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // from now on a signal does what it does to any process
	if err := p.Run(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil // it was told to end before it had begun
}

func (p Program) help(stdout io.Writer) {
	_, _ = fmt.Fprintf(stdout, `%s: %s

Usage: %s                 serve, until SIGTERM
       %s healthcheck     ask the one that serves here whether it is ready: exit code 0 or 1
       %s --version       which version this is

It is configured by variables of its environment; each may be given as the content of the file that NAME_FILE names:

`, p.Name, p.Summary, p.Name, p.Name, p.Name)
	for _, variable := range config.Variables(p.Settings) {
		_, _ = fmt.Fprintf(stdout, "  %-20s %s\n", variable.Name, variable.Default)
	}
	_, _ = fmt.Fprintln(stdout, "\nWhat they mean: docs/operations.md. "+
		"The connection to Temporal is configured by TEMPORAL_… as for Temporal's own tools.")
}

// healthTimeout is how long the one that serves may take to say whether it is ready.
const healthTimeout = 5 * time.Second

func (p Program) healthcheck() error {
	if err := config.Parse(p.Settings); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(*p.Addr)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1" // it listens everywhere, here too
	}
	ctx, cancel := context.WithTimeout(context.Background(), healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("it does not answer: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(response.Body, 1024))
		return fmt.Errorf("it is not ready: %s", said)
	}
	return nil
}

// named is what the linker was told to call this version: the Dockerfile builds without the repository, which would say it.
var named string

// Version is what it was named, that of the module, or the commit that the program was built from.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	version := cmp.Or(named, info.Main.Version)
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" && (version == "" || version == "(devel)") {
			version = setting.Value
		}
	}
	if version == "" {
		version = "(devel)"
	}
	return version + " " + info.GoVersion
}
