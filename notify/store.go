package notify

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"slipway/database"
	"slipway/lifecycle"
)

var (
	// ErrNotFound says that there is no subscription of a name.
	ErrNotFound = errors.New("there is no such subscription")
	// ErrExists says that there is one of this name.
	ErrExists = errors.New("there is a subscription of this name")
	// ErrTooMany says that there are lifecycle.MaxSubscriptions already.
	ErrTooMany = errors.New("too many subscriptions")
)

// Store keeps subscriptions and how far they have come, in a database with the catalogue's tables.
type Store struct{ db *database.DB }

// NewStore is the store in a database.
func NewStore(db *database.DB) *Store { return &Store{db} }

// Kept is a subscription with how it stands.
type Kept struct {
	lifecycle.Subscription
	// FromSettings says that it is in the settings file, where it is changed and deleted.
	FromSettings bool
	MadeBy       string
	MadeAt       time.Time
	Standing
	// Waiting and Parked count what was set aside: to be tried again, and given up.
	Waiting, Parked int
}

// Standing is how far a subscription has come.
type Standing struct {
	// Place is the number of the last change that was told, passed over or set aside.
	Place       int64     `json:"place"`
	DeliveredAt time.Time `json:"delivered_at,omitzero"`
	// FailingSince is since when the target takes nothing; the zero time when it does. Attempts counts the tries since then.
	FailingSince time.Time `json:"failing_since,omitzero"`
	Attempts     int       `json:"attempts,omitempty"`
	NextAt       time.Time `json:"next_at,omitzero"`
	Error        string    `json:"error,omitempty"`
}

// choice is what a subscription is about, as it is stored.
type choice struct {
	Events       []string `json:"events,omitempty"`
	Teams        []string `json:"teams,omitempty"`
	MiniPrograms []string `json:"mini_programs,omitempty"`
	Language     string   `json:"language,omitempty"`
}

const (
	selectSubscriptions = `
		SELECT name, channel, choice, target, secret, from_settings, made_by, made_at, place, delivered_at, failing_since, attempts,
			next_at, error,
			(SELECT count(*) FROM undelivered WHERE subscription = name AND NOT parked),
			(SELECT count(*) FROM undelivered WHERE subscription = name AND parked)
		FROM subscriptions`
	insertSubscription = `
		INSERT INTO subscriptions (name, channel, choice, target, secret, from_settings, made_by, made_at, place)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8, number FROM last_change WHERE TRUE`
	// A subscription of the settings keeps its place, and takes over from one that was made on a page.
	replaceSubscription = insertSubscription + `
		ON CONFLICT (name) DO UPDATE SET channel = excluded.channel, choice = excluded.choice, target = excluded.target,
			secret = excluded.secret, from_settings = excluded.from_settings`
	keepStanding = `
		UPDATE subscriptions SET place = $2, delivered_at = $3, failing_since = $4, attempts = $5, next_at = $6, error = $7
		WHERE name = $1`
)

func values(s lifecycle.Subscription, fromSettings bool, by string, at time.Time) ([]any, error) {
	chosen, err1 := json.Marshal(choice{s.Events, s.Teams, s.MiniPrograms, s.Language})
	target, err2 := json.Marshal(s.To)
	return []any{
		s.Name, string(s.Channel), database.Text(string(chosen)), database.Text(string(target)), database.Text(s.Secret), fromSettings,
		database.Text(by), database.Time(at),
	}, errors.Join(err1, err2)
}

// Add keeps a new subscription, which tells what happens from now on. The error is ErrExists or ErrTooMany.
func (s *Store) Add(ctx context.Context, added lifecycle.Subscription, by string, at time.Time) error {
	row, err := values(added, false, by, at)
	if err != nil {
		return fmt.Errorf("keep a subscription: %w", err)
	}
	err = s.db.Transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := within(ctx, tx, added.Name); err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, insertSubscription+" ON CONFLICT DO NOTHING", row...)
		if err != nil {
			return err
		}
		if inserted, err := result.RowsAffected(); err != nil || inserted == 0 {
			return errors.Join(err, ErrExists)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep a subscription: %w", err)
	}
	return nil
}

