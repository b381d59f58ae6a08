package catalog

import (
	"context"
	"database/sql"

	"slipway/lifecycle"
)

// fillGap writes the records that are missing between what the catalogue knows and the step, as far as the timeline of the
// mini-program has them, and returns the change number that is left for the step itself.
//
// Without a gap, which is always but after an older catalogue was restored, it does nothing. A refusal fills it as well: whoever was
// refused looks at where the mini-program stands.
func (s statements) fillGap(ctx context.Context, tx *sql.Tx, number int64, commit Commit, before place) (int64, Gap, error) {
	known := before.sequence
	if before.life != storedText(commit.Life) {
		known = 0
	}
	if commit.before() <= known {
		return number, Gap{}, nil
	}
	gap := Gap{Lost: commit.before() - known}
	for _, missing := range commit.missing(known) {
		isNew, err := put(ctx, tx.StmtContext(ctx, s.insertChange), number, missing)
		if err != nil {
			return number, gap, err
		}
		if !isNew { // an answer that was kept has its step
			continue
		}
		gap.Restored, gap.Lost = gap.Restored+1, gap.Lost-1
		next := tx.StmtContext(ctx, s.nextChange) //nolint:sqlclosecheck // lives as long as the transaction
		if err := next.QueryRowContext(ctx).Scan(&number); err != nil {
			return number, gap, err
		}
	}
	return number, gap, nil
}

// before is the sequence of the last record before the step.
func (c Commit) before() int {
	if c.Record == nil {
		return c.MiniProgram.Sequence
	}
	return c.Record.Sequence - 1
}

// missing are the rows of the records above a sequence that the timeline still has. There was at least one step for each of them.
func (c Commit) missing(known int) [][]any {
	var e encoder
	var rows [][]any
	for _, transition := range c.MiniProgram.Transitions {
		if transition.Sequence <= known || transition.Sequence > c.before() {
			continue
		}
		record := lifecycle.Record{Transition: transition, Restored: true}
		if transition.Sequence == c.MiniProgram.Sequence {
			record.Serving = c.MiniProgram.Serving() // of the newest it is known
		}
		rows = append(rows, Commit{
			Life: c.Life, Step: c.Step - 1 - (c.before() - transition.Sequence), MiniProgram: c.MiniProgram, Record: &record,
		}.changeRow(&e))
	}
	return rows
}
