package catalog

import (
	"context"
	"database/sql"
)

// statements are those that run often, prepared once.
type statements struct {
	// Of a commit.
	nextChange, place, insertChange, putMiniProgram, countStep, putRelease *sql.Stmt
	// Of those who read.
	lastChange, changesSince, releasesSince, document, outcome, audit, session *sql.Stmt
}

func (c *Catalog) prepare(ctx context.Context) error {
	s := &c.statements
	for _, each := range []struct {
		db        *sql.DB
		statement **sql.Stmt
		query     string
	}{
		{c.write, &s.nextChange, nextChange},
		{c.write, &s.place, selectPlace},
		{c.write, &s.insertChange, insertChange},
		{c.write, &s.putMiniProgram, putMiniProgram},
		{c.write, &s.countStep, countStep},
		{c.write, &s.putRelease, putRelease},
		{c.read, &s.lastChange, selectLastChange},
		{c.read, &s.changesSince, selectChanges},
		{c.read, &s.releasesSince, selectReleases},
		{c.read, &s.document, selectDocument},
		{c.read, &s.outcome, selectOutcome},
		{c.read, &s.audit, selectAudit},
		{c.read, &s.session, selectSession},
	} {
		err := answered(ctx, answerTimeout, func(ctx context.Context) (err error) {
			*each.statement, err = each.db.PrepareContext(ctx, each.query) //nolint:sqlclosecheck // lives as long as the database
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
