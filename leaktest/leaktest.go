// Package leaktest requires that the tests of a package leave no goroutine behind.
package leaktest

import (
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"slipway/fuzztest"
)

// patience is how long what was told to end may take for it, on a machine that is busy with other tests.
const patience = 30 * time.Second

// Main is a TestMain.
func Main(m *testing.M, options ...goleak.Option) { os.Exit(Run(m, options...)) }

// Run runs the tests of a TestMain that does more, and returns what to exit with. Options name goroutines that live as long as the process.
func Run(m *testing.M, options ...goleak.Option) (code int) {
	if code = m.Run(); code != 0 || fuzztest.Fuzzing() {
		return code
	}
	http.DefaultClient.CloseIdleConnections()
	err := goleak.Find(options...)
	for begin := time.Now(); err != nil && time.Since(begin) < patience; {
		err = goleak.Find(options...) // which tries for half a second
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "the tests left goroutines behind:", err)
		return 1
	}
	return 0
}
