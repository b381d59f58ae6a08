package main

import (
	"errors"
	"io"
	"net"
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
