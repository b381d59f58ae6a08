package catalog

import (
	"context"
	"database/sql"

	"slipway/lifecycle"
)

// addCandidates adds to the releases what previews show, and fills it for those that there are.
func addCandidates(ctx context.Context, tx *sql.Tx) error {
	for _, statement := range []string{
		`ALTER TABLE releases ADD COLUMN candidate TEXT NOT NULL DEFAULT ''`,
		`ALTER TABLE releases ADD COLUMN candidate_since BIGINT NOT NULL DEFAULT 0`,
		`CREATE INDEX releases_candidate ON releases (candidate_since)`,
	} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	for after := ""; ; {
		batch, err := readCandidates(ctx, tx, after)
		if err != nil || len(batch) == 0 {
			return err
		}
		for _, m := range batch {
			var e encoder
			candidate := e.candidate(m.MiniProgram)
			if e.err != nil {
				return e.err
			}
			_, err := tx.ExecContext(ctx, `UPDATE releases SET candidate = $1, candidate_since = $2 WHERE mini_program = $3`,
				candidate, m.change, m.ID)
			if err != nil {
				return err
			}
			after = m.ID
		}
	}
}

type changed struct {
	lifecycle.MiniProgram
	change int64
}

// readCandidates reads those with a candidate behind an id. One that cannot be read has none until its next commit.
func readCandidates(ctx context.Context, tx *sql.Tx, after string) (batch []changed, err error) {
	rows, err := tx.QueryContext(ctx, `
		SELECT id, change, document FROM mini_programs WHERE candidate_sha256 <> '' AND id > $1 ORDER BY id LIMIT $2`, after, documentBatch)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err says what went wrong
	for rows.Next() {
		var id string
		var change int64
		var text sql.NullString
		if err := rows.Scan(&id, &change, &text); err != nil {
			return nil, err
		}
		m, err := decode[lifecycle.MiniProgram](text)
		if err != nil || m == nil {
			m = &lifecycle.MiniProgram{}
		}
		m.ID = id
		batch = append(batch, changed{*m, change})
	}
	return batch, rows.Err()
}
