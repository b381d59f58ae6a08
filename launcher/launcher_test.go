package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"slipway/devserver"
)

func TestCtrlCStopsEverythingAndIsSuccess(t *testing.T) {
	h := newInstallation(t)
	launcher, worker := h.launch(), h.meet()
	launcher.output.await(t, "Slipway is ready")
	launcher.signal(os.Interrupt)
	if code := launcher.exitCode(); code != 0 {
		t.Errorf("exit code %d, want 0; it said:\n%s", code, launcher.output)
	}
	mustSay(t, h.farewell(worker), "stopped when asked")
}

func TestChildrenLearnWhereTemporalAndTheDataAre(t *testing.T) {
	h := newInstallation(t)
	launcher, worker := h.launch(), h.meet()
	launcher.output.await(t, "Slipway is ready")
	launcher.signal(syscall.SIGTERM)
	launcher.exitCode()
	mustSay(t, h.farewell(worker), "with Temporal at elsewhere:7233, data in data, signals signed with data/signal.key, codec for http://127.0.0.1:8233,http://localhost:8233")
}

func TestAWorkerThatDiesIsStartedAgain(t *testing.T) {
	h := newInstallation(t)
	launcher, worker := h.launch(), h.meet()
	launcher.output.await(t, "Slipway is ready")
	h.killWorker("this")
	h.farewell(worker)
	next := h.meet()
	mustSay(t, launcher.output.String(), "worker | panic: nobody expected this", "worker | (ended: exit status 5)")
	launcher.signal(os.Interrupt)
	if code := launcher.exitCode(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	h.farewell(next)
}

// killWorker has the worker die with the words "panic: nobody expected" and a reason.
func (h *installation) killWorker(reason string) {
	if response, err := http.Get("http://" + h.workerAddr + "/die?of=" + url.QueryEscape(reason)); err == nil {
		_ = response.Body.Close()
	}
}

func TestAWorkerThatCannotStartStopsTheLauncherWithItsReason(t *testing.T) {
	launcher := newInstallation(t, broken+"=this").launch()
	if code := launcher.exitCode(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	mustSay(t, launcher.output.String(), "worker ended by itself (exit status 5)", "    panic: nobody expected this")
}

func TestWhatProgramsQuoteIsShown(t *testing.T) {
	launcher := newInstallation(t, broken+"=\x1b[2J\rthis \u202e\x9b").launch()
	launcher.exitCode()
	const shown = `panic: nobody expected \u001b[2J\rthis \u202e\x9b` + "\n"
	mustSay(t, launcher.output.String(), "worker | "+shown, "    "+shown)
	if strings.ContainsAny(launcher.output.String(), "\x1b\r\u202e") {
		t.Errorf("a program writes on the terminal as it likes: %q", launcher.output)
	}
}

func TestTheWebIsStartedWithoutWaitingForTheOthers(t *testing.T) {
	h := newInstallation(t, broken+"=this")
	launcher := h.launch()
	launcher.output.await(t, "web    | (starting)")
	launcher.exitCode()
}

func TestLinesStandUnderTheNamesOfTheirPrograms(t *testing.T) {
	var said transcript
	output := newOutput(&said, []program{{name: "temporal"}, {name: "web"}})
	output.line("temporal", "hello")
	output.line("web", "hello")
	if want := "temporal | hello\nweb      | hello\n"; said.String() != want {
		t.Errorf("got:\n%swant:\n%s", &said, want)
	}
}

func TestBeingToldToStopIsNoFault(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	if err := errors.New("it was not ready"); !errors.Is(unlessToldToStop(ctx, err), err) {
		t.Error("the error is lost")
	}
	cancel()
	if err := unlessToldToStop(ctx, ctx.Err()); err != nil {
		t.Errorf("got %v, want success: somebody told us to stop", err)
	}
}

func TestWhatIsReadyIsAnnouncedWithWhatToDoNext(t *testing.T) {
	h := newInstallation(t)
	launcher := h.launch()
	launcher.output.await(t, "Ctrl-C stops everything")
	mustSay(t, launcher.output.String(), "Temporal     elsewhere:7233", "Slipway      http://"+h.webAddr,
		"TEMPORAL_ADDRESS=elsewhere:7233 WEB_ADDR="+h.webAddr+" VAR_DIR=data make demo")
}

func TestTheDemoFindsWhatRunsHereWhateverElseThePersonWorksWith(t *testing.T) {
	h := newInstallation(t, "TEMPORAL_PORT=7999", "TEMPORAL_NAMESPACE=mine", "TEMPORAL_API_KEY=hush", "TEMPORAL_PROFILE=cloud", "TEMPORAL_TLS=true")
	mustSay(t, h.makes("demo", "TEMPORAL_ADDRESS="), "starter was told to [demo] with [TEMPORAL_ADDRESS=127.0.0.1:7999 "+
		"TEMPORAL_CONFIG_FILE="+os.DevNull+" TEMPORAL_UI_URL=http://127.0.0.1:8233]\n")
	mustSay(t, h.makes("demo", "TEMPORAL_ADDRESS=elsewhere:7233"), "TEMPORAL_ADDRESS=elsewhere:7233", "TEMPORAL_NAMESPACE=mine", "TEMPORAL_API_KEY=hush")
}

func TestASecondLauncherOnTheSameDataIsRefused(t *testing.T) {
	h := newInstallation(t)
	first := h.launch()
	first.output.await(t, "Slipway is ready")
	second := h.launch()
	if code := second.exitCode(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	mustSay(t, second.output.String(), "the data in data is in use by another make run", "VAR_DIR=")
}

func TestTakenPortsAreNamedAndNothingIsStarted(t *testing.T) {
	taken, alsoTaken := listen(t), listen(t)
	h := newInstallation(t, "TEMPORAL_ADDRESS=", "TEMPORAL_PORT="+port(taken), "TEMPORAL_UI_PORT="+port(alsoTaken))
	launcher := h.launch()
	if code := launcher.exitCode(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	mustSay(t, launcher.output.String(),
		"port "+port(taken)+" is taken by another program: stop it, or choose another with TEMPORAL_PORT=…",
		"port "+port(alsoTaken)+" is taken by another program: stop it, or choose another with TEMPORAL_UI_PORT=…")
	if strings.Contains(launcher.output.String(), " | ") {
		t.Errorf("a program was started:\n%s", launcher.output)
	}
}

func port(l net.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func TestOneAddressForTwoIsRefused(t *testing.T) {
	_, free, _ := net.SplitHostPort(freeAddress(t))
	launcher := newInstallation(t, "TEMPORAL_ADDRESS=", "TEMPORAL_PORT="+free, "TEMPORAL_UI_PORT="+free).launch()
	launcher.exitCode()
	mustSay(t, launcher.output.String(), "TEMPORAL_PORT and TEMPORAL_UI_PORT both say 127.0.0.1:"+free)
}

func TestWrongSettingsAreNamedTogether(t *testing.T) {
	launcher := newInstallation(t, "TEMPORAL_PORT=http", "TEMPORAL_UI_PORT=0", "WORKER_ADDR=8081", "WEB_ADDR=8080").launch()
	if code := launcher.exitCode(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	mustSay(t, launcher.output.String(), "TEMPORAL_PORT=http is not a port", "TEMPORAL_UI_PORT=0 is not a port",
		"WORKER_ADDR=8081 is not an address: give host and port, such as 127.0.0.1:8081", "WEB_ADDR=8080 is not an address")
}

func TestAWorkerThatIsNotBuiltIsNamed(t *testing.T) {
	h := newInstallation(t)
	check(t, os.Remove(filepath.Join(h.folder, "bin", "worker")))
	launcher := h.launch()
	launcher.exitCode()
	mustSay(t, launcher.output.String(), "bin/worker is not built", "make run")
}

// installationWithTemporal makes an installation whose launcher starts a real Temporal server, at the address, after lines of a shell script.
func installationWithTemporal(t *testing.T, before string) (h *installation, address string) {
	t.Helper()
	cli, err := devserver.CLI(t.Context(), t.Output())
	check(t, err)
	path := t.TempDir()
	check(t, os.WriteFile(filepath.Join(path, "temporal"), []byte("#!/bin/sh\n"+before+"\nexec "+cli+` "$@"`), 0o755))
	server, ui := listen(t), listen(t)
	h = newInstallation(t, "PATH="+path, "TEMPORAL_ADDRESS=", "TEMPORAL_PORT="+port(server), "TEMPORAL_UI_PORT="+port(ui))
	h.uiAddr = ui.Addr().String()
	check(t, server.Close())
	check(t, ui.Close())
	return h, server.Addr().String()
}

func TestOurOwnTemporalServerRunsBeforeTheWorkerAndEndsWithIt(t *testing.T) {
	h, address := installationWithTemporal(t, "")
	launcher, worker := h.launch(), h.meet()
	launcher.output.await(t, "Slipway is ready")
	check(t, devserver.Ready(t.Context(), address))
	mustSay(t, launcher.output.String(), "Temporal     "+address, "Temporal UI  http://"+h.uiAddr)
	launcher.signal(os.Interrupt)
	if code := launcher.exitCode(); code != 0 {
		t.Errorf("exit code %d, want 0; it said:\n%s", code, launcher.output)
	}
	mustSay(t, h.farewell(worker), "with Temporal at "+address, "stopped when asked")
	if devserver.Ready(t.Context(), address) == nil {
		t.Error("the Temporal server still answers")
	}
	if conn, err := net.Dial("tcp", h.uiAddr); err == nil {
		_ = conn.Close()
		t.Error("Temporal UI still answers")
	}
	if _, err := os.Stat(filepath.Join(h.folder, "data", "temporal.db")); err != nil {
		t.Errorf("the server's data is not kept: %v", err)
	}
}

// Host apps are served by the web meanwhile.
func TestATemporalServerThatFailsAtFirstIsStartedAgain(t *testing.T) {
	h, address := installationWithTemporal(t, `[ -e failed ] || { : >failed; echo "the disk is full"; exit 1; }`)
	launcher := h.launch()
	launcher.output.await(t, "Slipway is ready")
	check(t, devserver.Ready(t.Context(), address))
	mustSay(t, launcher.output.String(), "temporal | the disk is full", "temporal | (ended: exit status 1)")
	if strings.Contains(launcher.output.String(), "web      | (ended") {
		t.Errorf("the web ended with it:\n%s", launcher.output)
	}
}
