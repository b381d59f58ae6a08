package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"

	"slipway/lifecycle"
)

const (
	usualLoad      = 1000
	leastWorkflows = 100 // so that each kind of mini-program is there
	mostWorkflows  = 200_000

	usualLoadMinutes = 15
	mostLoadMinutes  = 6 * 60
	// measuring is how long everything that is measured at one number of workflows takes at most, the workflows with a timer aside.
	measuring = 2 * time.Minute
)

// Shapes are what a load runs on: PostgreSQL and Temporal's server on it, or SQLite and the development server.
const (
	shapeProduction = "production"
	shapeEmbedded   = "embedded"
)

// loadSizes are the numbers of workflows at which everything is measured.
func loadSizes(most int) (sizes []int) {
	for _, size := range []int{1000, 10_000, 100_000} {
		if size < most {
			sizes = append(sizes, size)
		}
	}
	return append(sizes, most)
}

// loadResult is all that a load has measured. Times are in milliseconds, memory and databases in bytes.
type loadResult struct {
	Shape string    `json:"shape"`
	CPUs  int       `json:"cpus"`
	Begun time.Time `json:"begun"`
	Rows  []loadRow `json:"rows"`
}

// loadRow is what was measured with so many open workflows.
type loadRow struct {
	Workflows int `json:"workflows"`
	// StartsPerSecond is how fast the workflows since the last row were started and had recovered.
	StartsPerSecond float64          `json:"starts_per_second"`
	Actions         []actionTiming   `json:"actions"`
	Pages           []pageTiming     `json:"pages"`
	Memory          map[string]int64 `json:"memory"`
	// TemporalBytes and CatalogueBytes are what one mini-program has in the databases.
	TemporalBytes  float64        `json:"temporal_bytes_per_mini_program"`
	CatalogueBytes float64        `json:"catalogue_bytes_per_mini_program"`
	Restart        restartTiming  `json:"worker_restart"`
	Delivery       deliveryTiming `json:"delivery"`
	Timers         timersTiming   `json:"timers"`
}

// spread is how long something took, in milliseconds.
type spread struct {
	P50   float64 `json:"p50_ms"`
	P99   float64 `json:"p99_ms"`
	Max   float64 `json:"max_ms"`
	Count int     `json:"count"`
}

func spreadOf(took []time.Duration) spread {
	ms := func(q float64) float64 { return float64(quantile(took, q).Microseconds()) / 1000 }
	return spread{ms(0.5), ms(0.99), ms(1), len(took)}
}

// load is one in progress.
type load struct {
	options       options
	in            *installation
	worker, web   *service
	population    *population
	random        *rand.Rand
	deadline      time.Time
	empty         [2]int64 // bytes in the databases without mini-programs
	started, runs int      // workflows, and those of them that were started for their timers
	result        loadResult
}

// benchLoad measures how the product fares with ever more open workflows.
func benchLoad(ctx context.Context, out io.Writer, options options) (err error) {
	limit := time.Duration(options.minutes * float64(time.Minute))
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	l := &load{options: options, random: rand.New(rand.NewPCG(5, 6)), deadline: time.Now().Add(limit)} //nolint:gosec // the same every time
	l.result = loadResult{Shape: options.shape, CPUs: runtime.NumCPU(), Begun: time.Now().UTC()}
	start := (*installation).startProduction
	if options.shape == shapeEmbedded {
		start = (*installation).startEmbedded
	}
	if l.in, err = install(ctx, options.folder, start, (*installation).storePackage); err != nil {
		return err
	}
	defer l.close()
	if err = l.startPrograms(ctx); err == nil {
		err = l.rows(ctx)
	}
	if err != nil {
		err = l.explain(err)
	}
	if written := l.write(out); err == nil {
		err = written
	}
	return err
}

// explain adds to an error what the programs wrote last.
func (l *load) explain(err error) error {
	for _, s := range []*service{l.worker, l.web} {
		if s != nil && s.tail != nil {
			err = fmt.Errorf("%w\nthe last lines of the %s:\n%s", err, s.name, s.tail)
		}
	}
	return l.in.explain(err)
}

