package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"slipway/workflows"
)

// comparison measures workloads in turn, in rounds. The first of them is the baseline of the others.
type comparison struct {
	atOnce    []int // how many act at the same time
	workloads func(round int) []*workload
}

// run returns the results at each number at once, for each workload.
func (c comparison) run(ctx context.Context, options options) ([][]result, error) {
	results := make([][]result, len(c.atOnce))
	for round := range options.rounds {
		fmt.Fprintf(os.Stderr, "Round %d of %d\n", round+1, options.rounds)
		if err := c.round(ctx, round, options, results); err != nil {
			return nil, fmt.Errorf("round %d: %w", round+1, err)
		}
	}
	return results, nil
}

// cuts is into how many pieces each measurement is cut. They take turns: what else the machine does disturbs all workloads alike.
const cuts = 4

// round adds one round to the results, on workflows that nobody else uses.
func (c comparison) round(ctx context.Context, round int, options options, results [][]result) error {
	workloads, most := c.workloads(round), slices.Max(c.atOnce)
	for _, w := range workloads {
		defer w.end(ctx, most)
		if err := together(most, func(i int) error { return w.prepare(ctx, w.ids[i]) }); err != nil {
			return fmt.Errorf("preparing %s: %w", w.name, err)
		}
	}
	for i, n := range c.atOnce {
		if results[i] == nil {
			results[i] = make([]result, len(workloads))
		}
		for piece := range cuts {
			if err := measure(ctx, workloads, piece, n, options.each/cuts, results[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// measure adds a piece of a measurement to the results. Who goes first changes from piece to piece.
func measure(ctx context.Context, workloads []*workload, piece, n int, each time.Duration, results []result) error {
	samples := make([]sample, len(workloads))
	for turn := range workloads {
		which := (turn + piece) % len(workloads)
		var err error
		if samples[which], err = workloads[which].measure(ctx, n, each); err != nil {
			return fmt.Errorf("%d of %s at once: %w", n, workloads[which].name, err)
		}
	}
	for which := range workloads {
		results[which].add(samples[which], samples[0])
	}
	return nil
}

// sample is what one measurement gave.
type sample struct {
	took      []time.Duration
	perSecond float64
	// events and counted are the history events of the actions that were counted; a run that ended meanwhile is left out.
	events, counted int
}

// measure repeats the workload with n workflows at once, for a time.
func (w *workload) measure(ctx context.Context, n int, each time.Duration) (sample, error) {
	before, err := w.histories(ctx, n)
	if err != nil {
		return sample{}, err
	}
	sample, done, err := drive(ctx, n, each, func(i, _ int) error {
		w.turns[i]++
		return w.do(ctx, w.ids[i], w.turns[i]-1)
	})
	if err != nil {
		return sample, err
	}
	after, err := w.histories(ctx, n)
	for i := range after {
		if after[i].runID == before[i].runID {
			sample.events += after[i].length - before[i].length
			sample.counted += done[i]
		}
	}
	return sample, err
}

// drive repeats do in n goroutines for a time and tells how often each of them got through.
func drive(ctx context.Context, n int, each time.Duration, do func(i, turn int) error) (sample, []int, error) {
	took := make([][]time.Duration, n)
	begin := time.Now()
	err := together(n, func(i int) error {
		for turn := 0; time.Since(begin) < each && ctx.Err() == nil; turn++ {
			start := time.Now()
			if err := do(i, turn); err != nil {
				return err
			}
			took[i] = append(took[i], time.Since(start))
		}
		return ctx.Err()
	})
	elapsed := time.Since(begin)
	var all sample
	done := make([]int, n)
	for i := range took {
		done[i] = len(took[i])
		all.took = append(all.took, took[i]...)
	}
	all.perSecond = float64(len(all.took)) / elapsed.Seconds()
	return all, done, err
}

// together does n things at the same time and returns the first error.
func together(n int, do func(i int) error) error {
	var group errgroup.Group
	for i := range n {
		group.Go(func() error { return do(i) })
	}
	return group.Wait()
}

// history is how long the present run of a workflow is.
type history struct {
	runID  string
	length int
}

func (w *workload) histories(ctx context.Context, n int) ([]history, error) {
	histories := make([]history, n)
	err := together(n, func(i int) error {
		described, err := w.client.Temporal.DescribeWorkflowExecution(ctx, workflows.WorkflowID(w.ids[i]), "")
		if err == nil {
			info := described.GetWorkflowExecutionInfo()
			histories[i] = history{runID: info.GetExecution().GetRunId(), length: int(info.GetHistoryLength())}
		}
		return err
	})
	return histories, err
}

// result gathers all rounds of one workload at one number at once.
type result struct {
	took []time.Duration
	rate []float64 // a second
	// rateRatio and timeRatio compare with the baseline within each round: what disturbs a round disturbs both.
	rateRatio, timeRatio []float64
	events, counted      int
}

func (r *result) add(own, baseline sample) {
	r.took = append(r.took, own.took...)
	r.rate = append(r.rate, own.perSecond)
	r.rateRatio = append(r.rateRatio, own.perSecond/baseline.perSecond)
	r.timeRatio = append(r.timeRatio, float64(quantile(own.took, 0.5))/float64(quantile(baseline.took, 0.5)))
	r.events += own.events
	r.counted += own.counted
}

// eventsPerAction is how much the history grows with an action.
func (r *result) eventsPerAction() float64 { return float64(r.events) / float64(max(r.counted, 1)) }

// slower counts what took longer than a time.
func (r *result) slower(than time.Duration) int {
	slow := 0
	for _, took := range r.took {
		if took > than {
			slow++
		}
	}
	return slow
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
