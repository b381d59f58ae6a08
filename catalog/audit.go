package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"slipway/database"
	"slipway/lifecycle"
)

// AuditEntry is one accepted action, remark or note of one life of a mini-program.
type AuditEntry struct {
	Change int64
	ID     string
	Life   string
	// Team is as in Change: "" in an earlier life.
	Team   string
	Record lifecycle.Record
	// Previous is the hash of the record before it in the same life, Hash its own (package audit).
	Previous, Hash string
	// Err tells why the stored record could not be read; then Record is empty.
	Err error
}

const auditEntries = `SELECT changes.number, changes.mini_program, changes.life, coalesce(present.team, ''), changes.record,
	coalesce(changes.previous, ''), coalesce(changes.hash, '') FROM ` +
	changesWithTeam

const selectAudit = `
	` + auditEntries + ` WHERE changes.mini_program = $1 AND changes.record IS NOT NULL AND changes.number < $2
	ORDER BY changes.number DESC LIMIT $3`

// Audit reads the accepted actions of all lives of a mini-program, newest first, at most limit: those before the change
// number, or the newest ones for 0. The next page begins before the Change of the last entry.
func (c *Catalog) Audit(ctx context.Context, id string, before int64, limit int) ([]AuditEntry, error) {
	if before == 0 {
		before = math.MaxInt64
	}
	return database.Collect(ctx, c.statements.audit, scanAuditEntry, database.Text(id), before, limit)
}

// AuditOf reads the records of some actions in all lives of a mini-program, newest first, at most limit, as Audit does: those about a
// version, or about any for "".
func (c *Catalog) AuditOf(
	ctx context.Context, id string, actions []lifecycle.Action, version string, before int64, limit int,
) ([]AuditEntry, error) {
	var q database.Builder
	q.Add(auditEntries+` WHERE changes.mini_program = ? AND changes.record IS NOT NULL`, database.Text(id))
	if before > 0 {
		q.Add(` AND changes.number < ?`, before)
	}
	if version != "" {
		q.Add(` AND changes.record LIKE ? ESCAPE '!'`, member("version", version))
	}
	junction := " AND ("
	for _, action := range actions {
		q.Add(junction+`changes.record LIKE ? ESCAPE '!'`, member("action", string(action)))
		junction = " OR "
	}
	q.Add(") ORDER BY changes.number DESC LIMIT ?", limit)
	return database.Collect(ctx, c.db.Select(q.String()), scanAuditEntry, q.Args...)
}

const selectWholeTrail = auditEntries + ` WHERE changes.number > $1 AND changes.record IS NOT NULL ORDER BY changes.number LIMIT $2`

// Trail reads the audit trails of all mini-programs as one, oldest first: at most limit entries above a change number.
func (c *Catalog) Trail(ctx context.Context, after int64, limit int) ([]AuditEntry, error) {
	return database.Collect(ctx, c.db.Select(selectWholeTrail), scanAuditEntry, after, limit)
}

// AuditEntryOf reads the entry of a change; the error is ErrNotFound when it has none.
func (c *Catalog) AuditEntryOf(ctx context.Context, change int64) (AuditEntry, error) {
	entries, err := c.Trail(ctx, change-1, 1)
	if err == nil && (len(entries) == 0 || entries[0].Change != change) {
		err = ErrNotFound
	}
	if err != nil {
		return AuditEntry{}, fmt.Errorf("read the audit entry of change %d: %w", change, err)
	}
	return entries[0], nil
}

// member is a pattern for JSON texts that have a member with a value: within a string its quotation marks would be escaped.
func member(name, value string) string {
	escaped := strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(value)
	return `%"` + name + `":"` + database.Text(escaped) + `"%`
}

func scanAuditEntry(row *sql.Rows) (AuditEntry, error) {
	var entry AuditEntry
	var text sql.NullString
	if err := row.Scan(&entry.Change, &entry.ID, &entry.Life, &entry.Team, &text, &entry.Previous, &entry.Hash); err != nil {
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

// KeepSettings keeps the settings by which a worker decides from now on, under the digest that its records name.
func (c *Catalog) KeepSettings(ctx context.Context, settings lifecycle.Settings) error {
	var e encoder
	text := e.json(settings)
	if e.err != nil {
		return e.err
	}
	_, err := c.db.Exec(ctx, `INSERT INTO settings (digest, since, settings) VALUES ($1, $2, $3)
		ON CONFLICT (digest) DO UPDATE SET since = EXCLUDED.since`, settings.Digest(), database.Time(time.Now()), text)
	if err != nil {
		return fmt.Errorf("keep the settings: %w", err)
	}
	return nil
}

// Settings are those that a worker has come to go by last; the default ones while none has.
func (c *Catalog) Settings(ctx context.Context) (lifecycle.Settings, error) {
	var text sql.NullString
	err := database.One(ctx, c.db.Select(`SELECT settings FROM settings ORDER BY since DESC, digest LIMIT 1`), []any{&text})
	if errors.Is(err, sql.ErrNoRows) {
		return lifecycle.DefaultSettings(), nil
	}
	if err != nil {
		return lifecycle.Settings{}, fmt.Errorf("read the settings: %w", err)
	}
	settings, err := decode[lifecycle.Settings](text)
	if err != nil {
		return lifecycle.Settings{}, fmt.Errorf("read the settings: %w", err)
	}
	return *settings, nil
}