func (l *load) close() {
	for _, s := range []*service{l.worker, l.web} {
		if s != nil {
			s.stop()
		}
	}
	l.in.close()
}

// startPrograms starts worker and web, and follows the catalogue.
func (l *load) startPrograms(ctx context.Context) (err error) {
	if l.worker, err = l.in.build(ctx, "worker", "WORKER_ADDR", "WORKER_DEPLOYMENT=", "WORKER_BUILD_ID=", "PROMETHEUS_URL="); err != nil {
		return err
	}
	if l.web, err = l.in.build(ctx, "web", "WEB_ADDR", "AUTH=dev", "RATE_LIMIT=0", "ANSWER_WAIT=5s"); err != nil {
		return err
	}
	for _, s := range []*service{l.worker, l.web} {
		if err := s.start(); err != nil {
			return err
		}
		if _, err := s.ready(ctx); err != nil {
			return err
		}
	}
	l.in.web = l.web.url
	if err := l.in.openCatalog(ctx); err != nil {
		return err
	}
	if l.empty[0], l.empty[1], err = l.in.size(ctx); err != nil {
		return err
	}
	l.population, err = newPopulation(time.Now())
	return err
}

// rows measures with ever more workflows, for as long as there is time to start them.
func (l *load) rows(ctx context.Context) error {
	for _, size := range loadSizes(l.options.workflows) {
		latest := l.deadline.Add(-measuring - l.timersTime(size))
		if time.Now().After(latest) {
			fmt.Fprintf(os.Stderr, "There is no time for %d workflows\n", size)
			return nil
		}
		row, err := l.row(ctx, size, latest)
		if row.Workflows > 0 {
			l.result.Rows = append(l.result.Rows, row)
		}
		if err != nil || row.Workflows < size {
			return err
		}
	}
	return nil
}

// row starts workflows until there are so many, or until it is late, and measures.
func (l *load) row(ctx context.Context, size int, latest time.Time) (row loadRow, err error) {
	if err := l.fill(ctx, &row, size, latest); err != nil {
		return row, err
	}
	for _, step := range []struct {
		name string
		take func(context.Context, *loadRow) error
	}{
		{"bytes in the databases", l.measureSize}, {"actions", l.measureActions}, {"pages", l.measurePages}, {"memory", l.measureMemory},
		{"the worker's restart", l.measureRestart}, {"delivery", l.measureDelivery}, {"timers", l.measureTimers},
	} {
		fmt.Fprintf(os.Stderr, "%d workflows: %s\n", l.started, step.name)
		if err := step.take(ctx, &row); err != nil {
			return row, fmt.Errorf("%s with %d workflows: %w", step.name, row.Workflows, err)
		}
	}
	return row, nil
}

func (l *load) fill(ctx context.Context, row *loadRow, size int, latest time.Time) error {
	first := len(l.population.all) - l.runs
	begin := time.Now()
	fmt.Fprintf(os.Stderr, "Starting workflows until there are %d, until %s at most\n", size, latest.Format(time.TimeOnly))
	filling := &filling{in: l.in, program: l.population.program, started: l.population.add}
	number, err := filling.fill(ctx, first, first+max(0, size-l.started), latest)
	if err != nil {
		return err
	}
	l.started += number
	row.Workflows, row.StartsPerSecond = l.started, float64(number)/time.Since(begin).Seconds()
	return nil
}

func (l *load) measureSize(ctx context.Context, row *loadRow) error {
	temporal, catalogue, err := l.in.size(ctx)
	row.TemporalBytes = float64(temporal-l.empty[0]) / float64(l.started)
	row.CatalogueBytes = float64(catalogue-l.empty[1]) / float64(l.started)
	return err
}

func (l *load) measureMemory(_ context.Context, row *loadRow) error {
	row.Memory = map[string]int64{
		"worker": memoryOf(l.worker.running), "web": memoryOf(l.web.running), "temporal": memoryOf(l.in.temporalServer),
	}
	return nil
}

