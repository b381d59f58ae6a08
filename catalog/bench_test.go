package catalog_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

// BenchmarkCommit measures accepted actions, each of a mini-program in the middle of its rollout.
func BenchmarkCommit(b *testing.B) {
	eachKind(b, func(b *testing.B, c *catalog.Catalog) {
		for _, writers := range []int{1, 16} {
			b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) { benchmarkCommit(b, c, writers) })
		}
	})
}

var benchmarkPrograms atomic.Int64

func benchmarkCommit(b *testing.B, c *catalog.Catalog, writers int) {
	todo := make(chan struct{}, b.N)
	for range b.N {
		todo <- struct{}{}
	}
	close(todo)
	b.ResetTimer()
	done := make(chan error, writers)
	for range writers {
		go func() { done <- pauseAndResume(b, c, todo) }()
	}
	for range writers {
		require.NoError(b, <-done)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}

func pauseAndResume(b *testing.B, c *catalog.Catalog, todo <-chan struct{}) error {
	id := fmt.Sprintf("program-%d", benchmarkPrograms.Add(1))
	p, first := requested(b, id, "A mini-program", "life-1", newYear)
	p.do(reviewer, lifecycle.ApproveCreation)
	p.release("1.0.0")
	next := first
	for range todo {
		if _, err := c.Commit(b.Context(), next); err != nil {
			return err
		}
		next = p.do(developer, pauseOrResume(p))
	}
	return nil
}

// BenchmarkRead measures the reads of a catalogue with 100,000 mini-programs; the metrics are medians and 99th
// percentiles in milliseconds.
func BenchmarkRead(b *testing.B) {
	eachKind(b, func(b *testing.B, c *catalog.Catalog) {
		fill(b, c, 100_000)
		for _, list := range []struct {
			name   string
			filter catalog.Filter
		}{
			{"newest", catalog.Filter{}},
			{"common word", catalog.Filter{Query: "weather"}},
			{"rare word", catalog.Filter{Query: "number 77777"}},
			{"unknown word", catalog.Filter{Query: "wexthxr"}},
			{"team", catalog.Filter{Teams: []string{"team-7"}}},
			{"unknown team", catalog.Filter{Teams: []string{"nobody"}}},
			{"review queue", catalog.Filter{States: []lifecycle.State{lifecycle.CreationPending, lifecycle.PublishingPending}, Order: catalog.DueFirst}},
			{"state without any", catalog.Filter{States: []lifecycle.State{lifecycle.SuspendedByOp}}},
			{"turn", catalog.Filter{Turns: []lifecycle.Role{lifecycle.Developer}}},
			{"turn of a team", catalog.Filter{Turns: []lifecycle.Role{lifecycle.Developer}, Teams: []string{"team-7"}}},
			{"turn of teams", catalog.Filter{Turns: []lifecycle.Role{lifecycle.Reviewer, lifecycle.System}, Teams: []string{"team-7", "team-8"}}},
			{"turn of reviewers", catalog.Filter{Turns: []lifecycle.Role{lifecycle.Reviewer}, Order: catalog.DueFirst}},
			{"held", catalog.Filter{Standing: catalog.Held, Order: catalog.DueFirst}},
			{"scheduled", catalog.Filter{Scheduled: true, Order: catalog.DueFirst}},
			{"overdue", catalog.Filter{Overdue: new(true), Order: catalog.DueFirst}},
		} {
			measure(b, "list "+list.name, func() error { _, err := c.List(b.Context(), list.filter); return err })
			measure(b, "count "+list.name, func() error { _, err := c.Count(b.Context(), list.filter); return err })
		}
		someone, err := c.List(b.Context(), catalog.Filter{Limit: 1})
		require.NoError(b, err)
		measure(b, "status", func() error { _, _, err := c.Status(b.Context(), someone.Items[0].ID); return err })
		measure(b, "last change", func() error { _, err := c.LastChange(b.Context()); return err })
		measure(b, "all releases", func() error { return c.Releases(b.Context(), 0, func([]catalog.Release) {}) })
	})
}

func eachKind(b *testing.B, run func(*testing.B, *catalog.Catalog)) {
	b.Run("SQLite", func(b *testing.B) { run(b, catalogtest.Open(b, catalogtest.SQLite(b))) })
	b.Run("PostgreSQL", func(b *testing.B) { run(b, catalogtest.Open(b, catalogtest.Postgres(b))) })
}

func measure(b *testing.B, name string, read func() error) {
	b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
		times := make([]time.Duration, 0, b.N)
		for b.Loop() {
			start := time.Now()
			require.NoError(b, read())
			times = append(times, time.Since(start))
		}
		slices.Sort(times)
		b.ReportMetric(times[len(times)/2].Seconds()*1000, "p50-ms")
		b.ReportMetric(times[len(times)*99/100].Seconds()*1000, "p99-ms")
	})
}

// fill writes mini-programs of 500 teams in all stages of the lifecycle.
func fill(b *testing.B, c *catalog.Catalog, count int) {
	words := strings.Fields("weather ticket food delivery parking bank hotel train flight music games health doctor school library museum")
	random := rand.New(rand.NewPCG(1, 2))
	word := func() string { return words[random.IntN(len(words))] }
	samples := story(b, "sample", []int{3, 3, 1, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 1, 3, 3, 3})
	require.NoError(b, c.CommitAll(b.Context(), func(yield func(catalog.Commit) bool) {
		for i := range count {
			each := samples[random.IntN(len(samples))]
			m := &each.MiniProgram
			m.ID = fmt.Sprintf("%s-%s-%d", word(), word(), i)
			m.Title = fmt.Sprintf("%s and %s number %d", word(), word(), i)
			m.Team = fmt.Sprintf("team-%d", random.IntN(500))
			m.UpdatedAt = newYear.Add(time.Duration(random.IntN(1e9)) * time.Millisecond)
			if each.Record != nil { // nothing was before
				record := *each.Record
				record.Sequence, m.Sequence, each.Record = 1, 1, &record
			}
			if !yield(each) {
				return
			}
		}
	}))
	require.NoError(b, c.Vacuum(b.Context()))
}
