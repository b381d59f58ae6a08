package notify

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"slipway/database"
)

// Counts say how all subscriptions stand.
type Counts struct {
	// Failing are those whose target takes nothing, or has not wanted something that is tried again; Delivering the others.
	Failing, Delivering int
	// Waiting and Parked are messages that were set aside: to be tried again, and given up.
	Waiting, Parked int
	// Oldest is when that happened which has waited longest to be told; the zero time when all is told, or given up.
	Oldest time.Time
}

// selectCounts reads of each subscription whether it fails, what it has set aside, and the first that it has not come to, or set aside.
const selectCounts = `
	SELECT s.failing_since IS NOT NULL OR EXISTS (
			SELECT 1 FROM undelivered WHERE subscription = s.name AND NOT parked AND attempts > 0),
		(SELECT count(*) FROM undelivered WHERE subscription = s.name AND NOT parked),
		(SELECT count(*) FROM undelivered WHERE subscription = s.name AND parked), ahead.at, aside.at
	FROM subscriptions AS s
	LEFT JOIN changes AS ahead ON ahead.number = (SELECT min(number) FROM changes WHERE number > s.place AND record IS NOT NULL)
	LEFT JOIN changes AS aside ON aside.number = (SELECT min(number) FROM undelivered WHERE subscription = s.name AND NOT parked)`

// Count counts.
func (s *Store) Count(ctx context.Context) (counts Counts, err error) {
	err = database.Each(ctx, s.db.Select(selectCounts), func(row *sql.Rows) error {
		var failing bool
		var waiting, parked int
		var ahead, aside sql.NullTime
		if err := row.Scan(&failing, &waiting, &parked, &ahead, &aside); err != nil {
			return err
		}
		if failing {
			counts.Failing++
		} else {
			counts.Delivering++
		}
		counts.Waiting, counts.Parked = counts.Waiting+waiting, counts.Parked+parked
		for _, at := range []sql.NullTime{ahead, aside} {
			if at.Valid && (counts.Oldest.IsZero() || at.Time.Before(counts.Oldest)) {
				counts.Oldest = at.Time
			}
		}
		return nil
	})
	if err != nil {
		return Counts{}, fmt.Errorf("count subscriptions: %w", err)
	}
	return counts, nil
}
