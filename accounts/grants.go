package accounts

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"slipway/database"
)

// Grant is what an identity provider granted for one session. Data is sealed by whoever keeps it.
type Grant struct {
	Data []byte
	// Person is whose it is; whoever reads one knows that from Data.
	Person string
	// CheckedAt is when the provider confirmed it last, UsedAt when its person did something last.
	CheckedAt, UsedAt time.Time
}

const (
	selectGrant = `SELECT data, checked_at, used_at FROM grants WHERE session = $1 AND expiry > $2`
	putGrant    = `
		INSERT INTO grants (session, data, checked_at, used_at, claimed_until, expiry, person) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (session) DO UPDATE SET data = excluded.data, checked_at = excluded.checked_at, claimed_until = excluded.claimed_until,
			person = excluded.person`
	claimGrant  = `UPDATE grants SET claimed_until = $3 WHERE session = $1 AND checked_at = $2 AND claimed_until < $4`
	touchGrant  = `UPDATE grants SET used_at = $2 WHERE session = $1`
	deleteGrant = `DELETE FROM grants WHERE session = $1`
	// expiredGrants are forgotten whenever one is made.
	expiredGrants = `DELETE FROM grants WHERE expiry < $1`
)

// FindGrant reads the grant of a session; found is false when there is none or it has expired.
func (s Sessions) FindGrant(ctx context.Context, session string) (grant Grant, found bool, err error) {
	var text string
	into := []any{&text, &grant.CheckedAt, &grant.UsedAt}
	err = database.One(ctx, s.db.Select(selectGrant), into, database.Text(session), database.Time(time.Now()))
	if errors.Is(err, sql.ErrNoRows) {
		return Grant{}, false, nil
	}
	if err == nil {
		grant.Data, err = base64.StdEncoding.DecodeString(text)
	}
	if err != nil {
		return Grant{}, false, fmt.Errorf("read a grant: %w", err)
	}
	return grant, true, nil
}

// PutGrant keeps the grant of a session until it expires, and ends the claim of whoever renewed it. A renewed grant keeps its expiry and
// when it was used.
func (s Sessions) PutGrant(ctx context.Context, session string, grant Grant, expiry time.Time) error {
	err := s.db.Transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, expiredGrants, database.Time(time.Now())); err != nil {
			return err
		}
		text := base64.StdEncoding.EncodeToString(grant.Data)
		_, err := tx.ExecContext(ctx, putGrant, database.Text(session), text, database.Time(grant.CheckedAt), database.Time(grant.UsedAt),
			database.Time(time.Time{}), database.Time(expiry), database.Text(grant.Person))
		return err
	})
	if err != nil {
		return fmt.Errorf("keep a grant: %w", err)
	}
	return nil
}

// ClaimGrant tells whether the caller is the one who renews a grant that was confirmed at checkedAt; until is when somebody else may try.
func (s Sessions) ClaimGrant(ctx context.Context, session string, checkedAt, until time.Time) (bool, error) {
	claimed, err := s.db.Exec(ctx, claimGrant,
		database.Text(session), database.Time(checkedAt), database.Time(until), database.Time(time.Now()))
	if err != nil {
		return false, fmt.Errorf("claim a grant: %w", err)
	}
	return claimed == 1, nil
}

// TouchGrant notes that the person did something.
func (s Sessions) TouchGrant(ctx context.Context, session string, usedAt time.Time) error {
	if _, err := s.db.Exec(ctx, touchGrant, database.Text(session), database.Time(usedAt)); err != nil {
		return fmt.Errorf("note that a grant was used: %w", err)
	}
	return nil
}

// DeleteGrant forgets the grant of a session.
func (s Sessions) DeleteGrant(ctx context.Context, session string) error {
	if _, err := s.db.Exec(ctx, deleteGrant, database.Text(session)); err != nil {
		return fmt.Errorf("end a grant: %w", err)
	}
	return nil
}
