package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/config"
	"slipway/lifecycle"
)

func settingsWith(t *testing.T, subscriptions string) lifecycle.Settings {
	t.Helper()
	settings := lifecycle.DefaultSettings()
	require.NoError(t, config.Policy(&settings)([]byte(`{"subscriptions": [`+subscriptions+`]}`)))
	return settings
}

func TestSubscriptionsOfTheSettingsHaveTheirSecretsFromFiles(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"), 0o600))
	settings := settingsWith(t, `{"name": "ci", "channel": "webhook", "to": ["https://ci.example/x"], "secret_file": "`+secret+`"}, {"name": "people", "channel": "mail"}`)
	subscriptions, err := config.Subscriptions("settings.json", settings)
	require.NoError(t, err)
	require.Len(t, subscriptions, 2)
	assert.Equal(t, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", subscriptions[0].Secret)
	assert.Equal(t, lifecycle.DefaultSettings().Digest(), settings.Digest(), "they decide nothing, and are written nowhere with the settings")
}

func TestSubscriptionsThatCannotBeMeantAreRefusedWithFileNameAndReason(t *testing.T) {
	for subscriptions, reason := range map[string]string{
		`{"name": "ci", "channel": "telex"}`:                                                                `SETTINGS_FILE settings.json: subscription "ci": there is no channel "telex"`,
		`{"name": "ci", "channel": "slack", "to_file": "/nowhere"}`:                                         `SETTINGS_FILE settings.json: subscription "ci": open /nowhere`,
		`{"name": "ci", "channel": "slack", "to": ["https://chat.example/hunter2"], "to_file": "/nowhere"}`: `both the value and the file`,
		`{"name": "people", "channel": "mail"}, {"name": "people", "channel": "mail"}`:                      `there are two subscriptions people`,
		`{"name": "ci", "channel": "webhook", "to": ["https://chat.example/hunter2"], "secret": "hunter2"}`: `24 to 64 random bytes`,
	} {
		_, err := config.Subscriptions("settings.json", settingsWith(t, subscriptions))
		require.ErrorContains(t, err, reason)
		assert.NotContains(t, err.Error(), "hunter2")
	}
}
