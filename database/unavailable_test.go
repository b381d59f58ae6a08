package database_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sqlite3 "modernc.org/sqlite/lib"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/database"
)

func TestAPostgreSQLThatTakesNoConnectionsIsUnavailable(t *testing.T) {
	address := catalogtest.Postgres(t)
	c := catalogtest.Open(t, address)
	catalogtest.CutOff(t, address)
	for range 2 { // a connection that broke, and one that cannot be made
		_, err := c.LastChange(t.Context())
		assert.True(t, database.Unavailable(err), "%v", err)
	}
}

// brokenPipe takes the first byte of what is written to it.
type brokenPipe struct{ net.Conn }

func (brokenPipe) Write([]byte) (int, error) { return 1, over("write", syscall.EPIPE) }

// over is an error as the network's connections have it.
func over(operation string, err error) error {
	return &net.OpError{Op: operation, Net: "tcp", Err: os.NewSyscallError(operation, err)}
}

func flushed(conn net.Conn) error {
	frontend := pgproto3.NewFrontend(conn, conn)
	frontend.Send(&pgproto3.Query{String: "SELECT 1"})
	return frontend.Flush()
}

func TestWhatADriverSaysOfAnEndedConnectionIsUnavailable(t *testing.T) {
	near, far := net.Pipe()
	require.NoError(t, far.Close())
	defer func() { _ = near.Close() }()
	for name, err := range map[string]error{
		"not written at all":         flushed(near),
		"broken pipe while writing":  flushed(brokenPipe{}),
		"bad connection":             driver.ErrBadConn,
		"connection lost (08006)":    &pgconn.PgError{Code: "08006"},
		"idle transaction (25P03)":   &pgconn.PgError{Code: "25P03"},
		"a standby (25006)":          &pgconn.PgError{Code: "25006"},
		"deadlock (40P01)":           &pgconn.PgError{Code: "40P01"},
		"disk full (53100)":          &pgconn.PgError{Code: "53100"},
		"too many (53300)":           &pgconn.PgError{Code: "53300"},
		"locked (55P03)":             &pgconn.PgError{Code: "55P03"},
		"cancelled (57014)":          &pgconn.PgError{Code: "57014"},
		"shut down (57P01)":          &pgconn.PgError{Code: "57P01"},
		"crashed (57P02)":            &pgconn.PgError{Code: "57P02"},
		"starting up (57P03)":        &pgconn.PgError{Code: "57P03"},
		"input or output (58030)":    &pgconn.PgError{Code: "58030"},
		"asked: broken pipe":         database.Asked(over("write", syscall.EPIPE)),
		"asked: reset":               database.Asked(over("read", syscall.ECONNRESET)),
		"asked: aborted":             database.Asked(over("read", syscall.ECONNABORTED)),
		"asked: no route":            database.Asked(over("read", syscall.EHOSTUNREACH)),
		"asked: timed out":           database.Asked(over("read", syscall.ETIMEDOUT)),
		"asked: took too long":       database.Asked(over("read", os.ErrDeadlineExceeded)),
		"asked: closed by them":      database.Asked(io.EOF),
		"asked: closed half way":     database.Asked(io.ErrUnexpectedEOF),
		"asked: closed by us":        database.Asked(net.ErrClosed),
		"asked: closed by the pool":  database.Asked(sql.ErrConnDone),
		"asked: closed by pgx":       database.Asked(pgconn.ErrConnClosed),
		"asked: name does not exist": database.Asked(&net.DNSError{Err: "no such host"}),
	} {
		assert.True(t, database.Unavailable(err), "%s: %v", name, err)
	}
}

func TestAPostgreSQLThatCannotBeConnectedToIsUnavailable(t *testing.T) {
	proxy := catalogtest.NewProxy(t, catalogtest.Postgres(t))
	for name, address := range map[string]string{
		"no such host":    "postgres://postgres@nowhere.invalid/slipway",
		"nobody listens":  "postgres://postgres@127.0.0.1:1/slipway",
		"no such socket":  "postgres://postgres@/slipway?host=" + t.TempDir(),
		"no TLS":          strings.Replace(proxy.URL, "sslmode=disable", "sslmode=require", 1),
		"no PostgreSQL":   greeting(t, "HTTP/1.1 400 Bad Request\r\n\r\n"),
		"starting up":     refusing(t, "57P03"),
		"too many":        refusing(t, "53300"),
		"shutting down":   refusing(t, "57P01"),
		"says nothing":    greeting(t, ""),
		"no longer there": "postgres://postgres@127.0.0.1:1,127.0.0.1:1/slipway?connect_timeout=1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := catalog.Open(context.Background(), address)
			assert.True(t, database.Unavailable(err), "%v", err)
		})
	}
}

