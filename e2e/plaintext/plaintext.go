// Package plaintext looks for words in what a database has stored, to prove that they are not there.
package plaintext

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Search tells which of the words, of at least six letters, are in what r has: as they are, or in base64, whatever stands before them.
func Search(r io.Reader, words ...string) (found []string, err error) {
	forms, longest := formsOf(words)
	const step = 1 << 20
	window := make([]byte, 0, step+longest)
	for {
		n, errRead := io.ReadFull(r, window[len(window):min(cap(window), len(window)+step)])
		window = window[:len(window)+n]
		for word, ways := range forms {
			if slices.ContainsFunc(ways, func(way []byte) bool { return bytes.Contains(window, way) }) {
				found = append(found, word)
				delete(forms, word)
			}
		}
		switch {
		case errors.Is(errRead, io.EOF), errors.Is(errRead, io.ErrUnexpectedEOF):
			slices.Sort(found)
			return found, nil
		case errRead != nil:
			return found, errRead
		}
		kept := copy(window, window[max(0, len(window)-longest):]) // a word may lie across two steps
		window = window[:kept]
	}
}

func formsOf(words []string) (forms map[string][][]byte, longest int) {
	forms = map[string][][]byte{}
	for _, word := range words {
		ways := append(inBase64(word), []byte(word))
		forms[word] = ways
		for _, way := range ways {
			longest = max(longest, len(way))
		}
	}
	return forms, longest
}

// inBase64 is what is the same of a word in base64 whatever stands before and behind it, for each place that it may begin at.
func inBase64(word string) (ways [][]byte) {
	for before := range 3 {
		encoded := base64.RawStdEncoding.EncodeToString(append(make([]byte, before), word...))
		first, last := (before*8+5)/6, (before+len(word))*8/6
		ways = append(ways, []byte(encoded[first:last]))
	}
	return ways
}

// SearchDatabase is Search in every cell of every table of a SQLite or PostgreSQL database. cells counts those that were looked into.
func SearchDatabase(ctx context.Context, db *sql.DB, words ...string) (found []string, cells int, err error) {
	tables, err := tablesOf(ctx, db)
	if err != nil {
		return nil, 0, err
	}
	for _, table := range tables {
		in, n, err := searchTable(ctx, db, table, words)
		if err != nil {
			return found, cells, fmt.Errorf("table %s: %w", table, err)
		}
		found, cells = append(found, in...), cells+n
	}
	slices.Sort(found)
	return slices.Compact(found), cells, nil
}

func tablesOf(ctx context.Context, db *sql.DB) ([]string, error) {
	rows, err := db.QueryContext(ctx, `SELECT name FROM sqlite_master WHERE type = 'table'`)
	if err != nil { // it is not SQLite
		rows, err = db.QueryContext(ctx, `SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) FROM information_schema.tables
			WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var tables []string
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			return nil, err
		}
		tables = append(tables, table)
	}
	return tables, rows.Err()
}

func searchTable(ctx context.Context, db *sql.DB, table string, words []string) (found []string, cells int, err error) {
	rows, err := db.QueryContext(ctx, `SELECT * FROM `+table) //nolint:gosec // a name that the database gave
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return nil, 0, err
	}
	values, targets := make([]sql.RawBytes, len(columns)), make([]any, len(columns))
	for i := range values {
		targets[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return found, cells, err
		}
		for _, value := range values {
			in, err := Search(strings.NewReader(string(value)), words...)
			if err != nil {
				return found, cells, err
			}
			found, cells = append(found, in...), cells+1
		}
	}
	return found, cells, rows.Err()
}
