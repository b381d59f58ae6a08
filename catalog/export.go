package catalog

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"slices"

	"slipway/audit"
	"slipway/database"
	"slipway/lifecycle"
)

const (
	// exportWindow is how many changes are looked through at a time, exportBatch how many records are in memory.
	exportWindow = 5000
	exportBatch  = 100
)

// ExportAudit writes the audit trails of all mini-programs and of the platform as one, oldest first, as far as the filter lets them
// through. Erasures always are in it, because they say why other records are not as they were recorded. It holds nothing up, and has few
// records in memory, however long that takes.
func (c *Catalog) ExportAudit(ctx context.Context, to io.Writer, format audit.Format, filter audit.Filter) error {
	if err := c.chainLate(ctx); err != nil {
		return fmt.Errorf("export the audit trail: %w", err)
	}
	return c.exportAsItIs(ctx, to, format, filter)
}

// exportAsItIs changes nothing in the database.
func (c *Catalog) exportAsItIs(ctx context.Context, to io.Writer, format audit.Format, filter audit.Filter) error {
	writer, err := audit.NewWriter(to, format)
	if err == nil {
		err = c.eachEntry(ctx, filter, writer.Write)
	}
	if err == nil {
		err = writer.Close(filter)
	}
	if err != nil {
		return fmt.Errorf("export the audit trail: %w", err)
	}
	return nil
}

// chainLate chains what programs of before have written since they were the last to do so.
func (c *Catalog) chainLate(ctx context.Context) error {
	var late bool
	statement := c.db.Select(`SELECT EXISTS (SELECT 1 FROM changes WHERE ` + unchained + `)`)
	if err := database.One(ctx, statement, []any{&late}); err != nil || !late {
		return err
	}
	return c.db.TransactWithin(ctx, database.LongTimeout, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE last_change SET number = number`); err != nil { // no commit runs beside it
			return err
		}
		return chainRest(ctx, tx)
	})
}

// eachEntry goes on until it has seen the last change, so that what it read of an erasure is explained by the erasure.
func (c *Catalog) eachEntry(ctx context.Context, filter audit.Filter, handle func(audit.Entry) error) error {
	for after := int64(0); ; {
		last, err := c.LastChange(ctx)
		if err != nil || after >= last {
			return err
		}
		until := min(after+exportWindow, last)
		batch, err := c.entries(ctx, filter, after, until)
		if err != nil {
			return err
		}
		for _, entry := range batch {
			if !lets(filter, entry) {
				continue
			}
			if err := handle(entry); err != nil {
				return err
			}
		}
		after = until
		if len(batch) == exportBatch {
			after = batch[len(batch)-1].Change
		}
	}
}

func (c *Catalog) entries(ctx context.Context, filter audit.Filter, after, until int64) ([]audit.Entry, error) {
	var q database.Builder
	q.Add(`SELECT changes.mini_program, changes.life, changes.number, changes.record, coalesce(changes.previous, ''),
		coalesce(changes.salt, ''), coalesce(changes.content, ''), coalesce(changes.hash, '') FROM `+changesWithTeam+`
		WHERE changes.number > ? AND changes.number <= ? AND changes.record IS NOT NULL
		AND (changes.mini_program = ? AND changes.life = ? OR (TRUE`, after, until, PlatformID, audit.ErasuresLife)
	if filter.From != nil {
		q.Add(` AND changes.at >= ?`, database.Time(*filter.From))
	}
	if filter.To != nil {
		q.Add(` AND changes.at < ?`, database.Time(*filter.To))
	}
	if filter.Action != "" {
		q.Add(` AND changes.record LIKE ? ESCAPE '!'`, member("action", string(filter.Action)))
	}
	database.AddOneOf(&q, "present.team", filter.Teams)
	q.Add(`)) ORDER BY changes.number LIMIT ?`, exportBatch)
	return database.Collect(ctx, c.db.Select(q.String()), func(row *sql.Rows) (entry audit.Entry, err error) {
		return entry, row.Scan(&entry.MiniProgram, &entry.Life, &entry.Change, &entry.Text,
			&entry.Previous, &entry.Salt, &entry.Content, &entry.Hash)
	}, q.Args...)
}

// lets tells whether a filter lets an entry through that the database has found.
func lets(filter audit.Filter, entry audit.Entry) bool {
	if entry.IsErasure() {
		return true
	}
	t, err := decode[lifecycle.Transition](sql.NullString{String: entry.Text, Valid: true})
	if err != nil {
		t = &lifecycle.Transition{} // nobody did what cannot be read
	}
	return (filter.Action == "" || t.Action == filter.Action) &&
		(filter.Actor == "" || slices.Contains([]string{t.Actor, t.OnBehalfOf}, filter.Actor)) &&
		(!filter.TeamOnly || err == nil && !t.PlatformOnly)
}

// VerifyAudit verifies the audit trail as it is in the database, and changes nothing there. The error may be an *audit.Wrong.
func (c *Catalog) VerifyAudit(ctx context.Context) (audit.Report, error) {
	from, to := io.Pipe()
	go func() { _ = to.CloseWithError(c.exportAsItIs(ctx, to, audit.NDJSON, audit.Filter{})) }() // whoever reads gets the error
	report, err := audit.Verify(from)
	_ = from.Close()
	if err == nil {
		err = c.verifyPlaces(ctx)
	}
	return report, err
}

const (
	// A commit writes its record and counts the change at once.
	selectMisplaced = `SELECT mini_program, life, number, coalesce(sequence, 0) FROM changes
		WHERE record IS NOT NULL AND (number < 1 OR number > (SELECT number FROM last_change)) ORDER BY number LIMIT 1`
	// So it does with where the mini-program stands.
	selectEndless = `SELECT id, life, 0, sequence FROM mini_programs WHERE NOT EXISTS (SELECT 1 FROM changes
		WHERE changes.mini_program = mini_programs.id AND changes.life = mini_programs.life AND changes.sequence = mini_programs.sequence
		AND changes.record IS NOT NULL) ORDER BY id LIMIT 1`
)

// verifyPlaces finds what no chain can tell: records whose number no export reaches, and the end of a chain that is missing.
func (c *Catalog) verifyPlaces(ctx context.Context) error {
	for _, each := range []struct{ query, why string }{
		{selectMisplaced, "its number was never given to a change: pages show it, and no export has it"},
		{selectEndless, "it is the last one by what the catalogue says of the mini-program, and it is missing"},
	} {
		var wrong *audit.Wrong
		err := database.EachWithin(ctx, database.LongTimeout, c.db.Select(each.query), func(row *sql.Rows) error {
			wrong = &audit.Wrong{Why: each.why}
			return row.Scan(&wrong.MiniProgram, &wrong.Life, &wrong.Change, &wrong.Sequence)
		})
		if err != nil {
			return fmt.Errorf("verify the audit trail: %w", err)
		}
		if wrong != nil {
			return wrong
		}
	}
	return nil
}
