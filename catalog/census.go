package catalog

import (
	"context"
	"database/sql"
	"fmt"

	"slipway/lifecycle"
)

// Census is how many mini-programs there are, and how far their rollouts are, for those who watch over the platform.
type Census struct {
	Counts
	// LastChange is the number of the last change.
	LastChange int64
	Rollouts   []Rollouts
}

// Rollouts says how many rollouts are in a stage, 0 being grayscale, and how they stand there.
type Rollouts struct {
	Stage    int
	Standing Standing
	Number   int
}

// Standing is whether the clock of a stage goes on.
type Standing string

// A rollout that is held has served its time and waits for a person.
const (
	Running Standing = "running"
	Paused  Standing = "paused"
	Held    Standing = "held"
)

const selectRollouts = `SELECT stage, standing, count(*) FROM mini_programs WHERE stage IS NOT NULL GROUP BY stage, standing`

// Census counts. It reads indexes and counts that are kept, never all mini-programs.
func (c *Catalog) Census(ctx context.Context) (census Census, err error) {
	if census.Counts, err = c.Count(ctx, Filter{}); err != nil {
		return census, err
	}
	if census.LastChange, err = c.LastChange(ctx); err != nil {
		return census, err
	}
	census.Rollouts, err = collect(ctx, adHoc{c.read, selectRollouts}, func(row *sql.Rows) (counted Rollouts, err error) {
		err = row.Scan(&counted.Stage, &counted.Standing, &counted.Number)
		return counted, err
	})
	if err != nil {
		return census, fmt.Errorf("count the rollouts: %w", err)
	}
	return census, nil
}

// rolloutColumns are stage and standing of a mini-program as they are stored: NULL while it has no rollout.
func rolloutColumns(m lifecycle.MiniProgram) (stage, standing any) {
	switch {
	case m.Rollout == nil:
		return nil, nil
	case m.Rollout.Paused():
		return m.Rollout.Stage, string(Paused)
	case m.Rollout.Held != "":
		return m.Rollout.Stage, string(Held)
	default:
		return m.Rollout.Stage, string(Running)
	}
}

// addStages adds the columns of rollouts, and fills them for those that are under way.
func addStages(ctx context.Context, tx *sql.Tx) error {
	for _, statement := range []string{
		`ALTER TABLE mini_programs ADD COLUMN stage INTEGER`,
		`ALTER TABLE mini_programs ADD COLUMN standing TEXT`,
		`CREATE INDEX mini_programs_rollouts ON mini_programs (stage, standing) WHERE stage IS NOT NULL`,
	} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	for after := ""; ; {
		batch, err := readReleasing(ctx, tx, after)
		if err != nil || len(batch) == 0 {
			return err
		}
		for _, m := range batch {
			stage, standing := rolloutColumns(m)
			if _, err := tx.ExecContext(ctx, `UPDATE mini_programs SET stage = $1, standing = $2 WHERE id = $3`, stage, standing, m.ID); err != nil {
				return err
			}
			after = m.ID
		}
	}
}

// readReleasing reads those with a rollout behind an id. One that cannot be read is not counted until its next commit.
func readReleasing(ctx context.Context, tx *sql.Tx, after string) (batch []lifecycle.MiniProgram, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT id, document FROM mini_programs WHERE state IN ($1, $2) AND id > $3 ORDER BY id LIMIT $4`,
		string(lifecycle.GrayscaleRelease), string(lifecycle.ProductionRelease), after, documentBatch)
	if err != nil {
		return nil, err
	}
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
