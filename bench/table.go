package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"
)

// result gathers all rounds at one number of mini-programs at once.
type result struct {
	product, minimal, status []time.Duration
	productRate, minimalRate []float64
	ratio                    []float64 // of the rates within each round: what disturbs a round disturbs both
	events, counted          int
}

func (r *result) add(product, minimal, status sample) {
	r.product = append(r.product, product.took...)
	r.minimal = append(r.minimal, minimal.took...)
	r.status = append(r.status, status.took...)
	r.productRate = append(r.productRate, product.perSecond)
	r.minimalRate = append(r.minimalRate, minimal.perSecond)
	r.ratio = append(r.ratio, product.perSecond/minimal.perSecond)
	r.events += product.events
	r.counted += product.counted
}

// printTable writes one row for each number of mini-programs: medians of the rounds, and percentiles over all of them.
func printTable(out io.Writer, results []result, rounds int, each time.Duration) error {
	fmt.Fprintf(out, "\nMini-programs on SQLite beside a minimal signal-and-query workflow: %d rounds of %s each, %d CPUs.\n",
		rounds, each, runtime.NumCPU())
	fmt.Fprintf(out, "The product answers through the catalogue's change feed, the minimal workflow by a query.\n")
	fmt.Fprintf(out, "Goals: a ratio of at least 0.8, at most 6 events an action, a status within milliseconds.\n\n")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "at once\tactions/s\tminimal\tratio\tp50 ms\tminimal\tp99 ms\tminimal\tevents\tstatus p50\tp99 ms\t")
	for i, r := range results {
		fmt.Fprintf(table, "%d\t%.0f\t%.0f\t%.2f\t%s\t%s\t%s\t%s\t%.1f\t%s\t%s\t\n", atOnce[i],
			quantile(r.productRate, 0.5), quantile(r.minimalRate, 0.5), quantile(r.ratio, 0.5),
			milliseconds(r.product, 0.5), milliseconds(r.minimal, 0.5), milliseconds(r.product, 0.99), milliseconds(r.minimal, 0.99),
			float64(r.events)/float64(max(r.counted, 1)), milliseconds(r.status, 0.5), milliseconds(r.status, 0.99))
	}
	return table.Flush()
}

func milliseconds(took []time.Duration, q float64) string {
	return fmt.Sprintf("%.1f", float64(quantile(took, q).Microseconds())/1000)
}

// quantile is the value below which the share q of the values lies; 0 of none.
func quantile[T time.Duration | float64](values []T, q float64) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
