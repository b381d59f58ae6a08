package notify

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"slipway/database"
	"slipway/keyring"
	"slipway/lifecycle"
)

var (
	// ErrNotFound says that there is no subscription of a name.
	ErrNotFound = errors.New("there is no such subscription")
	// ErrExists says that there is one of this name.
	ErrExists = errors.New("there is a subscription of this name")
	// ErrTooMany says that there are lifecycle.MaxSubscriptions already.
	ErrTooMany = errors.New("too many subscriptions")
	// errChanged says that a subscription is not the one any more that was read.
	errChanged = errors.New("the subscription was changed meanwhile")
)

// Store keeps subscriptions and how far they have come, in a database with the catalogue's tables.
type Store struct {
	db   *database.DB
	keys keyring.Ring
}

// NewStore is the store in a database. Where subscriptions are sent, and what they are signed with, is encrypted with the first of the
// keys; without any it is not.
func NewStore(db *database.DB, keys keyring.Ring) *Store { return &Store{db, keys} }

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
	// generation is another one as soon as the subscription is made anew or changed.
	generation int64
	// Unreadable is why To and Secret are missing, such as a *keyring.MissingKeyError; nil when they are there.
	Unreadable error
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
		SELECT name, channel, choice, target, secret, sealed_by, from_settings, made_by, made_at, place, delivered_at, failing_since, attempts,
			next_at, error, generation,
			(SELECT count(*) FROM undelivered WHERE subscription = name AND NOT parked),
			(SELECT count(*) FROM undelivered WHERE subscription = name AND parked)
		FROM subscriptions`
	insertSubscription = `
		INSERT INTO subscriptions (name, channel, choice, target, secret, sealed_by, from_settings, made_by, made_at, generation, place)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, number FROM last_change WHERE TRUE`
	// A subscription of the settings keeps its place, and takes over from one that was made on a page.
	replaceSubscription = insertSubscription + `
		ON CONFLICT (name) DO UPDATE SET channel = excluded.channel, choice = excluded.choice, target = excluded.target,
			secret = excluded.secret, sealed_by = excluded.sealed_by, from_settings = excluded.from_settings`
	// A worker that was thought dead may keep an older place. Other attempts than were known mean that the target is to be tried now.
	keepStanding = `
		UPDATE subscriptions SET place = CASE WHEN place > $3 THEN place ELSE $3 END, delivered_at = $4, error = $5,
			failing_since = CASE WHEN attempts = $6 THEN $7 ELSE failing_since END,
			next_at = CASE WHEN attempts = $6 THEN $8 ELSE next_at END, attempts = CASE WHEN attempts = $6 THEN $9 ELSE attempts END
		WHERE name = $1 AND generation = $2`
	goBack = `UPDATE subscriptions SET place = $3 WHERE name = $1 AND generation = $2`
)

func (s *Store) values(of lifecycle.Subscription, fromSettings bool, by string, at time.Time) ([]any, error) {
	chosen, err1 := json.Marshal(choice{of.Events, of.Teams, of.MiniPrograms, of.Language})
	target, err2 := json.Marshal(of.To)
	hidden := s.seal(of.Name, string(target), of.Secret)
	return []any{
		of.Name, string(of.Channel), database.Text(string(chosen)), hidden.target, hidden.secret, hidden.by, fromSettings,
		database.Text(by), database.Time(at), int64(rand.Uint32()), //nolint:gosec // no secret: only another one than before
	}, errors.Join(err1, err2)
}

// Add keeps a new subscription, which tells what happens from now on. The error is ErrExists or ErrTooMany.
func (s *Store) Add(ctx context.Context, added lifecycle.Subscription, by string, at time.Time) error {
	row, err := s.values(added, false, by, at)
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

// TakeUp keeps the subscriptions of the settings, and forgets those that are no longer in them. One that has changed is tried at
// once.
func (s *Store) TakeUp(ctx context.Context, settings lifecycle.Subscriptions, at time.Time) error {
	kept, err := s.List(ctx)
	if err != nil {
		return err
	}
	err = s.db.Transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, subscription := range settings {
			if err := s.replace(ctx, tx, subscription, at); err != nil {
				return err
			}
		}
		for _, former := range kept {
			if err := settle(ctx, tx, former, settings); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("take up the subscriptions of the settings: %w", err)
	}
	s.wake(ctx)
	return nil
}

func (s *Store) replace(ctx context.Context, tx *sql.Tx, with lifecycle.Subscription, at time.Time) error {
	row, err := s.values(with, true, "", at)
	if err == nil {
		err = within(ctx, tx, with.Name)
	}
	if err == nil {
		_, err = tx.ExecContext(ctx, replaceSubscription, row...)
	}
	return err
}

// settle forgets a subscription that is no longer in the settings, and lets the target of a changed one be tried.
func settle(ctx context.Context, tx *sql.Tx, former Kept, settings lifecycle.Subscriptions) error {
	now := slices.IndexFunc(settings, func(s lifecycle.Subscription) bool { return s.Name == former.Name })
	switch {
	case now < 0 && former.FromSettings:
		return forget(ctx, tx, former.Name)
	case now >= 0 && !same(former.Subscription, settings[now]):
		_, err := tx.ExecContext(ctx, beginAnew, former.Name)
		return err
	default:
		return nil
	}
}

func same(a, b lifecycle.Subscription) bool {
	return a.Channel == b.Channel && a.Secret == b.Secret && a.Language == b.Language && slices.Equal(a.To, b.To) &&
		slices.Equal(a.Events, b.Events) && slices.Equal(a.Teams, b.Teams) && slices.Equal(a.MiniPrograms, b.MiniPrograms)
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

// ForgetRest forgets what a subscription has left that there is no longer. One that was made again keeps what it has.
func (s *Store) ForgetRest(ctx context.Context, name string) error {
	err := s.db.Transact(ctx, func(ctx context.Context, tx *sql.Tx) error { return forgetRest(ctx, tx, name) })
	if err != nil {
		return fmt.Errorf("forget what a subscription has left: %w", err)
	}
	return nil
}

func forget(ctx context.Context, tx *sql.Tx, name string) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM subscriptions WHERE name = $1`, name); err != nil {
		return err
	}
	return forgetRest(ctx, tx, name)
}

