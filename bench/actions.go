package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"text/tabwriter"
)

// benchActions measures mini-programs asked by the Go client, as the starter does it with the catalogue at hand.
func benchActions(ctx context.Context, out io.Writer, options options) error {
	site, err := install(ctx, options.folder, (*site).startTemporal, (*site).storePackage, (*site).startProduct, (*site).openCatalog, (*site).startMinimal)
	if err != nil {
		return err
	}
	defer site.close()
	contest := contest{atOnce: []int{1, 16, 64}, subjects: func(round int) []*subject {
		product := site.product(round)
		return []*subject{site.minimal(round), product, product.status()}
	}}
	results, err := contest.run(ctx, options)
	if err != nil {
		return site.explain(err)
	}
	fmt.Fprintf(out, "\nMini-programs on SQLite beside a minimal signal-and-query workflow: %d rounds of %s each, %d CPUs.\n",
		options.rounds, options.each, runtime.NumCPU())
	fmt.Fprintf(out, "The product answers through the catalogue's change feed, the minimal workflow by a query.\n")
	fmt.Fprintf(out, "Goals: a ratio of at least 0.8, at most 6 events an action, a status within milliseconds.\n\n")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "at once\tactions/s\tminimal\tratio\tp50 ms\tminimal\tp99 ms\tminimal\tevents\tstatus p50\tp99 ms\t")
	for i, n := range contest.atOnce {
		minimal, product, status := results[i][0], results[i][1], results[i][2]
		fmt.Fprintf(table, "%d\t%.0f\t%.0f\t%.2f\t%s\t%s\t%s\t%s\t%.1f\t%s\t%s\t\n", n,
			quantile(product.rate, 0.5), quantile(minimal.rate, 0.5), quantile(product.rateRatio, 0.5),
			milliseconds(product.took, 0.5), milliseconds(minimal.took, 0.5), milliseconds(product.took, 0.99), milliseconds(minimal.took, 0.99),
			float64(product.events)/float64(max(product.counted, 1)), milliseconds(status.took, 0.5), milliseconds(status.took, 0.99))
	}
	return table.Flush()
}
