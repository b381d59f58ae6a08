package catalog

import (
	"context"
	"database/sql"

	"slipway/lifecycle"
)

// addTurns adds what overviews choose by, to the indexes that lists read too, and the filters that people keep. It fills the columns of
// every mini-program.
func addTurns(ctx context.Context, tx *sql.Tx) error {
	for _, statement := range []string{
		`ALTER TABLE mini_programs ADD COLUMN turn TEXT NOT NULL DEFAULT ''`,
		`ALTER TABLE mini_programs ADD COLUMN brief TEXT`,
		`DROP INDEX mini_programs_newest`, `DROP INDEX mini_programs_due`, `DROP INDEX mini_programs_count`,
		`CREATE TABLE saved_filters (person TEXT NOT NULL, name TEXT NOT NULL, query TEXT NOT NULL, PRIMARY KEY (person, name))`,
	} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	if err := fillTurns(ctx, tx); err != nil {
		return err
	}
	for _, statement := range []string{
		`CREATE INDEX mini_programs_newest ON mini_programs (updated_at, id, search, team, state, overdue, turn, standing)`,
		`CREATE INDEX mini_programs_due ON mini_programs (due_at, id, search, team, state, overdue, turn, standing)`,
		`CREATE INDEX mini_programs_count ON mini_programs (overdue, state, team, search, turn, standing)`,
	} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

func fillTurns(ctx context.Context, tx *sql.Tx) error {
	return eachDocument(ctx, tx, func(m lifecycle.MiniProgram) error {
		var e encoder
		turn, brief := string(m.Turn()), e.json(briefOf(m))
		_, err := tx.ExecContext(ctx, `UPDATE mini_programs SET turn = $1, brief = $2 WHERE id = $3`, turn, brief, m.ID)
		return err
	})
}

// eachDocument hands over every mini-program, some at a time.
func eachDocument(ctx context.Context, tx *sql.Tx, do func(lifecycle.MiniProgram) error) error {
	for after := ""; ; {
		batch, err := readDocuments(ctx, tx, after)
		if err != nil || len(batch) == 0 {
			return err
		}
		for _, m := range batch {
			if err := do(m); err != nil {
				return err
			}
			after = m.ID
		}
	}
}

// readDocuments reads mini-programs behind an id. One that cannot be read is nobody's turn until its next commit.
func readDocuments(ctx context.Context, tx *sql.Tx, after string) (batch []lifecycle.MiniProgram, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT id, document FROM mini_programs WHERE id > $1 ORDER BY id LIMIT $2`, after, documentBatch)
	if err != nil {
		return nil, err
	}
	return scanDocuments(rows)
}

func scanDocuments(rows *sql.Rows) (batch []lifecycle.MiniProgram, err error) {
	defer func() { _ = rows.Close() }() // Err says what went wrong
	for rows.Next() {
		var id string
		var text sql.NullString
		if err := rows.Scan(&id, &text); err != nil {
			return nil, err
		}
		m, err := decode[lifecycle.MiniProgram](text)
		if err != nil || m == nil {
			m = &lifecycle.MiniProgram{}
		}
		m.ID = id
		batch = append(batch, *m)
	}
	return batch, rows.Err()
}
