package main

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"slipway/workflows"
)

// sample is what one measurement gave.
type sample struct {
	took      []time.Duration
	perSecond float64
	// events and counted are the history events of the actions that were counted; a run that ended meanwhile is left out.
	events, counted int
}

// actions asks n workflows, each again as soon as it has answered.
func (s *subject) actions(ctx context.Context, n int, each time.Duration) (sample, error) {
	before, err := s.histories(ctx, n)
	if err != nil {
		return sample{}, err
	}
	sample, done, err := drive(ctx, n, each, func(i, _ int) error {
		s.asked[i]++
		return s.ask(ctx, s.ids[i], s.asked[i]-1)
	})
	if err != nil {
		return sample, err
	}
	after, err := s.histories(ctx, n)
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

// history is how long the present run of a workflow is.
type history struct {
	runID  string
	length int
}

func (s *subject) histories(ctx context.Context, n int) ([]history, error) {
	histories := make([]history, n)
	err := together(n, func(i int) error {
		described, err := s.client.Temporal.DescribeWorkflowExecution(ctx, workflows.WorkflowID(s.ids[i]), "")
		if err == nil {
			info := described.GetWorkflowExecutionInfo()
			histories[i] = history{runID: info.GetExecution().GetRunId(), length: int(info.GetHistoryLength())}
		}
		return err
	})
	return histories, err
}

// together does n things at the same time and returns the first error.
func together(n int, do func(i int) error) error {
	var group errgroup.Group
	for i := range n {
		group.Go(func() error { return do(i) })
	}
	return group.Wait()
}
