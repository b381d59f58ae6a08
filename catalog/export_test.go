package catalog

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/pressly/goose/v3"
)

// CommitAll writes many commits in one transaction, to fill a catalogue quickly.
func (c *Catalog) CommitAll(ctx context.Context, commits func(yield func(Commit) bool)) error {
	return c.transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for commit := range commits {
			rows, err := commit.rows()
			if err != nil {
				return err
			}
			if _, err := c.statements.write(ctx, tx, commit, rows); err != nil {
				return err
			}
		}
		return nil
	})
}

// Vacuum does what PostgreSQL does by itself some time after a catalogue was filled.
func (c *Catalog) Vacuum(ctx context.Context) error {
	if c.dialect != goose.DialectPostgres {
		return nil
	}
	_, err := c.write.ExecContext(ctx, "VACUUM ANALYZE")
	return err
}

// Spoil makes unreadable what is stored of a mini-program.
func (c *Catalog) Spoil(ctx context.Context, id string) error {
	return c.transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err1 := tx.ExecContext(ctx, "UPDATE releases SET serving = '{' WHERE mini_program = $1", id)
		_, err2 := tx.ExecContext(ctx, "UPDATE changes SET record = '{' WHERE mini_program = $1", id)
		_, err3 := tx.ExecContext(ctx, "UPDATE mini_programs SET document = '{' WHERE id = $1", id)
		return errors.Join(err1, err2, err3)
	})
}

// AtVersion brings an empty database up to a version of its tables, and fills them as they were then.
func AtVersion(ctx context.Context, databaseURL string, version int64, fill func(*sql.Tx) error) (err error) {
	c, err := connect(databaseURL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	provider, err := c.migrationProvider()
	if err != nil {
		return err
	}
	if _, err := provider.UpTo(ctx, version); err != nil {
		return err
	}
	return c.transact(ctx, func(_ context.Context, tx *sql.Tx) error { return fill(tx) })
}

// Asked is the error of a catalogue whose driver returned this one.
func Asked(err error) error {
	return answered(context.Background(), time.Minute, func(context.Context) error { return err })
}

// Passes tells whether a result of SQLite is about what passes.
func Passes(result int) bool { return passes(result) }

// Execute is for statements that nobody should send.
func (c *Catalog) Execute(ctx context.Context, patience time.Duration, statement string) (int64, error) {
	return c.exec(ctx, patience, statement)
}

// Woken is closed when something was committed, or when the listener has connected.
func (c *Catalog) Woken() <-chan struct{} { return c.listener.next() }
