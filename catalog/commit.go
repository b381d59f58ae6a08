package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"slipway/lifecycle"
)

// Commit is what one step of a mini-program leaves behind.
type Commit struct {
	// FirstRunID is the first run id of the workflow's execution chain. It tells the lives of one id apart: a rejected id
	// may be requested anew, and its revisions start at 1 again.
	FirstRunID string
	// Step orders the commits of one revision: 0 is the one with the Record, 1, 2, … follow within the revision (a
	// refusal, an escalation). A retry keeps its step.
	Step int
	// Status is the read model, Serving what users get.
	Status  lifecycle.Status
	Serving lifecycle.Serving
	// Record is nil when nothing was accepted, Outcome when nobody asked.
	Record  *lifecycle.Record
	Outcome *lifecycle.Outcome
}

// errKnown ends the transaction of a commit that was written before.
var errKnown = errors.New("known already")

// Commit writes the step in one transaction. The same step again has no effect, however late it comes, and an older
// step never replaces what a newer one wrote. After an error that is not ErrInvalid the step may or may not have been
// written; commit it again.
func (c *Catalog) Commit(ctx context.Context, commit Commit) error {
	if err := commit.validate(); err != nil {
		return err
	}
	rows, err := commit.rows()
	if err == nil {
		err = c.inTransaction(ctx, func(tx *sql.Tx) error { return c.statements.write(ctx, tx, rows) })
	}
	if err != nil && !errors.Is(err, errKnown) {
		return fmt.Errorf("commit revision %d, step %d of %s: %w", commit.Status.Revision, commit.Step, commit.Status.ID, err)
	}
	c.bell.ring()
	return nil
}

func (c Commit) validate() error {
	switch {
	case lifecycle.ValidateID(c.Status.ID) != nil:
		return fmt.Errorf("%w commit: %s", ErrInvalid, lifecycle.ValidateID(c.Status.ID).Message)
	case c.FirstRunID == "":
		return fmt.Errorf("%w commit of %s: the first run id is missing", ErrInvalid, c.Status.ID)
	case c.Record != nil && (c.Step != 0 || c.Record.Revision != c.Status.Revision):
		return fmt.Errorf("%w commit of %s: the record of revision %d must be step 0 of this revision, not step %d of revision %d",
			ErrInvalid, c.Status.ID, c.Record.Revision, c.Step, c.Status.Revision)
	case c.Record == nil && c.Step < 1:
		return fmt.Errorf("%w commit of %s: step %d of revision %d has no record; steps without one count from 1",
			ErrInvalid, c.Status.ID, c.Step, c.Status.Revision)
	default:
		return nil
	}
}

func (c *Catalog) inTransaction(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := c.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		_ = tx.Rollback() // err says what went wrong
		return err
	}
	return tx.Commit()
}

func (s statements) write(ctx context.Context, tx *sql.Tx, rows rows) error {
	var number int64
	nextChange := tx.StmtContext(ctx, s.nextChange) //nolint:sqlclosecheck // lives as long as the transaction
	if err := nextChange.QueryRowContext(ctx).Scan(&number); err != nil {
		return err
	}
	isNew, err := put(ctx, tx.StmtContext(ctx, s.insertChange), number, rows.change)
	if err == nil && !isNew {
		err = errKnown
	}
	if err != nil || rows.miniProgram == nil {
		return err
	}
	isNewest, err := put(ctx, tx.StmtContext(ctx, s.putMiniProgram), number, rows.miniProgram)
	if err != nil || !isNewest {
		return err
	}
	isAnother, err := put(ctx, tx.StmtContext(ctx, s.putRelease), number, rows.release)
	if err != nil || !isAnother {
		return err
	}
	return noteServed(ctx, tx, rows.served)
}

// put writes one row, which begins with the change number, and tells whether the statement had an effect.
func put(ctx context.Context, statement *sql.Stmt, number int64, row []any) (bool, error) {
	result, err := statement.ExecContext(ctx, append([]any{number}, row...)...)
	if err != nil {
		return false, err
	}
	written, err := result.RowsAffected()
	return written > 0, err
}
