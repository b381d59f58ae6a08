// Package fuzztest has what the fuzz tests of several rooms require of a reader of outside input.
package fuzztest

import (
	"flag"
	"runtime/metrics"
	"testing"
)

// perByte and besides are how many bytes of memory a reader may take for each byte that it reads, and for whatever it reads.
const (
	perByte = 1 << 9
	besides = 8 << 20
)

// Costs requires that to read an input takes memory in proportion to its size, whether or not that is still in use afterwards: what
// somebody sends must not cost the square of its size. Other goroutines count too, so that they must be at rest.
func Costs(t testing.TB, input int, read func()) {
	t.Helper()
	before := allocated()
	read()
	if cost := allocated() - before; cost > uint64(besides+perByte*input) { //nolint:gosec // both are small
		t.Errorf("reading %d bytes took %d MiB of memory", input, cost>>20)
	}
}

// allocated is how many bytes of heap were ever allocated.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// Fuzzing tells whether inputs are made up, in several processes, instead of only those that are known being read. A TestMain may ask.
func Fuzzing() bool {
	if !flag.Parsed() {
		flag.Parse()
	}
	for _, name := range []string{"test.fuzz", "test.fuzzworker"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != f.DefValue {
			return true
		}
	}
	return false
}