// within refuses one more than there may be.
func within(ctx context.Context, tx *sql.Tx, besides string) error {
	var count int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM subscriptions WHERE name <> $1`, besides).Scan(&count); err != nil {
		return err
	}
	if count >= lifecycle.MaxSubscriptions {
		return ErrTooMany
	}
	return nil
}

// TakeUp keeps the subscriptions of the settings, and forgets those that are no longer in them.
func (s *Store) TakeUp(ctx context.Context, settings lifecycle.Subscriptions, at time.Time) error {
	kept, err := s.List(ctx)
	if err != nil {
		return err
	}
	err = s.db.Transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, subscription := range settings {
			row, err := values(subscription, true, "", at)
			if err == nil {
				err = within(ctx, tx, subscription.Name)
			}
			if err == nil {
				_, err = tx.ExecContext(ctx, replaceSubscription, row...)
			}
			if err != nil {
				return err
			}
		}
		for _, former := range kept {
			named := slices.ContainsFunc(settings, func(s lifecycle.Subscription) bool { return s.Name == former.Name })
			if former.FromSettings && !named {
				if err := forget(ctx, tx, former.Name); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("take up the subscriptions of the settings: %w", err)
	}
	return nil
}

// Delete forgets a subscription, with all that it has not delivered; there need not be one.
func (s *Store) Delete(ctx context.Context, name string) error {
	err := s.db.Transact(ctx, func(ctx context.Context, tx *sql.Tx) error { return forget(ctx, tx, name) })
	if err != nil {
		return fmt.Errorf("delete a subscription: %w", err)
	}
	s.wake(ctx)
	return nil
}

func forget(ctx context.Context, tx *sql.Tx, name string) error {
	for _, statement := range []string{
		`DELETE FROM subscriptions WHERE name = $1`, `DELETE FROM undelivered WHERE subscription = $1`,
		`DELETE FROM mailed WHERE subscription = $1`,
	} {
		if _, err := tx.ExecContext(ctx, statement, name); err != nil {
			return err
		}
	}
	return nil
}

// wake lets those look who follow the catalogue; whoever misses it looks by themselves after a while.
func (s *Store) wake(ctx context.Context) {
	if s.db.IsSQLite() {
		s.db.Notify()
		return
	}
	_, _ = s.db.Exec(ctx, `SELECT pg_notify('slipway_changes', '')`) // it is noticed later then
}

// List reads all subscriptions, by name, with their secrets.
func (s *Store) List(ctx context.Context) ([]Kept, error) {
	kept, err := database.Collect(ctx, s.db.Select(selectSubscriptions+" ORDER BY name"), scanKept)
	if err != nil {
		return nil, fmt.Errorf("list subscriptions: %w", err)
	}
	return kept, nil
}

// Find reads a subscription with its secret; the error is ErrNotFound when there is none.
func (s *Store) Find(ctx context.Context, name string) (Kept, error) {
	kept, err := database.Collect(ctx, s.db.Select(selectSubscriptions+" WHERE name = $1"), scanKept, database.Text(name))
	switch {
	case err != nil:
		return Kept{}, fmt.Errorf("read a subscription: %w", err)
	case len(kept) == 0:
		return Kept{}, fmt.Errorf("subscription %.100q: %w", name, ErrNotFound)
	default:
		return kept[0], nil
	}
}

func scanKept(row *sql.Rows) (k Kept, err error) {
	var chosen, target string
	var delivered, failing, next sql.NullTime
	err = row.Scan(&k.Name, &k.Channel, &chosen, &target, &k.Secret, &k.FromSettings, &k.MadeBy, &k.MadeAt, &k.Place, &delivered, &failing,
		&k.Attempts, &next, &k.Error, &k.Waiting, &k.Parked)
	var c choice
	if err == nil {
		err = errors.Join(json.Unmarshal([]byte(chosen), &c), json.Unmarshal([]byte(target), &k.To))
	}
	k.Events, k.Teams, k.MiniPrograms, k.Language = c.Events, c.Teams, c.MiniPrograms, c.Language
	k.DeliveredAt, k.FailingSince, k.NextAt = delivered.Time, failing.Time, next.Time
	return k, err
}

// Keep keeps how far a subscription has come.
func (s *Store) Keep(ctx context.Context, name string, standing Standing) error {
	_, err := s.db.Exec(ctx, keepStanding, name, standing.Place, timeOrNull(standing.DeliveredAt), timeOrNull(standing.FailingSince),
		standing.Attempts, timeOrNull(standing.NextAt), database.Text(standing.Error))
	if err != nil {
		return fmt.Errorf("keep how far a subscription has come: %w", err)
	}
	return nil
}

func timeOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return database.Time(t)
}
