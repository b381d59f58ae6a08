package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"text/tabwriter"
	"time"
)

// tooLong is what no action may take.
const tooLong = time.Second

// benchWeb measures actions taken in a browser and over the API beside the fastest question-and-answer that Temporal has.
func benchWeb(ctx context.Context, out io.Writer, options options) error {
	site, err := install(ctx, options.folder, (*site).startTemporal, (*site).storePackage, (*site).startProduct, (*site).startWeb, (*site).startMinimal)
	if err != nil {
		return err
	}
	defer site.close()
	browser, err := openBrowser(ctx, site.web, "developer")
	if err != nil {
		return site.explain(err)
	}
	program := newProgram(site.web, "developer")
	contest := contest{atOnce: []int{1, 16}, subjects: func(round int) []*subject {
		return []*subject{site.update(round), site.form(round, browser), site.api(round, program)}
	}}
	results, err := contest.run(ctx, options)
	if err != nil {
		return site.explain(err)
	}
	fmt.Fprintf(out, "\nActions over the web on SQLite beside a bare Temporal update: %d rounds of %s each, %d CPUs.\n",
		options.rounds, options.each, runtime.NumCPU())
	fmt.Fprintf(out, "Goals: at 16 at once at least 0.7 of the update's actions a second, at 1 at most 1.6 of its p50, none slower than %s.\n\n", tooLong)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "at once\tasked by\tactions/s\tratio\tp50 ms\tratio\tp99 ms\tmax ms\tevents\ttoo slow\tof\t")
	for i, n := range contest.atOnce {
		for which, name := range []string{"update", "form", "API"} {
			r := results[i][which]
			fmt.Fprintf(table, "%d\t%s\t%.0f\t%.2f\t%s\t%.2f\t%s\t%s\t%.1f\t%d\t%d\t\n", n, name, quantile(r.rate, 0.5), quantile(r.rateRatio, 0.5),
				milliseconds(r.took, 0.5), quantile(r.timeRatio, 0.5), milliseconds(r.took, 0.99), milliseconds(r.took, 1),
				float64(r.events)/float64(max(r.counted, 1)), r.slower(tooLong), len(r.took))
		}
	}
	return table.Flush()
}
