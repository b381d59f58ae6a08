package backup

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"slipway/catalog"
	"slipway/database"
	"slipway/packages"
)

// ErrNotEmpty refuses to restore into a catalogue that has something in it.
var ErrNotEmpty = errors.New("the catalogue is not empty")

const (
	// restorePatience is what the transaction may take that brings the catalogue back.
	restorePatience = 24 * time.Hour
	// restoreBatch is how many rows a statement writes.
	restoreBatch = 50
)

// seeds are the tables that have a row in an empty catalogue.
var seeds = []string{"last_change", "token_change", "platform", "erasure_salt"}

// Restore brings back what is in an archive, into an empty catalogue and any package store: all of the catalogue, or nothing. The errors
// are ErrArchive and ErrNotEmpty.
func Restore(ctx context.Context, a *Archive, catalogue *catalog.Catalog, store *packages.Store) error {
	schema, err := catalogue.Database().Version(ctx)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if a.Schema != schema {
		return fmt.Errorf("%w: its tables have version %d, and those of this program version %d; restore it with the version of Slipway that "+
			"made it, then upgrade", ErrArchive, a.Schema, schema)
	}
	if err := isEmpty(ctx, catalogue.Database()); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if err := a.restorePackages(ctx, store); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	err = catalogue.Database().TransactWithin(ctx, restorePatience, func(ctx context.Context, tx *sql.Tx) error {
		return a.restoreTables(ctx, catalogue.Database(), tx)
	})
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}

// isEmpty looks before anything is done; the transaction looks again.
func isEmpty(ctx context.Context, db *database.DB) error {
	return db.Snapshot(ctx, func(ctx context.Context, tx *sql.Tx) error { return checkEmpty(ctx, db, tx) })
}

func checkEmpty(ctx context.Context, db *database.DB, tx *sql.Tx) error {
	tables, err := tablesOf(ctx, db, tx)
	if err != nil {
		return err
	}
	for _, table := range tables {
		query := `SELECT EXISTS (SELECT 1 FROM ` + table + `)`
		switch table {
		case "erasure_salt":
			continue
		case "last_change", "token_change":
			query = `SELECT EXISTS (SELECT 1 FROM ` + table + ` WHERE number > 0)`
		case "platform":
			query = `SELECT EXISTS (SELECT 1 FROM platform WHERE step > 0)`
		}
		var filled bool
		if err := tx.QueryRowContext(ctx, query).Scan(&filled); err != nil {
			return err
		}
		if filled {
			return fmt.Errorf("%w: there is something in %s; name another database, with no worker and no web on it", ErrNotEmpty, table)
		}
	}
	return nil
}

func (a *Archive) restorePackages(ctx context.Context, store *packages.Store) error {
	for _, file := range a.Packages {
		content, err := a.open(file)
		if err != nil {
			return err
		}
		store.MaxBytes = max(store.MaxBytes, file.Size) // it was accepted once
		sum, _, err := store.Put(ctx, content)
		if err = errors.Join(err, content.Close()); err != nil {
			return fmt.Errorf("%s: %w", file.Name, err)
		}
		if sum != file.SHA256 {
			return fmt.Errorf("%w: %s was changed while it was read", ErrArchive, file.Name)
		}
	}
	return nil
}

func (a *Archive) restoreTables(ctx context.Context, db *database.DB, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, `UPDATE last_change SET number = number`); err != nil { // nobody commits beside it
		return err
	}
	if err := checkEmpty(ctx, db, tx); err != nil {
		return err
	}
	tables, err := tablesOf(ctx, db, tx)
	if err != nil {
		return err
	}
	for _, name := range seeds {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+name); err != nil {
			return err
		}
	}
	for _, table := range a.Tables {
		name := strings.TrimSuffix(strings.TrimPrefix(table.Name, tablesFolder), ".ndjson")
		if !slices.Contains(tables, name) {
			return fmt.Errorf("%w: there is no table %.100q", ErrArchive, name)
		}
		if err := a.restoreTable(ctx, tx, name, table); err != nil {
			return fmt.Errorf("table %s: %w", name, err)
		}
	}
	return nil
}

// restoreTable fills a table, whose columns must be those of the archive.
func (a *Archive) restoreTable(ctx context.Context, tx *sql.Tx, name string, table Table) error {
	if err := checkColumns(ctx, tx, name, table.Columns); err != nil {
		return err
	}
	content, err := a.open(table.ArchivedFile)
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }() // it was only read
	var names []string
	for _, column := range table.Columns {
		names = append(names, column.Name)
	}
	insert := "INSERT INTO " + name + " (" + strings.Join(names, ", ") + ") VALUES "
	places := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(names)), ", ") + ")"
	decoder := json.NewDecoder(content)
	for ended := false; !ended; {
		var q database.Builder
		for i := range restoreBatch {
			row, err := readRow(decoder, table.Columns)
			if ended = errors.Is(err, io.EOF); ended {
				break
			}
			if err != nil {
				return fmt.Errorf("%w: %w", ErrArchive, err)
			}
			q.Add(map[bool]string{true: insert, false: ", "}[i == 0]+places, row...)
		}
		if len(q.Args) == 0 {
			break
		}
		if _, err := tx.ExecContext(ctx, q.String(), q.Args...); err != nil {
			return err
		}
	}
	return nil
}

func checkColumns(ctx context.Context, tx *sql.Tx, name string, archived []Column) error {
	rows, err := tx.QueryContext(ctx, `SELECT * FROM `+name+` LIMIT 0`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // it has none
	columns, err := columnsOf(rows)
	if err != nil {
		return err
	}
	if len(columns) != len(archived) {
		return fmt.Errorf("%w: it has %d columns here, and %d there", ErrArchive, len(columns), len(archived))
	}
	for _, column := range archived {
		if !slices.Contains(columns, column) {
			return fmt.Errorf("%w: there is no column %.100q of kind %.20q", ErrArchive, column.Name, column.Kind)
		}
	}
	return rows.Err()
}