const loadHeading = `
Ever more open workflows (%s), 12 versions each once Published, %d CPUs. Actions over the API, on any mini-program: a comment
changes nothing that Temporal is told of, a percentage is a search attribute. Pages are those with the longest p99.
Goals: overview and list p99 50 ms, delivery 2 s.

`

// write writes the table, and everything as JSON where that is asked for.
func (l *load) write(out io.Writer) error {
	if len(l.result.Rows) == 0 {
		return nil
	}
	fmt.Fprintf(out, loadHeading, l.options.shape, runtime.NumCPU())
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	header := []any{"workflows"}
	for _, row := range l.result.Rows {
		header = append(header, row.Workflows)
	}
	tableRow(table, header...)
	for _, line := range loadLines {
		cells := []any{line.name}
		for _, row := range l.result.Rows {
			cells = append(cells, line.cell(row))
		}
		tableRow(table, cells...)
	}
	if err := table.Flush(); err != nil || l.options.json == "" {
		return err
	}
	text, err := json.MarshalIndent(l.result, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(l.options.json), 0o750); err != nil {
		return err
	}
	return os.WriteFile(l.options.json, append(text, '\n'), 0o600)
}

func tableRow(table io.Writer, cells ...any) {
	for _, cell := range cells {
		fmt.Fprint(table, cell, "\t")
	}
	fmt.Fprintln(table)
}

// loadLines are the lines of the table.
var loadLines = slices.Concat([]loadLine{
	{"starts/s", func(r loadRow) string { return fmt.Sprintf("%.0f", r.StartsPerSecond) }},
}, actionLines(lifecycle.Comment, 1), actionLines(lifecycle.Comment, 16), actionLines(lifecycle.SetGrayscale, 1),
	actionLines(lifecycle.SetGrayscale, 16), []loadLine{
		{"overview p99 ms", func(r loadRow) string { return fmt.Sprintf("%.0f", slowestPage(r.Pages, true)) }},
		{"list p99 ms", func(r loadRow) string { return fmt.Sprintf("%.0f", slowestPage(r.Pages, false)) }},
		{"worker MiB", func(r loadRow) string { return mebibytes(r.Memory["worker"]) }},
		{"web MiB", func(r loadRow) string { return mebibytes(r.Memory["web"]) }},
		{"Temporal MiB", func(r loadRow) string { return mebibytes(r.Memory["temporal"]) }},
		{"Temporal's KB each", func(r loadRow) string { return fmt.Sprintf("%.1f", r.TemporalBytes/1000) }},
		{"catalogue's KB each", func(r loadRow) string { return fmt.Sprintf("%.1f", r.CatalogueBytes/1000) }},
		{"worker's first answer s", func(r loadRow) string { return fmt.Sprintf("%.2f", r.Restart.FirstAnswer) }},
		{"worker caught up s", func(r loadRow) string { return fmt.Sprintf("%.2f", r.Restart.CaughtUp) }},
		{"delivery answers after s", func(r loadRow) string { return fmt.Sprintf("%.2f", r.Delivery.Start) }},
		{"delivery answers/s", func(r loadRow) string { return fmt.Sprintf("%.0f", r.Delivery.PerSecond) }},
		{"p99 ms", func(r loadRow) string { return fmt.Sprintf("%.2f", r.Delivery.P99) }},
		{"timers in a minute", func(r loadRow) string { return fmt.Sprintf("%d of %d", r.Timers.Count, r.Timers.Due) }},
		{"late p50 ms", func(r loadRow) string { return fmt.Sprintf("%.0f", r.Timers.P50) }},
		{"p99 ms", func(r loadRow) string { return fmt.Sprintf("%.0f", r.Timers.P99) }},
		{"max ms", func(r loadRow) string { return fmt.Sprintf("%.0f", r.Timers.Max) }},
	})

type loadLine struct {
	name string
	cell func(loadRow) string
}

func mebibytes(bytes int64) string { return fmt.Sprintf("%.0f", float64(bytes)/(1<<20)) }
