package devserver_test

import (
	"slices"
	"strings"
	"testing"

	"slipway/devserver"
)

func TestTheServerListensOnLoopbackOnly(t *testing.T) {
	args := devserver.Options{Port: 7300}.Args()
	if i := slices.Index(args, "--ip"); i < 0 || args[i+1] != "127.0.0.1" {
		t.Errorf("arguments %q do not bind to 127.0.0.1", args)
	}
}

func TestTheServerDoesNotHoldSignalsBack(t *testing.T) {
	args := devserver.Options{Port: 7300}.Args()
	if !slices.Contains(args, "history.transferProcessorMaxPollRPS=2000") {
		t.Errorf("arguments %q leave the transfer queue at 20 reads a second", args)
	}
}

func TestTheServerHasAUserInterfaceAndKeepsItsDataWhenAsked(t *testing.T) {
	kept := strings.Join(devserver.Options{UIPort: 8300, DBFile: "a/b.db"}.Args(), " ")
	for _, want := range []string{"--ui-port 8300", "--db-filename a/b.db"} {
		if !strings.Contains(kept, want) {
			t.Errorf("arguments %q do not have %q", kept, want)
		}
	}
	plain := strings.Join(devserver.Options{}.Args(), " ")
	if !strings.Contains(plain, "--headless") || strings.Contains(plain, "--db-filename") {
		t.Errorf("arguments %q, want no user interface and no data file", plain)
	}
}
