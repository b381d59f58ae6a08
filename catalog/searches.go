package catalog

import (
	"context"
	"fmt"
	"maps"
	"sync"
)

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
func (c *Catalog) countOnce(ctx context.Context, q *query) (Counts, error) {
	change, err := c.LastChange(ctx)
	if err != nil {
		return Counts{}, err
	}
	ctx = context.WithoutCancel(ctx) // it counts for others, too
	counts, err := c.searches.once(change, fmt.Sprint(q.String(), q.args), func() (Counts, error) { return c.count(ctx, q) })()
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
