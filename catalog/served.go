package catalog

import (
	"context"
	"database/sql"
	"errors"

	"slipway/lifecycle"
)

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
