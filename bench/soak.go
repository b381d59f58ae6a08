package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"

	"slipway/devserver/devservertest"
	"slipway/workflows"
)

// soakOptions say how long the product is loaded, and where its data are meanwhile.
type soakOptions struct {
	minutes float64
	folder  string
}

const (
	// measurements is how many there are over the whole time; a third of it is for warming up.
	measurements, warmUp = 360, 1.0 / 3
	soakHeading          = `
The product under load for %s, of which the first third is not counted, %d CPUs: growth over the rest, by its trend, and what is allowed.
`
)

// tolerances are what may grow by how much while the load is the same. Temporal's memory is only shown: it remembers what it has read, in
// caches that need hours to fill.
var tolerances = map[string]map[string]tolerance{
	"worker": ours, "web": ours,
	"temporal": {memory: {}, openFiles: {0.05, 5}, connected: {0.05, 5}},
	"workflow": {historyEvents: {0.05, 10}, historyKiB: {0.1, 16}},
}

var ours = map[string]tolerance{
	memory: {0.1, 16}, heap: {0.15, 8}, goroutines: {0.05, 15}, openFiles: {0.05, 5}, connected: {0.05, 5},
}

// tableOrder are what tolerances are about, as people read it.
var (
	processOrder = []string{"worker", "web", "temporal", "workflow"}
	measureOrder = []string{memory, heap, goroutines, openFiles, connected, historyEvents, historyKiB}
)

// runSoak reads the arguments of the command, and looks for leaks.
func runSoak(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var options soakOptions
	flags := flag.NewFlagSet("bench soak", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Float64Var(&options.minutes, "minutes", 30, "how long the product is under load")
	flags.StringVar(&options.folder, "dir", os.TempDir(), "where its data are kept meanwhile, on a disk")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if options.minutes < 1 || flags.NArg() > 0 {
		return fmt.Errorf("%g minutes of %q show no trend; give -minutes 1 or more, and nothing else", options.minutes, flags.Args())
	}
	if runtime.GOOS != "linux" {
		return errors.New("open files and memory of processes are read from /proc, which only Linux has")
	}
	return soak(ctx, stdout, options)
}

// soak loads the product, measures it again and again, and fails when something grows.
func soak(ctx context.Context, out io.Writer, options soakOptions) error {
	probed := startPrometheus()
	defer probed.Close()
	in, err := installOnDisk(ctx, options.folder, probed.URL)
	if err != nil {
		return err
	}
	defer in.close()
	lasts := time.Duration(options.minutes * float64(time.Minute))
	visitors, err := newVisitors(ctx, in)
	if err != nil {
		return in.explain(err)
	}
	defer visitors.close()
	found := measuredSeries{}
	ctx, cancel := context.WithTimeout(ctx, lasts)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	visitors.come(ctx, group)
	group.Go(func() error { return unlessDone(ctx, in.watch(ctx, found, lasts/measurements, visitors)) })
	if err := group.Wait(); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return in.explain(err)
	}
	fmt.Fprintf(out, soakHeading, lasts, runtime.NumCPU())
	fmt.Fprintf(out, "Meanwhile: %s.\n\n", visitors.said())
	return found.print(out, time.Duration(float64(lasts)*warmUp))
}

// installOnDisk starts what `make run` starts, with health gates that ask a Prometheus.
func installOnDisk(ctx context.Context, folder, prometheus string) (*installation, error) {
	return install(ctx, folder, func(in *installation, _ context.Context) error {
		in.prometheus = prometheus
		return nil
	}, (*installation).startTemporalOnDisk, (*installation).startWorker, (*installation).startWeb)
}

// startTemporalOnDisk starts that server, whose resources are measured.
func (in *installation) startTemporalOnDisk(ctx context.Context) error {
	options, program, err := in.serverOnDisk(ctx)
	if err != nil {
		return err
	}
	in.temporal = options.Address()
	if err := in.start(ctx, program); err != nil {
		return err
	}
	if in.server, err = devservertest.Connect(ctx, in.temporal); err != nil {
		return err
	}
	in.client.Temporal, err = connect(ctx, in.temporal)
	return err
}

// measuredSeries are what was measured: of each process, each thing.
type measuredSeries map[string]map[string]*series

func (m measuredSeries) add(who string, at time.Duration, measured map[string]float64) {
	if m[who] == nil {
		m[who] = map[string]*series{}
	}
	for what, value := range measured {
		if m[who][what] == nil {
			m[who][what] = &series{}
		}
		m[who][what].add(at, value)
	}
}

// watch measures everything at intervals until ctx is done.
func (in *installation) watch(ctx context.Context, found measuredSeries, each time.Duration, visitors *visitors) error {
	begin := time.Now()
	ticker := time.NewTicker(each)
	defer ticker.Stop()
	processes := []watched{
		{"worker", in.pids["worker"], in.worker + "/metrics"}, {"web", in.pids["web"], in.web + "/metrics"},
		{"temporal", in.pids["temporal"], ""},
	}
	for {
		at := time.Since(begin)
		for _, p := range processes {
			measured, err := p.measure(ctx)
			if err != nil {
				return err
			}
			found.add(p.name, at, measured)
		}
		measured, err := in.largestHistory(ctx, visitors.ids)
		if err != nil {
			return err
		}
		found.add("workflow", at, measured)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// unlessDone is the error, unless it is only that the time is over.
func unlessDone(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return nil
}

// largestHistory is how much the present runs of workflows have at most.
func (in *installation) largestHistory(ctx context.Context, ids []string) (map[string]float64, error) {
	largest := map[string]float64{historyEvents: 0, historyKiB: 0}
	for _, id := range ids {
		described, err := in.client.Temporal.DescribeWorkflowExecution(ctx, workflows.WorkflowID(id), "")
		if err != nil {
			return nil, fmt.Errorf("the history of %s: %w", id, err)
		}
		info := described.GetWorkflowExecutionInfo()
		largest[historyEvents] = max(largest[historyEvents], float64(info.GetHistoryLength()))
		largest[historyKiB] = max(largest[historyKiB], float64(info.GetHistorySizeBytes())/1024)
	}
	return largest, nil
}

// print writes what became of each thing, and returns what grew.
func (m measuredSeries) print(out io.Writer, warm time.Duration) error {
	var wrong []error
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "of\twhat\tmedian\tmost\tgrew by\tallowed\t")
	for _, who := range processOrder {
		for _, what := range measureOrder {
			allowed, isKnown := tolerances[who][what]
			if !isKnown {
				continue
			}
			all := m[who][what]
			if all == nil {
				wrong = append(wrong, fmt.Errorf("%s of %s: it was not measured", what, who))
				continue
			}
			s, verdict := all.since(warm), "any"
			if allowed != (tolerance{}) {
				verdict = fmt.Sprintf("%.1f", allowed.of(s))
			}
			if err := allowed.flat(s); err != nil {
				verdict += "  GREW"
				wrong = append(wrong, fmt.Errorf("%s of %s: %w", what, who, err))
			}
			fmt.Fprintf(table, "%s\t%s\t%.1f\t%.1f\t%+.1f\t%s\t\n", who, what, median(s.values), slices.Max(s.values), s.growth(), verdict)
		}
	}
	return errors.Join(append(wrong, table.Flush())...)
}
