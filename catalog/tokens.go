package catalog

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"slipway/lifecycle"
	"slipway/tokens"
)

var (
	// ErrTooManyTokens refuses a token because as many of its team, or of the platform, work already.
	ErrTooManyTokens = errors.New("too many access tokens")
	// ErrTokenMade says that there is a token with this id.
	ErrTokenMade = errors.New("this access token was made before")
)

const (
	tokenColumns = `id, hash, name, kind, team, actions, made_by, made_at, ends_at, used_at, revoked_at, revoked_by`

	nextTokenChange   = `UPDATE token_change SET number = number + 1 RETURNING number`
	selectTokenChange = `SELECT number FROM token_change`
	tokenIsThere      = `SELECT count(*) FROM tokens WHERE id = $1`
	countTokens       = `SELECT count(*) FROM tokens WHERE team = $1 AND revoked_at IS NULL AND ends_at > $2`
	insertToken       = `
		INSERT INTO tokens (number, ` + tokenColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, NULL, NULL, '')`
	selectWorking = `SELECT ` + tokenColumns + ` FROM tokens WHERE revoked_at IS NULL AND ends_at > $1`
	selectToken   = `SELECT ` + tokenColumns + ` FROM tokens WHERE id = $1`
	revokeToken   = `UPDATE tokens SET revoked_at = $2, revoked_by = $3 WHERE id = $1 AND revoked_at IS NULL`
	noteTokenUsed = `UPDATE tokens SET used_at = $2 WHERE id = $1 AND (used_at IS NULL OR used_at < $2)`
)

// MakeToken keeps a token, unless so many of its team, or of the platform, work at the moment that it was made: ErrTooManyTokens. Nothing is
// kept either when there is one with its id: ErrTokenMade.
func (c *Catalog) MakeToken(ctx context.Context, t tokens.Token, most int) error {
	actions, err := json.Marshal(t.Actions)
	if err != nil {
		return fmt.Errorf("keep a token: %w", err)
	}
	err = c.inTransaction(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var number int64
		var there, working int
		err := errors.Join(
			tx.QueryRowContext(ctx, nextTokenChange).Scan(&number),
			tx.QueryRowContext(ctx, tokenIsThere, storedText(t.ID)).Scan(&there),
			tx.QueryRowContext(ctx, countTokens, storedText(t.Team), storedTime(t.MadeAt)).Scan(&working))
		switch {
		case err != nil:
			return err
		case there > 0:
			return ErrTokenMade
		case working >= most:
			return ErrTooManyTokens
		}
		_, err = tx.ExecContext(ctx, insertToken, number, t.ID, t.Hash.String(), storedText(t.Name), t.Kind, storedText(t.Team), string(actions),
			storedText(t.MadeBy), storedTime(t.MadeAt), storedTime(t.EndsAt))
		return err
	})
	if err != nil {
		return fmt.Errorf("keep a token: %w", err)
	}
	return nil
}

// RevokeToken makes a token worth nothing. One that was revoked before stays as it is.
func (c *Catalog) RevokeToken(ctx context.Context, id, by string, at time.Time) error {
	err := c.inTransaction(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, nextTokenChange); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, revokeToken, storedText(id), storedTime(at), storedText(by))
		return err
	})
	if err != nil {
		return fmt.Errorf("revoke a token: %w", err)
	}
	return nil
}

// Token reads a token; the error is ErrNotFound when there is none.
func (c *Catalog) Token(ctx context.Context, id string) (tokens.Token, error) {
	found, err := collect(ctx, adHoc{c.read, selectToken}, scanToken, storedText(id))
	switch {
	case err != nil:
		return tokens.Token{}, fmt.Errorf("read a token: %w", err)
	case len(found) == 0:
		return tokens.Token{}, fmt.Errorf("token %.100q: %w", id, ErrNotFound)
	default:
		return found[0], nil
	}
}

// Tokens reads the tokens of these teams, or all for none, the newest first: those made before the one with the id, or the newest for "".
// One that has ended or was revoked is among them.
func (c *Catalog) Tokens(ctx context.Context, teams []string, before string, limit int) ([]tokens.Token, error) {
	var q query
	q.add("SELECT " + tokenColumns + " FROM tokens WHERE number > 0")
	addOneOf(&q, "team", teams)
	if before != "" {
		q.add(" AND number < (SELECT number FROM tokens WHERE id = ?)", storedText(before))
	}
	q.add(" ORDER BY number DESC LIMIT ?", limit)
	found, err := collect(ctx, q.on(c.read), scanToken, q.args...)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	return found, nil
}

// TokenChange is a number that grows with every token that is made or revoked; 0 when there never was one.
func (c *Catalog) TokenChange(ctx context.Context) (number int64, err error) {
	if err := one(ctx, adHoc{c.read, selectTokenChange}, []any{&number}); err != nil {
		return 0, fmt.Errorf("read the number of the last change of a token: %w", err)
	}
	return number, nil
}

// WorkingTokens reads those that neither have ended nor were revoked.
func (c *Catalog) WorkingTokens(ctx context.Context) ([]tokens.Token, error) {
	found, err := collect(ctx, adHoc{c.read, selectWorking}, scanToken, storedTime(time.Now()))
	if err != nil {
		return nil, fmt.Errorf("read the tokens that work: %w", err)
	}
	return found, nil
}

// NoteTokensUsed notes when tokens were used last, by their id.
func (c *Catalog) NoteTokensUsed(ctx context.Context, used map[string]time.Time) error {
	err := c.inTransaction(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for id, at := range used {
			if _, err := tx.ExecContext(ctx, noteTokenUsed, id, storedTime(at)); err != nil {
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

func scanToken(row *sql.Rows) (t tokens.Token, err error) {
	var hash, actions string
	var used, revoked sql.NullTime
	err = row.Scan(&t.ID, &hash, &t.Name, &t.Kind, &t.Team, &actions, &t.MadeBy, &t.MadeAt, &t.EndsAt, &used, &revoked, &t.RevokedBy)
	if err != nil {
		return t, err
	}
	var known bool
	if t.Hash, known = tokens.ParseHash(hash); !known {
		return t, fmt.Errorf("read the token %s: its hash is none", t.ID)
	}
	t.UsedAt, t.RevokedAt = timeOrNil(used), timeOrNil(revoked)
	t.MadeAt, t.EndsAt = t.MadeAt.UTC(), t.EndsAt.UTC()
	t.Actions, err = readActions(actions)
	return t, err
}

func readActions(text string) (actions []lifecycle.Action, err error) {
	if err := json.Unmarshal([]byte(text), &actions); err != nil {
		return nil, fmt.Errorf("read the actions of a token: %w", err)
	}
	return actions, nil
}

func timeOrNil(t sql.NullTime) *time.Time {
	if !t.Valid {
		return nil
	}
	return new(t.Time.UTC())
}
