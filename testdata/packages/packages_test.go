package samples

import (
	"archive/zip"
	"bytes"
	"flag"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/packages"
)

var update = flag.Bool("update", false, "pack coffee.zip anew")

// The commands of README.md upload it. Another version of Go may compress otherwise: what counts is what is in it.
func TestThePackedSampleIsWhatItsSourcesAre(t *testing.T) {
	var packed bytes.Buffer
	require.NoError(t, packages.Zip(&packed, Coffee()))
	if *update {
		require.NoError(t, os.WriteFile("coffee.zip", packed.Bytes(), 0o600))
	}
	kept, err := os.ReadFile("coffee.zip")
	require.NoError(t, err, "pack it with go test ./testdata/packages -args -update")
	assert.Equal(t, unpacked(t, packed.Bytes()), unpacked(t, kept), "its sources have changed: go test ./testdata/packages -args -update")
}

func unpacked(t *testing.T, archive []byte) map[string]string {
	t.Helper()
	reader, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	require.NoError(t, err)
	files := map[string]string{}
	for _, f := range reader.File {
		opened, err := f.Open()
		require.NoError(t, err)
		content, err := io.ReadAll(opened)
		require.NoError(t, err)
		files[f.Name] = string(content)
	}
	return files
}
