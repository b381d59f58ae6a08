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
	"strings"
	"syscall"
	"time"
)

// part is what can be measured alone.
type part struct {
	name string
	run  func(ctx context.Context, out io.Writer, options options) error
}

var parts = []part{{"actions", benchActions}, {"web", benchWeb}, {"lists", benchLists}, {"gates", benchGates}, {"traces", benchTraces}}

// options hold for every part.
type options struct {
	folder string
	rounds int
	each   time.Duration // one measurement
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if len(os.Args) == 3 && os.Args[1] == minimalCommand {
		os.Exit(exitCode(workMinimally(ctx, os.Args[2])))
	}
	if len(os.Args) == 2 && os.Args[1] == deliveryCommand {
		os.Exit(exitCode(benchDelivery(ctx, os.Stdout)))
	}
	if len(os.Args) == 2 && os.Args[1] == deliveryServerCommand {
		os.Exit(exitCode(serveDelivery(ctx, os.Stdout)))
	}
	var options options
	flag.IntVar(&options.rounds, "rounds", 3, "how often everything is measured; fresh workflows each time")
	flag.DurationVar(&options.each, "time", 2*time.Second, "how long one measurement lasts")
	flag.StringVar(&options.folder, "dir", os.TempDir(), "where the catalogue is kept meanwhile; on a disk, for honest numbers")
	only := flag.String("only", "", "measure one part alone: "+partNames())
	flag.Parse()
	os.Exit(exitCode(bench(ctx, os.Stdout, *only, options)))
}

func exitCode(err error) int {
	if err == nil || errors.Is(err, context.Canceled) {
		return 0
	}
	fmt.Fprintln(os.Stderr, "bench:", err)
	return 1
}

func partNames() string {
	names := make([]string, len(parts))
	for i, part := range parts {
		names[i] = part.name
	}
	return strings.Join(names, ", ")
}

// bench measures the parts one after the other, each on a site of its own.
func bench(ctx context.Context, out io.Writer, only string, options options) error {
	if options.rounds < 1 || options.each <= 0 {
		return fmt.Errorf("%d rounds of %s measure nothing; give at least one round and some time", options.rounds, options.each)
	}
	known := false
	for _, part := range parts {
		if only != "" && only != part.name {
			continue
		}
		known = true
		if err := part.run(ctx, out, options); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	if !known {
		return fmt.Errorf("there is no part %q; choose one of %s", only, partNames())
	}
	return nil
}