// serving lets somebody answer connections who is no PostgreSQL, and returns how it is reached as one.
func serving(t *testing.T, answer func(net.Conn)) (databaseURL string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go answer(conn)
		}
	}()
	return "postgres://postgres@" + listener.Addr().String() + "/slipway?sslmode=disable"
}

// greeting says something and then no more.
func greeting(t *testing.T, words string) (databaseURL string) {
	return serving(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, words)
		_, _ = io.Copy(io.Discard, conn)
		_ = conn.Close()
	})
}

// refusing takes no connections, for the reason with the code.
func refusing(t *testing.T, code string) (databaseURL string) {
	return serving(t, func(conn net.Conn) {
		defer func() { _ = conn.Close() }()
		backend := pgproto3.NewBackend(conn, conn)
		if _, err := backend.ReceiveStartupMessage(); err == nil {
			backend.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: code, Message: "no"})
			_ = backend.Flush()
		}
	})
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
	assert.True(t, database.Unavailable(err), "%v", err)
}

func TestASQLiteThatHasNoRoomIsUnavailable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "slipway.db")
	require.NoError(t, catalogtest.Open(t, "file:"+file).Close())
	c := catalogtest.Open(t, "file:"+file+"?_pragma=max_page_count(1)") // it keeps the pages that it has
	err := c.KeepReport(t.Context(), "abc", "1.0.0", []byte(`"`+strings.Repeat("x", 1<<20)+`"`))
	assert.ErrorContains(t, err, "full")
	assert.True(t, database.Unavailable(err), "%v", err)
}

func TestASQLiteWhoseFileCannotBeOpenedIsUnavailable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "slipway.db")
	require.NoError(t, os.Mkdir(file, 0o700))
	_, err := catalog.Open(t.Context(), "file:"+file)
	assert.True(t, database.Unavailable(err), "%v", err)
}

func TestWhatPassesInSQLite(t *testing.T) {
	for _, passing := range []int{
		sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_SNAPSHOT, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_LOCKED_SHAREDCACHE, sqlite3.SQLITE_FULL,
		sqlite3.SQLITE_IOERR, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY_DBMOVED,
	} {
		assert.True(t, database.Passes(passing), passing)
	}
	for _, wrong := range []int{sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_MISMATCH} {
		assert.False(t, database.Passes(wrong), wrong)
	}
}

// A statement of SQLite that takes too long is broken off, whoever holds it up.
func TestASQLiteStatementThatNeverEndsIsUnavailable(t *testing.T) {
	c := catalogtest.Open(t, catalogtest.SQLite(t))
	_, err := c.Database().ExecWithin(t.Context(), 20*time.Millisecond, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) INSERT INTO reports
		SELECT i, i, i, i FROM n WHERE i < 0`)
	assert.True(t, database.Unavailable(err), "%v", err)
}

func TestADatabaseThatWasAskedForSomethingWrongIsNotUnavailable(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		_, _, err := c.Status(t.Context(), "nowhere")
		assert.False(t, database.Unavailable(err), "%v", err)
		_, err = c.List(t.Context(), catalog.Filter{Cursor: "nonsense"})
		assert.False(t, database.Unavailable(err), "%v", err)
		_, err = c.Database().ExecWithin(t.Context(), time.Minute, "SELECT nonsense")
		assert.Error(t, err)
		assert.False(t, database.Unavailable(err), "%v", err)
	})
	for _, other := range []error{
		nil, io.ErrUnexpectedEOF, over("read", os.ErrDeadlineExceeded), over("read", syscall.ECONNRESET), context.DeadlineExceeded, context.Canceled,
	} {
		assert.False(t, database.Unavailable(other), "%v may come from the sender of a request", other)
	}
	for _, code := range []string{"22021", "23505", "42P01", "42601", "XX001"} {
		assert.False(t, database.Unavailable(&pgconn.PgError{Code: code}), code)
	}
}
