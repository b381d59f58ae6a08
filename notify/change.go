package notify

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"slipway/database"
	"slipway/lifecycle"
)

const (
	// holdSubscription takes the row for the rest of the transaction. Those of the settings are changed there.
	holdSubscription   = `UPDATE subscriptions SET name = name WHERE name = $1 AND NOT from_settings`
	selectRecipients   = `SELECT DISTINCT recipient FROM undelivered WHERE subscription = $1`
	deleteForRecipient = `DELETE FROM undelivered WHERE subscription = $1 AND recipient = $2`
)

// Change makes the subscription of that name what is given, but for its channel. Its place in the trail stays, and so does what it has not
// delivered, but for addresses of mail that it no longer has; a target that failed is tried at once. The error is ErrNotFound when there is
// none, or when it is one of the settings.
func (s *Store) Change(ctx context.Context, changed lifecycle.Subscription, by string, at time.Time) error {
	row, err := s.values(changed, false, by, at)
	if err != nil {
		return fmt.Errorf("change a subscription: %w", err)
	}
	err = s.db.Transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, holdSubscription, changed.Name)
		if err != nil {
			return err
		}
		if held, err := result.RowsAffected(); err != nil || held == 0 {
			return errors.Join(err, ErrNotFound)
		}
		if _, err := tx.ExecContext(ctx, replaceSubscription, row...); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, beginAnew, changed.Name); err != nil {
			return err
		}
		return forgetOthers(ctx, tx, changed)
	})
	if err != nil {
		return fmt.Errorf("change a subscription: %w", err)
	}
	s.wake(ctx)
	return nil
}

// forgetOthers forgets what waits for addresses of mail that a subscription does not have.
func forgetOthers(ctx context.Context, tx *sql.Tx, of lifecycle.Subscription) error {
	if of.Channel != lifecycle.Mail || len(of.To) == 0 {
		return nil
	}
	recipients, err := recipientsWaited(ctx, tx, of.Name)
	if err != nil {
		return err
	}
	for _, recipient := range recipients {
		if slices.Contains(of.To, recipient) {
			continue
		}
		if _, err := tx.ExecContext(ctx, deleteForRecipient, of.Name, database.Text(recipient)); err != nil {
			return err
		}
	}
	return nil
}

func recipientsWaited(ctx context.Context, tx *sql.Tx, name string) (recipients []string, err error) {
	rows, err := tx.QueryContext(ctx, selectRecipients, name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var recipient string
		if err := rows.Scan(&recipient); err != nil {
			return nil, err
		}
		recipients = append(recipients, recipient)
	}
	return recipients, rows.Err()
}
