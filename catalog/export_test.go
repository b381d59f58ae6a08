package catalog

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"slices"
	"testing/fstest"
	"time"

	"github.com/pressly/goose/v3"

	"slipway/database"
)

// TextColumns are the columns of texts that erasing knows, as table.column.
func TextColumns() (known []string) {
	for table, columns := range columnKinds {
		for column := range columns {
			known = append(known, table+"."+column)
		}
	}
	return known
}

// RequestQuestions are what the catalogue is asked about a request, with how many arguments.
var RequestQuestions = map[string]int{selectOutcome: 3, selectFinished: 5}

// ListQuestion is what the database is asked for a list.
func ListQuestion(ctx context.Context, c *Catalog, filter Filter) (question string, arguments []any, err error) {
	q, err := c.listQuery(ctx, filter, 1)
	return q.String(), q.Args, err
}

// PersonMembers and TextMembers are the members of stored documents that erasing looks at.
var PersonMembers, TextMembers = personMembers, textMembers

// ReplaceOne and ReplaceMany replace the name zoe, as one that is being erased and as one of those that were, in a column of a kind.
func ReplaceOne(kind, text string) (string, error) { return replace(oneName("zoe", "P"), kind, text) }

func ReplaceMany(kind, text string) (string, error) {
	return replace(manyNames(func(name string) string { return map[string]string{"zoe": "P"}[name] }), kind, text)
}

func replace(n names, kind, text string) (string, error) {
	return n.in(map[string]columnKind{"person": hasPerson, "people": hasPeople, "text": hasText, "JSON": hasJSON, "none": hasNone}[kind], text)
}

// EraseMeanwhile replaces the name zoe in a column once, while something happens to the rows that have it. It tells whether it would look
// once more.
func EraseMeanwhile(ctx context.Context, c *Catalog, table, column string, meanwhile func()) (again bool, err error) {
	rows, err := c.rowsWith(ctx, table, column, "zoe")
	if err != nil {
		return false, err
	}
	meanwhile()
	e := &eraser{name: "zoe", names: oneName("zoe", "P"), Erasure: new(Erasure)}
	err = c.db.Transact(ctx, func(ctx context.Context, tx *sql.Tx) error { return c.eraseRows(ctx, tx, e, table, column, rows) })
	return e.again, err
}

// Remembered is how many requests somebody waits for, and how many mini-programs have unfinished ones.
func (w *Waiters) Remembered() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.waiting) + len(w.unfinished)
}

// Later is when so much time has gone by since every request.
func (w *Waiters) Later(by time.Duration) {
	for _, requests := range w.unfinished {
		for request, since := range requests {
			requests[request] = since.Add(-by)
		}
	}
}

// CommitAll writes many commits in one transaction, to fill a catalogue quickly.
func (c *Catalog) CommitAll(ctx context.Context, commits func(yield func(Commit) bool)) error {
	return c.db.TransactWithin(ctx, time.Hour, func(ctx context.Context, tx *sql.Tx) error {
		for commit := range commits {
			rows, err := commit.rows()
			if err != nil {
				return err
			}
			if _, err := c.statements.write(ctx, tx, commit, rows); err != nil {
				return err
			}
		}
		return nil
	})
}

// Vacuum does what PostgreSQL does by itself some time after a catalogue was filled.
func (c *Catalog) Vacuum(ctx context.Context) error {
	if c.db.IsSQLite() {
		return nil
	}
	_, err := c.db.ExecWithin(ctx, time.Hour, "VACUUM ANALYZE")
	return err
}

// Spoil makes unreadable what is stored of a mini-program.
func (c *Catalog) Spoil(ctx context.Context, id string) error {
	return c.db.Transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err1 := tx.ExecContext(ctx, "UPDATE releases SET serving = '{' WHERE mini_program = $1", id)
		_, err2 := tx.ExecContext(ctx, "UPDATE changes SET record = '{' WHERE mini_program = $1", id)
		_, err3 := tx.ExecContext(ctx, "UPDATE mini_programs SET document = '{' WHERE id = $1", id)
		return errors.Join(err1, err2, err3)
	})
}

// AtVersion brings an empty database up to a version of its tables, and fills them as they were then.
func AtVersion(ctx context.Context, databaseURL string, version int64, fill func(*sql.Tx) error) (err error) {
	files := fstest.MapFS{}
	names, err := fs.Glob(tables, "*.sql")
	if err != nil {
		return err
	}
	for _, name := range names {
		number, errNumber := goose.NumericComponent(name)
		content, errRead := fs.ReadFile(tables, name)
		if err := errors.Join(errNumber, errRead); err != nil {
			return err
		}
		if number <= version {
			files[name] = &fstest.MapFile{Data: content}
		}
	}
	db, err := database.Open(ctx, databaseURL, files, slices.DeleteFunc(inGo(), func(m *goose.Migration) bool { return m.Version > version })...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return db.TransactWithin(ctx, time.Hour, func(_ context.Context, tx *sql.Tx) error { return fill(tx) })
}
