package tokens

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"slipway/database"
)

var (
	// ErrNotFound says that there is no token with an id.
	ErrNotFound = errors.New("there is no such access token")
	// ErrTooMany refuses a token because as many of its team, or of the platform, work already.
	ErrTooMany = errors.New("too many access tokens")
	// ErrExists says that there is a token with this id.
	ErrExists = errors.New("this access token was made before")
)

// Store keeps the tokens, in a database with the catalogue's tables.
type Store struct{ db *database.DB }

// NewStore is the store in a database.
func NewStore(db *database.DB) *Store { return &Store{db} }

const (
	columns = `id, hash, name, kind, team, actions, made_by, made_at, ends_at, used_at, revoked_at, revoked_by`

	// holdTokens takes what whoever changes tokens begins with, so that nobody waits for the rows of somebody who waits for theirs. Nobody
	// has to read the tokens anew for it.
	holdTokens    = `UPDATE token_change SET number = number`
	nextChange    = `UPDATE token_change SET number = number + 1 RETURNING number`
	selectChange  = `SELECT number FROM token_change`
	countOfID     = `SELECT count(*) FROM tokens WHERE id = $1`
	countWorking  = `SELECT count(*) FROM tokens WHERE team = $1 AND revoked_at IS NULL AND ends_at > $2`
	insertToken   = `INSERT INTO tokens (number, ` + columns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, NULL, NULL, '')`
	selectWorking = `SELECT ` + columns + ` FROM tokens WHERE revoked_at IS NULL AND ends_at > $1`
	selectToken   = `SELECT ` + columns + ` FROM tokens WHERE id = $1`
	revokeToken   = `UPDATE tokens SET revoked_at = $2, revoked_by = $3 WHERE id = $1 AND revoked_at IS NULL`
	noteUsed      = `UPDATE tokens SET used_at = $2 WHERE id = $1 AND (used_at IS NULL OR used_at < $2)`
)

// Add keeps a token, unless so many of its team, or of the platform, worked already when it was made (ErrTooMany), or there is one
// with its id (ErrExists).
func (s *Store) Add(ctx context.Context, t Token, most int) error {
	actions, err := json.Marshal(t.Actions)
	if err != nil {
		return fmt.Errorf("keep a token: %w", err)
	}
	err = s.db.Transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var number int64
		var ofID, working int
		err := errors.Join(
			tx.QueryRowContext(ctx, nextChange).Scan(&number),
			tx.QueryRowContext(ctx, countOfID, database.Text(t.ID)).Scan(&ofID),
			tx.QueryRowContext(ctx, countWorking, database.Text(t.Team), database.Time(t.MadeAt)).Scan(&working))
		switch {
		case err != nil:
			return err
		case ofID > 0:
			return ErrExists
		case working >= most:
			return ErrTooMany
		}
		_, err = tx.ExecContext(ctx, insertToken, number, t.ID, t.Hash.String(), database.Text(t.Name), t.Kind, database.Text(t.Team),
			string(actions), database.Text(t.MadeBy), database.Time(t.MadeAt), database.Time(t.EndsAt))
		return err
	})
	if err != nil {
		return fmt.Errorf("keep a token: %w", err)
	}
	return nil
}

// Revoke makes a token invalid for ever. One that was revoked before stays as it is.
func (s *Store) Revoke(ctx context.Context, id, by string, at time.Time) error {
	err := s.db.Transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, nextChange); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, revokeToken, database.Text(id), database.Time(at), database.Text(by))
		return err
	})
	if err != nil {
		return fmt.Errorf("revoke a token: %w", err)
	}
	return nil
}

// Token reads a token; the error is ErrNotFound when there is none.
func (s *Store) Token(ctx context.Context, id string) (Token, error) {
	found, err := database.Collect(ctx, s.db.Select(selectToken), scanToken, database.Text(id))
	switch {
	case err != nil:
		return Token{}, fmt.Errorf("read a token: %w", err)
	case len(found) == 0:
		return Token{}, fmt.Errorf("token %.100q: %w", id, ErrNotFound)
	default:
		return found[0], nil
	}
}

// List reads the tokens of these teams, or all for none, the newest first: those made before the one with the id, or the newest for "".
// One that has ended or was revoked is among them.
func (s *Store) List(ctx context.Context, teams []string, before string, limit int) ([]Token, error) {
	var b database.Builder
	b.Add("SELECT " + columns + " FROM tokens WHERE number > 0")
	database.AddOneOf(&b, "team", teams)
	if before != "" {
		b.Add(" AND number < (SELECT number FROM tokens WHERE id = ?)", database.Text(before))
	}
	b.Add(" ORDER BY number DESC LIMIT ?", limit)
	found, err := database.Collect(ctx, s.db.Select(b.String()), scanToken, b.Args...)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	return found, nil
}

// Change is a number that grows with every token that is made or revoked; 0 when there never was one.
func (s *Store) Change(ctx context.Context) (number int64, err error) {
	if err := database.One(ctx, s.db.Select(selectChange), []any{&number}); err != nil {
		return 0, fmt.Errorf("read the number of the last change of a token: %w", err)
	}
	return number, nil
}

// Working reads those that neither have ended nor were revoked.
func (s *Store) Working(ctx context.Context) ([]Token, error) {
	found, err := database.Collect(ctx, s.db.Select(selectWorking), scanToken, database.Time(time.Now()))
	if err != nil {
		return nil, fmt.Errorf("read the tokens that work: %w", err)
	}
	return found, nil
}

// NoteUsed notes when tokens were used last, by their id.
func (s *Store) NoteUsed(ctx context.Context, used map[string]time.Time) error {
	err := s.db.Transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, holdTokens); err != nil {
			return err
		}
		for id, at := range used {
			if _, err := tx.ExecContext(ctx, noteUsed, id, database.Time(at)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("note that tokens were used: %w", err)
	}
	return nil
}

func scanToken(row *sql.Rows) (t Token, err error) {
	var hash, actions string
	var used, revoked sql.NullTime
	err = row.Scan(&t.ID, &hash, &t.Name, &t.Kind, &t.Team, &actions, &t.MadeBy, &t.MadeAt, &t.EndsAt, &used, &revoked, &t.RevokedBy)
	if err != nil {
		return t, err
	}
	var ok bool
	if t.Hash, ok = ParseHash(hash); !ok {
		return t, fmt.Errorf("read the token %s: its hash is not valid", t.ID)
	}
	t.UsedAt, t.RevokedAt = timeOrNil(used), timeOrNil(revoked)
	t.MadeAt, t.EndsAt = t.MadeAt.UTC(), t.EndsAt.UTC()
	if err := json.Unmarshal([]byte(actions), &t.Actions); err != nil {
		return t, fmt.Errorf("read the actions of the token %s: %w", t.ID, err)
	}
	return t, nil
}

func timeOrNil(t sql.NullTime) *time.Time {
	if !t.Valid {
		return nil
	}
	return new(t.Time.UTC())
}
