package catalog

import (
	"database/sql/driver"
	"errors"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Unavailable tells whether an error says that the database does not answer at the moment, so that the same thing may work
// later, rather than that something is wrong with it or with what it was asked. Only the drivers' own errors count: one of the
// network may come from whoever sent a request.
func Unavailable(err error) bool {
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		return slices.ContainsFunc(passing, func(class string) bool { return strings.HasPrefix(refused.Code, class) })
	}
	if refused, ok := errors.AsType[*sqlite.Error](err); ok {
		const withoutDetails = 0xff
		return refused.Code()&withoutDetails == sqlite3.SQLITE_BUSY
	}
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	broken := pgconn.SafeToRetry(err) // not even asked: the connection had ended
	return connecting || broken || errors.Is(err, driver.ErrBadConn)
}

// passing are the classes of PostgreSQL's error codes for what passes: connection lost, object not in the needed state (no connections
// allowed), out of resources, operator at work (its manual, appendix A).
var passing = []string{"08", "55", "53", "57"}
