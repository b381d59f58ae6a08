package catalog

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"slipway/lifecycle"
)

// Filter chooses mini-programs; what is left empty chooses all.
type Filter struct {
	States []lifecycle.State
	Teams  []string
	// Query is a part of the id or of the title, whatever its case.
	Query   string
	Overdue *bool
	// Order, Limit and Cursor are for lists. Limit is at most MaxLimit, 0 is DefaultLimit; Cursor is the NextCursor of the
	// page before.
	Order  Order
	Limit  int
	Cursor string
}

// Limits of a page.
const (
	DefaultLimit = 50
	MaxLimit     = 500
)

// Order is the order of a list.
type Order int

const (
	// NewestFirst: what was acted on last comes first.
	NewestFirst Order = iota
	// DueFirst: what has to be done soonest comes first, what waits for nothing last.
	DueFirst
)

// Page is a part of a list. NextCursor is empty on the last page.
type Page struct {
	Items      []Item `json:"items"`
	NextCursor string `json:"next_cursor,omitempty"`
}

// Item is a mini-program as lists show it.
type Item struct {
	ID               string            `json:"id"`
	Title            string            `json:"title"`
	Team             string            `json:"team"`
	State            lifecycle.State   `json:"state"`
	Revision         int               `json:"revision"`
	CandidateVersion string            `json:"candidate_version,omitempty"`
	LiveVersion      string            `json:"live_version,omitempty"`
	Percent          lifecycle.Percent `json:"percent"`
	DueAt            *time.Time        `json:"due_at"`
	Overdue          bool              `json:"overdue"`
	UpdatedAt        time.Time         `json:"updated_at"`
}

// List reads one page of the mini-programs that the filter chooses. Pages go on where the one before ended, even when
// mini-programs change meanwhile. A cursor that does not come from a page is ErrInvalid.
func (c *Catalog) List(ctx context.Context, filter Filter) (Page, error) {
	limit := min(filter.Limit, MaxLimit)
	if limit <= 0 {
		limit = DefaultLimit
	}
	q, err := c.listQuery(ctx, filter, limit+1)
	if err != nil {
		return Page{}, fmt.Errorf("list mini-programs: %w", err)
	}
	items, err := collect(ctx, q.on(c.read), scanItem, q.args...)
	if err != nil {
		return Page{}, fmt.Errorf("list mini-programs: %w", err)
	}
	if len(items) <= limit {
		return Page{Items: items}, nil
	}
	return Page{Items: items[:limit], NextCursor: filter.Order.cursor(items[limit-1])}, nil
}

func scanItem(row *sql.Rows) (Item, error) {
	var item Item
	var due time.Time
	err := row.Scan(&item.ID, &item.Title, &item.Team, &item.State, &item.Revision, &item.CandidateVersion, &item.LiveVersion,
		&item.Percent, &due, &item.Overdue, &item.UpdatedAt)
	item.UpdatedAt = item.UpdatedAt.UTC()
	if due = due.UTC(); due != nothingAwaited {
		item.DueAt = &due
	}
	return item, err
}

// Counts says how many mini-programs a filter chooses.
type Counts struct {
	ByState map[lifecycle.State]int `json:"by_state"`
	Overdue int                     `json:"overdue"`
}

// Count counts the mini-programs that the filter chooses. States without any are missing.
func (c *Catalog) Count(ctx context.Context, filter Filter) (Counts, error) {
	choose, count := c.chooseCounts, c.count
	if filter.Query != "" {
		choose, count = c.chooseToCount, c.countOnce
	}
	q := &query{}
	err := choose(ctx, q, filter)
	var counts Counts
	if err == nil {
		q.add(" GROUP BY overdue, state")
		counts, err = count(ctx, q)
	}
	if err != nil {
		return Counts{}, fmt.Errorf("count mini-programs: %w", err)
	}
	return counts, nil
}

// chooseToCount chooses the mini-programs themselves.
func (c *Catalog) chooseToCount(ctx context.Context, q *query, filter Filter) error {
	q.add("SELECT overdue, state, count(*) FROM mini_programs WHERE TRUE")
	return c.choose(ctx, q, filter)
}

func (c *Catalog) count(ctx context.Context, q *query) (Counts, error) {
	counts := Counts{ByState: map[lifecycle.State]int{}}
	err := each(ctx, q.on(c.read), counts.add, q.args...)
	return counts, err
}

// allTeams is the team under which the counts of all are kept; no team has this name.
const allTeams = ""

// chooseCounts chooses the counts that the database keeps, because counting a hundred thousand takes too long for a page.
func (c *Catalog) chooseCounts(ctx context.Context, q *query, filter Filter) error {
	if len(filter.Teams) == 0 {
		filter.Teams = []string{allTeams}
	}
	q.add("SELECT overdue, state, CAST(sum(number) AS BIGINT) FROM mini_program_counts WHERE number > 0")
	return c.choose(ctx, q, filter)
}

func (c *Counts) add(row *sql.Rows) error {
	var overdue bool
	var state lifecycle.State
	var count int
	if err := row.Scan(&overdue, &state, &count); err != nil {
		return err
	}
	c.ByState[state] += count
	if overdue {
		c.Overdue += count
	}
	return nil
}
