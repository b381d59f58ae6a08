package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/devserver/devservertest"
	"slipway/fuzztest"
	"slipway/lifecycle"
	"slipway/packages"
	"slipway/process"
)

const (
	patience = 30 * time.Second
	glance   = 20 * time.Millisecond
)

var (
	server     *devservertest.Server
	workerBin  string
	webBin     string
	starterBin string
)

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	if fuzztest.Fuzzing() {
		return m.Run() // which needs neither our programs nor Temporal
	}
	folder, err := os.MkdirTemp("", "slipway-starter")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	workerBin, webBin, starterBin = filepath.Join(folder, "worker"), filepath.Join(folder, "web"), filepath.Join(folder, "starter")
	if out, err := exec.Command("go", "build", "-o", folder, "slipway/worker", "slipway/web", "slipway/starter").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("building the programs: %s\n%s", err, out))
	}
	if server, err = devservertest.Launch(context.Background(), os.Stderr); err != nil {
		panic(err)
	}
	defer server.Stop()
	return m.Run()
}

// terminal is a person at the command line, on a machine with data of its own.
type terminal struct {
	t      *testing.T
	varDir string
}

func sitDown(t *testing.T) *terminal {
	for _, name := range []string{"DATABASE_URL", "PACKAGE_STORE", "LOG_LEVEL", "TEMPORAL_NAMESPACE", "TEMPORAL_PROFILE", "SLIPWAY_USER", "SLIPWAY_ROLES", "SLIPWAY_TEAMS", "SLIPWAY_SERVER", "SLIPWAY_TOKEN", "SETTINGS_FILE", "BROWSER", "DISPLAY", "WAYLAND_DISPLAY"} {
		t.Setenv(name, "") // puts it back at the end
		require.NoError(t, os.Unsetenv(name))
	}
	terminal := &terminal{t: t, varDir: filepath.Join(t.TempDir(), "var")}
	t.Setenv("VAR_DIR", terminal.varDir)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(t.TempDir(), "config"))
	if server != nil {
		t.Setenv("TEMPORAL_ADDRESS", server.Address)
	}
	t.Setenv("TEMPORAL_CONFIG_FILE", filepath.Join(t.TempDir(), "none.toml"))
	return terminal
}

// withWorker is a terminal beside a running worker, which stop ends early.
func withWorker(t *testing.T) (terminal *terminal, stop func()) {
	terminal = sitDown(t)
	return terminal, startWorker(t)
}

func freeAddress(t *testing.T) string {
	address, err := process.FreeAddress(t.Context(), "127.0.0.1")
	require.NoError(t, err)
	return address.String()
}

func startWorker(t *testing.T) (stop func()) {
	return start(t, workerBin, "WORKER_ADDR", freeAddress(t), "/readyz")
}

// start starts a program and waits until the address answers the probe. The test ends it, or stop does earlier.
func start(t *testing.T, program, variable, addr, probe string, env ...string) (stop func()) {
	var said bytes.Buffer
	command := exec.Command(program)
	command.Env = append(append(os.Environ(), variable+"="+addr), env...)
	command.Stdout, command.Stderr = &said, &said
	require.NoError(t, command.Start())
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			_ = command.Process.Signal(os.Interrupt)
			_ = command.Wait()
		}
	}
	t.Cleanup(func() {
		stop()
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(program), &said)
		}
	})
	require.Eventually(t, func() bool {
		response, err := http.Get("http://" + addr + probe)
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	}, patience, glance, "%s is ready", filepath.Base(program))
	return stop
}

// types types one command line; words are separated by blanks.
func (c *terminal) types(line string, more ...string) (code int, stdout, stderr string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	var out, err bytes.Buffer
	code = run(ctx, append(strings.Fields(line), more...), &out, &err)
	return code, out.String(), err.String()
}

// does types a command line that has to work and returns what it prints.
func (c *terminal) does(line string, more ...string) string {
	c.t.Helper()
	code, stdout, stderr := c.types(line, more...)
	require.Equal(c.t, exitDone, code, "%s: %s", line, stderr)
	assert.Empty(c.t, stderr, line)
	return stdout
}

// file writes a package as a file.
func (c *terminal) file(files fs.FS) string {
	var packed bytes.Buffer
	require.NoError(c.t, packages.Zip(&packed, files))
	return c.raw(packed.String())
}

// raw writes a file that may be no package at all.
func (c *terminal) raw(content string) string {
	path := filepath.Join(c.t.TempDir(), "package.zip")
	require.NoError(c.t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// created requests a mini-program and has it approved.
func (c *terminal) created(id string) string {
	c.t.Helper()
	c.does("request "+id+" --title", "Some Title")
	c.does("act approve-creation " + id)
	return id
}

func (c *terminal) status(id string) (status lifecycle.Status) {
	c.t.Helper()
	require.NoError(c.t, json.Unmarshal([]byte(c.does("--json status "+id)), &status))
	return status
}
