package packages_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/packages"
)

func TestNoListOfAReportIsNull(t *testing.T) {
	files, err := filepath.Glob(brokenFolder + "/*.zip")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		report, err := packages.Inspect(t.Context(), bytes.NewReader(content), int64(len(content)), packages.Options{Version: "1.0.0"})
		require.NoError(t, err)
		text, err := json.Marshal(report)
		require.NoError(t, err)
		assert.NotContains(t, string(text), "null", file)
	}
}
