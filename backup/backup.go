package backup

import (
	"archive/zip"
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

// Left out are the tables that the database fills itself by the others, and who is signed in: a sign-out since must not be undone.
var leftOut = []string{"goose_db_version", "feedback", "mini_program_counts", "sessions", "grants"}

// tablesOf are those that are kept, in an order in which what is referred to comes first.
func tablesOf(ctx context.Context, db *database.DB, tx *sql.Tx) (tables []string, err error) {
	query := `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'`
	if db.IsSQLite() {
		query = `SELECT name FROM sqlite_master WHERE type = 'table'`
	}
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err says what went wrong
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		ofSearch := strings.HasPrefix(name, "search_index") || strings.HasPrefix(name, "sqlite_")
		if !ofSearch && !slices.Contains(leftOut, name) {
			tables = append(tables, name)
		}
	}
	slices.Sort(tables) // mini_programs come before releases
	return tables, rows.Err()
}

// Write writes an archive of the catalogue as it is now, with the packages that it refers to, while everything goes on.
func Write(ctx context.Context, to io.Writer, catalogue *catalog.Catalog, store *packages.Store) (Manifest, error) {
	w := writer{zip.NewWriter(to)}
	manifest := Manifest{Version: manifestVersion, Made: time.Now().UTC().Truncate(time.Second)}
	var needed []string
	err := catalogue.Database().Snapshot(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		needed, err = w.addTables(ctx, catalogue.Database(), tx, &manifest)
		return err
	})
	// Packages that the snapshot refers to were there before it, and are immutable.
	if err == nil {
		err = w.addPackages(ctx, store, needed, &manifest)
	}
	if err == nil {
		_, err = w.add(manifestName, func(to io.Writer) error { return json.NewEncoder(to).Encode(manifest) })
	}
	if err == nil {
		err = w.zip.Close()
	}
	if err != nil {
		return manifest, fmt.Errorf("back up: %w", err)
	}
	return manifest, nil
}

func (w writer) addTables(ctx context.Context, db *database.DB, tx *sql.Tx, manifest *Manifest) (needed []string, err error) {
	row := tx.QueryRowContext(ctx, `SELECT (SELECT max(version_id) FROM goose_db_version), (SELECT number FROM last_change)`)
	if err := row.Scan(&manifest.Schema, &manifest.Change); err != nil {
		return nil, err
	}
	names, err := tablesOf(ctx, db, tx)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		var table Table
		table.ArchivedFile, err = w.add(tablesFolder+name+".ndjson", func(to io.Writer) (err error) {
			table.Columns, table.Rows, err = writeRows(ctx, tx, `SELECT * FROM `+name, to)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", name, err)
		}
		manifest.Tables = append(manifest.Tables, table)
	}
	return packagesIn(ctx, tx)
}

// packagesIn are those that the catalogue refers to (catalog.PackageReferenced).
func packagesIn(ctx context.Context, tx *sql.Tx) (sums []string, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT sha256 FROM served_packages UNION SELECT sha256 FROM reports
		UNION SELECT candidate_sha256 FROM mini_programs WHERE candidate_sha256 <> '' ORDER BY 1`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err says what went wrong
	for rows.Next() {
		var sum string
		if err := rows.Scan(&sum); err != nil {
			return nil, err
		}
		sums = append(sums, sum)
	}
	return sums, rows.Err()
}

func (w writer) addPackages(ctx context.Context, store *packages.Store, sums []string, manifest *Manifest) error {
	manifest.Packages = []ArchivedFile{}
	for _, sum := range sums {
		content, err := store.Open(ctx, sum)
		if errors.Is(err, packages.ErrNotFound) || errors.Is(err, packages.ErrCorrupt) { // the rest is worth keeping all the same
			manifest.Missing = append(manifest.Missing, sum)
			continue
		}
		if err != nil {
			return err
		}
		file, err := w.add(packagesFolder+sum, func(to io.Writer) error {
			_, err := io.Copy(to, io.NewSectionReader(content, 0, content.Size()))
			return err
		})
		if err = errors.Join(err, content.Close()); err != nil {
			return fmt.Errorf("package %s: %w", sum, err)
		}
		manifest.Packages = append(manifest.Packages, file)
	}
	return nil
}
