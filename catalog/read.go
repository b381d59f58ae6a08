package catalog

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
)

// question is what the database can be asked: a *sql.Stmt, or a query.
type question interface {
	QueryContext(ctx context.Context, args ...any) (*sql.Rows, error)
}

// each hands over the rows of an answer one by one, while they are read; all within the answerTimeout.
func each(ctx context.Context, question question, handle func(*sql.Rows) error, args ...any) error {
	return answered(ctx, answerTimeout, func(ctx context.Context) error { return eachRow(ctx, question, handle, args...) })
}

func eachRow(ctx context.Context, question question, handle func(*sql.Rows) error, args ...any) (err error) {
	rows, err := question.QueryContext(ctx, args...)
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
}

// collect reads all rows of an answer.
func collect[T any](ctx context.Context, question question, scan func(*sql.Rows) (T, error), args ...any) ([]T, error) {
	all := []T{}
	err := each(ctx, question, func(row *sql.Rows) error {
		one, err := scan(row)
		all = append(all, one)
		return err
	}, args...)
	return all, err
}

// one reads the only row of an answer; ErrNotFound when there is none.
func one(ctx context.Context, question question, into []any, args ...any) error {
	found := false
	err := each(ctx, question, func(row *sql.Rows) error {
		found = true
		return row.Scan(into...)
	}, args...)
	if err == nil && !found {
		err = ErrNotFound
	}
	return err
}

// readOne reads a row that begins with a JSON text; what follows goes into more.
func readOne[T any](ctx context.Context, question question, more []any, args ...any) (*T, error) {
	var text sql.NullString
	if err := one(ctx, question, append([]any{&text}, more...), args...); err != nil {
		return nil, err
	}
	return decode[T](text)
}

// decode reads a stored JSON text; NULL is nil.
func decode[T any](text sql.NullString) (*T, error) {
	if !text.Valid {
		return nil, nil
	}
	value := new(T)
	if err := json.Unmarshal([]byte(text.String), value); err != nil {
		return nil, err
	}
	return value, nil
}
