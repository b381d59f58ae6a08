package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"slipway/database"
	"slipway/keyring"
	"slipway/lifecycle"
)

// nothingSet takes away what the machine of the test may have configured.
func nothingSet(t *testing.T) {
	for _, name := range []string{
		"VAR_DIR", "DATABASE_URL", "PACKAGE_STORE", "PACKAGE_MAX_MIB", "PACKAGE_GRACE", "LOG_LEVEL", "WORKER_ADDR", "SETTINGS_FILE", "PROMETHEUS_URL", "WORKER_DEPLOYMENT",
		"WORKER_BUILD_ID", "TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "TEMPORAL_PROFILE",
	} {
		t.Setenv(name, "") // puts it back at the end
		require.NoError(t, os.Unsetenv(name))
	}
	t.Setenv("TEMPORAL_CONFIG_FILE", filepath.Join(t.TempDir(), "none.toml"))
}

func settingsFile(t *testing.T, content string) string {
	file := filepath.Join(t.TempDir(), "settings.json")
	require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
	return file
}

func TestWithoutConfigurationTheSettingsAreTheDefaults(t *testing.T) {
	nothingSet(t)
	settings, err := load()
	require.NoError(t, err)
	assert.Equal(t, "127.0.0.1:8081", settings.Addr, "loopback only")
	assert.Empty(t, settings.PrometheusURL)
	assert.EqualValues(t, 7*24*time.Hour, settings.PackageGrace)
	assert.Equal(t, lifecycle.DefaultSettings(), settings.timersAndPlans)
	assert.False(t, versioning(settings).UseVersioning)
}

func TestAWrongVariableIsNamed(t *testing.T) {
	nothingSet(t)
	t.Setenv("LOG_LEVEL", "chatty")
	_, err := load()
	assert.ErrorContains(t, err, "LOG_LEVEL")
	assert.ErrorContains(t, err, "chatty")
}

func TestAGraceTimeThatUploadsMightNotSurviveIsRefused(t *testing.T) {
	nothingSet(t)
	for _, grace := range []string{"0s", "59m", "-168h", "7d", "soon"} {
		t.Setenv("PACKAGE_GRACE", grace)
		_, err := load()
		assert.ErrorContains(t, err, fmt.Sprintf("PACKAGE_GRACE: %q is not a duration of at least 1h0m0s", grace))
	}
	t.Setenv("PACKAGE_GRACE", "1h")
	settings, err := load()
	require.NoError(t, err)
	assert.EqualValues(t, time.Hour, settings.PackageGrace)
}

func TestAPaceOfFleetActsThatIsNoNumberOrOutOfBoundsIsRefused(t *testing.T) {
	nothingSet(t)
	for _, pace := range []string{"0", "-1", "1001", "NaN", "Inf", "-Inf", "fast"} {
		t.Setenv("FLEET_PER_SECOND", pace)
		_, err := load()
		assert.ErrorContains(t, err, "FLEET_PER_SECOND", pace)
	}
	t.Setenv("FLEET_PER_SECOND", "0.5")
	_, err := load()
	assert.NoError(t, err)
}

func TestEverythingThatIsWrongIsNamedAtOnce(t *testing.T) {
	nothingSet(t)
	t.Setenv("LOG_LEVEL", "chatty")
	t.Setenv("WORKER_DEPLOYMENT", "slipway")
	t.Setenv("SETTINGS_FILE", "nowhere.json")
	_, err := load()
	for _, expected := range []string{"LOG_LEVEL", "WORKER_BUILD_ID", "SETTINGS_FILE"} {
		assert.ErrorContains(t, err, expected)
	}
}

func TestWorkerVersioningNeedsBothItsVariables(t *testing.T) {
	for _, only := range []string{"WORKER_DEPLOYMENT", "WORKER_BUILD_ID"} {
		nothingSet(t)
		t.Setenv(only, "it")
		_, err := load()
		assert.ErrorContains(t, err, "WORKER_DEPLOYMENT")
		assert.ErrorContains(t, err, "WORKER_BUILD_ID")
	}
}

func TestAVersionedWorkerTakesWorkflowsAlong(t *testing.T) {
	nothingSet(t)
	t.Setenv("WORKER_DEPLOYMENT", "slipway")
	t.Setenv("WORKER_BUILD_ID", "42")
	settings, err := load()
	require.NoError(t, err)
	options := versioning(settings)
	assert.True(t, options.UseVersioning)
	assert.Equal(t, "slipway", options.Version.DeploymentName)
	assert.Equal(t, "42", options.Version.BuildID)
	assert.Equal(t, workflow.VersioningBehaviorAutoUpgrade, options.DefaultVersioningBehavior)
}

