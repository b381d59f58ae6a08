package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slipway/database"
	"slipway/lifecycle"
	"time"
)

// Answers from before requests belonged to a person are everybody's, until they are forgotten.
const selectOutcome = `
	SELECT outcome, coalesce(team, '') FROM ` + changesWithTeam + `
	WHERE mini_program = $1 AND request_id = $2 AND actor IN ($3, '` + lifecycle.Everybody + `') AND outcome IS NOT NULL AND changes.life = (
		SELECT life FROM changes WHERE mini_program = $1 AND request_id = $2 AND actor IN ($3, '` + lifecycle.Everybody + `') ORDER BY number DESC LIMIT 1)
	ORDER BY number LIMIT 1`

// Outcome reads the answer to a request of a user, and its team as in Change: the first answer in the latest life of the
// mini-program that saw the request. The error is ErrNotFound when there is none (yet), or it is forgotten.
func (c *Catalog) Outcome(ctx context.Context, id, user, requestID string) (outcome lifecycle.Outcome, team string, err error) {
	found, err := readOne[lifecycle.Outcome](ctx, c.statements.outcome, []any{&team}, database.Text(id), database.Text(requestID), database.Text(user))
	if err != nil {
		return outcome, "", fmt.Errorf("outcome of request %q of %q to mini-program %q: %w", requestID, user, id, err)
	}
	return *found, team, nil
}

const selectAnswered = `
	SELECT record FROM changes WHERE mini_program = $1 AND request_id = $2 AND actor IN ($3, '` + lifecycle.Everybody + `') AND life = $4 AND step < $5
	ORDER BY number LIMIT 1`

// Answered tells whether a request of a user was answered in a life before a step, however long ago; record is what was done, nil after a refusal.
func (c *Catalog) Answered(ctx context.Context, id, life, user, requestID string, before int) (record *lifecycle.Record, answered bool, err error) {
	question := c.db.Select(selectAnswered)
	record, err = readOne[lifecycle.Record](ctx, question, nil, database.Text(id), database.Text(requestID), database.Text(user), database.Text(life), before)
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
	question := c.db.Select(`SELECT record, outcome FROM changes WHERE mini_program = $1 AND life = $2 AND step = $3`)
	err := database.One(ctx, question, []any{&record, &outcome}, database.Text(id), database.Text(life), step)
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

// SweepOutcomes forgets answers that are older than the time. That there was an answer stays, so that a signal that a reset brings
// back is never decided anew; and so does the audit trail. It tells how many it forgot.
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
