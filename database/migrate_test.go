package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/assert"
)

// The hour passes at once: nobody waits for anything but the clock.
func TestWhoeverFindsTheTablesBeingConvertedWaitsForAsLongAsThatTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &DB{dialect: goose.DialectPostgres, migrations: sql.OpenDB(taken{})}
		defer func() { _ = db.migrations.Close() }()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		err := db.migrate(ctx, fstest.MapFS{"00001_one.sql": {Data: []byte("-- +goose Up\nSELECT 1;")}}, nil)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

// taken is a PostgreSQL with a migration to apply, whose lock for that somebody else has.
type taken struct{}

func (taken) Connect(context.Context) (driver.Conn, error) { return taken{}, nil }
func (taken) Driver() driver.Driver                        { return nil }
func (taken) Prepare(string) (driver.Stmt, error)          { return nil, errors.ErrUnsupported }
func (taken) Begin() (driver.Tx, error)                    { return nil, errors.ErrUnsupported }
func (taken) Close() error                                 { return nil }

func (taken) QueryContext(_ context.Context, query string, _ []driver.NamedValue) (driver.Rows, error) {
	switch {
	case strings.Contains(query, "pg_try_advisory_lock"):
		return &row{false}, nil
	case strings.Contains(query, "pg_tables"):
		return &row{true}, nil
	case strings.Contains(query, "is_applied"):
		return &row{int64(0), true}, nil
	default:
		return &row{int64(0)}, nil
	}
}

// row is an answer of one row.
type row []driver.Value

func (r *row) Columns() []string { return make([]string, len(*r)) }
func (r *row) Close() error      { return nil }

func (r *row) Next(into []driver.Value) error {
	if len(*r) == 0 {
		return io.EOF
	}
	copy(into, *r)
	*r = nil
	return nil
}
