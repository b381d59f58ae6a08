package catalog

import (
	"context"
	"database/sql"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"slipway/database"
	"slipway/lifecycle"
)

// Filter chooses mini-programs; what is left empty chooses all.
type Filter struct {
	States []lifecycle.State
	Teams  []string
	// Query is a part of the id or of the title, whatever its case.
	Query   string
	Overdue *bool
	// Turns are whose turn it may be; Standing is that of the rollout; Scheduled leaves what will be published at a time.
	Turns     []lifecycle.Role
	Standing  Standing
	Scheduled bool
	// Decider leaves the requests with a step that this person may still decide; nil does not.
	Decider *lifecycle.Actor
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
	// DueFirst: what was expedited comes first, then what has to be done soonest, what waits for nothing last.
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
	// Turn is whose turn it is: system where it goes on by itself, empty where nothing is awaited.
	Turn lifecycle.Role `json:"turn,omitempty"`
	// Stage and Standing are those of a rollout under way.
	Stage    int      `json:"stage,omitempty"`
	Standing Standing `json:"standing,omitempty"`
	// Assignee is who took the request that waits; Expedited says that it comes before the others.
	Assignee  string `json:"assignee,omitempty"`
	Expedited bool   `json:"expedited,omitempty"`
	Brief
}

// Brief is what lists show of a mini-program, and what nobody looks for.
type Brief struct {
	// Next is the action that takes it on.
	Next lifecycle.Action `json:"next,omitempty"`
	// StepsLeft are the steps of a review that are still to be decided, where the deployment has named any.
	StepsLeft []string `json:"steps_left,omitempty"`
	// Stages is how many there are after grayscale, Health the last verdict of the health gate.
	Stages int                    `json:"stages,omitempty"`
	Health lifecycle.HealthStatus `json:"health,omitempty"`
	// Attention is what stopped it on its way, the gravest first.
	Attention []lifecycle.Attention `json:"attention,omitempty"`
}

// Scheduled tells whether it will be published at DueAt by itself.
func (i Item) Scheduled() bool {
	return i.State == lifecycle.ReadyToPublish && i.Turn == lifecycle.System
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
	items, err := database.Collect(ctx, c.db.Select(q.String()), scanItem, q.Args...)
	if err != nil {
		return Page{}, fmt.Errorf("list mini-programs: %w", err)
	}
	if len(items) <= limit {
		return Page{Items: items}, nil
	}
	return Page{Items: items[:limit], NextCursor: filter.Order.cursor(items[limit-1])}, nil
}

func (c *Catalog) listQuery(ctx context.Context, f Filter, limit int) (*database.Builder, error) {
	q := &database.Builder{}
	q.Add(`SELECT id, title, team, state, revision, candidate_version, live_version, percent, due_at, overdue, updated_at,
			turn, coalesce(stage, 0), coalesce(standing, ''), assignee, queue_rank, brief
		FROM mini_programs WHERE TRUE`)
	if f.Cursor != "" {
		rank, at, id, err := readCursor(f.Cursor)
		if err != nil {
			return nil, err
		}
		if f.Order == DueFirst {
			q.Add(" AND (queue_rank, due_at, id) > (?, ?, ?)", rank, at, id)
		} else {
			q.Add(" AND (updated_at, id) < (?, ?)", at, id)
		}
	}
	err := c.choose(ctx, q, f)
	q.Add(" ORDER BY "+f.Order.sql()+" LIMIT ?", limit)
	return q, err
}

func (o Order) sql() string {
	if o == DueFirst {
		return "queue_rank, due_at, id"
	}
	return "updated_at DESC, id DESC"
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
	place := at.Format(time.RFC3339Nano) + " " + item.ID
	if o == DueFirst && item.Expedited {
		place += expeditedMark
	}
	return base64.RawURLEncoding.EncodeToString([]byte(place))
}

// expeditedMark ends a cursor among the requests that were expedited. No id has it.
const expeditedMark = " expedited"

