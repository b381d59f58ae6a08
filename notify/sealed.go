package notify

import (
	"context"
	"database/sql"
	"fmt"

	"slipway/database"
)

// sealed is what of a subscription only its target may see, as the database has it: addresses as JSON, and the secret, encrypted with the
// key of the id by; with "" they are not.
type sealed struct{ name, target, secret, by string }

func (s *Store) seal(name, target, secret string) sealed {
	to, by := s.keys.Seal(target, sealedAs(name, "target"))
	with, _ := s.keys.Seal(secret, sealedAs(name, "secret"))
	return sealed{name, database.Text(to), database.Text(with), by}
}

func (s *Store) unseal(kept sealed) (target, secret string, err error) {
	if target, err = s.keys.Open(kept.target, kept.by, sealedAs(kept.name, "target")); err != nil {
		return "", "", err
	}
	secret, err = s.keys.Open(kept.secret, kept.by, sealedAs(kept.name, "secret"))
	return target, secret, err
}

// sealedAs keeps whoever writes into the database from having one subscription sent to the target of another.
func sealedAs(name, what string) string { return "subscription/" + name + "/" + what }

const (
	selectSealedOtherwise = `SELECT name, target, secret, sealed_by FROM subscriptions WHERE sealed_by <> $1`
	// reseal leaves alone what somebody changed meanwhile.
	reseal = `
		UPDATE subscriptions SET target = $1, secret = $2, sealed_by = $3
		WHERE name = $4 AND target = $5 AND secret = $6 AND sealed_by = $7`
)

// Reseal encrypts with the first key what is not encrypted yet, or with a former key, which may go afterwards. What nobody here can read
// stays as it is.
func (s *Store) Reseal(ctx context.Context) error {
	if s.keys.Empty() {
		return nil
	}
	old, err := database.Collect(ctx, s.db.Select(selectSealedOtherwise), func(row *sql.Rows) (kept sealed, err error) {
		err = row.Scan(&kept.name, &kept.target, &kept.secret, &kept.by)
		return kept, err
	}, s.keys.SealsWith())
	for _, kept := range old {
		target, secret, unreadable := s.unseal(kept)
		if unreadable != nil {
			continue
		}
		now := s.seal(kept.name, target, secret)
		if _, err = s.db.Exec(ctx, reseal, now.target, now.secret, now.by, kept.name, kept.target, kept.secret, kept.by); err != nil {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("encrypt where subscriptions are sent: %w", err)
	}
	return nil
}
