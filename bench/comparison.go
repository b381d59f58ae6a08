package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"
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

// cuts is into how many pieces each measurement is cut. They take turns: what else the machine does disturbs all subjects alike.
const cuts = 4

// round adds one round to the results, on workflows that nobody else uses.
func (c contest) round(ctx context.Context, round int, options options, results [][]result) error {
	subjects := c.subjects(round)
	for _, subject := range subjects {
		defer subject.end(ctx, slices.Max(c.atOnce))
		if err := together(slices.Max(c.atOnce), func(i int) error { return subject.open(ctx, subject.ids[i]) }); err != nil {
			return fmt.Errorf("preparing %s: %w", subject.name, err)
		}
	}
	for i, n := range c.atOnce {
		if results[i] == nil {
			results[i] = make([]result, len(subjects))
		}
		for piece := range cuts {
			if err := measure(ctx, subjects, piece, n, options.each/cuts, results[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// measure adds a piece of a measurement to the results. Who goes first changes from piece to piece.
func measure(ctx context.Context, subjects []*subject, piece, n int, each time.Duration, results []result) error {
	samples := make([]sample, len(subjects))
	for turn := range subjects {
		which := (turn + piece) % len(subjects)
		var err error
		if samples[which], err = subjects[which].actions(ctx, n, each); err != nil {
			return fmt.Errorf("%d of %s at once: %w", n, subjects[which].name, err)
		}
	}
	for which := range subjects {
		results[which].add(samples[which], samples[0])
	}
	return nil
}