func readCursor(cursor string) (rank int, at time.Time, id string, err error) {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		before, after, _ := strings.Cut(string(text), " ")
		rank = rankUsual
		if rest, expedited := strings.CutSuffix(after, expeditedMark); expedited {
			rank, after = rankExpedited, rest
		}
		id = database.Text(after)
		at, err = time.Parse(time.RFC3339Nano, before)
		if err == nil && at.UTC().Format(time.RFC3339Nano) != before { // such as one that is in the year 10000 in UTC
			err = ErrInvalid
		}
	}
	if err != nil {
		return 0, at, id, fmt.Errorf("%w cursor %q: it must be the next_cursor of a page", ErrInvalid, cursor)
	}
	return rank, database.Time(at), id, nil
}

func scanItem(row *sql.Rows) (Item, error) {
	var item Item
	var due time.Time
	var brief sql.NullString
	var rank int
	err := row.Scan(&item.ID, &item.Title, &item.Team, &item.State, &item.Revision, &item.CandidateVersion, &item.LiveVersion,
		&item.Percent, &due, &item.Overdue, &item.UpdatedAt, &item.Turn, &item.Stage, &item.Standing, &item.Assignee, &rank, &brief)
	item.Expedited = rank == rankExpedited
	if known, errBrief := decode[Brief](brief); errBrief == nil && known != nil { // else it is shown without
		item.Brief = *known
	}
	item.UpdatedAt = item.UpdatedAt.UTC()
	if due = due.UTC(); due != nothingAwaited {
		item.DueAt = &due
	}
	return item, err
}

// choose appends what mini-programs must be like. The conditions are worded so that they lead SQLite to no index but
// the one that has the order of the list.
func (c *Catalog) choose(ctx context.Context, q *database.Builder, f Filter) error {
	database.AddOneOf(q, "state", f.States)
	c.chooseTeams(q, f.Teams)
	if f.Overdue != nil && *f.Overdue {
		q.Add(" AND overdue")
	}
	if f.Overdue != nil && !*f.Overdue {
		q.Add(" AND NOT overdue")
	}
	database.AddOneOf(q, "turn", f.Turns)
	c.chooseStanding(q, f)
	if f.Scheduled {
		q.Add(" AND state = ? AND turn = ?", string(lifecycle.ReadyToPublish), string(lifecycle.System))
	}
	if f.Decider != nil {
		c.chooseDecidable(q, *f.Decider)
	}
	if f.Query == "" {
		return nil
	}
	text := searchable(f.Query[:min(len(f.Query), longerThanAnyTitle)])
	q.Add(` AND search LIKE ? ESCAPE '\'`, "%"+likeEscaper.Replace(text)+"%")
	return c.narrow(ctx, q, text)
}

// chooseTeams lets one team be found by the index of teams, which has the order of the list. With several SQLite would have
// to sort all that they have; the plus keeps it from that.
func (c *Catalog) chooseTeams(q *database.Builder, teams []string) {
	switch {
	case len(teams) == 1:
		q.Add(" AND team = ?", database.Text(teams[0]))
	case c.db.IsSQLite():
		database.AddOneOf(q, "+team", teams)
	default:
		database.AddOneOf(q, "team", teams)
	}
}

// chooseStanding lets rollouts be found by their index, which has the order of what is due. For another order SQLite would sort all of
// them.
func (c *Catalog) chooseStanding(q *database.Builder, f Filter) {
	switch {
	case f.Standing == "":
	case c.db.IsSQLite() && f.Order != DueFirst:
		q.Add(" AND coalesce(standing, '') = ?", database.Text(string(f.Standing)))
	default:
		q.Add(" AND standing = ?", database.Text(string(f.Standing)))
	}
}

const longerThanAnyTitle = 1000

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// narrow leads SQLite straight to the mini-programs that contain a text, if they are few. If they are many, a page is
// full soon anyway.
func (c *Catalog) narrow(ctx context.Context, q *database.Builder, text string) error {
	const few, trigram = 200, 3
	if !c.db.IsSQLite() || utf8.RuneCountInString(text) < trigram {
		return nil
	}
	phrase := `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
	var found int
	count := c.db.Select(`SELECT count(*) FROM (SELECT 1 FROM search_index WHERE text MATCH $1 LIMIT $2)`)
	err := database.One(ctx, count, []any{&found}, phrase, few+1)
	if err == nil && found <= few {
		q.Add(" AND id IN (SELECT id FROM search_index WHERE text MATCH ?)", phrase)
	}
	return err
}
