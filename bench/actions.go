package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"text/tabwriter"
)

const actionsHeading = `
Mini-programs on SQLite beside a minimal signal-and-query workflow: %d rounds of %s each, %d CPUs.
The product answers through the catalogue's change feed, the minimal workflow by a query.
Goals: a ratio of at least 0.8, at most 6 events an action, a status within milliseconds.

`

// benchActions measures actions taken by the Go client with the catalogue at hand.
func benchActions(ctx context.Context, out io.Writer, options options) error {
	in, err := install(ctx, options.folder, (*installation).startTemporal, (*installation).storePackage,
		(*installation).startWorker, (*installation).openCatalog, (*installation).startMinimal)
	if err != nil {
		return err
	}
	defer in.close()
	comparison := comparison{atOnce: []int{1, 16, 64}, workloads: func(round int) []*workload {
		product := in.product(round)
		return []*workload{in.minimal(round), product, product.status()}
	}}
	results, err := comparison.run(ctx, options)
	if err != nil {
		return in.explain(err)
	}
	fmt.Fprintf(out, actionsHeading, options.rounds, options.each, runtime.NumCPU())
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "at once\tactions/s\tminimal\tratio\tp50 ms\tminimal\tp99 ms\tminimal\tevents\tstatus p50\tp99 ms\t")
	for i, n := range comparison.atOnce {
		minimal, product, status := results[i][0], results[i][1], results[i][2]
		fmt.Fprintf(table, "%d\t%.0f\t%.0f\t%.2f\t%s\t%s\t%s\t%s\t%.1f\t%s\t%s\t\n", n,
			quantile(product.rate, 0.5), quantile(minimal.rate, 0.5), quantile(product.rateRatio, 0.5),
			milliseconds(product.took, 0.5), milliseconds(minimal.took, 0.5),
			milliseconds(product.took, 0.99), milliseconds(minimal.took, 0.99),
			product.eventsPerAction(), milliseconds(status.took, 0.5), milliseconds(status.took, 0.99))
	}
	return table.Flush()
}
