// Command chaos runs the product while its processes are killed, stopped and cut off and its disk is full, and checks from outside that
// nothing was lost and nothing done twice.
//
// Read on in experiment.go: what is run, and for how long. check.go has what is required of what was seen.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

// options are what may be chosen.
type options struct {
	shape    string
	minutes  float64 // of each shape
	seed     uint64
	programs int
	every    time.Duration // between two faults, on average
	json     string
	logs     string
}

const both = "both"

// shapes are the installations that can be run, in this order.
var shapes = []struct {
	name    string
	install func(ctx context.Context, folder string, log io.Writer) (*installation, error)
}{
	{"embedded", installEmbedded},
	{"production", installProduction},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := command(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

// errFaults says that the product did not do what it promises.
var errFaults = errors.New("the product did not keep what it promises, see above")

func command(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	options, err := parse(args, stderr)
	if err != nil {
		return err
	}
	log := io.Discard
	if options.logs != "" {
		file, err := os.Create(options.logs)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
		log = file
	}
	var reports []report
	for _, shape := range shapes {
		if options.shape != both && options.shape != shape.name {
			continue
		}
		fmt.Fprintf(stdout, "%s: %g minutes, %d mini-programs, -seed %d\n", shape.name, options.minutes, options.programs, options.seed)
		report, err := experiment{options, shape.name, stdout, log}.run(ctx, shape.install)
		if err != nil {
			return fmt.Errorf("%s: %w", shape.name, err)
		}
		report.print(stdout)
		reports = append(reports, report)
	}
	if err := writeJSON(options.json, reports); err != nil {
		return err
	}
	if slices.ContainsFunc(reports, func(r report) bool { return len(r.Faults) > 0 }) {
		return errFaults
	}
	return nil
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("chaos", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.shape, "shape", both, "embedded (the launcher, SQLite), production (PostgreSQL, two workers, two webs) or both")
	flags.Float64Var(&o.minutes, "minutes", 10, "how long each shape is harmed; healing and checking come after that")
	flags.Uint64Var(&o.seed, "seed", 0, "chooses what is done and harmed; 0 chooses a seed, which is printed")
	flags.IntVar(&o.programs, "programs", 200, "mini-programs")
	flags.DurationVar(&o.every, "every", 800*time.Millisecond, "how long it is between two faults, on average")
	flags.StringVar(&o.json, "json", "", "a file for the figures, as JSON")
	flags.StringVar(&o.logs, "logs", "", "a file for all that the processes say")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	names := []string{both}
	for _, shape := range shapes {
		names = append(names, shape.name)
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("unknown arguments %q; see -help", flags.Args())
	case !slices.Contains(names, o.shape):
		return o, fmt.Errorf("there is no shape %q; choose one of %q", o.shape, names)
	case o.minutes <= 0 || o.programs < 1 || o.every <= 0:
		return o, fmt.Errorf("-minutes %g, -programs %d and -every %s have to be above 0", o.minutes, o.programs, o.every)
	}
	for o.seed == 0 {
		o.seed = rand.Uint64() >> 16 //nolint:gosec // short enough to be typed
	}
	return o, nil
}

func writeJSON(file string, reports []report) error {
	if file == "" {
		return nil
	}
	text, err := json.MarshalIndent(reports, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644) //nolint:gosec // figures, for everybody
}
