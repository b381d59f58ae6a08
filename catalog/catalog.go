// Package catalog keeps what is released to whom, the read model of all mini-programs, the audit trail and the answers
// to requests, in SQLite or PostgreSQL.
//
// Everything is written by Commit, one step of one mini-program in one transaction. Every commit that has an effect
// gets the next change number; readers follow those numbers.
package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
)

// ErrNotFound is wrapped by the error of a read that found nothing.
var ErrNotFound = errors.New("not found in the catalogue")

// ErrInvalid is wrapped by the error of a call that cannot succeed however often it is repeated.
var ErrInvalid = errors.New("invalid")

// Catalog is the catalogue in one database. It may be used by several goroutines at once.
type Catalog struct {
	// One connection writes, so that commits of this process queue here and not at the lock of the database.
	write, read *sql.DB
	// migrations is what tables are converted over, however long that takes.
	migrations *sql.DB
	dialect    goose.Dialect
	statements statements
	searches   searches
	listener   *listener
	metrics    metrics
	bell       *bell // nil with PostgreSQL, which announces commits itself
}

// Open connects to the catalogue and brings its tables up to date; several processes may do so at once. databaseURL is
// "sqlite:PATH", "sqlite://PATH" or "file:PATH?SETTINGS" (a file, which is created when missing, with its folder), or
// "postgres://…". The caller closes the catalogue. An URL that is none of these is ErrInvalid.
func Open(ctx context.Context, databaseURL string) (*Catalog, error) {
	c, err := connect(databaseURL)
	if err != nil {
		return nil, err
	}
	c.metrics = newMetrics()
	if err := errors.Join(c.migrate(ctx), c.prepare(ctx), c.migrations.Close()); err != nil {
		return nil, errors.Join(fmt.Errorf("open the catalogue: %w", err), c.Close())
	}
	return c, nil
}

// Close ends every connection. A database that is silent is told so in vain, and not waited for.
func (c *Catalog) Close() error {
	c.listener.close()
	c.bell.close()
	closed := make(chan error, 1)
	go func() { closed <- errors.Join(c.read.Close(), c.write.Close(), c.migrations.Close()) }()
	select {
	case err := <-closed:
		return err
	case <-time.After(answerTimeout):
		return fmt.Errorf("close the catalogue: %w", errAway)
	}
}

// Ping tells whether the database answers.
func (c *Catalog) Ping(ctx context.Context) error {
	_, err := c.LastChange(ctx)
	return err
}

// storedTime is a time as both databases keep it: UTC, to the microsecond.
func storedTime(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// storedText replaces what PostgreSQL cannot keep in a text or compare with one.
func storedText(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "\uFFFD"), "\uFFFD")
}
