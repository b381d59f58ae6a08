package main

import (
	"testing"

	"go.uber.org/goleak"

	"slipway/leaktest"
)

// scs begins to look through a store that we exchange, and can be told to stop only once it has begun: one goroutine for each process.
func TestMain(m *testing.M) {
	leaktest.Main(m, goleak.IgnoreTopFunction("github.com/alexedwards/scs/v2/memstore.(*MemStore).startCleanup"))
}
