package notify

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"slipway/database"
)

// Undelivered is what a subscription has set aside for a recipient: to be tried again, or parked.
type Undelivered struct {
	Subscription string
	// Recipient is an address or a person; "" where the subscription has one target.
	Recipient string
	// Number is that of the change that is told.
	Number      int64
	MiniProgram string
	// Since is when it was tried first, or set aside.
	Since    time.Time
	Attempts int
	NextAt   time.Time
	Parked   bool
	Error    string
}

const (
	undeliveredColumns = `subscription, recipient, number, mini_program, since, attempts, next_at, parked, error`

	insertUndelivered = `
		INSERT INTO undelivered (` + undeliveredColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`
	// One more attempt, unless it is to be delivered again as if it were new.
	updateUndelivered = `
		UPDATE undelivered SET since = $4, attempts = $5, next_at = $6, parked = $7, error = $8
		WHERE subscription = $1 AND recipient = $2 AND number = $3 AND attempts = $5 - 1`
	holdGeneration = `UPDATE subscriptions SET name = name WHERE name = $1 AND generation = $2`
	park           = `
		UPDATE undelivered SET parked = TRUE, error = $3 WHERE subscription = $1 AND NOT parked AND since <= $2`
	sweepParked       = `DELETE FROM undelivered WHERE parked AND since < $1`
	deleteUndelivered = `DELETE FROM undelivered WHERE subscription = $1 AND recipient = $2 AND number = $3`
	// The first of each recipient and mini-program is tried, if its time has come; the others wait behind it. Times that a clock set which was
	// ahead keep nothing back.
	selectDue = `
		SELECT ` + undeliveredColumns + ` FROM undelivered AS u
		WHERE subscription = $1 AND NOT parked AND (next_at <= $2 OR next_at > $3) AND NOT EXISTS (
			SELECT 1 FROM undelivered AS e WHERE e.subscription = u.subscription AND NOT e.parked AND e.recipient = u.recipient
				AND e.mini_program = u.mini_program AND e.number < u.number)
			AND NOT EXISTS (
			SELECT 1 FROM mailed AS m WHERE m.subscription = u.subscription AND m.recipient = u.recipient
				AND m.mini_program = u.mini_program AND m.at > $4 AND m.at <= $2)
		ORDER BY number LIMIT $5`
	selectBehind = `
		SELECT ` + undeliveredColumns + ` FROM undelivered
		WHERE subscription = $1 AND recipient = $2 AND mini_program = $3 AND NOT parked ORDER BY number LIMIT $4`
	selectHeld = `SELECT DISTINCT mini_program FROM undelivered WHERE subscription = $1 AND NOT parked`
	selectOpen = `SELECT ` + undeliveredColumns + ` FROM undelivered WHERE subscription = $1 ORDER BY parked DESC, number LIMIT $2`
	// redeliver lets what was parked, or waits, be tried at once, and for as long as something new.
	redeliver = `
		UPDATE undelivered SET parked = FALSE, attempts = 0, next_at = $2, since = $2 WHERE subscription = $1`
	tryNow = `UPDATE subscriptions SET next_at = NULL, failing_since = NULL, attempts = 0 WHERE name = $1`
	// beginAnew lets the target of a changed subscription be tried; what becomes of messages under way says nothing of it.
	beginAnew = `
		UPDATE subscriptions SET next_at = NULL, failing_since = NULL, attempts = 0, generation = generation + 1 WHERE name = $1`
	noteMailed = `
		INSERT INTO mailed (subscription, recipient, mini_program, at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (subscription, recipient, mini_program) DO UPDATE SET at = excluded.at`
	forgetMailed = `DELETE FROM mailed WHERE subscription = $1 AND at < $2`
)

func scanUndelivered(row *sql.Rows) (u Undelivered, err error) {
	err = row.Scan(&u.Subscription, &u.Recipient, &u.Number, &u.MiniProgram, &u.Since, &u.Attempts, &u.NextAt, &u.Parked, &u.Error)
	return u, err
}

// SetAside keeps what a subscription could not deliver yet, in one transaction. What is there already stays as it is. It keeps nothing
// for a subscription that is not as it was read.
func (s *Store) SetAside(ctx context.Context, of Kept, aside ...Undelivered) error {
	err := s.db.Transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		held, err := tx.ExecContext(ctx, holdGeneration, of.Name, of.generation)
		if err != nil {
			return err
		}
		if there, err := held.RowsAffected(); err != nil || there == 0 {
			return errors.Join(err, errChanged)
		}
		for _, u := range aside {
			_, err := tx.ExecContext(ctx, insertUndelivered, u.Subscription, database.Text(u.Recipient), u.Number, u.MiniProgram,
				database.Time(u.Since), u.Attempts, database.Time(u.NextAt), u.Parked, database.Text(u.Error))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("set aside what was not delivered: %w", err)
	}
	return nil
}

// Due reads what is to be tried now: of each recipient and mini-program the first, unless mail about it was sent a moment ago. longest is
// how long a pause may be.
func (s *Store) Due(ctx context.Context, name string, now time.Time, longest time.Duration, limit int) ([]Undelivered, error) {
	due, err := database.Collect(ctx, s.db.Select(selectDue), scanUndelivered,
		name, database.Time(now), database.Time(now.Add(longest)), database.Time(now.Add(-betweenMails)), limit)
	if err != nil {
		return nil, fmt.Errorf("read what is to be delivered: %w", err)
	}
	return due, nil
}

// Behind reads what waits for a recipient about a mini-program, in order.
func (s *Store) Behind(ctx context.Context, first Undelivered, limit int) ([]Undelivered, error) {
	behind, err := database.Collect(ctx, s.db.Select(selectBehind), scanUndelivered,
		first.Subscription, first.Recipient, first.MiniProgram, limit)
	if err != nil {
		return nil, fmt.Errorf("read what is to be delivered: %w", err)
	}
	return behind, nil
}

// Held are the mini-programs of which something waits, so that nothing later overtakes it.
func (s *Store) Held(ctx context.Context, name string) (map[string]bool, error) {
	held := map[string]bool{}
	err := database.Each(ctx, s.db.Select(selectHeld), func(row *sql.Rows) error {
		var miniProgram string
		err := row.Scan(&miniProgram)
		held[miniProgram] = true
		return err
	}, name)
	if err != nil {
		return nil, fmt.Errorf("read what waits: %w", err)
	}
	return held, nil
}

// Open reads what a subscription has not delivered, the parked first.
func (s *Store) Open(ctx context.Context, name string, limit int) ([]Undelivered, error) {
	open, err := database.Collect(ctx, s.db.Select(selectOpen), scanUndelivered, database.Text(name), limit)
	if err != nil {
		return nil, fmt.Errorf("read what was not delivered: %w", err)
	}
	return open, nil
}

// Delivered forgets what was delivered at a time. mailed says that the next mail about it has to wait.
func (s *Store) Delivered(ctx context.Context, at time.Time, mailed bool, delivered ...Undelivered) error {
	err := s.db.Transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, u := range delivered {
			if _, err := tx.ExecContext(ctx, deleteUndelivered, u.Subscription, u.Recipient, u.Number); err != nil {
				return err
			}
		}
		if !mailed || len(delivered) == 0 {
			return nil
		}
		first := delivered[0]
		_, err := tx.ExecContext(ctx, noteMailed, first.Subscription, first.Recipient, first.MiniProgram, database.Time(at))
		if err == nil {
			_, err = tx.ExecContext(ctx, forgetMailed, first.Subscription, database.Time(at.Add(-time.Hour)))
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("note what was delivered: %w", err)
	}
	return nil
}

// Retry keeps when what failed is tried again, or that it is parked.
func (s *Store) Retry(ctx context.Context, failed ...Undelivered) error {
	err := s.db.Transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, u := range failed {
			_, err := tx.ExecContext(ctx, updateUndelivered, u.Subscription, u.Recipient, u.Number, database.Time(u.Since), u.Attempts,
				database.Time(u.NextAt), u.Parked, database.Text(u.Error))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("note what failed: %w", err)
	}
	return nil
}

// Park gives up all that a subscription has set aside until a time, and tells how many messages that are.
func (s *Store) Park(ctx context.Context, name string, until time.Time, reason string) (int, error) {
	parked, err := s.db.Exec(ctx, park, name, database.Time(until), database.Text(reason))
	if err != nil {
		return 0, fmt.Errorf("park what was not delivered: %w", err)
	}
	return int(parked), nil
}

// SweepParked forgets what was given up and set aside before a time. What happened stays in the audit trail.
func (s *Store) SweepParked(ctx context.Context, before time.Time) (int64, error) {
	swept, err := s.db.ExecWithin(ctx, database.LongTimeout, sweepParked, database.Time(before))
	if err != nil {
		return 0, fmt.Errorf("forget what was parked: %w", err)
	}
	return swept, nil
}

// Redeliver lets all that a subscription has not delivered be tried now, as if it were new; number chooses one change, 0 all. It tells how
// many there were.
func (s *Store) Redeliver(ctx context.Context, name string, number int64, now time.Time) (int, error) {
	statement, args := redeliver, []any{database.Text(name), database.Time(now)}
	if number > 0 {
		statement, args = statement+" AND number = $3", append(args, number)
	}
	var again int64
	err := s.db.Transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, tryNow, database.Text(name)); err != nil { // the subscription first, as whoever changes it
			return err
		}
		result, err := tx.ExecContext(ctx, statement, args...)
		if err == nil {
			again, err = result.RowsAffected()
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("deliver again: %w", err)
	}
	s.wake(ctx)
	return int(again), nil
}

// TryNow lets a target be tried at once that was left alone for a while.
func (s *Store) TryNow(ctx context.Context, name string) error {
	if _, err := s.db.Exec(ctx, tryNow, database.Text(name)); err != nil {
		return fmt.Errorf("let a target be tried: %w", err)
	}
	s.wake(ctx)
	return nil
}
