package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"go.temporal.io/sdk/client"

	"slipway/catalog"
	"slipway/lifecycle"
	"slipway/workflows"
)

const (
	manyGates     = 5000
	startedAtOnce = 16 // of the gated rollouts
	gateInterval  = time.Minute
	// stallTimeout is how long starting gates, or their asking, may stand still on a busy machine before the run is given up.
	stallTimeout = 5 * time.Minute
	actsAtOnce   = 4
)

// prometheus counts the probes of health gates, and answers that all is well.
type prometheus struct {
	*httptest.Server
	probes atomic.Int64
}

func startPrometheus() *prometheus {
	p := &prometheus{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		p.probes.Add(1)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"status":"success","data":{"resultType":"scalar","result":[1,"0"]}}`)
	}))
	return p
}

const gatesHeading = `
Uploads (with their inspection) and other actions beside %d rollouts whose health gates ask every %s, on one worker:
%d at once, for %s.

`

// benchGates measures what thousands of gated rollouts on one worker leave for everything else.
func benchGates(ctx context.Context, out io.Writer, options options) error {
	probed := startPrometheus()
	defer probed.Close()
	in, err := install(ctx, options.folder, func(in *installation, _ context.Context) error {
		in.prometheus = probed.URL
		return nil
	}, (*installation).startTemporal, (*installation).storePackage, (*installation).startWorker, (*installation).openCatalog)
	if err != nil {
		return err
	}
	defer in.close()
	each := options.each * time.Duration(options.rounds)
	fmt.Fprintf(out, gatesHeading, manyGates, gateInterval, actsAtOnce, each)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "gates\tprobes/s\tuploads/s\tp50 ms\tp99 ms\tmax ms\tactions/s\tp50 ms\tp99 ms\tmax ms\t")
	workloads := []*workload{in.uploads(), in.product(0)}
	for _, w := range workloads {
		if err := together(actsAtOnce, func(i int) error { return w.prepare(ctx, w.ids[i]) }); err != nil {
			return in.explain(err)
		}
	}
	if err := gatesRow(ctx, table, 0, probed, each, workloads); err != nil {
		return in.explain(err)
	}
	if err := in.startGates(ctx, probed); err != nil {
		return in.explain(err)
	}
	if err := gatesRow(ctx, table, manyGates, probed, each, workloads); err != nil {
		return in.explain(err)
	}
	return table.Flush()
}

// gatesRow measures the workloads in turn, and how often gates ask meanwhile.
func gatesRow(ctx context.Context, table io.Writer, gates int, probed *prometheus, each time.Duration, workloads []*workload) error {
	begin, before := time.Now(), probed.probes.Load()
	samples := make([]sample, len(workloads))
	for i, w := range workloads {
		var err error
		if samples[i], err = w.measure(ctx, actsAtOnce, each); err != nil {
			return err
		}
	}
	fmt.Fprintf(table, "%d\t%.0f\t", gates, float64(probed.probes.Load()-before)/time.Since(begin).Seconds())
	for _, s := range samples {
		fmt.Fprintf(table, "%.0f\t%s\t%s\t%s\t",
			s.perSecond, milliseconds(s.took, 0.5), milliseconds(s.took, 0.99), milliseconds(s.took, 1))
	}
	_, err := fmt.Fprintln(table)
	return err
}

// uploads has mini-programs that get the same package again and again.
func (in *installation) uploads() *workload {
	upload := lifecycle.Command{
		Action: lifecycle.UploadCode, Actor: developer, Package: &lifecycle.Package{Version: "1.0.0", SHA256: in.sha256},
	}
	w := in.workload("uploads", 0)
	w.client.Waiters = in.waiters
	w.prepare = w.create
	w.do = func(ctx context.Context, id string, _ int) error { return w.act(ctx, id, upload) }
	return w
}

// startGates starts the gated rollouts, each as if its run had just begun anew, and waits until all gates have asked.
func (in *installation) startGates(ctx context.Context, probed *prometheus) error {
	begin := time.Now()
	rollout, err := gatedRollout(begin)
	if err != nil {
		return err
	}
	err = together(startedAtOnce, func(part int) error {
		for i := part; i < manyGates; i += startedAtOnce {
			if err := in.startGated(ctx, rollout, fmt.Sprintf("gated-%d", i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := probed.waitFor(ctx, 2*manyGates); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d gated rollouts are under way after %s\n", manyGates, time.Since(begin).Round(time.Second))
	return nil
}

// waitFor waits until gates have asked so often, for as long as they go on asking: how fast is the machine's business.
func (p *prometheus) waitFor(ctx context.Context, probes int64) error {
	last, since := p.probes.Load(), time.Now()
	for tick := time.Tick(time.Second); ; {
		now := p.probes.Load()
		switch {
		case now >= probes:
			return nil
		case now > last:
			last, since = now, time.Now()
		case time.Since(since) > stallTimeout:
			return fmt.Errorf("for %s no gate has asked; they had asked %d times, of %d", stallTimeout, now, probes)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick:
		}
	}
}

// gatedRollout is a mini-program in a grayscale release of a year.
func gatedRollout(now time.Time) (catalog.Commit, error) {
	commits, err := sampleCommits(now)
	if err != nil {
		return catalog.Commit{}, err
	}
	isRollout := func(c catalog.Commit) bool { return c.MiniProgram.State == lifecycle.GrayscaleRelease }
	found := slices.IndexFunc(commits, isRollout)
	if found < 0 {
		return catalog.Commit{}, fmt.Errorf("no sample is in state %s", lifecycle.GrayscaleRelease)
	}
	commit := commits[found]
	rollout, record := *commit.MiniProgram.Rollout, *commit.Record
	rollout.StageSince = now
	rollout.Plan.Grayscale.Bake = lifecycle.Duration(365 * 24 * time.Hour)
	rollout.Plan.Health = &lifecycle.Health{
		Query: `errors{app="{{.MiniProgram}}"}`, Max: 1, Interval: lifecycle.Duration(gateInterval), Failures: 3,
	}
	record.Sequence = 1
	commit.MiniProgram.Rollout, commit.MiniProgram.Sequence, commit.Record, commit.Step = &rollout, 1, &record, 1
	return commit, nil
}

// startGated tries again what a busy database or server did not answer in time; done twice, both change nothing.
func (in *installation) startGated(ctx context.Context, commit catalog.Commit, id string) error {
	commit.MiniProgram.ID, commit.Life = id, id
	ctx, cancel := context.WithTimeout(ctx, stallTimeout)
	defer cancel()
	for {
		err := in.startGatedOnce(ctx, commit, id)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("starting %s: %w", id, err)
		case <-time.After(time.Second):
		}
	}
}

func (in *installation) startGatedOnce(ctx context.Context, commit catalog.Commit, id string) error {
	if _, err := in.catalog.Commit(ctx, commit); err != nil && !errors.Is(err, catalog.ErrStepTaken) {
		return err
	}
	options := client.StartWorkflowOptions{ID: workflows.WorkflowID(id), TaskQueue: workflows.TaskQueue}
	_, err := in.client.Temporal.ExecuteWorkflow(ctx, options, workflows.WorkflowType, workflows.Input{
		Creation: lifecycle.Creation{ID: id}, Recover: &operator,
	})
	return err
}
