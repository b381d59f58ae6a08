// Command bench measures how fast mini-programs answer: actions per second and the time from an action to its outcome,
// beside a minimal signal-and-query workflow that is asked by the same client in the same run.
//
// The ratio of the two is what counts: it says what the product costs on top of Temporal, whatever the machine.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

// atOnce are the numbers of mini-programs that act at the same time.
var atOnce = []int{1, 16, 64}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if len(os.Args) == 3 && os.Args[1] == minimalCommand {
		os.Exit(exitCode(workMinimally(ctx, os.Args[2])))
	}
	if len(os.Args) == 2 && os.Args[1] == deliveryCommand {
		os.Exit(exitCode(benchDelivery(ctx, os.Stdout)))
	}
	if len(os.Args) == 2 && os.Args[1] == deliveryServerCommand {
		os.Exit(exitCode(serveDelivery(ctx, os.Stdout)))
	}
	rounds := flag.Int("rounds", 5, "how often everything is measured; fresh workflows each time")
	each := flag.Duration("time", 2*time.Second, "how long one measurement lasts")
	folder := flag.String("dir", os.TempDir(), "where the catalogue is kept meanwhile; on a disk, for honest numbers")
	flag.Parse()
	os.Exit(exitCode(bench(ctx, os.Stdout, *folder, *rounds, *each)))
}

func exitCode(err error) int {
	if err == nil || errors.Is(err, context.Canceled) {
		return 0
	}
	fmt.Fprintln(os.Stderr, "bench:", err)
	return 1
}

// bench measures all rounds and prints one table.
func bench(ctx context.Context, out io.Writer, folder string, rounds int, each time.Duration) error {
	if rounds < 1 || each <= 0 {
		return fmt.Errorf("%d rounds of %s measure nothing; give at least one round and some time", rounds, each)
	}
	site, err := install(ctx, folder)
	if err != nil {
		return err
	}
	results := make([]result, len(atOnce))
	for round := range rounds {
		fmt.Fprintf(os.Stderr, "Round %d of %d\n", round+1, rounds)
		if err := site.measure(ctx, round, each, results); err != nil {
			return site.fail(fmt.Errorf("round %d: %w", round+1, err))
		}
	}
	site.close()
	return printTable(out, results, rounds, each)
}

// measure adds one round to the results, on workflows that nobody else uses. Who goes first takes turns.
func (s *site) measure(ctx context.Context, round int, each time.Duration, results []result) error {
	subjects := []*subject{s.product(round), s.minimal(round)}
	for _, subject := range subjects {
		defer subject.end(ctx)
		if err := together(slices.Max(atOnce), func(i int) error { return subject.open(ctx, subject.ids[i]) }); err != nil {
			return fmt.Errorf("preparing %s: %w", subject.name, err)
		}
	}
	for i, n := range atOnce {
		samples := make([]sample, len(subjects))
		for turn := range subjects {
			which := (turn + round) % len(subjects)
			var err error
			if samples[which], err = subjects[which].actions(ctx, n, each); err != nil {
				return fmt.Errorf("%d of %s at once: %w", n, subjects[which].name, err)
			}
		}
		status, err := subjects[0].statuses(ctx, n, each/4)
		if err != nil {
			return fmt.Errorf("the status of %d at once: %w", n, err)
		}
		results[i].add(samples[0], samples[1], status)
	}
	return nil
}
