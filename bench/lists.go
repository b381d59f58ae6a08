package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"slipway/catalog"
)

const (
	manyPrograms = 100_000
	manyTeams    = 500
	busyTime     = 12 * 24 * time.Hour // in which they changed last, one after the other
	// pageShare of a measurement's time is enough for one page: there are many.
	pageShare = 4
)

// viewersAtOnce are the numbers of people who look at the same page at the same time.
var viewersAtOnce = []int{1, 16}

// page is one that somebody looks at, and how long it took with each number of people at once.
type page struct {
	account, path string
	took          [][]time.Duration
}

// benchLists measures the pages that show many mini-programs.
func benchLists(ctx context.Context, out io.Writer, options options) error {
	fmt.Fprintf(os.Stderr, "Filling a catalogue with %d mini-programs\n", manyPrograms)
	in, err := install(ctx, options.folder, (*installation).startTemporal, (*installation).fillCatalog, (*installation).startWorker,
		(*installation).startWeb)
	if err != nil {
		return err
	}
	defer in.close()
	pages := in.pages()
	each := options.each / pageShare
	for round := range options.rounds {
		fmt.Fprintf(os.Stderr, "Round %d of %d\n", round+1, options.rounds)
		for i := range pages {
			if err := pages[i].measure(ctx, in.web, each); err != nil {
				return in.explain(fmt.Errorf("%s for %s: %w", pages[i].path, pages[i].account, err))
			}
		}
	}
	fmt.Fprintf(out, "\nLists and overviews of %d mini-programs on SQLite: %d rounds of %s each, %d CPUs.\nGoal: p99 under 50 ms.\n\n",
		manyPrograms, options.rounds, each, runtime.NumCPU())
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "who\tpage\tp50 ms at 1\tp99 ms\tp50 ms at 16\tp99 ms\tof")
	for _, page := range pages {
		fmt.Fprintf(table, "%s\t%.60s", page.account, page.path)
		for _, took := range page.took {
			fmt.Fprintf(table, "\t%s\t%s", milliseconds(took, 0.5), milliseconds(took, 0.99))
		}
		fmt.Fprintf(table, "\t%d\n", len(page.took[0]))
	}
	return table.Flush()
}

// pages are those that people of each role look at, with every way to narrow the list.
func (in *installation) pages() []page {
	pages := []page{
		{account: "developer", path: "/"}, {account: "reviewer", path: "/"}, {account: "release-manager", path: "/"},
		{account: "operator", path: "/"}, {account: "developer", path: "/mini-programs"},
	}
	for _, filter := range []string{
		"", "?state=Published", "?state=SuspendedByOp", "?team=team-7", "?team=nobody", "?q=weather", "?q=number+77777", "?q=wexthxr",
		"?overdue=true", "?state=CreationPending&state=PublishingPending&order=due", "?cursor=" + url.QueryEscape(in.lateCursor),
	} {
		pages = append(pages, page{account: "reviewer", path: "/mini-programs" + filter})
	}
	for i := range pages {
		pages[i].took = make([][]time.Duration, len(viewersAtOnce))
	}
	return pages
}

// measure adds one round.
func (p *page) measure(ctx context.Context, web string, each time.Duration) error {
	browser, err := openBrowser(ctx, web, p.account)
	if err != nil {
		return err
	}
	defer browser.http.CloseIdleConnections()
	for i, n := range viewersAtOnce {
		sample, _, err := drive(ctx, n, each, func(int, int) error {
			response, err := browser.get(ctx, p.path)
			if err == nil && response.status != http.StatusOK {
				err = fmt.Errorf("answered with %s", response)
			}
			return err
		})
		if err != nil {
			return err
		}
		p.took[i] = append(p.took[i], sample.took...)
	}
	return nil
}

// fillCatalog writes 100,000 mini-programs into the catalogue, as their workflows would. The disk need not confirm each: after a
// power failure nobody misses them.
func (in *installation) fillCatalog(ctx context.Context) error {
	c, err := catalog.Open(ctx, "file:"+filepath.Join(in.folder, "slipway.db")+"?_synchronous=OFF")
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
		if _, err := c.Commit(ctx, vary(random, samples[random.IntN(len(samples))], i)); err != nil {
			return err
		}
	}
	in.lateCursor, err = lateCursor(ctx, c)
	return err
}

var words = strings.Fields("weather ticket food delivery parking bank hotel train flight music games health doctor school library museum")

// vary makes another mini-program of a sample.
func vary(random *rand.Rand, sample catalog.Commit, number int) catalog.Commit {
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
