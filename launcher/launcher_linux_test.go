package main

import (
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestNothingOutlivesALauncherThatIsKilled(t *testing.T) {
	h, temporalAddress := houseWithTemporal(t)
	launcher, worker := h.launch(), h.meet()
	launcher.output.await(t, "Slipway is ready")
	temporal := must(net.Dial("tcp", temporalAddress))
	defer temporal.Close()
	check(t, temporal.SetDeadline(time.Now().Add(patience)))

	launcher.signal(syscall.SIGKILL)
	launcher.exitCode()
	if said := h.farewell(worker); strings.Contains(said, "stopped when asked") {
		t.Errorf("somebody asked the worker to stop, but nobody was left to do so: %q", said)
	}
	if _, err := io.Copy(io.Discard, temporal); isTimeout(err) {
		t.Error("the Temporal server is still there")
	}
}

func isTimeout(err error) bool {
	var netErr net.Error
	return errors.As(err, &netErr) && netErr.Timeout()
}
