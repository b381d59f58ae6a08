package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"slipway/devserver"
	"slipway/process"
)

// installEmbedded is what make run starts: the launcher with Temporal's development server, Temporal UI, worker and web, on SQLite. There
// is no network between its parts that could be cut.
func installEmbedded(ctx context.Context, folder string, log io.Writer) (*installation, error) {
	in := &installation{log: log, tails: func() string { return "" }}
	if err := in.startLauncher(ctx, folder); err != nil {
		in.close()
		return nil, fmt.Errorf("%w\n%s", err, in.tails())
	}
	return in, nil
}

func (in *installation) startLauncher(ctx context.Context, folder string) error {
	if err := in.makeFolder(folder); err != nil {
		return err
	}
	if err := build(filepath.Join(folder, "bin"), "./launcher", "./worker", "./web"); err != nil {
		return err
	}
	cli, err := devserver.CLI(ctx, in.log)
	if err != nil {
		return err
	}
	var ports []string // Temporal, its UI, worker, web
	for range 4 {
		address, err := process.FreeAddress(ctx, devserver.Host)
		if err != nil {
			return err
		}
		ports = append(ports, address.String())
	}
	port := func(i int) string { return ports[i][strings.LastIndex(ports[i], ":")+1:] }
	environment := append(withoutOurs(os.Environ()), "PATH="+filepath.Dir(cli)+":"+os.Getenv("PATH"), "VAR_DIR="+in.disk.folder,
		"TEMPORAL_PORT="+port(0), "TEMPORAL_UI_PORT="+port(1), "WORKER_ADDR="+ports[2], "WEB_ADDR="+ports[3],
		"RATE_LIMIT=0", "ANSWER_WAIT=2s", "LOG_LEVEL=warn")
	launcher := startUnit("launcher", in.log, func() *exec.Cmd {
		command := exec.Command(filepath.Join(folder, "bin", "launcher"))
		command.Dir, command.Env = folder, environment
		return command
	})
	in.atClose(launcher.close)
	in.tails = launcher.String
	in.temporal, in.webs = ports[0], []string{"http://" + ports[3]}
	in.targets = []target{
		{"launcher", 1, launcher.pid},
		{"temporal", 2, childOf(launcher, "server", "start-dev")},
		{"temporal-ui", 1, childOf(launcher, "ui-proxy")},
		{"worker", 6, childOf(launcher, "bin/worker")},
		{"web", 6, childOf(launcher, "bin/web")},
	}
	return in.ready(ctx)
}

// childOf finds the child of a process that has all the words in its command line.
func childOf(parent *unit, words ...string) func() int {
	return func() int {
		for _, pid := range childrenOf(parent.pid()) {
			line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)) //nolint:gosec // of /proc
			found := true
			for _, word := range words {
				found = found && strings.Contains(string(line), word)
			}
			if found {
				return pid
			}
		}
		return 0
	}
}

// withoutOurs leaves out the variables that would lead the product elsewhere.
func withoutOurs(environment []string) (rest []string) {
	for _, variable := range environment {
		name, _, _ := strings.Cut(variable, "=")
		switch {
		case strings.HasPrefix(name, "TEMPORAL_"), strings.HasPrefix(name, "OTEL_"), strings.HasPrefix(name, "OIDC_"):
		case name == "DATABASE_URL", name == "PACKAGE_STORE", name == "SETTINGS_FILE", name == "DELIVERY_FILE", name == "AUTH":
		default:
			rest = append(rest, variable)
		}
	}
	return rest
}
