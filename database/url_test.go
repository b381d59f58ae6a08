package database_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog/catalogtest"
	"slipway/database"
)

func TestASQLiteURLNamesTheFile(t *testing.T) {
	t.Chdir(t.TempDir())
	folder := t.TempDir()
	for databaseURL, file := range map[string]string{
		"sqlite:a.db":                        "a.db",
		"sqlite:var/deep/a.db":               "var/deep/a.db",
		"sqlite://b.db":                      "b.db",
		"sqlite:///" + folder[1:] + "/c.db":  folder + "/c.db",
		"sqlite:" + folder + "/50%? #1 ü.db": folder + "/50%? #1 ü.db",
		"file:e.db":                          "e.db",
		"file:f%20g.db?_busy_timeout=100":    "f g.db",
		"file:" + folder + "/h.db?mode=rwc":  folder + "/h.db",
	} {
		c := catalogtest.Open(t, databaseURL)
		assert.NoError(t, c.Ping(t.Context()))
		assert.FileExists(t, file, databaseURL)
		parsed, err := database.ParseURL(databaseURL)
		require.NoError(t, err)
		assert.Equal(t, file, parsed.File)
	}
}

func TestAWrongURLIsRefusedAndItsPasswordKeptSecret(t *testing.T) {
	for _, databaseURL := range []string{
		"", "mysql://user:secret@host/db", "secret", "sqlite:", "sqlite::memory:", "file::memory:?cache=shared", "file:x?mode=memory",
		"postgres://user:secret@host:port/db", "file:%zz",
	} {
		_, err := database.ParseURL(databaseURL)
		require.ErrorIs(t, err, database.ErrURL, databaseURL)
		assert.NotContains(t, err.Error(), "secret")
	}
}
