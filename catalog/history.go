package catalog

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strings"
	"time"

	"slipway/lifecycle"
)

const selectDocument = `SELECT document, change FROM mini_programs WHERE id = $1`

// Status reads where a mini-program stands, and the number of the change that brought it there. The error is ErrNotFound
// when there is no such mini-program.
func (c *Catalog) Status(ctx context.Context, id string) (lifecycle.Status, int64, error) {
	var change int64
	m, err := readOne[lifecycle.MiniProgram](ctx, c.statements.document, []any{&change}, storedText(id))
	if err != nil {
		return lifecycle.Status{}, 0, fmt.Errorf("status of mini-program %q: %w", id, err)
	}
	return m.Status(), change, nil
}

// Answers from before requests belonged to a person are everybody's, until they are forgotten.
const selectOutcome = `
	SELECT outcome, coalesce(team, '') FROM ` + changesWithTeam + `
	WHERE mini_program = $1 AND request_id = $2 AND actor IN ($3, '` + lifecycle.Everybody + `') AND outcome IS NOT NULL AND changes.life = (
		SELECT life FROM changes WHERE mini_program = $1 AND request_id = $2 AND actor IN ($3, '` + lifecycle.Everybody + `') ORDER BY number DESC LIMIT 1)
	ORDER BY number LIMIT 1`

// Outcome reads the answer to a request of a user, and its team as in Change: the first answer in the latest life of the
// mini-program that saw the request. The error is ErrNotFound when there is none (yet), or it is forgotten.
func (c *Catalog) Outcome(ctx context.Context, id, user, requestID string) (outcome lifecycle.Outcome, team string, err error) {
	found, err := readOne[lifecycle.Outcome](ctx, c.statements.outcome, []any{&team}, storedText(id), storedText(requestID), storedText(user))
	if err != nil {
		return outcome, "", fmt.Errorf("outcome of request %q of %q to mini-program %q: %w", requestID, user, id, err)
	}
	return *found, team, nil
}

// AuditEntry is one accepted action, remark or note of one life of a mini-program.
type AuditEntry struct {
	Change int64
	Life   string
	// Team is as in Change: "" in an earlier life.
	Team   string
	Record lifecycle.Record
	// Err tells why the stored record could not be read; then Record is empty.
	Err error
}

const selectAudit = `
	SELECT number, changes.life, coalesce(team, ''), record FROM ` + changesWithTeam + `
	WHERE mini_program = $1 AND record IS NOT NULL AND number < $2 ORDER BY number DESC LIMIT $3`

// Audit reads the accepted actions of all lives of a mini-program, newest first, at most limit: those before the change
// number, or the newest ones for 0. The next page begins before the Change of the last entry.
func (c *Catalog) Audit(ctx context.Context, id string, before int64, limit int) ([]AuditEntry, error) {
	if before == 0 {
		before = math.MaxInt64
	}
	return collect(ctx, c.statements.audit, scanAuditEntry, storedText(id), before, limit)
}

// AuditOf reads the records of some actions of all lives of a mini-program, newest first, at most limit: those about a version, or about any
// for "".
func (c *Catalog) AuditOf(ctx context.Context, id string, actions []lifecycle.Action, version string, limit int) ([]AuditEntry, error) {
	var q query
	q.add(`SELECT number, changes.life, coalesce(team, ''), record FROM `+changesWithTeam+` WHERE mini_program = ? AND record IS NOT NULL`, storedText(id))
	if version != "" {
		q.add(` AND record LIKE ? ESCAPE '!'`, member("version", version))
	}
	before := " AND ("
	for _, action := range actions {
		q.add(before+`record LIKE ? ESCAPE '!'`, member("action", string(action)))
		before = " OR "
	}
	q.add(") ORDER BY number DESC LIMIT ?", limit)
	return collect(ctx, q.on(c.read), scanAuditEntry, q.args...)
}

// member is a pattern for JSON texts that have a member with a value: within a string its quotation marks would be escaped.
func member(name, value string) string {
	escaped := strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(value)
	return `%"` + name + `":"` + storedText(escaped) + `"%`
}

func scanAuditEntry(row *sql.Rows) (AuditEntry, error) {
	var entry AuditEntry
	var text sql.NullString
	if err := row.Scan(&entry.Change, &entry.Life, &entry.Team, &text); err != nil {
		return entry, err
	}
	record, err := decode[lifecycle.Record](text)
	if err != nil {
		entry.Err = fmt.Errorf("read the record of change %d: %w", entry.Change, err)
		return entry, nil
	}
	if record.Sequence == 0 { // before there were remarks and notes, every record had its revision
		record.Sequence = record.Revision
	}
	entry.Record = *record
	return entry, nil
}

// SweepOutcomes forgets answers that are older than the time. That there was an answer stays, so that a signal that a reset brings
// back is never decided anew; and so does the audit trail. It tells how many it forgot.
func (c *Catalog) SweepOutcomes(ctx context.Context, olderThan time.Time) (int64, error) {
	total := int64(0)
	for {
		forgotten, err := c.exec(ctx, longTimeout, `UPDATE changes SET outcome = NULL WHERE outcome IS NOT NULL AND number IN (
			SELECT number FROM changes WHERE outcome IS NOT NULL AND at < $1 ORDER BY at LIMIT 500)`, storedTime(olderThan))
		total += forgotten
		if err != nil {
			return total, fmt.Errorf("forget outcomes older than %s: %w", olderThan.UTC().Format(time.RFC3339), err)
		}
		if forgotten == 0 {
			return total, nil
		}
	}
}

func (c *Catalog) exec(ctx context.Context, patience time.Duration, statement string, args ...any) (affected int64, err error) {
	err = answered(ctx, patience, func(ctx context.Context) error {
		result, err := c.write.ExecContext(ctx, statement, args...)
		if err == nil {
			affected, err = result.RowsAffected()
		}
		return err
	})
	return affected, err
}
