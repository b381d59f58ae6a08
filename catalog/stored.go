package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"slipway/lifecycle"
)

// Stored is all that the catalogue knows of the present life of a mini-program: what a workflow needs that is behind, or that has to
// be started again.
type Stored struct {
	Life        string
	Step        int
	MiniProgram lifecycle.MiniProgram
	// Outcomes are the latest answers, oldest first.
	Outcomes []lifecycle.Outcome
}

// storedOutcomes is how many answers Stored has: as many as a workflow remembers.
const storedOutcomes = 250

const selectOutcomes = `
	SELECT outcome FROM changes WHERE mini_program = $1 AND life = $2 AND outcome IS NOT NULL ORDER BY step DESC LIMIT $3`

// Stored reads what is known of a mini-program. The error is ErrNotFound when there is none.
func (c *Catalog) Stored(ctx context.Context, id string) (Stored, error) {
	var stored Stored
	place := adHoc{c.read, `SELECT document, life, step FROM mini_programs WHERE id = $1`}
	m, err := readOne[lifecycle.MiniProgram](ctx, place, []any{&stored.Life, &stored.Step}, storedText(id))
	if err != nil {
		return stored, fmt.Errorf("what is stored of mini-program %q: %w", id, err)
	}
	stored.MiniProgram = *m
	stored.Outcomes, err = collect(ctx, adHoc{c.read, selectOutcomes}, scanOutcome, storedText(id), storedText(stored.Life), storedOutcomes)
	slices.Reverse(stored.Outcomes)
	return stored, err
}

const selectAnswered = `
	SELECT record FROM changes WHERE mini_program = $1 AND request_id = $2 AND actor IN ($3, '` + lifecycle.Everybody + `') AND life = $4 AND step < $5
	ORDER BY number LIMIT 1`

// Answered tells whether a request of a user was answered in a life before a step, however long ago; record is what was done, nil after a refusal.
func (c *Catalog) Answered(ctx context.Context, id, life, user, requestID string, before int) (record *lifecycle.Record, answered bool, err error) {
	question := adHoc{c.read, selectAnswered}
	record, err = readOne[lifecycle.Record](ctx, question, nil, storedText(id), storedText(requestID), storedText(user), storedText(life), before)
	if errors.Is(err, ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("look for request %q of %q to mini-program %q: %w", requestID, user, id, err)
	}
	return record, true, nil
}

// Life names the present life of an id; "" when there is none.
func (c *Catalog) Life(ctx context.Context, id string) (life string, err error) {
	err = one(ctx, adHoc{c.read, `SELECT life FROM mini_programs WHERE id = $1`}, []any{&life}, storedText(id))
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("life of mini-program %q: %w", id, err)
	}
	return life, nil
}

// Knows tells whether there is, or ever was, a mini-program of this id.
func (c *Catalog) Knows(ctx context.Context, id string) (bool, error) {
	_, _, err := c.Status(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

func scanOutcome(row *sql.Rows) (lifecycle.Outcome, error) {
	var text sql.NullString
	if err := row.Scan(&text); err != nil {
		return lifecycle.Outcome{}, err
	}
	outcome, err := decode[lifecycle.Outcome](text)
	if err != nil {
		return lifecycle.Outcome{}, fmt.Errorf("read an outcome: %w", err)
	}
	return *outcome, nil
}

// Step reads what was committed under a step: the record, when something was accepted, and the outcome, when somebody asked. The
// error is ErrNotFound when there is nothing, or it is forgotten.
func (c *Catalog) Step(ctx context.Context, id, life string, step int) (*lifecycle.Record, *lifecycle.Outcome, error) {
	var record, outcome sql.NullString
	question := adHoc{c.read, `SELECT record, outcome FROM changes WHERE mini_program = $1 AND life = $2 AND step = $3`}
	err := one(ctx, question, []any{&record, &outcome}, storedText(id), storedText(life), step)
	if err != nil {
		return nil, nil, fmt.Errorf("step %d of mini-program %q: %w", step, id, err)
	}
	r, errRecord := decode[lifecycle.Record](record)
	o, errOutcome := decode[lifecycle.Outcome](outcome)
	return r, o, errors.Join(errRecord, errOutcome)
}

// KeepSettings keeps the settings by which a worker decides, under the digest that its records name.
func (c *Catalog) KeepSettings(ctx context.Context, settings lifecycle.Settings) error {
	var e encoder
	text := e.json(settings)
	if e.err != nil {
		return e.err
	}
	_, err := c.exec(ctx, answerTimeout, `INSERT INTO settings (digest, since, settings) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
		settings.Digest(), storedTime(time.Now()), text)
	if err != nil {
		return fmt.Errorf("keep the settings: %w", err)
	}
	return nil
}
