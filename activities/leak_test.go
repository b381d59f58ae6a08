package activities_test

import (
	"testing"

	"go.uber.org/goleak"

	"slipway/leaktest"
)

// An inspection that never ends cannot be ended.
func TestMain(m *testing.M) {
	leaktest.Main(m, goleak.IgnoreTopFunction("slipway/activities_test.neverEnds"))
}
