package catalog

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"slipway/database"
	"slipway/lifecycle"
)

// Change is what one commit did, as those who follow the catalogue see it. A change with neither a Transition nor an
// Outcome is one within a revision, such as a request that became overdue.
type Change struct {
	Number int64
	ID     string
	// Team is the team that the mini-program belongs to now; "" when its creation was refused, and in an earlier life of its
	// id, which may have belonged to another team.
	Team string
	// Transition is nil when nothing was accepted, Outcome when nobody asked (or it is forgotten).
	Transition *lifecycle.Transition
	Outcome    *lifecycle.Outcome
	// Err tells why the stored change could not be read; then both are nil.
	Err error
}

const selectLastChange = `SELECT number FROM last_change`

// LastChange is the number of the last change, 0 in an empty catalogue. Whoever sees a number sees all changes up to it.
func (c *Catalog) LastChange(ctx context.Context) (int64, error) {
	var number int64
	if err := database.One(ctx, c.statements.lastChange, []any{&number}); err != nil {
		return 0, fmt.Errorf("read the last change number: %w", err)
	}
	return number, nil
}

// Wait returns the number of the last change as soon as it is above after. It ends early with the error of the context
// or of the database.
func (c *Catalog) Wait(ctx context.Context, after int64) (int64, error) {
	for {
		notified := c.db.Notified() // before looking, so that no change falls in between
		last, err := c.LastChange(ctx)
		if err != nil || last > after {
			return last, err
		}
		if err := wait(ctx, notified); err != nil {
			return last, err
		}
	}
}

// ErrWentBack says that the catalogue has fewer changes than it had: an older copy of it was restored.
var ErrWentBack = errors.New("the catalogue is an older copy of itself")

// Follow hands over every change above after, in order, and those to come as they happen. It ends with the error of
// handle, of the context or of the database, or with ErrWentBack when there were more changes before; to go on later, start with the
// number of the last change handled.
func (c *Catalog) Follow(ctx context.Context, after int64, handle func(Change) error) error {
	for {
		notified := c.db.Notified() // before looking, so that no change falls in between
		changes, err := c.ChangesSince(ctx, after, followBatch)
		if err != nil {
			return err
		}
		for _, change := range changes {
			if err := handle(change); err != nil {
				return err
			}
			after = change.Number
		}
		if len(changes) == followBatch {
			continue
		}
		if len(changes) == 0 {
			if last, err := c.LastChange(ctx); err != nil || last < after {
				return cmp.Or(err, ErrWentBack)
			}
		}
		if err := wait(ctx, notified); err != nil {
			return err
		}
	}
}

const followBatch = 500

// lookEvery is for notifications that get lost.
const lookEvery = 500 * time.Millisecond

// wait ends when something was committed, or may have been.
func wait(ctx context.Context, notified <-chan struct{}) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-notified:
	case <-time.After(lookEvery):
	}
	return nil
}

const selectChanges = `
	SELECT changes.number, changes.mini_program, coalesce(present.team, ''), changes.record, changes.outcome FROM ` + changesWithTeam + `
	WHERE changes.number > $1 AND (changes.record IS NOT NULL OR changes.outcome IS NOT NULL) ORDER BY changes.number LIMIT $2`

// changesWithTeam are the changes, those of present lives with their team.
const changesWithTeam = `changes LEFT JOIN mini_programs AS present
	ON present.id = changes.mini_program AND present.life = changes.life`

// ChangesSince reads the changes above after, oldest first, at most limit, without those of which nothing is left because their outcomes
// are forgotten.
func (c *Catalog) ChangesSince(ctx context.Context, after int64, limit int) ([]Change, error) {
	return database.Collect(ctx, c.statements.changesSince, scanChange, after, limit)
}

func scanChange(row *sql.Rows) (Change, error) {
	var change Change
	var record, outcome sql.NullString
	if err := row.Scan(&change.Number, &change.ID, &change.Team, &record, &outcome); err != nil {
		return change, err
	}
	var errs [2]error
	change.Transition, errs[0] = decode[lifecycle.Transition](record)
	change.Outcome, errs[1] = decode[lifecycle.Outcome](outcome)
	if err := errors.Join(errs[:]...); err != nil {
		change.Transition, change.Outcome = nil, nil
		change.Err = fmt.Errorf("read change %d of %s: %w", change.Number, change.ID, err)
	}
	return change, nil
}
