// Package catalogtest gives tests fresh catalogues, in SQLite and in PostgreSQL.
package catalogtest

import (
	"context"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"slipway/catalog"
)

// Each runs the test twice, on an empty catalogue in SQLite and on one in PostgreSQL.
func Each(t *testing.T, test func(t *testing.T, c *catalog.Catalog)) {
	EachURL(t, func(t *testing.T, databaseURL string) { test(t, Open(t, databaseURL)) })
}

// EachURL runs the test twice, with the URL of an empty database in SQLite and in PostgreSQL.
func EachURL(t *testing.T, test func(t *testing.T, databaseURL string)) {
	t.Run("SQLite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, Postgres(t)) })
}

// Open opens the catalogue until the end of the test.
func Open(t testing.TB, databaseURL string) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Open(context.Background(), databaseURL)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// SQLite returns the URL of an empty SQLite database of the test's own.
func SQLite(t testing.TB) string {
	file := url.URL{Path: filepath.Join(t.TempDir(), "catalog.db")}
	if durable(t) {
		return "file:" + file.EscapedPath()
	}
	return "file:" + file.EscapedPath() + "?_synchronous=OFF"
}

// durable tells whether the database has to wait for the disk. Benchmarks measure that; tests have no power failure.
func durable(t testing.TB) bool {
	_, ok := t.(*testing.B)
	return ok
}
