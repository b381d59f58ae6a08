package catalog

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Unavailable tells whether an error says that the database does not answer at the moment, so that the same thing may work
// later, rather than that something is wrong with it or with what it was asked. Errors of the network count when the catalogue
// returned them: others may come from whoever sent a request.
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

// ofConnection is what pgx's errors about a connection have in common, whether something was sent over it or not.
type ofConnection interface {
	error
	SafeToRetry() bool
}

// passing are the PostgreSQL error codes, or their classes, of what passes (its manual, appendix A): connection lost, a session that
// waited too long within a transaction, a standby that takes over, deadlocks, out of resources, object not in the needed state (no
// connections allowed, locked), operator at work, its machine's faults.
var passing = []string{"08", "25P03", "25P04", "25006", "40", "53", "55", "57", "58"}

// passes tells whether a result of SQLite is about what passes: somebody else's lock, no room, a disk or a file that cannot be reached.
func passes(result int) bool {
	const withoutDetails = 0xff
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
	return network || slices.ContainsFunc([]error{io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, net.ErrClosed, sql.ErrConnDone, pgconn.ErrConnClosed},
		func(end error) bool { return errors.Is(err, end) })
}