func forgetRest(ctx context.Context, tx *sql.Tx, name string) error {
	const gone = ` AND NOT EXISTS (SELECT 1 FROM subscriptions WHERE name = $1)`
	for _, statement := range []string{`DELETE FROM undelivered WHERE subscription = $1`, `DELETE FROM mailed WHERE subscription = $1`} {
		if _, err := tx.ExecContext(ctx, statement+gone, name); err != nil {
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
	kept, err := database.Collect(ctx, s.db.Select(selectSubscriptions+" ORDER BY name"), s.scanKept)
	if err != nil {
		return nil, fmt.Errorf("list subscriptions: %w", err)
	}
	return kept, nil
}

// Find reads a subscription with its secret; the error is ErrNotFound when there is none.
func (s *Store) Find(ctx context.Context, name string) (Kept, error) {
	kept, err := database.Collect(ctx, s.db.Select(selectSubscriptions+" WHERE name = $1"), s.scanKept, database.Text(name))
	switch {
	case err != nil:
		return Kept{}, fmt.Errorf("read a subscription: %w", err)
	case len(kept) == 0:
		return Kept{}, fmt.Errorf("subscription %.100q: %w", name, ErrNotFound)
	default:
		return kept[0], nil
	}
}

func (s *Store) scanKept(row *sql.Rows) (k Kept, err error) {
	var chosen, target string
	var hidden sealed
	var delivered, failing, next sql.NullTime
	err = row.Scan(&k.Name, &k.Channel, &chosen, &hidden.target, &hidden.secret, &hidden.by, &k.FromSettings, &k.MadeBy, &k.MadeAt,
		&k.Place, &delivered, &failing, &k.Attempts, &next, &k.Error, &k.generation, &k.Waiting, &k.Parked)
	var c choice
	if err == nil {
		err = json.Unmarshal([]byte(chosen), &c)
	}
	hidden.name = k.Name
	if target, k.Secret, k.Unreadable = s.unseal(hidden); err == nil && k.Unreadable == nil {
		err = json.Unmarshal([]byte(target), &k.To)
	}
	k.Events, k.Teams, k.MiniPrograms, k.Language = c.Events, c.Teams, c.MiniPrograms, c.Language
	k.DeliveredAt, k.FailingSince, k.NextAt = delivered.Time, failing.Time, next.Time
	return k, err
}

// Keep keeps how far a subscription has come that was read, or kept last, as known. Its place never goes back. Nothing is kept of one that
// was changed, and not that it fails of one that is to be tried now.
func (s *Store) Keep(ctx context.Context, known Kept, now Standing) error {
	return s.keep(ctx, keepStanding, known, now.Place, timeOrNull(now.DeliveredAt), database.Text(now.Error), known.Attempts,
		timeOrNull(now.FailingSince), timeOrNull(now.NextAt), now.Attempts)
}

// GoBack keeps a place that is before the one that is kept.
func (s *Store) GoBack(ctx context.Context, known Kept, place int64) error {
	return s.keep(ctx, goBack, known, place)
}

func (s *Store) keep(ctx context.Context, statement string, known Kept, values ...any) error {
	there, err := s.db.Exec(ctx, statement, append([]any{known.Name, known.generation}, values...)...)
	if err == nil && there == 0 {
		err = errChanged
	}
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
