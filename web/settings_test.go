package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// nothingSet keeps the environment of the person who runs the tests out of them.
func nothingSet(t testing.TB) {
	for _, name := range []string{"WEB_ADDR", "AUTH", "ANSWER_WAIT", "RATE_LIMIT", "MAX_CONNECTIONS", "TEMPORAL_UI_URL", "SETTINGS_FILE", "VAR_DIR", "DATABASE_URL",
		"PACKAGE_STORE", "PACKAGE_MAX_MIB", "LOG_LEVEL", "PUBLIC_URL", "DELIVERY_TOKENS", "DELIVERY_ORIGINS", "DELIVERY_FILE"} {
		t.Setenv(name, "")
		require.NoError(t, os.Unsetenv(name))
	}
}

func TestWithoutSettingsTheWebServesThisMachine(t *testing.T) {
	nothingSet(t)
	s, err := load()
	require.NoError(t, err)
	assert.Equal(t, "127.0.0.1:8080", s.Addr)
	assert.Equal(t, "dev", s.Auth)
	assert.Equal(t, "5s", s.AnswerWait.String())
}

func TestAccountsWithoutPasswordsAreNeverServedToOtherMachines(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:8080", ":8080", "192.168.1.2:8080", "example.com:80"} {
		nothingSet(t)
		t.Setenv("WEB_ADDR", addr)
		_, err := load()
		assert.ErrorContains(t, err, "WEB_ADDR="+addr+" can be reached from other machines")
	}
}

func TestEverySettingThatIsWrongIsNamed(t *testing.T) {
	nothingSet(t)
	for name, value := range map[string]string{"AUTH": "none", "ANSWER_WAIT": "-1s", "RATE_LIMIT": "many", "MAX_CONNECTIONS": "0", "SETTINGS_FILE": "/missing.json",
		"DELIVERY_TOKENS": "wallet", "DELIVERY_ORIGINS": "https://app.example.com/"} {
		t.Setenv(name, value)
	}
	_, err := load()
	assert.ErrorContains(t, err, `RATE_LIMIT must be a whole number from 0 to 65535, not "many"`)
	t.Setenv("ANSWER_WAIT", "5 seconds")
	_, unreadable := load()
	assert.ErrorContains(t, unreadable, `ANSWER_WAIT must be a duration such as "90s", "1h30m" or "24h", not "5 seconds"`)
	assert.NotContains(t, unreadable.Error(), "time: ")
	for _, name := range []string{"AUTH=none", "ANSWER_WAIT=-1s", "RATE_LIMIT", "MAX_CONNECTIONS=0", "SETTINGS_FILE", "DELIVERY_TOKENS: ", `DELIVERY_ORIGINS: "https://app.example.com/"`} {
		assert.ErrorContains(t, err, name)
	}
}
