package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"slipway/database"
	"slipway/lifecycle"
)

// Outcomes from before requests belonged to a person are everybody's, until they are forgotten.
const byAnyoneOr3 = `actor IN ($3, '` + lifecycle.Everybody + `')`

// The first outcome counts, in the latest life that saw the request.
const selectOutcome = `
	SELECT changes.outcome, coalesce(present.team, '') FROM ` + changesWithTeam + `
	WHERE changes.mini_program = $1 AND changes.request_id = $2 AND changes.` + byAnyoneOr3 + ` AND changes.outcome IS NOT NULL
		AND changes.life = (
			SELECT latest.life FROM changes AS latest
			WHERE latest.mini_program = $1 AND latest.request_id = $2 AND latest.` + byAnyoneOr3 + ` ORDER BY latest.number DESC LIMIT 1)
	ORDER BY changes.number LIMIT 1`

// Outcome reads what came of a user's request, and its team as in Change: the first outcome in the latest life of the mini-program that
// saw the request. The error is ErrNotFound when there is none (yet), or it is forgotten.
func (c *Catalog) Outcome(ctx context.Context, id, user, requestID string) (outcome lifecycle.Outcome, team string, err error) {
	key := []any{database.Text(id), database.Text(requestID), database.Text(user)}
	found, err := readOne[lifecycle.Outcome](ctx, c.statements.outcome, []any{&team}, key...)
	if err != nil {
		return outcome, "", fmt.Errorf("outcome of request %q of %q to mini-program %q: %w", requestID, user, id, err)
	}
	return *found, team, nil
}

// The sum keeps SQLite from the index of steps, by which it would read all that ever happened to the mini-program, for each action.
const selectFinished = `
	SELECT record FROM changes WHERE mini_program = $1 AND request_id = $2 AND ` + byAnyoneOr3 + ` AND life = $4 AND step + 0 < $5
	ORDER BY number LIMIT 1`

// Finished tells whether a user's request had its outcome in a life before a step, however long ago; record is what was done, nil after a
// refusal.
func (c *Catalog) Finished(
	ctx context.Context, id, life, user, requestID string, before int,
) (record *lifecycle.Record, finished bool, err error) {
	key := []any{database.Text(id), database.Text(requestID), database.Text(user), database.Text(life), before}
	record, err = readOne[lifecycle.Record](ctx, c.db.Select(selectFinished), nil, key...)
	if errors.Is(err, ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("look for request %q of %q to mini-program %q: %w", requestID, user, id, err)
	}
	return record, true, nil
}

// Step reads what was committed under a step: the record, when something was accepted, and the outcome, when somebody asked. The
// error is ErrNotFound when there is nothing, or it is forgotten.
func (c *Catalog) Step(ctx context.Context, id, life string, step int) (*lifecycle.Record, *lifecycle.Outcome, error) {
	var record, outcome sql.NullString
	statement := c.db.Select(`SELECT record, outcome FROM changes WHERE mini_program = $1 AND life = $2 AND step = $3`)
	err := database.One(ctx, statement, []any{&record, &outcome}, database.Text(id), database.Text(life), step)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return nil, nil, fmt.Errorf("step %d of mini-program %q: %w", step, id, err)
	}
	r, errRecord := decode[lifecycle.Record](record)
	o, errOutcome := decode[lifecycle.Outcome](outcome)
	return r, o, errors.Join(errRecord, errOutcome)
}

// SweepOutcomes forgets outcomes that are older than the time, and tells how many. That there was one stays, so that a signal that a reset
// brings back is never decided anew; and so does the audit trail.
func (c *Catalog) SweepOutcomes(ctx context.Context, olderThan time.Time) (int64, error) {
	total := int64(0)
	for {
		forgotten, err := c.db.ExecWithin(ctx, database.LongTimeout, `UPDATE changes SET outcome = NULL WHERE outcome IS NOT NULL AND number IN (
			SELECT number FROM changes WHERE outcome IS NOT NULL AND at < $1 ORDER BY at LIMIT 500)`, database.Time(olderThan))
		total += forgotten
		if err != nil {
			return total, fmt.Errorf("forget outcomes older than %s: %w", olderThan.UTC().Format(time.RFC3339), err)
		}
		if forgotten == 0 {
			return total, nil
		}
	}
}
