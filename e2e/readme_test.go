package e2e

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/process"
)

// typist types what README.md prints, on ports and with data of its own.
type typist struct {
	t    *testing.T
	root string
	web  string
	env  []string
	// folder is where a backup and the audit trail are written to.
	folder string
}

// The commands of README.md, one after another, as somebody does who has just cloned the project.
func TestTheCommandsOfTheReadmeWorkAsPrinted(t *testing.T) {
	onDevelopmentServer(t)
	for _, tool := range []string{"bash", "make", "git", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("there is no %s on this machine", tool)
		}
	}
	s := sitDown(t)
	commands := s.commands()
	require.Equal(t, []string{"make run", "make demo"}, commands[:2])
	s.runs(commands[0])
	for _, command := range commands[1:] {
		if strings.HasPrefix(command, "bin/starter watch ") {
			s.glancesAt(command)
			continue
		}
		said := s.types(command)
		for _, refusal := range []string{"refused (", `"accepted":false`, `"accepted": false`} {
			assert.NotContains(t, said, refusal, command)
		}
	}
}

func sitDown(t *testing.T) *typist {
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	s := &typist{t: t, root: root, web: freePort(t), folder: t.TempDir()}
	temporal, home := freePort(t), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(home, ".curlrc"), []byte("silent\nshow-error\nfail-with-body\n"), 0o600))
	_, temporalPort, err := net.SplitHostPort(temporal)
	require.NoError(t, err)
	_, uiPort, err := net.SplitHostPort(freePort(t))
	require.NoError(t, err)
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); !strings.HasPrefix(name, "SLIPWAY_") && !strings.HasPrefix(name, "TEMPORAL_") {
			s.env = append(s.env, variable)
		}
	}
	s.env = append(s.env, "TEMPORAL_PORT="+temporalPort, "TEMPORAL_UI_PORT="+uiPort, "WEB_ADDR="+s.web, "WORKER_ADDR="+freePort(t),
		"VAR_DIR="+t.TempDir(), "DATABASE_URL=", "PACKAGE_STORE=", "CURL_HOME="+home)
	t.Cleanup(func() {
		_ = os.Remove(filepath.Join(root, "ci.token"))
	})
	return s
}

func freePort(t *testing.T) string {
	address, err := process.FreeAddress(t.Context(), "127.0.0.1")
	require.NoError(t, err)
	return address.String()
}

// notTyped are the indented blocks of README.md that show something else than commands, by their beginnings.
var notTyped = []string{"\"health\": {\"rules\"", "weather: request-creation accepted", "The page of weather", `{"grayscale"`}

// commands are all lines of the blocks with commands.
func (s *typist) commands() (commands []string) {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.root, "README.md"))
	require.NoError(s.t, err)
	text = bytes.ReplaceAll(text, []byte("\\\n"), []byte(" "))
	begins := true
	for line := range strings.Lines(string(text)) {
		command, indented := strings.CutPrefix(strings.TrimRight(line, "\n"), "    ")
		switch first, _, _ := strings.Cut(command, " "); {
		case !indented || s.isDiagram(command):
			begins = true
		case first == "make" || first == "curl" || first == "git" || strings.HasPrefix(first, "bin/"):
			command, _, _ = strings.Cut(command, " # ")
			commands, begins = append(commands, strings.TrimSpace(command)), false
		case begins:
			begins = false
			require.True(s.t, hasAnyPrefix(command, notTyped), "README.md has a block that is neither known nor commands: %s", command)
		}
	}
	return commands
}

// isDiagram recognises the lines of the state diagram, which stand in a block of their own kind.
func (s *typist) isDiagram(line string) bool {
	return strings.Contains(line, "-->") || strings.HasPrefix(line, "state ") || strings.HasPrefix(line, "    ") || line == "}"
}

func hasAnyPrefix(text string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	return false
}

// command is a line as it is typed, but for the ports and where large files go. Ctrl-C reaches all that it started.
func (s *typist) command(ctx context.Context, line string, env ...string) *exec.Cmd {
	line = strings.NewReplacer("127.0.0.1:8080", s.web, "slipway.zip", s.folder+"/slipway.zip", "audit.csv", s.folder+"/audit.csv").Replace(line)
	command := exec.CommandContext(ctx, "bash", "-c", line) //nolint:gosec // what our README says
	command.Dir, command.Env = s.root, append(append([]string{}, s.env...), env...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGINT) }
	command.WaitDelay = patience
	return command
}

func (s *typist) temporal() string {
	for _, variable := range s.env {
		if port, ok := strings.CutPrefix(variable, "TEMPORAL_PORT="); ok {
			return "TEMPORAL_ADDRESS=127.0.0.1:" + port
		}
	}
	return ""
}

// types types a line that has to work, and returns what it prints.
func (s *typist) types(line string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*patience)
	defer cancel()
	said, err := s.command(ctx, line, s.temporal()).CombinedOutput()
	require.NoError(s.t, err, "%s\n%s", line, said)
	return string(said)
}

// runs types a line that goes on until the test ends, and waits until the web is ready. It may have programs to build.
func (s *typist) runs(line string) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var said output
	command := s.command(ctx, line)
	command.Stdout, command.Stderr = &said, &said
	require.NoError(s.t, command.Start())
	var over atomic.Bool
	waited := make(chan struct{})
	go func() {
		_ = command.Wait()
		over.Store(true)
		close(waited)
	}()
	s.t.Cleanup(func() {
		cancel()
		<-waited
		if s.t.Failed() {
			s.t.Logf("%s said:\n%s", line, &said)
		}
	})
	ready := func() bool { return get("http://"+s.web+"/readyz") == 200 }
	require.Eventually(s.t, func() bool { return over.Load() || ready() }, 5*patience, 10*glance, "%s is ready", line)
	require.False(s.t, over.Load(), "%s ended by itself", line)
}

// glancesAt types a line that shows something until Ctrl-C, and presses that as soon as it does.
func (s *typist) glancesAt(line string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	var said output
	command := s.command(ctx, "exec "+line, s.temporal())
	command.Stdout, command.Stderr = &said, &said
	require.NoError(s.t, command.Start())
	assert.Eventually(s.t, func() bool { return strings.Contains(said.String(), "→") }, patience, glance, "%s\n%s", line, &said)
	cancel()
	_ = command.Wait()
	assert.NotContains(s.t, said.String(), "starter:", line)
}
