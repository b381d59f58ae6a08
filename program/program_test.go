package program_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/leaktest"
	"slipway/program"
)

type settings struct {
	Addr string `env:"PROGRAM_ADDR" envDefault:"127.0.0.1:1"`
}

func crane(run func(context.Context) error) program.Program {
	var s settings
	return program.Program{Name: "crane", Summary: "lifts", Settings: &s, Addr: &s.Addr, Run: run}
}

// said is what the program prints, and its exit code.
func said(p program.Program, args ...string) (stdout, stderr string, code int) {
	var out, problems strings.Builder
	code = p.Main(args, &out, &problems)
	return out.String(), problems.String(), code
}

func TestAProgramSaysWhatItIsAndWhatConfiguresIt(t *testing.T) {
	out, _, code := said(crane(nil), "--help")
	assert.Zero(t, code)
	for _, line := range []string{"crane: lifts", "crane healthcheck", "PROGRAM_ADDR", "127.0.0.1:1"} {
		assert.Contains(t, out, line)
	}
	out, _, code = said(crane(nil), "--version")
	assert.Zero(t, code)
	assert.Regexp(t, `^crane \S+ go1\.`, out)
}

func TestUnknownArgumentsAreRefusedAndNothingRuns(t *testing.T) {
	p := crane(func(context.Context) error { t.Error("it ran"); return nil })
	for _, args := range [][]string{{"serve"}, {"--help", "x"}, {"--Version"}, {""}} {
		_, problems, code := said(p, args...)
		assert.Equal(t, 2, code)
		assert.Contains(t, problems, "try --help")
	}
}

func TestAnErrorEndsTheProgramWithItsSentence(t *testing.T) {
	_, problems, code := said(crane(func(context.Context) error { return errors.New("no rope") }))
	assert.Equal(t, 1, code)
	assert.Equal(t, "crane: no rope\n", problems)
	_, problems, code = said(crane(func(context.Context) error { return nil }))
	assert.Zero(t, code)
	assert.Empty(t, problems)
}

func TestTheHealthcheckAsksTheOneThatServes(t *testing.T) {
	ready := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/readyz", r.URL.Path)
		if !ready {
			http.Error(w, "the database is away", http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	_, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
	for _, addr := range []string{server.Listener.Addr().String(), "0.0.0.0:" + port, ":" + port, "[::]:" + port} {
		t.Setenv("PROGRAM_ADDR", addr)
		_, problems, code := said(crane(nil), "healthcheck")
		assert.Zero(t, code, "%s: %s", addr, problems)
	}
	ready = false
	t.Setenv("PROGRAM_ADDR", ":"+port)
	_, problems, code := said(crane(nil), "healthcheck")
	assert.Equal(t, 1, code)
	assert.Contains(t, problems, "the database is away")
	server.Close()
	_, problems, code = said(crane(nil), "healthcheck")
	assert.Equal(t, 1, code)
	assert.Contains(t, problems, "it does not answer")
}

// TestMain lets the test's own program be the one that is told to end.
func TestMain(m *testing.M) {
	if os.Getenv("PROGRAM_STUBBORN") == "" {
		leaktest.Main(m)
	}
	os.Exit(crane(func(ctx context.Context) error {
		_, _ = os.Stdout.WriteString("runs\n")
		<-ctx.Done()
		_, _ = os.Stdout.WriteString("ends\n")
		<-make(chan error) // what it does takes for ever
		return nil
	}).Main(nil, os.Stdout, os.Stderr))
}

func TestTheSecondSignalEndsTheProcessAtOnce(t *testing.T) {
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), "PROGRAM_STUBBORN=yes")
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	line := func() string {
		text := make([]byte, 5)
		_, err := out.Read(text)
		require.NoError(t, err)
		return string(text)
	}
	assert.Equal(t, "runs\n", line())
	require.NoError(t, child.Process.Signal(syscall.SIGTERM))
	assert.Equal(t, "ends\n", line())
	// The signal's usual effect is back a moment after the context is done; until then another one is the same as the first.
	ended := make(chan struct{})
	go func() {
		again := time.NewTicker(20 * time.Millisecond)
		defer again.Stop()
		for {
			select {
			case <-ended:
				return
			case <-again.C:
				_ = child.Process.Signal(syscall.SIGTERM)
			}
		}
	}()
	err = child.Wait()
	close(ended)
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, syscall.SIGTERM, exit.Sys().(syscall.WaitStatus).Signal())
}
