// Package accounts is about people who sign in: those of a development machine, their sessions, and what an identity provider granted.
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

// Sessions keeps who is signed in to the web, for all its processes. It is a store of alexedwards/scs.
type Sessions struct{ db *database.DB }

// NewSessions are the sessions in a database with the catalogue's tables.
func NewSessions(db *database.DB) Sessions { return Sessions{db} }

const selectSession = `SELECT data FROM sessions WHERE token = $1 AND expiry > $2`

// FindCtx reads the data of a session; found is false when there is none or it has expired.
func (s Sessions) FindCtx(ctx context.Context, token string) (data []byte, found bool, err error) {
	var text string
	err = database.One(ctx, s.db.Select(selectSession), []any{&text}, database.Text(token), database.Time(time.Now()))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err == nil {
		data, err = base64.StdEncoding.DecodeString(text)
	}
	if err != nil {
		return nil, false, fmt.Errorf("read a session: %w", err)
	}
	return data, true, nil
}

// CommitCtx keeps the data of a session of nobody in particular until it expires.
func (s Sessions) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	return s.CommitOf(ctx, "", token, data, expiry)
}

// sessionsOfOne bounds how many sessions one person has, and how many drafts, which are kept among them.
const sessionsOfOne = 50

const (
	endExpired = `DELETE FROM sessions WHERE expiry < $1`
	putSession = `
		INSERT INTO sessions (token, person, data, expiry) VALUES ($1, $2, $3, $4)
		ON CONFLICT (token) DO UPDATE SET person = excluded.person, data = excluded.data, expiry = excluded.expiry`
	// alike are the sessions when $3 is one, and the drafts when it is one.
	alike     = `(token LIKE 'draft of %') = ($3 LIKE 'draft of %')`
	endOldest = `
		DELETE FROM sessions WHERE person = $1 AND person <> '' AND ` + alike + ` AND token NOT IN (
			SELECT token FROM sessions WHERE person = $1 AND ` + alike + ` ORDER BY expiry DESC, token LIMIT $2)`
)

// CommitOf keeps the data of a person's session until it expires. It forgets those that have expired, and the person's oldest when
// there are too many of its kind; "" is nobody.
func (s Sessions) CommitOf(ctx context.Context, person, token string, data []byte, expiry time.Time) error {
	err := s.db.Transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, endExpired, database.Time(time.Now())); err != nil {
			return err
		}
		text := base64.StdEncoding.EncodeToString(data)
		if _, err := tx.ExecContext(ctx, putSession, database.Text(token), database.Text(person), text, database.Time(expiry)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, endOldest, database.Text(person), sessionsOfOne, database.Text(token))
		return err
	})
	if err != nil {
		return fmt.Errorf("keep a session: %w", err)
	}
	return nil
}

// DeleteCtx forgets a session.
func (s Sessions) DeleteCtx(ctx context.Context, token string) error {
	_, err := s.db.Exec(ctx, `DELETE FROM sessions WHERE token = $1`, database.Text(token))
	if err != nil {
		return fmt.Errorf("end a session: %w", err)
	}
	return nil
}

// Find is FindCtx without a deadline; the three below complete the interface of a store.
func (s Sessions) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is CommitCtx without a deadline.
func (s Sessions) Commit(token string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expiry)
}

// Delete is DeleteCtx without a deadline.
func (s Sessions) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }
