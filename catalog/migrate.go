package catalog

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"slipway/lifecycle"
)

//go:embed migrations/*.sql
var migrations embed.FS

// tables are the migrations of the whole database, for what others keep beside the catalogue as well: they have one numbering.
var tables, _ = fs.Sub(migrations, "migrations") // only for invalid paths

// inGo are the migrations that SQL cannot say.
func inGo() []*goose.Migration {
	return []*goose.Migration{
		goose.NewGoMigration(8, &goose.GoFunc{RunTx: writeDocuments}, nil), goose.NewGoMigration(11, &goose.GoFunc{RunTx: writeServed}, nil),
		goose.NewGoMigration(15, &goose.GoFunc{RunTx: addStages}, nil), goose.NewGoMigration(16, &goose.GoFunc{RunTx: addTurns}, nil),
		goose.NewGoMigration(20, &goose.GoFunc{RunTx: addCandidates}, nil), goose.NewGoMigration(21, &goose.GoFunc{RunTx: addSteps}, nil),
		goose.NewGoMigration(28, &goose.GoFunc{RunTx: addChain}, nil),
	}
}

// documentBatch is how many rows are converted at a time.
const documentBatch = 500

// writeDocuments turns what was stored before, the status that pages showed, into the mini-program that it was the status of.
func writeDocuments(ctx context.Context, tx *sql.Tx) error {
	for after := ""; ; {
		batch, err := readStatuses(ctx, tx, after)
		if err != nil || len(batch) == 0 {
			return err
		}
		for _, status := range batch {
			document, err := json.Marshal(lifecycle.FromStatus(status))
			if err != nil {
				return fmt.Errorf("convert the status of %s: %w", status.ID, err)
			}
			if _, err := tx.ExecContext(ctx, `UPDATE mini_programs SET document = $1 WHERE id = $2`, string(document), status.ID); err != nil {
				return err
			}
			after = status.ID
		}
	}
}

func readStatuses(ctx context.Context, tx *sql.Tx, after string) (batch []lifecycle.Status, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT document FROM mini_programs WHERE id > $1 ORDER BY id LIMIT $2`, after, documentBatch)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err says what went wrong
	for rows.Next() {
		var text sql.NullString
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		status, err := decode[lifecycle.Status](text)
		if err != nil {
			return nil, fmt.Errorf("read a stored status: %w", err)
		}
		batch = append(batch, *status)
	}
	return batch, rows.Err()
}

// releaseRecord is what the audit trail tells of what users were given.
type releaseRecord struct {
	change      int64
	miniProgram string
	To          lifecycle.State   `json:"to"`
	Serving     lifecycle.Serving `json:"serving"`
}

// writeServed finds in the audit trail which mini-program gave the packages to users, and which of them a suspension took away.
func writeServed(ctx context.Context, tx *sql.Tx) error {
	var history servedHistory
	for after := (releaseRecord{}); ; {
		batch, err := readReleaseRecords(ctx, tx, after)
		if err != nil {
			return err
		}
		if len(batch) == 0 {
			return errors.Join(history.write(ctx, tx, after.miniProgram), forgetUnknown(ctx, tx))
		}
		for _, record := range batch {
			if record.miniProgram != after.miniProgram {
				if err := history.write(ctx, tx, after.miniProgram); err != nil {
					return err
				}
				history = servedHistory{}
			}
			history.take(record)
			after = record
		}
	}
}

// servedHistory is what one mini-program gave to users so far: sha256 -> withdrawn.
type servedHistory struct {
	withdrawn map[string]bool
	suspended bool
}

func (h *servedHistory) take(record releaseRecord) {
	switch record.To {
	case lifecycle.SuspendedByOp:
		h.suspended = true
	case lifecycle.Published:
		h.suspended = false
	}
	if h.withdrawn == nil {
		h.withdrawn = map[string]bool{}
	}
	for sum := range h.withdrawn {
		h.withdrawn[sum] = h.withdrawn[sum] || h.suspended
	}
	for _, sum := range packagesOf(record.Serving) {
		h.withdrawn[sum] = false
	}
}

func (h *servedHistory) write(ctx context.Context, tx *sql.Tx, miniProgram string) error {
	var given, withdrawn []string
	for sum, isWithdrawn := range h.withdrawn {
		if isWithdrawn {
			withdrawn = append(withdrawn, sum)
		} else {
			given = append(given, sum)
		}
	}
	return errors.Join(putServed(ctx, tx, miniProgram, given, false), putServed(ctx, tx, miniProgram, withdrawn, true))
}

// forgetUnknown forgets what was known without its mini-program, where that is known now.
func forgetUnknown(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `
		DELETE FROM served_packages WHERE mini_program = ''
			AND sha256 IN (SELECT sha256 FROM served_packages WHERE mini_program <> '')`)
	return err
}

// readReleaseRecords reads on behind a record, one mini-program after another. What cannot be read tells nothing.
func readReleaseRecords(ctx context.Context, tx *sql.Tx, after releaseRecord) (batch []releaseRecord, err error) {
	rows, err := tx.QueryContext(ctx, `
		SELECT mini_program, number, record FROM changes WHERE record IS NOT NULL AND (mini_program, number) > ($1, $2)
		ORDER BY mini_program, number LIMIT $3`, after.miniProgram, after.change, documentBatch)
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
		record, err := decode[releaseRecord](text)
		if err != nil {
			record = &releaseRecord{}
		}
		record.miniProgram, record.change = id, change
		batch = append(batch, *record)
	}
	return batch, rows.Err()
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
	return scanDocuments(rows)
}
