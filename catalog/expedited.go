package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"slipway/database"
	"slipway/lifecycle"
)

// Quota is how many reviews a team may have expedited since a time, in all its mini-programs.
type Quota struct {
	Max   int
	Since time.Time
}

// QuotaUsedError refuses a commit beyond a quota; nothing is written.
type QuotaUsedError struct {
	// Oldest is when the first of those was expedited that use up the quota; the zero time when the quota is 0.
	Oldest time.Time
}

func (e *QuotaUsedError) Error() string {
	return fmt.Sprintf("the quota of expedited reviews is used up since %s", e.Oldest.UTC().Format(time.RFC3339))
}

func isQuotaUsed(err error) bool {
	_, is := errors.AsType[*QuotaUsedError](err)
	return is
}

// noteExpedited counts a review against the quota of its team, whose commits run one after the other: none is outrun.
func (c Commit) noteExpedited(ctx context.Context, tx *sql.Tx) error {
	if c.Record == nil || c.Record.Action != lifecycle.Expedite {
		return nil
	}
	if c.Quota != nil {
		if err := c.Quota.check(ctx, tx, c.MiniProgram.Team); err != nil {
			return err
		}
	}
	return c.putExpedited(ctx, tx, c.Record.Transition)
}

func (q Quota) check(ctx context.Context, tx *sql.Tx, team string) error {
	rows, err := tx.QueryContext(ctx, `SELECT at FROM expedited WHERE team = $1 AND at > $2 ORDER BY at DESC LIMIT $3`,
		database.Text(team), database.Time(q.Since), q.Max)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err says what went wrong
	used, oldest := 0, time.Time{}
	for ; rows.Next(); used++ {
		if err := rows.Scan(&oldest); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil || used < q.Max {
		return err
	}
	return &QuotaUsedError{oldest}
}

func (c Commit) putExpedited(ctx context.Context, tx *sql.Tx, t lifecycle.Transition) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO expedited (mini_program, life, sequence, team, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
		c.MiniProgram.ID, database.Text(c.Life), t.Sequence, database.Text(c.MiniProgram.Team), database.Time(t.At))
	return err
}

// restoreExpedited counts those again that the catalogue had lost, as far as the timeline has them.
func (c Commit) restoreExpedited(ctx context.Context, tx *sql.Tx, known int) error {
	for _, transition := range c.MiniProgram.Transitions {
		if transition.Action != lifecycle.Expedite || transition.Sequence <= known || transition.Sequence > c.before() {
			continue
		}
		if err := c.putExpedited(ctx, tx, transition); err != nil {
			return err
		}
	}
	return nil
}
