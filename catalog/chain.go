package catalog

import (
	"cmp"
	"context"
	"database/sql"
	"errors"

	"slipway/audit"
)

// unchained is a record that a program of before has written, which knows no hashes. Where only some of the four are missing, somebody took
// them away: such a record gets no others.
const unchained = `record IS NOT NULL AND hash IS NULL AND previous IS NULL AND salt IS NULL AND content IS NULL`

// The last record in a life. No row: there is none.
const selectHead = `
	SELECT number, coalesce(previous, ''), coalesce(content, ''), coalesce(hash, ''), ` + unchained + ` FROM changes
	WHERE mini_program = $1 AND life = $2 AND record IS NOT NULL ORDER BY number DESC LIMIT 1`

// appended is a change on its way into the catalogue, which is the only way there is. From the first statement of a commit to its end no
// other commit runs, so that no two records ever follow the same one.
type appended struct {
	miniProgram, life string
	step              int
	// Of a change without a record, sequence and record are nil.
	sequence, at, record any
	actor                string
	requestID, outcome   any
}

// append writes a change under its number, its record chained to the one before, and tells whether it is new.
func (s statements) append(ctx context.Context, tx *sql.Tx, number int64, change appended) (bool, error) {
	row := []any{
		change.miniProgram, change.life, change.step, change.sequence, change.at, change.record, change.actor, change.requestID, change.outcome,
	}
	text, hasRecord := change.record.(string)
	if !hasRecord {
		return put(ctx, tx.StmtContext(ctx, s.insertChange), number, append(row, nil, nil, nil, nil))
	}
	head, err := s.headOf(ctx, tx, change.miniProgram, change.life)
	if err != nil {
		return false, err
	}
	entry := audit.Entry{MiniProgram: change.miniProgram, Life: change.life, Change: number, Text: text}.Chained(head)
	return put(ctx, tx.StmtContext(ctx, s.insertChange), number, append(row, entry.Previous, entry.Salt, entry.Content, entry.Hash))
}

// headOf is the hash that the next record of a life has to carry. What a program of before has written, which may still run for a while,
// is chained first. Of a record that has lost its hash it is what that was: the chain goes on, and verification names the record.
func (s statements) headOf(ctx context.Context, tx *sql.Tx, miniProgram, life string) (head string, err error) {
	statement := tx.StmtContext(ctx, s.head) //nolint:sqlclosecheck // lives as long as the transaction
	for range 2 {
		last, isUnchained := audit.Entry{MiniProgram: miniProgram, Life: life}, false
		err = statement.QueryRowContext(ctx, miniProgram, life).Scan(&last.Change, &last.Previous, &last.Content, &last.Hash, &isUnchained)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return "", nil
		case err != nil:
			return "", err
		case !isUnchained:
			return cmp.Or(last.Hash, last.Link()), nil
		}
		if err = chainRest(ctx, tx); err != nil {
			return "", err
		}
	}
	return "", errors.New("the last record of the audit trail has no hash, and cannot be given one")
}

// addChain adds the hashes to the records, and chains those that there are.
func addChain(ctx context.Context, tx *sql.Tx) error {
	for _, statement := range []string{
		`ALTER TABLE changes ADD COLUMN previous TEXT`,
		`ALTER TABLE changes ADD COLUMN salt TEXT`,
		`ALTER TABLE changes ADD COLUMN content TEXT`,
		`ALTER TABLE changes ADD COLUMN hash TEXT`,
		`CREATE INDEX changes_unchained ON changes (mini_program, number) WHERE record IS NOT NULL AND hash IS NULL`,
		// Whom to forget in what running workflows will write: hashes of names, and what stands in their place.
		`CREATE TABLE erased (hash TEXT NOT NULL PRIMARY KEY, pseudonym TEXT NOT NULL, number BIGINT NOT NULL)`,
		`CREATE TABLE erasure_salt (salt TEXT NOT NULL)`,
	} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO erasure_salt (salt) VALUES ($1)`, audit.NewSalt()); err != nil {
		return err
	}
	return chainRest(ctx, tx)
}

// chainRest chains every record without a hash behind the last one of its life that has one, some at a time. One before that lost its hash
// to somebody, and stays without.
func chainRest(ctx context.Context, tx *sql.Tx) error {
	var lives lives
	for after := (audit.Entry{}); ; {
		batch, err := readUnchained(ctx, tx, after)
		if err != nil || len(batch) == 0 {
			return err
		}
		for _, entry := range batch {
			if entry.MiniProgram != after.MiniProgram {
				lives = nil
			}
			after = entry
			if err := lives.chain(ctx, tx, entry); err != nil {
				return err
			}
		}
	}
}

func readUnchained(ctx context.Context, tx *sql.Tx, after audit.Entry) (batch []audit.Entry, err error) {
	rows, err := tx.QueryContext(ctx, `
		SELECT mini_program, life, number, record FROM changes WHERE `+unchained+` AND (mini_program, number) > ($1, $2)
		ORDER BY mini_program, number LIMIT $3`, after.MiniProgram, after.Change, documentBatch)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err says what went wrong
	for rows.Next() {
		var entry audit.Entry
		if err := rows.Scan(&entry.MiniProgram, &entry.Life, &entry.Change, &entry.Text); err != nil {
			return nil, err
		}
		batch = append(batch, entry)
	}
	return batch, rows.Err()
}

// lives are the last chained entries of one mini-program, by life.
type lives map[string]audit.Entry

func (l *lives) chain(ctx context.Context, tx *sql.Tx, entry audit.Entry) error {
	if *l == nil {
		*l = lives{}
	}
	last, known := (*l)[entry.Life]
	if !known {
		var err error
		if last, err = lastChained(ctx, tx, entry.MiniProgram, entry.Life); err != nil {
			return err
		}
		(*l)[entry.Life] = last
	}
	if last.Change > entry.Change {
		return nil
	}
	entry = entry.Chained(last.Hash)
	(*l)[entry.Life] = entry
	_, err := tx.ExecContext(ctx, `UPDATE changes SET previous = $1, salt = $2, content = $3, hash = $4 WHERE number = $5`,
		entry.Previous, entry.Salt, entry.Content, entry.Hash, entry.Change)
	return err
}

// lastChained is the last entry of a life behind which others are chained; the zero value when there is none.
func lastChained(ctx context.Context, tx *sql.Tx, miniProgram, life string) (audit.Entry, error) {
	last := audit.Entry{MiniProgram: miniProgram, Life: life}
	err := tx.QueryRowContext(ctx, `
		SELECT number, coalesce(previous, ''), coalesce(content, ''), coalesce(hash, '') FROM changes
		WHERE mini_program = $1 AND life = $2 AND record IS NOT NULL AND NOT (`+unchained+`)
		ORDER BY number DESC LIMIT 1`, miniProgram, life).Scan(&last.Change, &last.Previous, &last.Content, &last.Hash)
	if errors.Is(err, sql.ErrNoRows) {
		return audit.Entry{}, nil
	}
	last.Hash = cmp.Or(last.Hash, last.Link())
	return last, err
}