func TestASettingsFileOverridesWhatItNames(t *testing.T) {
	nothingSet(t)
	t.Setenv("SETTINGS_FILE", settingsFile(t, `{"remind_after": "1h", "default_plan": "quick",
		"plans": {"quick": {"grayscale": {"percent": 50, "bake": "1m"}, "production": [{"percent": 100, "hold": "0s"}]}}}`))
	settings, err := load()
	require.NoError(t, err)
	loaded, defaults := settings.timersAndPlans, lifecycle.DefaultSettings()
	assert.Equal(t, lifecycle.Duration(time.Hour), loaded.RemindAfter)
	assert.Equal(t, "quick", loaded.DefaultPlan)
	assert.Equal(t, lifecycle.WholePercent(50), loaded.Plans["quick"].Grayscale.Percent)
	assert.Equal(t, defaults.EscalateAfter, loaded.EscalateAfter)
	assert.Equal(t, defaults.PauseReminder, loaded.PauseReminder)
	assert.Equal(t, defaults.Plans["standard"], loaded.Plans["standard"], "plans that it does not name stay")
}

func TestASettingsFileThatMakesNoSenseIsRefused(t *testing.T) {
	for content, expected := range map[string]string{
		`{"remind_afer": "1h"}`:           "remind_afer",
		`{"remind_after": "soon"}`:        "soon",
		`{"remind_after": "0s"}`:          "remind_after",
		`{"remind_after": "72h"}`:         "escalate_after",
		`{"default_plan": "none"}`:        "none",
		`{"plans": {"odd": {}}}`:          `"odd"`,
		`{"plans": {"odd": {"bake": 1}}}`: "bake",
		`{"plans": {"odd": {"production": [{"percent": 50, "hold": "1h"}]}}}`: `"odd"`,
		`{`:                              "JSON",
		``:                               "JSON",
		`{"remind_after": "1h"} {"a":1}`: "more data follows",
	} {
		nothingSet(t)
		file := settingsFile(t, content)
		t.Setenv("SETTINGS_FILE", file)
		_, err := load()
		require.ErrorContains(t, err, "SETTINGS_FILE "+file, content)
		assert.ErrorContains(t, err, expected, content)
	}
}

func TestAPlanOfTheSameNameReplacesTheStandardOne(t *testing.T) {
	loaded := lifecycle.DefaultSettings()
	require.NoError(t, loaded.Override([]byte(`{"plans": {"standard": {"production": [{"percent": 100, "hold": "0s"}]}}}`)))
	assert.Len(t, loaded.Plans["standard"].Production, 1)
	assert.Zero(t, loaded.Plans["standard"].Grayscale.Percent, "nothing of the old one is mixed in")
}

func TestASettingsFileThatIsNotThereIsAnError(t *testing.T) {
	nothingSet(t)
	t.Setenv("SETTINGS_FILE", "nowhere.json")
	_, err := load()
	assert.ErrorContains(t, err, "SETTINGS_FILE")
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestSubscriptionsOfTheSettingsAreKeptEncrypted(t *testing.T) {
	nothingSet(t)
	t.Setenv("VAR_DIR", t.TempDir())
	t.Setenv("SETTINGS_FILE", settingsFile(t, `{"subscriptions": [{"name": "room", "channel": "slack", "to": ["https://chat.example/hunter2"]}]}`))
	stored := func() (target string) {
		settings, err := load()
		require.NoError(t, err)
		kept, err := openStorage(t.Context(), settings)
		require.NoError(t, err)
		defer kept.close()
		found, err := kept.subscriptions.Find(t.Context(), "room")
		require.NoError(t, err)
		assert.Equal(t, []string{"https://chat.example/hunter2"}, found.To)
		statement := kept.catalog.Database().Select(`SELECT target FROM subscriptions`)
		require.NoError(t, database.One(t.Context(), statement, []any{&target}))
		return target
	}
	assert.Contains(t, stored(), "hunter2", "there is no key")
	t.Setenv("PAYLOAD_KEY", keyring.Generate("k1"))
	assert.NotContains(t, stored(), "hunter2")
}

func TestASettingsFileMayBeginWithAByteOrderMarkAndSaysNothingTwice(t *testing.T) {
	settings := lifecycle.DefaultSettings()
	require.NoError(t, settings.Override([]byte("\ufeff"+`{"remind_after": "1h"}`)))
	assert.EqualValues(t, time.Hour, settings.RemindAfter)
	assert.ErrorContains(t, settings.Override([]byte(`{"remind_after": "1h", "remind_after": "2h"}`)), "remind_after appears twice")
}
