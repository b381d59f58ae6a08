package accounts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"slipway/database"
)

// SavedFilter is what a person looks for again and again, under a name of their own. Query is that of the list's address.
type SavedFilter struct{ Name, Query string }

// MaxFilters bounds how many filters a person keeps.
const MaxFilters = 20

// ErrTooManyFilters says that a person keeps MaxFilters already.
var ErrTooManyFilters = errors.New("too many saved filters")

// Filters keeps the filters of people. They are in the database, so that a person has them in every browser.
type Filters struct{ db *database.DB }

// NewFilters are the filters in a database with the catalogue's tables.
func NewFilters(db *database.DB) Filters { return Filters{db} }

// Of reads the filters of a person, by name.
func (f Filters) Of(ctx context.Context, person string) ([]SavedFilter, error) {
	saved, err := database.Collect(ctx, f.db.Select(`SELECT name, query FROM saved_filters WHERE person = $1 ORDER BY name`), scanFilter,
		database.Text(person))
	if err != nil {
		return nil, fmt.Errorf("read saved filters: %w", err)
	}
	return saved, nil
}

func scanFilter(row *sql.Rows) (saved SavedFilter, err error) {
	err = row.Scan(&saved.Name, &saved.Query)
	return saved, err
}

const putFilter = `
	INSERT INTO saved_filters (person, name, query) VALUES ($1, $2, $3)
	ON CONFLICT (person, name) DO UPDATE SET query = excluded.query`

// Save keeps a filter, in the place of one of the same name. The error is ErrTooManyFilters when there is no room for another one.
func (f Filters) Save(ctx context.Context, person string, saved SavedFilter) error {
	err := f.db.Transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, putFilter, database.Text(person), database.Text(saved.Name), database.Text(saved.Query))
		if err != nil {
			return err
		}
		var count int
		row := tx.QueryRowContext(ctx, `SELECT count(*) FROM saved_filters WHERE person = $1`, database.Text(person))
		if err := row.Scan(&count); err != nil {
			return err
		}
		if count > MaxFilters {
			return ErrTooManyFilters
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("save a filter: %w", err)
	}
	return nil
}

// Forget removes a filter; there need not be one.
func (f Filters) Forget(ctx context.Context, person, name string) error {
	_, err := f.db.Exec(ctx, `DELETE FROM saved_filters WHERE person = $1 AND name = $2`, database.Text(person), database.Text(name))
	if err != nil {
		return fmt.Errorf("forget a saved filter: %w", err)
	}
	return nil
}
