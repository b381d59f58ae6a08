package catalog

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"

	"slipway/lifecycle"
)

// erased are the names that were erased, by their hashes, as far as this process has read them.
type erased struct {
	mu         sync.Mutex
	number     int64 // of the change with which the latest was erased
	salt       string
	pseudonyms map[string]string
}

// selectErased is the number that tells whether there is more to read.
const selectErased = `SELECT coalesce(max(number), 0) FROM erased`

// upTo reads the names that were erased, unless they are known up to a number.
func (e *erased) upTo(ctx context.Context, tx *sql.Tx, number int64) error {
	if e.number == number {
		return nil
	}
	if err := tx.QueryRowContext(ctx, `SELECT salt FROM erasure_salt`).Scan(&e.salt); err != nil {
		return err
	}
	rows, err := tx.QueryContext(ctx, `SELECT hash, pseudonym FROM erased`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err says what went wrong
	pseudonyms := map[string]string{}
	for rows.Next() {
		var hash, pseudonym string
		if err := rows.Scan(&hash, &pseudonym); err != nil {
			return err
		}
		pseudonyms[hash] = pseudonym
	}
	if err := rows.Err(); err != nil { // then they are read again
		return err
	}
	e.number, e.pseudonyms = number, pseudonyms
	return nil
}

// names finds those that were erased, but for people who act.
func (e *erased) names(acting ...string) names {
	return manyNames(func(name string) string {
		if slices.Contains(acting, name) {
			return ""
		}
		return e.pseudonyms[hashOfName(e.salt, name)]
	})
}

// without is the commit without the names that were erased, which its workflow may remember. Who acts again has a name again.
func (e *erased) without(ctx context.Context, tx *sql.Tx, number int64, commit Commit) (Commit, rows, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.upTo(ctx, tx, number); err != nil {
		return commit, rows{}, err
	}
	names := e.names(commit.acting()...)
	var errs [3]error
	commit.MiniProgram, errs[0] = erasedFrom(commit.MiniProgram, names)
	commit.Record, errs[1] = erasedFrom(commit.Record, names)
	commit.Outcome, errs[2] = erasedFrom(commit.Outcome, names)
	if err := errors.Join(errs[:]...); err != nil {
		return commit, rows{}, err
	}
	rows, err := commit.rows()
	return commit, rows, err
}

// withoutInPlatform is the same for a step of the platform.
func (e *erased) withoutInPlatform(ctx context.Context, tx *sql.Tx, commit PlatformCommit) (PlatformCommit, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var number int64
	if err := tx.QueryRowContext(ctx, selectErased).Scan(&number); err != nil || number == 0 {
		return commit, err
	}
	if err := e.upTo(ctx, tx, number); err != nil {
		return commit, err
	}
	names := e.names(Commit{Record: commit.Record, Outcome: &commit.Outcome}.acting()...)
	var errs [3]error
	commit.Platform, errs[0] = erasedFrom(commit.Platform, names)
	commit.Record, errs[1] = erasedFrom(commit.Record, names)
	commit.Outcome, errs[2] = erasedFrom(commit.Outcome, names) // a refusal may say who was first
	return commit, errors.Join(errs[:]...)
}

// acting are those whose step it is.
func (c Commit) acting() (people []string) {
	if c.Record != nil {
		people = append(people, c.Record.Actor, c.Record.OnBehalfOf)
		if c.Record.Action == lifecycle.Assign {
			people = append(people, c.Record.Command.Assignee)
		}
	}
	if c.Outcome != nil {
		people = append(people, c.Outcome.Actor)
	}
	return people
}
