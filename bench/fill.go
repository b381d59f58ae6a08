package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"time"

	"slipway/catalog"
)

const (
	manyPrograms = 100_000
	manyTeams    = 500
	busyTime     = 12 * 24 * time.Hour // in which they changed last, one after the other
)

// fill writes 100,000 mini-programs into the catalogue, as their workflows would. The disk need not confirm each: after a
// power failure nobody misses them.
func (s *site) fill(ctx context.Context) error {
	c, err := catalog.Open(ctx, "file:"+filepath.Join(s.folder, "slipway.db")+"?_synchronous=OFF")
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	samples, err := sampleCommits(time.Now().Add(-2 * busyTime))
	if err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same ones every time
	for i := range manyPrograms {
		if _, err := c.Commit(ctx, invent(random, samples[random.IntN(len(samples))], i)); err != nil {
			return err
		}
	}
	s.lateCursor, err = lateCursor(ctx, c)
	return err
}

var words = strings.Fields("weather ticket food delivery parking bank hotel train flight music games health doctor school library museum")

// invent makes another mini-program of a sample.
func invent(random *rand.Rand, sample catalog.Commit, number int) catalog.Commit {
	word := func() string { return words[random.IntN(len(words))] }
	m := &sample.MiniProgram
	m.ID = fmt.Sprintf("%s-%s-%d", word(), word(), number)
	m.Title = fmt.Sprintf("%s and %s number %d", word(), word(), number)
	if team := random.IntN(manyTeams); team > 0 {
		m.Team = fmt.Sprintf("team-%d", team) // else it stays acme, the developer's
	}
	record := *sample.Record
	record.Sequence, m.Sequence, sample.Record, sample.Step = 1, 1, &record, 1 // nothing was before
	later := busyTime / manyPrograms * time.Duration(number)
	m.UpdatedAt = m.UpdatedAt.Add(later)
	if m.Review != nil {
		review := *m.Review
		review.DueAt = review.DueAt.Add(later)
		m.Review = &review
	}
	if m.Rollout != nil {
		rollout := *m.Rollout
		rollout.StageSince = rollout.StageSince.Add(later)
		m.Rollout = &rollout
	}
	return sample
}

// lateCursor leads to the last pages of the list.
func lateCursor(ctx context.Context, c *catalog.Catalog) (string, error) {
	var page catalog.Page
	var err error
	for range manyPrograms/catalog.MaxLimit - 1 {
		page, err = c.List(ctx, catalog.Filter{Limit: catalog.MaxLimit, Cursor: page.NextCursor})
		if err != nil || page.NextCursor == "" {
			return "", fmt.Errorf("the list of %d mini-programs ends too early: %w", manyPrograms, err)
		}
	}
	return page.NextCursor, nil
}
