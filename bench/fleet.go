package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"text/tabwriter"
	"time"

	"slipway/lifecycle"
	"slipway/workflows"
)

// usualFleet is how many mini-programs are acted on at once, unless -fleet says another number.
const usualFleet = 1000

// fleetTeam has the mini-programs that are acted on, and not the one that is clicked on.
const fleetTeam = "fleet"

const fleetHeading = `
A click (a form of another person, up to the redirect to its outcome) before and while one fleet act pauses %d rollouts, on SQLite, %d CPUs.
Goal: p99 meanwhile at most twice that before.

`

// fleetAct is what is read of an act.
type fleetAct struct {
	ID       string     `json:"id"`
	Matched  int        `json:"matched"`
	Accepted int        `json:"accepted"`
	BegunAt  time.Time  `json:"begun_at"`
	EndedAt  *time.Time `json:"ended_at"`
}

// benchFleet measures what one action on many mini-programs leaves for the clicks of others.
func benchFleet(ctx context.Context, out io.Writer, options options) error {
	in, err := install(ctx, options.folder, (*installation).startTemporal, (*installation).storePackage, (*installation).startWorker,
		(*installation).startWeb, (*installation).openCatalog)
	if err != nil {
		return err
	}
	defer in.close()
	browser, err := openBrowser(ctx, in.web, "release-manager")
	if err != nil {
		return in.explain(err)
	}
	clicks := in.form(0, browser, percentages)
	if err := clicks.prepare(ctx, clicks.ids[0]); err != nil {
		return in.explain(err)
	}
	if err := in.startRollouts(ctx, options.fleet); err != nil {
		return in.explain(err)
	}
	each := options.each * time.Duration(options.rounds)
	before, err := clicks.measure(ctx, 1, each)
	if err != nil {
		return in.explain(err)
	}
	during, act, err := in.clickDuring(ctx, clicks, options)
	if err != nil {
		return in.explain(err)
	}
	return printFleet(out, act, before.took, during)
}

// startRollouts starts mini-programs in a grayscale release of a year, each as if its run had just begun anew.
func (in *installation) startRollouts(ctx context.Context, number int) error {
	rollout, err := gatedRollout(time.Now())
	if err != nil {
		return err
	}
	rollout.MiniProgram.Rollout.Plan.Health, rollout.MiniProgram.Team = nil, fleetTeam
	err = together(startedAtOnce, func(part int) error {
		for i := part; i < number; i += startedAtOnce {
			if err := in.startGated(ctx, rollout, fmt.Sprintf("fleet-%d", i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = in.settle(ctx, number)
	}
	return err
}

// settle waits until every workflow has recovered, which it tells with its first answer.
func (in *installation) settle(ctx context.Context, number int) error {
	fmt.Fprintf(os.Stderr, "%d rollouts are started\n", number)
	return together(startedAtOnce, func(part int) error {
		for i := part; i < number; i += startedAtOnce {
			if _, err := (workflows.Client{Temporal: in.client.Temporal}).Status(ctx, fmt.Sprintf("fleet-%d", i)); err != nil {
				return err
			}
		}
		return nil
	})
}

// clickDuring begins an act that pauses the rollouts, and measures clicks until it is over.
func (in *installation) clickDuring(
	ctx context.Context, clicks *workload, options options,
) (took []time.Duration, act fleetAct, err error) {
	operators := newAPIClient(in.web, "operator")
	act, err = askFleet(ctx, operators, http.MethodPost, "/fleet", map[string]any{
		"action": lifecycle.Pause, "where": map[string]any{"team": fleetTeam},
	})
	if err == nil && act.Matched != options.fleet {
		err = fmt.Errorf("the act is about %d mini-programs instead of %d", act.Matched, options.fleet)
	}
	for err == nil && act.EndedAt == nil {
		var clicked sample
		if clicked, err = clicks.measure(ctx, 1, options.each); err == nil {
			took = append(took, clicked.took...)
			act, err = askFleet(ctx, operators, http.MethodGet, "/fleet/"+act.ID+"?limit=1", nil)
		}
	}
	if err == nil && act.Accepted != act.Matched {
		err = errors.New("not every mini-program was paused")
	}
	return took, act, err
}

func askFleet(ctx context.Context, api *webClient, method, path string, body any) (act fleetAct, err error) {
	var answer response
	if method == http.MethodGet {
		answer, err = api.get(ctx, path)
	} else {
		var text []byte
		if text, err = json.Marshal(body); err == nil {
			answer, err = api.post(ctx, path, string(text))
		}
	}
	if err == nil && answer.status >= http.StatusMultipleChoices {
		err = fmt.Errorf("%s %s was answered with %s", method, path, answer)
	}
	if err == nil {
		err = json.Unmarshal(answer.body, &act)
	}
	return act, err
}

func printFleet(out io.Writer, act fleetAct, before, during []time.Duration) error {
	took := act.EndedAt.Sub(act.BegunAt)
	fmt.Fprintf(out, fleetHeading, act.Matched, runtime.NumCPU())
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tclicks\tp50 ms\tp99 ms\tmax ms\t")
	for _, row := range []struct {
		name string
		took []time.Duration
	}{{"before", before}, {"meanwhile", during}} {
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%s\t\n", row.name, len(row.took),
			milliseconds(row.took, 0.5), milliseconds(row.took, 0.99), milliseconds(row.took, 1))
	}
	fmt.Fprintf(table, "ratio\t\t%.2f\t%.2f\t\t\n", ratioAt(during, before, 0.5), ratioAt(during, before, 0.99))
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\nThe act took %s: %.1f mini-programs a second.\n",
		took.Round(100*time.Millisecond), float64(act.Matched)/took.Seconds())
	return err
}

// ratioAt compares the same quantile of two measurements.
func ratioAt(of, to []time.Duration, q float64) float64 {
	return float64(quantile(of, q)) / float64(max(quantile(to, q), 1))
}
