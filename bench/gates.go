package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"go.temporal.io/sdk/client"

	"slipway/accounts"
	"slipway/catalog"
	"slipway/lifecycle"
	"slipway/workflows"
)

const (
	manyGates = 5000
	// startedAtOnce is how many of them are started at the same time.
	startedAtOnce = 16
	gateInterval  = time.Minute
	// settleLimit is how long it may take until every gate has asked.
	settleLimit = 15 * time.Minute
	actsAtOnce  = 4
)

// gates counts the questions of health gates, and answers that all is well.
type gates struct {
	*httptest.Server
	asked atomic.Int64
}

func startGates() *gates {
	g := &gates{}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		g.asked.Add(1)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"status":"success","data":{"resultType":"scalar","result":[1,"0"]}}`)
	}))
	return g
}

// benchGates measures what thousands of gated rollouts on one worker leave for everything else.
func benchGates(ctx context.Context, out io.Writer, options options) error {
	prometheus := startGates()
	defer prometheus.Close()
	site, err := install(ctx, options.folder, func(s *site, _ context.Context) error {
		s.prometheus = prometheus.URL
		return nil
	}, (*site).startTemporal, (*site).storePackage, (*site).startProduct, (*site).openCatalog)
	if err != nil {
		return err
	}
	defer site.close()
	uploads, remarks := site.uploads(), site.product(0)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "\nUploads (with their inspection) and other actions beside %d rollouts whose health gates ask every %s, on one worker: %d at once, for %s.\n\n",
		manyGates, gateInterval, actsAtOnce, options.each*time.Duration(options.rounds))
	fmt.Fprintln(table, "gates\tprobes/s\tuploads/s\tp50 ms\tp99 ms\tmax ms\tactions/s\tp50 ms\tp99 ms\tmax ms\t")
	for _, subject := range []*subject{uploads, remarks} {
		if err := together(actsAtOnce, func(i int) error { return subject.open(ctx, subject.ids[i]) }); err != nil {
			return site.explain(err)
		}
	}
	if err := beside(ctx, table, 0, prometheus, options, uploads, remarks); err != nil {
		return site.explain(err)
	}
	if err := site.watch(ctx, prometheus); err != nil {
		return site.explain(err)
	}
	if err := beside(ctx, table, manyGates, prometheus, options, uploads, remarks); err != nil {
		return site.explain(err)
	}
	return table.Flush()
}

// beside measures the subjects in turn, and how often gates ask meanwhile.
func beside(ctx context.Context, table io.Writer, running int, prometheus *gates, options options, subjects ...*subject) error {
	begin, before := time.Now(), prometheus.asked.Load()
	samples := make([]sample, len(subjects))
	for i, subject := range subjects {
		var err error
		if samples[i], err = subject.actions(ctx, actsAtOnce, options.each*time.Duration(options.rounds)); err != nil {
			return err
		}
	}
	perSecond := float64(prometheus.asked.Load()-before) / time.Since(begin).Seconds()
	fmt.Fprintf(table, "%d\t%.0f\t", running, perSecond)
	for _, sample := range samples {
		fmt.Fprintf(table, "%.0f\t%s\t%s\t%s\t", sample.perSecond, milliseconds(sample.took, 0.5), milliseconds(sample.took, 0.99), milliseconds(sample.took, 1))
	}
	_, err := fmt.Fprintln(table)
	return err
}

// uploads are mini-programs that get the same package again and again.
func (s *site) uploads() *subject {
	upload := lifecycle.Command{Action: lifecycle.UploadCode, Actor: developer, Package: &lifecycle.Package{Version: "1.0.0", SHA256: s.sha256}}
	subject := s.subject("uploads", 0)
	subject.client.Answers = s.answers
	subject.open = func(ctx context.Context, id string) error {
		creation := lifecycle.Creation{ID: id, Title: "Bench", Team: "acme", Actor: developer}
		if outcome, err := subject.client.RequestCreation(ctx, creation); err != nil || !outcome.Accepted {
			return fmt.Errorf("request-creation of %s: %s %w", id, outcome.Message, err)
		}
		return subject.act(ctx, id, lifecycle.Command{Action: lifecycle.ApproveCreation, Actor: reviewer})
	}
	subject.ask = func(ctx context.Context, id string, _ int) error { return subject.act(ctx, id, upload) }
	return subject
}

// watch starts the gated rollouts, each as if its run had just begun anew, and waits until all gates have asked.
func (s *site) watch(ctx context.Context, prometheus *gates) error {
	begin := time.Now()
	rollout, err := gatedRollout(begin)
	if err != nil {
		return err
	}
	err = together(startedAtOnce, func(part int) error {
		for i := part; i < manyGates; i += startedAtOnce {
			if err := s.startGated(ctx, rollout, fmt.Sprintf("gated-%d", i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	for first := prometheus.asked.Load(); prometheus.asked.Load() < 2*manyGates; {
		select {
		case <-ctx.Done():
			return fmt.Errorf("after %s the gates had asked %d times, at first %d", settleLimit, prometheus.asked.Load(), first)
		case <-time.After(askInterval):
		}
	}
	fmt.Fprintf(os.Stderr, "%d gated rollouts are under way after %s\n", manyGates, time.Since(begin).Round(time.Second))
	return nil
}

// gatedRollout is a mini-program in a grayscale release of a year.
func gatedRollout(now time.Time) (catalog.Commit, error) {
	commits, err := sampleCommits(now)
	if err != nil {
		return catalog.Commit{}, err
	}
	for _, commit := range commits {
		if commit.MiniProgram.State != lifecycle.GrayscaleRelease {
			continue
		}
		rollout := *commit.MiniProgram.Rollout
		rollout.StageSince = now
		rollout.Plan.Grayscale.Bake = lifecycle.Duration(365 * 24 * time.Hour)
		rollout.Plan.Health = &lifecycle.Health{Query: `errors{app="{{.MiniProgram}}"}`, Max: 1, Interval: lifecycle.Duration(gateInterval), Failures: 3}
		record := *commit.Record
		record.Sequence = 1
		commit.MiniProgram.Rollout, commit.MiniProgram.Sequence, commit.Record, commit.Step = &rollout, 1, &record, 1
		return commit, nil
	}
	return catalog.Commit{}, fmt.Errorf("no sample is in state %s", lifecycle.GrayscaleRelease)
}

func (s *site) startGated(ctx context.Context, commit catalog.Commit, id string) error {
	commit.MiniProgram.ID, commit.Life = id, id
	if _, err := s.catalog.Commit(ctx, commit); err != nil {
		return err
	}
	options := client.StartWorkflowOptions{ID: workflows.WorkflowID(id), TaskQueue: workflows.TaskQueue}
	_, err := s.client.Temporal.ExecuteWorkflow(ctx, options, workflows.WorkflowType, workflows.Input{
		Creation: lifecycle.Creation{ID: id}, Recover: new(accounts.Dev()["operator"]),
	})
	return err
}
