// Package catalog keeps what is released to whom, the read model of all mini-programs, the audit trail and the outcomes
// of requests, in SQLite or PostgreSQL.
//
// Everything is written by Commit, one step of one mini-program in one transaction. Every commit that has an effect
// gets the next change number; readers follow those numbers.
package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"slipway/database"
)

// ErrNotFound is wrapped by the error of a read that found nothing.
var ErrNotFound = errors.New("not found in the catalogue")

// ErrInvalid is wrapped by the error of a call that cannot succeed however often it is repeated.
var ErrInvalid = errors.New("invalid")

// Catalog is the catalogue in one database. It may be used by several goroutines at once.
type Catalog struct {
	db         *database.DB
	statements statements
	searches   searches
	metrics    metrics
}

// Open connects to the catalogue, at a URL as database.ParseURL reads it, and brings its tables up to date; several processes may do so at
// once. A file is created when it is missing, with its folder. The caller closes the catalogue.
func Open(ctx context.Context, databaseURL string) (*Catalog, error) {
	db, err := database.Open(ctx, databaseURL, tables, inGo()...)
	if err != nil {
		return nil, fmt.Errorf("open the catalogue: %w", err)
	}
	c := &Catalog{db: db, metrics: newMetrics(), statements: statements{erased: new(erased)}}
	if err := c.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open the catalogue: %w", err), c.Close())
	}
	return c, nil
}

// Close ends every connection.
func (c *Catalog) Close() error { return c.db.Close() }

// Database is where the catalogue is, and what else is kept beside it.
func (c *Catalog) Database() *database.DB { return c.db }

// Ping tells whether the database answers.
func (c *Catalog) Ping(ctx context.Context) error {
	_, err := c.LastChange(ctx)
	return err
}

// Collectors are the metrics of this catalogue: its commits, and its connections.
func (c *Catalog) Collectors() []prometheus.Collector {
	return append(c.db.Collectors(), c.metrics.commits, c.metrics.conflicts)
}

// statements are those that run often, prepared once.
type statements struct {
	erased *erased
	// Of a commit.
	nextChange, place, head, insertChange, putMiniProgram, countStep, putRelease *sql.Stmt
	// Of those who read.
	lastChange, changesSince, releasesSince, document, outcome, audit *sql.Stmt
}

func (c *Catalog) prepare(ctx context.Context) error {
	s := &c.statements
	for _, each := range []struct {
		prepare   func(context.Context, string) (*sql.Stmt, error)
		statement **sql.Stmt
		query     string
	}{
		{c.db.PrepareWrite, &s.nextChange, nextChange},
		{c.db.PrepareWrite, &s.place, selectPlace},
		{c.db.PrepareWrite, &s.head, selectHead},
		{c.db.PrepareWrite, &s.insertChange, insertChange},
		{c.db.PrepareWrite, &s.putMiniProgram, putMiniProgram},
		{c.db.PrepareWrite, &s.countStep, countStep},
		{c.db.PrepareWrite, &s.putRelease, putRelease},
		{c.db.Prepare, &s.lastChange, selectLastChange},
		{c.db.Prepare, &s.changesSince, selectChanges},
		{c.db.Prepare, &s.releasesSince, selectReleases},
		{c.db.Prepare, &s.document, selectDocument},
		{c.db.Prepare, &s.outcome, selectOutcome},
		{c.db.Prepare, &s.audit, selectAudit},
	} {
		var err error
		if *each.statement, err = each.prepare(ctx, each.query); err != nil { //nolint:sqlclosecheck // lives as long as the database
			return err
		}
	}
	return nil
}
