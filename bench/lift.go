package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"slipway/catalog"
	"slipway/lifecycle"
)

const (
	manyWaiting = 1000
	liftTimeout = 5 * time.Minute // until all are held, and until all have gone on
	liftLook    = 50 * time.Millisecond
)

const liftHeading = `
A stop is lifted for which %d rollouts wait, on one worker; meanwhile people act, %d at once.

`

// benchLift measures how long a lift of the stop takes to let everything go on that became due, and what people notice of it.
func benchLift(ctx context.Context, out io.Writer, options options) error {
	in, err := install(ctx, options.folder, (*installation).startTemporal, (*installation).storePackage, (*installation).startWorker,
		(*installation).openCatalog)
	if err != nil {
		return err
	}
	defer in.close()
	fmt.Fprintf(out, liftHeading, manyWaiting, actsAtOnce)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tall went on after\tactions/s\tp50 ms\tp99 ms\tmax ms\t")
	acting := in.product(0)
	if err := together(actsAtOnce, func(i int) error { return acting.prepare(ctx, acting.ids[i]) }); err != nil {
		return in.explain(err)
	}
	each := options.each * time.Duration(options.rounds)
	quiet, err := acting.measure(ctx, actsAtOnce, each)
	if err != nil {
		return in.explain(err)
	}
	liftRow(table, "before", "", quiet)
	if err := in.holdMany(ctx); err != nil {
		return in.explain(err)
	}
	if err := in.measureLift(ctx, table, acting, each); err != nil {
		return in.explain(err)
	}
	return table.Flush()
}

func liftRow(table io.Writer, what, wentOn string, s sample) {
	fmt.Fprintf(table, "%s\t%s\t%.0f\t%s\t%s\t%s\t\n", what, wentOn, s.perSecond,
		milliseconds(s.took, 0.5), milliseconds(s.took, 0.99), milliseconds(s.took, 1))
}

// holdMany stops the line and starts rollouts whose stage is over.
func (in *installation) holdMany(ctx context.Context) error {
	if err := in.onLine(ctx, lifecycle.StopTheLine); err != nil {
		return err
	}
	due, err := dueRollout(time.Now())
	if err != nil {
		return err
	}
	err = together(startedAtOnce, func(part int) error {
		for i := part; i < manyWaiting; i += startedAtOnce {
			if err := in.startGated(ctx, due, fmt.Sprintf("due-%d", i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return in.untilWaiting(ctx, manyWaiting)
}

// dueRollout is a mini-program whose bake time is over, and whose first stage lasts a year.
func dueRollout(now time.Time) (catalog.Commit, error) {
	commit, err := gatedRollout(now.Add(-time.Hour))
	if err != nil {
		return commit, err
	}
	rollout := *commit.MiniProgram.Rollout
	rollout.Plan.Health, rollout.Plan.Grayscale.Bake = nil, lifecycle.Duration(time.Minute)
	rollout.Plan.Production = []lifecycle.Stage{
		{Percent: lifecycle.WholePercent(50), Hold: lifecycle.Duration(365 * 24 * time.Hour)}, {Percent: lifecycle.Everyone},
	}
	commit.MiniProgram.Rollout = &rollout
	return commit, nil
}

func (in *installation) onLine(ctx context.Context, action lifecycle.Action) error {
	outcome, err := in.client.ActOnPlatform(ctx, lifecycle.Command{Action: action, Actor: operator, Comment: "for the benchmark"})
	if err == nil && !outcome.Accepted {
		err = fmt.Errorf("%s was refused: %s", action, outcome.Message)
	}
	return err
}

// untilWaiting returns when so many releases wait for the line.
func (in *installation) untilWaiting(ctx context.Context, wanted int) error {
	ctx, cancel := context.WithTimeout(ctx, liftTimeout)
	defer cancel()
	for tick := time.Tick(liftLook); ; {
		waiting, err := in.catalog.Waiting(ctx)
		if err != nil || waiting.Line == wanted {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("after %s %d releases wait for the line instead of %d", liftTimeout, waiting.Line, wanted)
		case <-tick:
		}
	}
}

// measureLift lifts the stop while people act.
func (in *installation) measureLift(ctx context.Context, table io.Writer, acting *workload, each time.Duration) error {
	var took time.Duration
	lifted := make(chan error, 1)
	begin := time.Now()
	if err := in.onLine(ctx, lifecycle.LiftTheStop); err != nil {
		return err
	}
	go func() {
		err := in.untilWaiting(ctx, 0)
		took = time.Since(begin)
		lifted <- err
	}()
	meanwhile, err := acting.measure(ctx, actsAtOnce, each)
	if errLift := <-lifted; errLift != nil {
		return errLift
	}
	if err == nil {
		liftRow(table, "meanwhile", took.Round(10*time.Millisecond).String(), meanwhile)
	}
	return err
}
