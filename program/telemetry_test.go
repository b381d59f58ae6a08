package program_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/config"
	"slipway/monitoring"
	"slipway/program"
)

func TestAProgramBeginsWithItsFolderAndItsTelemetry(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "var", "slipway")
	telemetry, err := program.Prepare(t.Context(), "crane", config.Common{VarDir: folder}, monitoring.Settings{})
	require.NoError(t, err)
	defer telemetry.Stop()
	assert.DirExists(t, folder)
	metrics, err := telemetry.Metrics.Registry.Gather()
	require.NoError(t, err)
	assert.NotEmpty(t, metrics)
	assert.False(t, telemetry.Traces.On(), "there is no collector")
}

func TestAFolderThatCannotBeMadeIsNamedByItsVariable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "var")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := program.Prepare(t.Context(), "crane", config.Common{VarDir: file}, monitoring.Settings{})
	assert.ErrorContains(t, err, "VAR_DIR: ")
}
