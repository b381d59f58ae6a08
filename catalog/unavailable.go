package catalog

import (
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Unavailable tells whether an error says that the database does not answer at the moment, so that the same thing may work
// later, rather than that something is wrong with it or with what it was asked.
func Unavailable(err error) bool {
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		return slices.Contains(passing, refused.Code[:2])
	}
	if refused, ok := errors.AsType[*sqlite.Error](err); ok {
		const withoutDetails = 0xff
		return refused.Code()&withoutDetails == sqlite3.SQLITE_BUSY
	}
	_, network := errors.AsType[net.Error](err)
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	return network || connecting || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.ErrUnexpectedEOF)
}

// passing are the classes of PostgreSQL's error codes for what passes: connection lost, object not in the needed state (no connections
// allowed), out of resources, operator at work (its manual, appendix A).
var passing = []string{"08", "55", "53", "57"}
