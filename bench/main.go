// Command bench measures how fast mini-programs answer: actions per second and the time from an action to its outcome,
// beside minimal workflows that are asked by the same client in the same run, and how fast the web shows many of them.
//
// The ratio to the minimal workflow is what counts: it says what the product costs on top of Temporal, whatever the machine.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"slipway/lifecycle"
)

// part is what can be measured alone.
type part struct {
	name string
	run  func(ctx context.Context, out io.Writer, options options) error
}

// allParts are measured unless one is named; loadPart only when it is.
var (
	allParts = []part{
		{"actions", benchActions}, {"web", benchWeb}, {"lists", benchLists}, {"pages", benchPages}, {"gates", benchGates}, {"lift", benchLift},
		{"fleet", benchFleet}, {"traces", benchTraces},
	}
	loadPart = part{"load", benchLoad}
)

// options hold for every part.
type options struct {
	folder string
	rounds int
	each   time.Duration // one measurement
	fleet  int           // mini-programs that are acted on at once

	// Of the part load.
	workflows int
	shape     string
	minutes   float64
	json      string // the file that the results are written to, too
}

// Commands beside the flags. The servers are what this program starts itself, as processes of their own.
const (
	deliveryCommand       = "delivery"
	soakCommand           = "soak"
	deliveryServerCommand = "delivery-server"
	minimalCommand        = "minimal-worker"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	err := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	switch {
	case len(args) == 1 && args[0] == deliveryCommand:
		return benchDelivery(ctx, stdout)
	case len(args) > 0 && args[0] == soakCommand:
		return runSoak(ctx, args[1:], stdout, stderr)
	case len(args) == 2 && args[0] == deliveryServerCommand:
		return serveDelivery(ctx, args[1])
	case len(args) == 2 && args[0] == minimalCommand:
		return runMinimalWorker(ctx, args[1])
	}
	parts, options, err := parse(args, stderr)
	if err != nil {
		return err
	}
	for _, part := range parts { // each on an installation of its own
		if err := part.run(ctx, stdout, options); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// parse reads which parts are to be measured, and how.
func parse(args []string, stderr io.Writer) ([]part, options, error) {
	var options options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // what is wrong is said once, by main
	flags.IntVar(&options.rounds, "rounds", 3, "how often everything is measured; fresh workflows each time")
	flags.DurationVar(&options.each, "time", 2*time.Second, "how long one measurement lasts")
	flags.StringVar(&options.folder, "dir", os.TempDir(), "where the catalogue is kept meanwhile; on a disk, for honest numbers")
	flags.IntVar(&options.fleet, "fleet", usualFleet, "how many mini-programs the part fleet acts on at once")
	options.loadFlags(flags)
	only := flags.String("only", "", "measure one part alone: "+partNames())
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprintf(stderr, "Usage: bench [flags], or bench %s to measure answers to host apps, or bench %s to look for leaks\n",
				deliveryCommand, soakCommand)
			flags.SetOutput(stderr)
			flags.PrintDefaults()
		}
		return nil, options, err
	}
	if flags.NArg() > 0 {
		return nil, options, fmt.Errorf("unknown arguments %q; see -help", flags.Args())
	}
	if options.rounds < 1 || options.each <= 0 {
		return nil, options, fmt.Errorf("%d rounds of %s measure nothing; give at least one round and some time", options.rounds, options.each)
	}
	if options.fleet < 1 || options.fleet > lifecycle.MaxFleet {
		return nil, options, fmt.Errorf("a fleet has 1 to %d mini-programs, not %d", lifecycle.MaxFleet, options.fleet)
	}
	if err := options.checkLoad(); err != nil {
		return nil, options, err
	}
	if *only == "" {
		return allParts, options, nil
	}
	parts := append(slices.Clone(allParts), loadPart)
	i := slices.IndexFunc(parts, func(p part) bool { return p.name == *only })
	if i < 0 {
		return nil, options, fmt.Errorf("there is no part %q; choose one of %s", *only, partNames())
	}
	return parts[i : i+1], options, nil
}

func (o *options) loadFlags(flags *flag.FlagSet) {
	flags.IntVar(&o.workflows, "n", usualLoad, "how many open workflows the part load goes up to")
	flags.StringVar(&o.shape, "shape", shapeProduction, "what the part load runs on: production (PostgreSQL) or embedded (SQLite)")
	flags.Float64Var(&o.minutes, "minutes", usualLoadMinutes, "how long the part load may take")
	flags.StringVar(&o.json, "json", "", "file that the part load writes its results to, as JSON")
}

func (o options) checkLoad() error {
	switch {
	case o.workflows < leastWorkflows || o.workflows > mostWorkflows:
		return fmt.Errorf("a load has %d to %d workflows, not %d", leastWorkflows, mostWorkflows, o.workflows)
	case o.shape != shapeProduction && o.shape != shapeEmbedded:
		return fmt.Errorf("there is no shape %q; choose %s or %s", o.shape, shapeProduction, shapeEmbedded)
	case o.minutes <= 0 || o.minutes > mostLoadMinutes:
		return fmt.Errorf("a load takes some time, but %d minutes at most, not %v", mostLoadMinutes, o.minutes)
	}
	return nil
}

func partNames() string {
	var names []string
	for _, part := range append(slices.Clone(allParts), loadPart) {
		names = append(names, part.name)
	}
	return strings.Join(names, ", ")
}
