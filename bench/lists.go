package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"text/tabwriter"
	"time"
)

// looking is a page that somebody looks at, and how long it took with each number of people at once.
type looking struct {
	account, path string
	took          [][]time.Duration
}

// looksAtOnce are the numbers of people who look at the same time.
var looksAtOnce = []int{1, 16}

// benchLists measures the pages that show many mini-programs.
func benchLists(ctx context.Context, out io.Writer, options options) error {
	fmt.Fprintf(os.Stderr, "Filling a catalogue with %d mini-programs\n", manyPrograms)
	site, err := install(ctx, options.folder, (*site).startTemporal, (*site).fill, (*site).startWeb)
	if err != nil {
		return err
	}
	defer site.close()
	pages := site.pages()
	for round := range options.rounds {
		fmt.Fprintf(os.Stderr, "Round %d of %d\n", round+1, options.rounds)
		for i := range pages {
			if err := site.look(ctx, &pages[i], options.each/looksShare); err != nil {
				return site.explain(fmt.Errorf("%s for %s: %w", pages[i].path, pages[i].account, err))
			}
		}
	}
	fmt.Fprintf(out, "\nLists and overviews of %d mini-programs on SQLite: %d rounds of %s each, %d CPUs.\n",
		manyPrograms, options.rounds, options.each/looksShare, runtime.NumCPU())
	fmt.Fprintf(out, "Goal: p99 under 50 ms.\n\n")
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

// looksShare of a measurement's time is enough for one page: there are many.
const looksShare = 4

// pages are those that people of each role look at, with every way to narrow the list.
func (s *site) pages() []looking {
	pages := []looking{
		{account: "developer", path: "/"}, {account: "reviewer", path: "/"}, {account: "release-manager", path: "/"}, {account: "operator", path: "/"},
		{account: "developer", path: "/mini-programs"},
	}
	for _, filter := range []string{
		"", "?state=Published", "?state=SuspendedByOp", "?team=team-7", "?team=nobody", "?q=weather", "?q=number+77777", "?q=wexthxr",
		"?overdue=true", "?state=CreationPending&state=PublishingPending&order=due", "?cursor=" + url.QueryEscape(s.lateCursor),
	} {
		pages = append(pages, looking{account: "reviewer", path: "/mini-programs" + filter})
	}
	for i := range pages {
		pages[i].took = make([][]time.Duration, len(looksAtOnce))
	}
	return pages
}

// look adds one round of one page.
func (s *site) look(ctx context.Context, page *looking, each time.Duration) error {
	browser, err := openBrowser(ctx, s.web, page.account)
	if err != nil {
		return err
	}
	defer browser.client.CloseIdleConnections()
	for i, n := range looksAtOnce {
		sample, _, err := drive(ctx, n, each, func(int, int) error {
			answer, err := browser.get(ctx, page.path)
			if err == nil && answer.status != http.StatusOK {
				err = fmt.Errorf("answered with %s", answer)
			}
			return err
		})
		if err != nil {
			return err
		}
		page.took[i] = append(page.took[i], sample.took...)
	}
	return nil
}
