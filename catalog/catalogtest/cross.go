package catalogtest

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/database"
)

// Cross has a statement executed in a transaction, does something that has to wait for that, and only then has another statement executed
// in the same transaction. Neither may fail, as one of two does that wait for each other. The database is PostgreSQL: with SQLite, one
// writes at a time.
func Cross(t testing.TB, c *catalog.Catalog, first string, do func() error, then string) {
	t.Helper()
	done := make(chan error, 1)
	err := c.Database().TransactWithin(t.Context(), time.Minute, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, first); err != nil {
			return err
		}
		go func() { done <- do() }()
		assert.Eventually(t, func() bool { return somebodyWaits(ctx, c) }, 3*time.Second, time.Millisecond, "it waits for nothing")
		_, err := tx.ExecContext(ctx, then)
		return err
	})
	require.NoError(t, err)
	require.NoError(t, <-done)
}

func somebodyWaits(ctx context.Context, c *catalog.Catalog) bool {
	var waiting int
	statement := c.Database().Select(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
	return database.One(ctx, statement, []any{&waiting}) == nil && waiting > 0
}
