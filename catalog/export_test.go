package catalog

import (
	"context"
	"database/sql"
)

// CommitAll writes many commits in one transaction, to fill a catalogue quickly.
func (c *Catalog) CommitAll(ctx context.Context, commits func(yield func(Commit) bool)) error {
	return c.inTransaction(ctx, func(tx *sql.Tx) error {
		for commit := range commits {
			rows, err := commit.rows()
			if err != nil {
				return err
			}
			if err := c.statements.write(ctx, tx, rows); err != nil {
				return err
			}
		}
		return nil
	})
}
