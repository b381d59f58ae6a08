package catalog

import (
	"context"
	"database/sql"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pressly/goose/v3"
)

// query builds a statement; texts of users become arguments, never part of it.
type query struct {
	strings.Builder
	args []any
}

// on asks the query of a database.
func (q *query) on(db *sql.DB) question { return adHoc{db, q.String()} }

type adHoc struct {
	db   *sql.DB
	text string
}

func (q adHoc) QueryContext(ctx context.Context, args ...any) (*sql.Rows, error) {
	return q.db.QueryContext(ctx, q.text, args...)
}

// add appends a piece of SQL in which a ? stands for each of the arguments.
func (q *query) add(sql string, args ...any) {
	for _, arg := range args {
		before, after, _ := strings.Cut(sql, "?")
		q.args = append(q.args, arg)
		q.WriteString(before + "$" + strconv.Itoa(len(q.args)))
		sql = after
	}
	q.WriteString(sql)
}

// addOneOf demands one of the values, unless there are none.
func addOneOf[T ~string](q *query, column string, values []T) {
	for i, value := range values {
		if i == 0 {
			q.add(" AND " + column + " IN (")
		} else {
			q.add(", ")
		}
		q.add("?", storedText(string(value)))
	}
	if len(values) > 0 {
		q.add(")")
	}
}

// choose appends what mini-programs must be like. The conditions are worded so that they lead SQLite to no index but
// the one that has the order of the list.
func (c *Catalog) choose(ctx context.Context, q *query, f Filter) error {
	addOneOf(q, "state", f.States)
	c.chooseTeams(q, f.Teams)
	if f.Overdue != nil && *f.Overdue {
		q.add(" AND overdue")
	}
	if f.Overdue != nil && !*f.Overdue {
		q.add(" AND NOT overdue")
	}
	if f.Query == "" {
		return nil
	}
	text := searchable(f.Query[:min(len(f.Query), longerThanAnyTitle)])
	q.add(` AND search LIKE ? ESCAPE '\'`, "%"+likeEscaper.Replace(text)+"%")
	return c.narrow(ctx, q, text)
}

// chooseTeams lets one team be found by the index of teams, which has the order of the list. With several SQLite would have
// to sort all that they have; the plus keeps it from that.
func (c *Catalog) chooseTeams(q *query, teams []string) {
	switch {
	case len(teams) == 1:
		q.add(" AND team = ?", storedText(teams[0]))
	case c.dialect == goose.DialectSQLite3:
		addOneOf(q, "+team", teams)
	default:
		addOneOf(q, "team", teams)
	}
}

const longerThanAnyTitle = 1000

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// narrow leads SQLite straight to the mini-programs that contain a text, if they are few. If they are many, a page is
// full soon anyway.
func (c *Catalog) narrow(ctx context.Context, q *query, text string) error {
	const few, trigram = 200, 3
	if c.dialect != goose.DialectSQLite3 || utf8.RuneCountInString(text) < trigram {
		return nil
	}
	phrase := `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
	var found int
	count := adHoc{c.read, `SELECT count(*) FROM (SELECT 1 FROM search_index WHERE text MATCH $1 LIMIT $2)`}
	err := one(ctx, count, []any{&found}, phrase, few+1)
	if err == nil && found <= few {
		q.add(" AND id IN (SELECT id FROM search_index WHERE text MATCH ?)", phrase)
	}
	return err
}

// ordering is an order in SQL: the column, its direction, and how a row compares that comes later.
type ordering struct{ column, direction, later string }

func (o Order) sql() ordering {
	if o == DueFirst {
		return ordering{"due_at", "ASC", ">"}
	}
	return ordering{"updated_at", "DESC", "<"}
}

func (c *Catalog) listQuery(ctx context.Context, f Filter, limit int) (*query, error) {
	q, by := &query{}, f.Order.sql()
	q.add(`SELECT id, title, team, state, revision, candidate_version, live_version, percent, due_at, overdue, updated_at
		FROM mini_programs WHERE TRUE`)
	if f.Cursor != "" {
		at, id, err := readCursor(f.Cursor)
		if err != nil {
			return nil, err
		}
		q.add(" AND ("+by.column+", id) "+by.later+" (?, ?)", at, id)
	}
	err := c.choose(ctx, q, f)
	q.add(" ORDER BY "+by.column+" "+by.direction+", id "+by.direction+" LIMIT ?", limit)
	return q, err
}

// cursor names the place in the list behind the item.
func (o Order) cursor(item Item) string {
	at := item.UpdatedAt
	if o == DueFirst {
		at = nothingAwaited
		if item.DueAt != nil {
			at = *item.DueAt
		}
	}
	return base64.RawURLEncoding.EncodeToString([]byte(at.Format(time.RFC3339Nano) + " " + item.ID))
}

func readCursor(cursor string) (at time.Time, id string, err error) {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		before, after, _ := strings.Cut(string(text), " ")
		id = storedText(after)
		at, err = time.Parse(time.RFC3339Nano, before)
	}
	if err != nil {
		return at, id, fmt.Errorf("%w cursor %q: it must be the next_cursor of a page", ErrInvalid, cursor)
	}
	return storedTime(at), id, nil
}
