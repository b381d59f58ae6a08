package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"slipway/leaktest"
	"slipway/process"
)

const (
	role     = "LAUNCHER_TEST_ROLE"
	witness  = "LAUNCHER_TEST_WITNESS"
	broken   = "LAUNCHER_TEST_BROKEN" // why the worker cannot start
	patience = time.Minute            // after which a test gives up
)

// TestMain lets this test binary play the launcher and its children, too.
func TestMain(m *testing.M) {
	switch plays := os.Getenv(role); {
	case plays == "":
		_ = os.Setenv("GORACE", "atexit_sleep_ms=0") // or the race detector holds every child for a second
		leaktest.Main(m)
	case filepath.Base(os.Args[0]) == "starter":
		beStarter()
	case plays == "launcher":
		_ = os.Setenv(role, "worker")
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	case plays == "worker":
		if len(os.Args) > 1 { // the launcher once more, as a row of its table
			os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
		}
		if filepath.Base(os.Args[0]) == "web" {
			beWeb()
			return
		}
		beWorker()
	}
}

// beStarter says what it is told about Temporal.
func beStarter() {
	told := slices.DeleteFunc(os.Environ(), func(variable string) bool { return !strings.HasPrefix(variable, "TEMPORAL_") })
	fmt.Println("starter was told to", os.Args[1:], "with", slices.Sorted(slices.Values(told)))
}

// beWeb answers /readyz until it is asked to stop.
func beWeb() {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	http.HandleFunc("/readyz", func(http.ResponseWriter, *http.Request) {})
	listener := must(net.Listen("tcp", os.Getenv("WEB_ADDR")))
	go func() { _ = http.Serve(listener, nil) }()
	<-asked
}

// beWorker answers /readyz, dies after /die, and keeps a connection to the witness, who sees by its end that we are gone.
func beWorker() {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	conn := must(net.Dial("tcp", os.Getenv(witness)))
	_, _ = fmt.Fprintln(conn, "with Temporal at "+os.Getenv("TEMPORAL_ADDRESS")+", data in "+os.Getenv("VAR_DIR")+", signals signed with "+os.Getenv("SIGNAL_KEY_FILE")+", codec for "+os.Getenv("CODEC_ORIGINS"))
	if reason := os.Getenv(broken); reason != "" {
		die(reason)
	}
	http.HandleFunc("/readyz", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("/die", func(_ http.ResponseWriter, r *http.Request) {
		die(r.FormValue("of"))
	})
	listener := must(net.Listen("tcp", os.Getenv("WORKER_ADDR")))
	go func() { _ = http.Serve(listener, nil) }()
	<-asked
	_, _ = fmt.Fprintln(conn, "stopped when asked")
}

func die(of string) {
	fmt.Fprintln(os.Stderr, "panic: nobody expected "+of)
	os.Exit(5)
}

func self() string { return must(os.Executable()) }

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// installation is a folder with the programs, the launcher among them, with addresses that are free.
type installation struct {
	t          *testing.T
	folder     string
	workerAddr string
	webAddr    string
	uiAddr     string // of Temporal UI, when the launcher starts one
	witness    net.Listener
	variables  []string
}

// newInstallation makes an installation whose Temporal server is elsewhere, unless variables say otherwise.
func newInstallation(t *testing.T, variables ...string) *installation {
	t.Helper()
	h := &installation{t: t, folder: t.TempDir(), workerAddr: freeAddress(t), webAddr: freeAddress(t), witness: listen(t)}
	check(t, os.Mkdir(filepath.Join(h.folder, "bin"), 0o755))
	for _, program := range []string{"launcher", "starter", "worker", "web"} {
		check(t, os.Symlink(self(), filepath.Join(h.folder, "bin", program)))
	}
	h.variables = append([]string{
		role + "=launcher", witness + "=" + h.witness.Addr().String(),
		"WORKER_ADDR=" + h.workerAddr, "WEB_ADDR=" + h.webAddr, "TEMPORAL_ADDRESS=elsewhere:7233", "VAR_DIR=data",
	}, variables...)
	return h
}

// launcher is a launcher that runs as a process of its own.
type launcher struct {
	t      *testing.T
	cmd    *exec.Cmd
	output *transcript
	ended  chan struct{}
}

func (h *installation) launch() *launcher {
	h.t.Helper()
	l := &launcher{t: h.t, cmd: exec.Command(self()), output: &transcript{}, ended: make(chan struct{})}
	l.cmd.Dir = h.folder
	l.cmd.Env = append(os.Environ(), h.variables...)
	l.cmd.Stdout, l.cmd.Stderr = l.output, l.output
	check(h.t, l.cmd.Start())
	go func() {
		_ = l.cmd.Wait()
		close(l.ended)
	}()
	h.t.Cleanup(func() {
		_ = l.cmd.Process.Signal(os.Interrupt)
		<-l.ended
	})
	return l
}

// makes runs make in the installation, as a person does who has built the programs, and returns what it prints.
func (h *installation) makes(target string, variables ...string) string {
	h.t.Helper()
	makefile, err := filepath.Abs(filepath.Join("..", "Makefile"))
	check(h.t, err)
	path, err := exec.LookPath("make")
	if err != nil {
		h.t.Skip("there is no make on this machine")
	}
	command := exec.CommandContext(h.t.Context(), path, "-f", makefile, "-o", "programs", target)
	command.Dir, command.Env = h.folder, slices.Concat(os.Environ(), h.variables, variables)
	said, err := command.CombinedOutput()
	if err != nil {
		h.t.Fatalf("%v: %s", err, said)
	}
	return string(said)
}

func (l *launcher) signal(s os.Signal) {
	l.t.Helper()
	check(l.t, l.cmd.Process.Signal(s))
}

// exitCode waits for the end.
func (l *launcher) exitCode() int {
	l.t.Helper()
	select {
	case <-l.ended:
		return l.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		l.t.Fatalf("the launcher still runs; it said:\n%s", l.output)
		return 0
	}
}

// meet waits for the next worker to come up.
func (h *installation) meet() net.Conn {
	h.t.Helper()
	check(h.t, h.witness.(*net.TCPListener).SetDeadline(time.Now().Add(patience)))
	conn, err := h.witness.Accept()
	check(h.t, err)
	h.t.Cleanup(func() { _ = conn.Close() })
	check(h.t, conn.SetDeadline(time.Now().Add(patience)))
	return conn
}

// farewell waits until the worker is gone and gives what it told the witness.
func (h *installation) farewell(worker net.Conn) string {
	h.t.Helper()
	said, err := io.ReadAll(worker)
	if err != nil && !strings.Contains(err.Error(), "reset by peer") {
		h.t.Fatalf("the worker is still there: %v", err)
	}
	return string(said)
}

// transcript is what programs said so far.
type transcript struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

func (tr *transcript) Write(b []byte) (int, error) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if tr.changed != nil {
		close(tr.changed)
		tr.changed = nil
	}
	return tr.text.Write(b)
}

func (tr *transcript) String() string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.text.String()
}

// await waits until the text has been said.
func (tr *transcript) await(t *testing.T, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		said, changed := tr.next()
		if strings.Contains(said, text) {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("nobody said %q; said so far:\n%s", text, tr)
		}
	}
}

func (tr *transcript) next() (said string, changed chan struct{}) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if tr.changed == nil {
		tr.changed = make(chan struct{})
	}
	return tr.text.String(), tr.changed
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}

func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := process.FreeAddress(t.Context(), "127.0.0.1")
	check(t, err)
	return address.String()
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mustSay(t *testing.T, text string, wanted ...string) {
	t.Helper()
	for _, want := range wanted {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
}
