package main

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"slipway/devserver"
)

func TestNothingOutlivesALauncherThatIsKilled(t *testing.T) {
	h, temporalAddress := installationWithTemporal(t, "")
	launcher, worker := h.launch(), h.meet()
	launcher.output.await(t, "Slipway is ready")
	var children []net.Conn
	for _, address := range []string{temporalAddress, h.uiAddr} {
		conn := must(net.Dial("tcp", address))
		defer conn.Close()
		check(t, conn.SetDeadline(time.Now().Add(patience)))
		children = append(children, conn)
	}

	launcher.signal(syscall.SIGKILL)
	launcher.exitCode()
	if said := h.farewell(worker); strings.Contains(said, "stopped when asked") {
		t.Errorf("somebody asked the worker to stop, but nobody was left to do so: %q", said)
	}
	for _, conn := range children {
		if _, err := io.Copy(io.Discard, conn); isTimeout(err) {
			t.Errorf("what listened at %s is still there", conn.RemoteAddr())
		}
	}
}

func isTimeout(err error) bool {
	var netErr net.Error
	return errors.As(err, &netErr) && netErr.Timeout()
}

func TestTheAddressBehindTheProxyCannotBeFoundByTryingPorts(t *testing.T) {
	first, second := must(hidden(t.Context())).Addr(), must(hidden(t.Context())).Addr()
	if first == second || first.String() == devserver.Host {
		t.Errorf("got %s and %s, want any two of the 16 million of this machine", first, second)
	}
}

func TestAKeyThatCannotBeWrittenLeavesNothing(t *testing.T) {
	unset(t, "SIGNAL_KEY", "SIGNAL_KEY_FILE")
	folder := t.TempDir()
	path := filepath.Join(folder, "signal.key")
	check(t, os.Symlink("/dev/full", path+".unfinished")) // has no room for a single byte
	_, err := keptKey(folder, "SIGNAL_KEY", "signal.key")
	if err == nil {
		t.Fatal("there is a key without room for one")
	}
	mustSay(t, err.Error(), "key for SIGNAL_KEY", "no space left")
	if files := must(os.ReadDir(folder)); len(files) > 0 {
		t.Errorf("something is left: %v", files)
	}
}
