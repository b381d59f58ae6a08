package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// A database may be silent instead of refusing: its machine hangs, its disk stalls, the network swallows what is sent. Nothing waits
// for it longer than this.
const (
	// AnswerTimeout is what a statement or a transaction may take, waiting for a free connection included.
	AnswerTimeout = 5 * time.Second
	// LongTimeout is what a statement may take that is long by nature: reading everything, forgetting what is old.
	LongTimeout = time.Minute
	// pingTimeout is what a connection has to show that it still is one.
	pingTimeout = time.Second
	// connectTimeout leaves time for a second host of the URL within the AnswerTimeout.
	connectTimeout = 3 * time.Second
	// lockTimeout is how long a lock is waited for that somebody else holds: less than the AnswerTimeout, so that it has its own error.
	lockTimeout = 4 * time.Second
	// idleTimeout ends a transaction whose process is frozen, or can no longer be reached.
	idleTimeout = 10 * time.Second
)

// errAway is wrapped by the errors of a database that did not answer in time, or whose connection ended.
var errAway = errors.New("the database does not answer")

// within lets ask have so much time with the database, and tells by its error whether that is away.
func within(ctx context.Context, patience time.Duration, ask func(context.Context) error) (err error) {
	ctx, end := traced(ctx, caller)
	defer func() { end(err) }()
	asking, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("%w within %s", errAway, patience))
	defer cancel()
	err = ask(asking)
	switch cause := context.Cause(asking); {
	case err == nil || errors.Is(err, cause):
		return err
	case cause != nil:
		return fmt.Errorf("%w: %w", cause, err)
	case ended(err):
		return fmt.Errorf("%w: %w", errAway, err)
	default:
		return err
	}
}

// Unavailable tells whether an error says that the database does not answer at the moment, so that the same thing may work
// later, rather than that something is wrong with it or with what it was asked. Errors of the network count when they come from this
// package: others may come from whoever sent a request.
func Unavailable(err error) bool {
	if errors.Is(err, errAway) {
		return true
	}
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		return slices.ContainsFunc(passing, func(class string) bool { return strings.HasPrefix(refused.Code, class) })
	}
	if refused, ok := errors.AsType[*sqlite.Error](err); ok {
		return passes(refused.Code())
	}
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	_, connected := errors.AsType[ofConnection](err)
	return connecting || connected || errors.Is(err, driver.ErrBadConn)
}

// Inaccessible tells whether an error says that the file of a database cannot be opened, or only read.
func Inaccessible(err error) bool {
	refused, ok := errors.AsType[*sqlite.Error](err)
	return ok && slices.Contains([]int{sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}, refused.Code()&withoutDetails)
}

// ofConnection is what pgx's errors about a connection have in common, whether something was sent over it or not.
type ofConnection interface {
	error
	SafeToRetry() bool
}

// passing are the PostgreSQL error codes, or their classes, of what passes (its manual, appendix A): connection lost, a session that
// waited too long within a transaction, a standby that takes over, deadlocks, out of resources, object not in the needed state (no
// connections allowed, locked), operator at work, its machine's faults.
var passing = []string{"08", "25P03", "25P04", "25006", "40", "53", "55", "57", "58"}

// withoutDetails are the bits of a result of SQLite that say what it is; those above them say more.
const withoutDetails = 0xff

// passes tells whether a result of SQLite is about what passes: somebody else's lock, no room, a disk or a file that cannot be reached.
func passes(result int) bool {
	switch result & withoutDetails {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_FULL,
		sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
		return true
	default:
		return false
	}
}

// ended tells whether an error of a driver says that the connection ended, in whatever way.
func ended(err error) bool {
	_, network := errors.AsType[net.Error](err)
	ends := []error{io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, net.ErrClosed, sql.ErrConnDone, pgconn.ErrConnClosed}
	return network || slices.ContainsFunc(ends, func(end error) bool { return errors.Is(err, end) })
}
