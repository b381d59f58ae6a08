package devserver

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os/exec"
	"strconv"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"slipway/process"
)

// Host is the only address that a development server listens on: it has no access control.
const Host = "127.0.0.1"

// Options say where a development server listens and keeps its data.
type Options struct {
	Port   int
	UI     netip.AddrPort // where Temporal UI listens, which answers whoever asks; the zero value: without it
	DBFile string         // empty: in memory, forgotten at the end
	// DynamicConfig are further settings of the server, as KEY=VALUE.
	DynamicConfig []string
}

// Address is where clients reach the server.
func (o Options) Address() string { return net.JoinHostPort(Host, strconv.Itoa(o.Port)) }

// Args are the arguments of the temporal command that start the server.
func (o Options) Args() []string {
	args := []string{
		"server", "start-dev", "--ip", Host, "--port", strconv.Itoa(o.Port),
		// The default of 20 reads a second would hold every signal back for 50 ms.
		"--dynamic-config-value", "history.transferProcessorMaxPollRPS=2000",
		// The temporal command keeps the state of 8,096 workflows in memory, and reads that of others anew for each of their events.
		"--dynamic-config-value", "history.hostLevelCacheMaxSize=32768",
		// Its HTTP API would take signals from every web page that finds the port, and cannot be switched off. No request can
		// name a host with a blank. Nexus has routes beside it that ask for no host.
		"--dynamic-config-value", `frontend.httpAllowedHosts=["no host"]`,
		"--dynamic-config-value", "system.enableNexus=false",
		// Below errors there are dozens of warnings at every stop; the banner would repeat what we print.
		"--log-level", "error", "--output", "none", "--color", "never",
	}
	for _, setting := range o.DynamicConfig {
		args = append(args, "--dynamic-config-value", setting)
	}
	if o.DBFile != "" {
		args = append(args, "--db-filename", o.DBFile)
	}
	if !o.UI.IsValid() {
		return append(args, "--headless")
	}
	return append(args, "--ui-ip", o.UI.Addr().String(), "--ui-port", strconv.Itoa(int(o.UI.Port())))
}

// Program is the server, run by the temporal command at a path.
func (o Options) Program(cli string) process.Program {
	return process.Program{
		Name:    "temporal",
		Command: exec.Command(cli, o.Args()...),
		Ready:   func(ctx context.Context) error { return Ready(ctx, o.Address()) },
		// It reports its own orderly end as errors.
		SilentStop: true,
	}
}

// Ready says whether the server at the address answers, and if not, why.
func Ready(ctx context.Context, address string) error {
	silent := log.NewStructuredLogger(slog.New(slog.NewTextHandler(io.Discard, nil)))
	c, err := client.NewLazyClient(client.Options{HostPort: address, Logger: silent})
	if err != nil {
		return fmt.Errorf("client for %s: %w", address, err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_, err = c.CheckHealth(ctx, nil)
	return err
}
