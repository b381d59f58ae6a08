package database

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Statement reads: a prepared *sql.Stmt, or what Select returns.
type Statement interface {
	QueryContext(ctx context.Context, args ...any) (*sql.Rows, error)
}

// Select is a statement that is not prepared.
func (db *DB) Select(text string) Statement { return unprepared{db.read, text} }

type unprepared struct {
	db   *sql.DB
	text string
}

func (u unprepared) QueryContext(ctx context.Context, args ...any) (*sql.Rows, error) {
	return u.db.QueryContext(ctx, u.text, args...)
}

// Prepare prepares a statement that reads, for as long as the database is open.
func (db *DB) Prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	return prepare(ctx, db.read, text)
}

// PrepareWrite prepares a statement of transactions, for as long as the database is open.
func (db *DB) PrepareWrite(ctx context.Context, text string) (*sql.Stmt, error) {
	return prepare(ctx, db.write, text)
}

func prepare(ctx context.Context, db *sql.DB, text string) (statement *sql.Stmt, err error) {
	err = within(ctx, AnswerTimeout, func(ctx context.Context) (err error) {
		statement, err = db.PrepareContext(ctx, text) //nolint:sqlclosecheck // lives as long as the database
		return err
	})
	return statement, err
}

// Each hands over the rows one by one, while they are read, all within the AnswerTimeout.
func Each(ctx context.Context, statement Statement, handle func(*sql.Rows) error, args ...any) error {
	return EachWithin(ctx, AnswerTimeout, statement, handle, args...)
}

// EachWithin is Each with another deadline.
func EachWithin(ctx context.Context, patience time.Duration, statement Statement, handle func(*sql.Rows) error, args ...any) error {
	return within(ctx, patience, func(ctx context.Context) (err error) {
		rows, err := statement.QueryContext(ctx, args...)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			if err := handle(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

// Collect reads all rows.
func Collect[T any](ctx context.Context, statement Statement, scan func(*sql.Rows) (T, error), args ...any) ([]T, error) {
	all := []T{}
	err := Each(ctx, statement, func(row *sql.Rows) error {
		one, err := scan(row)
		all = append(all, one)
		return err
	}, args...)
	return all, err
}

// One reads the only row; sql.ErrNoRows when there is none.
func One(ctx context.Context, statement Statement, into []any, args ...any) error {
	found := false
	err := Each(ctx, statement, func(row *sql.Rows) error {
		found = true
		return row.Scan(into...)
	}, args...)
	if err == nil && !found {
		err = sql.ErrNoRows
	}
	return err
}

// Exec writes, and tells how many rows that changed.
func (db *DB) Exec(ctx context.Context, text string, args ...any) (affected int64, err error) {
	return db.ExecWithin(ctx, AnswerTimeout, text, args...)
}

// ExecWithin is Exec with another deadline.
func (db *DB) ExecWithin(ctx context.Context, patience time.Duration, text string, args ...any) (affected int64, err error) {
	err = within(ctx, patience, func(ctx context.Context) error {
		result, err := db.write.ExecContext(ctx, text, args...)
		if err == nil {
			affected, err = result.RowsAffected()
		}
		return err
	})
	return affected, err
}

// Transact commits what do writes, or nothing when it fails, within the AnswerTimeout.
func (db *DB) Transact(ctx context.Context, do func(context.Context, *sql.Tx) error) error {
	return db.TransactWithin(ctx, AnswerTimeout, do)
}

// TransactWithin is Transact with another deadline.
func (db *DB) TransactWithin(ctx context.Context, patience time.Duration, do func(context.Context, *sql.Tx) error) error {
	return within(ctx, patience, func(ctx context.Context) error {
		tx, err := db.write.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		if err := do(ctx, tx); err != nil {
			_ = tx.Rollback() // err says what went wrong
			return err
		}
		_, end := traced(ctx, func() string { return "COMMIT" })
		err = tx.Commit()
		end(err)
		return err
	})
}

// Builder builds a statement; texts of users become its arguments, never part of it.
type Builder struct {
	strings.Builder
	Args []any
}

// Add appends a piece of SQL in which a ? stands for each of the arguments.
func (b *Builder) Add(sql string, args ...any) {
	for _, arg := range args {
		before, after, _ := strings.Cut(sql, "?")
		b.Args = append(b.Args, arg)
		b.WriteString(before + "$" + strconv.Itoa(len(b.Args)))
		sql = after
	}
	b.WriteString(sql)
}

// AddOneOf demands that a column has one of the values, unless there are none. A statement may have some ten thousand arguments: a value
// that comes again, as one in an address may, takes none.
func AddOneOf[T ~string](b *Builder, column string, values []T) {
	seen := map[T]bool{}
	for _, value := range values {
		switch {
		case seen[value]:
			continue
		case len(seen) == 0:
			b.Add(" AND " + column + " IN (")
		default:
			b.Add(", ")
		}
		seen[value] = true
		b.Add("?", Text(string(value)))
	}
	if len(values) > 0 {
		b.Add(")")
	}
}

// Time is a time as both databases keep it: UTC, to the microsecond.
func Time(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// Text replaces what PostgreSQL cannot keep in a text or compare with one.
func Text(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "\uFFFD"), "\uFFFD")
}
