package catalog

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"sync"

	"slipway/database"
	"slipway/lifecycle"
)

// Counts says how many mini-programs a filter chooses.
type Counts struct {
	ByState map[lifecycle.State]int `json:"by_state"`
	Overdue int                     `json:"overdue"`
}

// Count counts the mini-programs that the filter chooses. States without any are missing.
func (c *Catalog) Count(ctx context.Context, filter Filter) (Counts, error) {
	choose, count := c.chooseCounts, c.count
	if filter.isCounted() {
		choose, count = c.chooseToCount, c.countOnce
	}
	q := &database.Builder{}
	err := choose(ctx, q, filter)
	var counts Counts
	if err == nil {
		q.Add(" GROUP BY overdue, state")
		counts, err = count(ctx, q)
	}
	if err != nil {
		return Counts{}, fmt.Errorf("count mini-programs: %w", err)
	}
	return counts, nil
}

// isCounted tells whether the database keeps no counts of what the filter chooses.
func (f Filter) isCounted() bool {
	return f.Query != "" || f.Standing != "" || f.Scheduled || len(f.Turns) > 0 || f.Decider != nil
}

// allTeams is the team under which the counts of all are kept; no team has this name.
const allTeams = ""

// chooseCounts chooses the counts that the database keeps, because counting a hundred thousand takes too long for a page.
func (c *Catalog) chooseCounts(ctx context.Context, q *database.Builder, filter Filter) error {
	if len(filter.Teams) == 0 {
		filter.Teams = []string{allTeams}
	}
	q.Add("SELECT overdue, state, CAST(sum(number) AS BIGINT) FROM mini_program_counts WHERE number > 0")
	return c.choose(ctx, q, filter)
}

// chooseToCount chooses the mini-programs themselves.
func (c *Catalog) chooseToCount(ctx context.Context, q *database.Builder, filter Filter) error {
	q.Add("SELECT overdue, state, count(*) FROM mini_programs WHERE TRUE")
	return c.choose(ctx, q, filter)
}

func (c *Catalog) count(ctx context.Context, q *database.Builder) (Counts, error) {
	counts := Counts{ByState: map[lifecycle.State]int{}}
	err := database.Each(ctx, c.db.Select(q.String()), counts.add, q.Args...)
	return counts, err
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

// maxSearches bounds what is remembered.
const maxSearches = 100

// searches remembers what was counted for searches until something changes. Counting takes a pass over all mini-programs (20 ms
// for 100,000 in SQLite), and all who watch the list of a search ask again at every change.
type searches struct {
	mu      sync.Mutex
	change  int64
	counted map[string]func() (Counts, error)
}

// countOnce counts once for all who ask for the same before the next change; each gets counts of their own.
func (c *Catalog) countOnce(ctx context.Context, q *database.Builder) (Counts, error) {
	change, err := c.LastChange(ctx)
	if err != nil {
		return Counts{}, err
	}
	ctx = context.WithoutCancel(ctx) // it counts for others, too
	counts, err := c.searches.once(change, fmt.Sprint(q.String(), q.Args), func() (Counts, error) { return c.count(ctx, q) })()
	counts.ByState = maps.Clone(counts.ByState)
	return counts, err
}

func (s *searches) once(change int64, key string, count func() (Counts, error)) func() (Counts, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counted == nil || s.change != change || len(s.counted) >= maxSearches {
		s.change, s.counted = change, map[string]func() (Counts, error){}
	}
	if s.counted[key] == nil {
		s.counted[key] = sync.OnceValues(func() (Counts, error) {
			counts, err := count()
			if err != nil {
				s.forget(key)
			}
			return counts, err
		})
	}
	return s.counted[key]
}

func (s *searches) forget(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.counted, key)
}

// Census is how many mini-programs there are, and how far their rollouts are, for those who watch over the platform.
type Census struct {
	Counts
	// LastChange is the number of the last change.
	LastChange int64
	Rollouts   []Rollouts
}

// Rollouts says how many rollouts are in a stage, 0 being grayscale, and how they stand there.
type Rollouts struct {
	Stage    int
	Standing Standing
	Number   int
}

// Standing is whether the clock of a stage goes on.
type Standing string

// A rollout that is held has served its time and waits for a person.
const (
	Running Standing = "running"
	Paused  Standing = "paused"
	Held    Standing = "held"
)

const selectRollouts = `SELECT stage, standing, count(*) FROM mini_programs WHERE stage IS NOT NULL GROUP BY stage, standing`

// Census counts. It reads indexes and counts that are kept, never all mini-programs.
func (c *Catalog) Census(ctx context.Context) (census Census, err error) {
	if census.Counts, err = c.Count(ctx, Filter{}); err != nil {
		return census, err
	}
	if census.LastChange, err = c.LastChange(ctx); err != nil {
		return census, err
	}
	census.Rollouts, err = database.Collect(ctx, c.db.Select(selectRollouts), func(row *sql.Rows) (counted Rollouts, err error) {
		err = row.Scan(&counted.Stage, &counted.Standing, &counted.Number)
		return counted, err
	})
	if err != nil {
		return census, fmt.Errorf("count the rollouts: %w", err)
	}
	return census, nil
}
