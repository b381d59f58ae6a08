package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Each program has to find the others, long before the half hour begins.
func TestWhatIsSoakedStarts(t *testing.T) {
	in, err := installOnDisk(t.Context(), t.TempDir(), "http://127.0.0.1:1")
	require.NoError(t, err)
	in.close()
}
