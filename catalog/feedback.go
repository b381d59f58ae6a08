package catalog

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"time"

	"slipway/database"
)

// Feedback reads what people said about a version of a mini-program, or about any for "", newest first, at most limit: those before the
// change number, or the newest ones for 0.
func (c *Catalog) Feedback(ctx context.Context, id, version string, before int64, limit int) ([]AuditEntry, error) {
	if before == 0 {
		before = math.MaxInt64
	}
	var q database.Builder
	q.Add(auditEntries+` JOIN feedback ON feedback.number = changes.number
		WHERE feedback.mini_program = ? AND feedback.number < ?`, database.Text(id), before)
	if version != "" {
		q.Add(` AND feedback.version = ?`, database.Text(version))
	}
	q.Add(` ORDER BY feedback.number DESC LIMIT ?`, limit)
	return database.Collect(ctx, c.db.Select(q.String()), scanAuditEntry, q.Args...)
}

// Ratings are how many people rated a version with 1, 2, 3, 4 and 5.
type Ratings struct {
	Version string
	Numbers [5]int
	// newest is the change of the latest.
	newest int64
}

// Count is how many people rated it.
func (r Ratings) Count() (count int) {
	for _, number := range r.Numbers {
		count += number
	}
	return count
}

// Mean is from 1 to 5; 0 when nobody rated it.
func (r Ratings) Mean() float64 {
	sum, count := 0, r.Count()
	for i, number := range r.Numbers {
		sum += (i + 1) * number
	}
	if count == 0 {
		return 0
	}
	return float64(sum) / float64(count)
}

// Ratings counts the ratings of each version of a mini-program, first of the version that was rated last. They are counted in an index,
// without their texts.
func (c *Catalog) Ratings(ctx context.Context, id string) ([]Ratings, error) {
	all := []Ratings{}
	err := database.Each(ctx, c.db.Select(`
		SELECT version, rating, count(*), max(number) FROM feedback WHERE mini_program = $1 GROUP BY version, rating`),
		func(row *sql.Rows) error {
			var version string
			var rating, number int
			var newest int64
			if err := row.Scan(&version, &rating, &number, &newest); err != nil {
				return err
			}
			i := slices.IndexFunc(all, func(r Ratings) bool { return r.Version == version })
			if i < 0 {
				i = len(all)
				all = append(all, Ratings{Version: version})
			}
			all[i].Numbers[rating-1], all[i].newest = number, max(all[i].newest, newest)
			return nil
		}, database.Text(id))
	if err != nil {
		return nil, fmt.Errorf("count the feedback on %s: %w", id, err)
	}
	slices.SortFunc(all, func(a, b Ratings) int { return int(b.newest - a.newest) })
	return all, nil
}

// Rating is one of them, without its text.
type Rating struct {
	At     time.Time
	Rating int
}

// RatingsSince reads when a version was rated, above a change number, newest first, at most limit.
func (c *Catalog) RatingsSince(ctx context.Context, id, version string, after int64, limit int) ([]Rating, error) {
	return database.Collect(ctx, c.db.Select(`
		SELECT at, rating FROM feedback WHERE mini_program = $1 AND version = $2 AND number > $3 ORDER BY number DESC LIMIT $4`),
		func(row *sql.Rows) (rating Rating, err error) {
			err = row.Scan(&rating.At, &rating.Rating)
			rating.At = rating.At.UTC()
			return rating, err
		}, database.Text(id), database.Text(version), after, limit)
}

const selectTrail = auditEntries + `
	WHERE changes.mini_program = $1 AND changes.record IS NOT NULL AND changes.number < $2
		AND NOT EXISTS (SELECT 1 FROM feedback WHERE feedback.number = changes.number)
	ORDER BY changes.number DESC LIMIT $3`

// WithoutFeedback is Audit without the feedback, which hundreds of testers may have left between two actions.
func (c *Catalog) WithoutFeedback(ctx context.Context, id string, before int64, limit int) ([]AuditEntry, error) {
	if before == 0 {
		before = math.MaxInt64
	}
	return database.Collect(ctx, c.db.Select(selectTrail), scanAuditEntry, database.Text(id), before, limit)
}
