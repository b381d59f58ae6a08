package catalog

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"slipway/lifecycle"
)

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
