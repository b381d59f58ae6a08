package main

import (
	"context"
	"fmt"
	"os"
	"slices"
)

// contest measures subjects beside each other, in rounds. The first of the subjects is the yardstick of the others.
type contest struct {
	atOnce   []int // how many act at the same time
	subjects func(round int) []*subject
}

// run returns the results at each number at once, for each subject.
func (c contest) run(ctx context.Context, options options) ([][]result, error) {
	results := make([][]result, len(c.atOnce))
	for round := range options.rounds {
		fmt.Fprintf(os.Stderr, "Round %d of %d\n", round+1, options.rounds)
		if err := c.round(ctx, round, options, results); err != nil {
			return nil, fmt.Errorf("round %d: %w", round+1, err)
		}
	}
	return results, nil
}

// round adds one round to the results, on workflows that nobody else uses. Who goes first takes turns.
func (c contest) round(ctx context.Context, round int, options options, results [][]result) error {
	subjects := c.subjects(round)
	for _, subject := range subjects {
		defer subject.end(ctx, slices.Max(c.atOnce))
		if err := together(slices.Max(c.atOnce), func(i int) error { return subject.open(ctx, subject.ids[i]) }); err != nil {
			return fmt.Errorf("preparing %s: %w", subject.name, err)
		}
	}
	for i, n := range c.atOnce {
		samples := make([]sample, len(subjects))
		for turn := range subjects {
			which := (turn + round) % len(subjects)
			var err error
			if samples[which], err = subjects[which].actions(ctx, n, options.each); err != nil {
				return fmt.Errorf("%d of %s at once: %w", n, subjects[which].name, err)
			}
		}
		if results[i] == nil {
			results[i] = make([]result, len(subjects))
		}
		for which := range subjects {
			results[i][which].add(samples[which], samples[0])
		}
	}
	return nil
}
