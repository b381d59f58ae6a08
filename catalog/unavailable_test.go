package catalog_test

import (
	"context"
	"database/sql"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
)

func TestAPostgreSQLThatTakesNoConnectionsIsUnavailable(t *testing.T) {
	address := catalogtest.Postgres(t)
	c := catalogtest.Open(t, address)
	catalogtest.CutOff(t, address)
	for range 2 { // a connection that broke, and one that cannot be made
		_, err := c.LastChange(t.Context())
		assert.True(t, catalog.Unavailable(err), "%v", err)
	}
}

func TestAPostgreSQLThatCannotEvenBeAskedIsUnavailable(t *testing.T) {
	near, far := net.Pipe()
	require.NoError(t, far.Close())
	defer func() { _ = near.Close() }()
	connection := pgproto3.NewFrontend(near, near)
	connection.Send(&pgproto3.Query{String: "SELECT 1"})
	err := connection.Flush()
	assert.ErrorContains(t, err, "write failed")
	assert.True(t, catalog.Unavailable(err), "%v", err)
}

func TestASQLiteThatSomebodyElseWritesToForTooLongIsUnavailable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "slipway.db")
	c := catalogtest.Open(t, "file:"+file+"?_busy_timeout=10")
	other, err := sql.Open("sqlite", file+"?_txlock=immediate")
	require.NoError(t, err)
	defer func() { _ = other.Close() }()
	writing, err := other.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer func() { _ = writing.Rollback() }()
	err = c.KeepReport(t.Context(), "abc", "1.0.0", []byte("{}"))
	assert.True(t, catalog.Unavailable(err), "%v", err)
}

func TestADatabaseThatWasAskedForSomethingWrongIsNotUnavailable(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		_, _, err := c.Status(t.Context(), "nowhere")
		assert.False(t, catalog.Unavailable(err), "%v", err)
		_, err = c.List(t.Context(), catalog.Filter{Cursor: "nonsense"})
		assert.False(t, catalog.Unavailable(err), "%v", err)
	})
	for _, other := range []error{nil, io.ErrUnexpectedEOF, &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, context.DeadlineExceeded} {
		assert.False(t, catalog.Unavailable(other), "%v may come from the sender of a request", other)
	}
}
