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
	busyTime     = 12 * 24 * time.Hour // in which all of them changed last
)

// fill writes 100,000 mini-programs into the catalogue, as their workflows would.
func (s *site) fill(ctx context.Context) error {
	c, err := catalog.Open(ctx, "sqlite:"+filepath.Join(s.folder, "slipway.db"))
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	samples, err := sampleCommits(time.Now().Add(-2 * busyTime))
	if err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same ones every time
	err = c.CommitAll(ctx, func(yield func(catalog.Commit) bool) {
		for i := range manyPrograms {
			if !yield(invent(random, samples[random.IntN(len(samples))], i)) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	s.lateCursor, err = lateCursor(ctx, c)
	return err
}

var words = strings.Fields("weather ticket food delivery parking bank hotel train flight music games health doctor school library museum")

// invent makes another mini-program of a sample.
func invent(random *rand.Rand, sample catalog.Commit, number int) catalog.Commit {
	word := func() string { return words[random.IntN(len(words))] }
	status := &sample.Status
	status.ID = fmt.Sprintf("%s-%s-%d", word(), word(), number)
	status.Title = fmt.Sprintf("%s and %s number %d", word(), word(), number)
	if team := random.IntN(manyTeams); team > 0 {
		status.Team = fmt.Sprintf("team-%d", team) // else it stays acme, the developer's
	}
	later := time.Duration(random.Int64N(int64(busyTime)))
	status.UpdatedAt = status.UpdatedAt.Add(later)
	if status.DueAt != nil {
		status.DueAt = new(status.DueAt.Add(later))
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
