package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"slipway/database"
	"slipway/lifecycle"
)

const selectDocument = `SELECT document, change FROM mini_programs WHERE id = $1`

// Status reads where a mini-program stands, and the number of the change that brought it there. The error is ErrNotFound
// when there is no such mini-program.
func (c *Catalog) Status(ctx context.Context, id string) (lifecycle.Status, int64, error) {
	var change int64
	m, err := readOne[lifecycle.MiniProgram](ctx, c.statements.document, []any{&change}, database.Text(id))
	if err != nil {
		return lifecycle.Status{}, 0, fmt.Errorf("status of mini-program %q: %w", id, err)
	}
	return m.Status(), change, nil
}

// Knows tells whether there is, or ever was, a mini-program of this id.
func (c *Catalog) Knows(ctx context.Context, id string) (bool, error) {
	_, _, err := c.Status(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Life names the present life of an id; "" when there is none.
func (c *Catalog) Life(ctx context.Context, id string) (life string, err error) {
	err = database.One(ctx, c.db.Select(`SELECT life FROM mini_programs WHERE id = $1`), []any{&life}, database.Text(id))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("life of mini-program %q: %w", id, err)
	}
	return life, nil
}

// Stored is all that the catalogue knows of the present life of a mini-program: what a workflow needs that is behind, or that has to
// be started again.
type Stored struct {
	Life        string
	Step        int
	MiniProgram lifecycle.MiniProgram
	// Outcomes are the latest ones, oldest first.
	Outcomes []lifecycle.Outcome
}

// storedOutcomes is how many outcomes Stored has: as many as a workflow remembers.
const storedOutcomes = 250

const selectOutcomes = `
	SELECT outcome FROM changes WHERE mini_program = $1 AND life = $2 AND outcome IS NOT NULL ORDER BY step DESC LIMIT $3`

// Stored reads what is known of a mini-program. The error is ErrNotFound when there is none.
func (c *Catalog) Stored(ctx context.Context, id string) (Stored, error) {
	var stored Stored
	place := c.db.Select(`SELECT document, life, step FROM mini_programs WHERE id = $1`)
	m, err := readOne[lifecycle.MiniProgram](ctx, place, []any{&stored.Life, &stored.Step}, database.Text(id))
	if err != nil {
		return stored, fmt.Errorf("what is stored of mini-program %q: %w", id, err)
	}
	stored.MiniProgram = *m
	outcomes := c.db.Select(selectOutcomes)
	stored.Outcomes, err = database.Collect(ctx, outcomes, scanOutcome, database.Text(id), database.Text(stored.Life), storedOutcomes)
	slices.Reverse(stored.Outcomes)
	return stored, err
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
