package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
)

// healing is what everything gets to heal after the last harm, before it counts as broken.
const healing = 3 * time.Minute

// experiment is one run of one shape.
type experiment struct {
	options
	shape    string
	progress io.Writer
	log      io.Writer
}

// run takes as long as the options say, and what healing and checking take after that. Everything that it starts has ended when it
// returns. The error says why nothing could be found out.
func (x experiment) run(
	ctx context.Context, install func(context.Context, string, io.Writer) (*installation, error),
) (report, error) {
	folder, err := os.MkdirTemp("", "slipway-chaos-")
	if err != nil {
		return report{}, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	if err := os.Chmod(folder, 0o755); err != nil { //nolint:gosec // PostgreSQL's user has to pass
		return report{}, err
	}
	in, err := install(ctx, folder, &shared{to: x.log})
	if err != nil {
		return report{}, err
	}
	defer in.close()
	r, err := x.harm(ctx, in)
	if err != nil {
		return r, fmt.Errorf("%w\n%s", err, in.tails())
	}
	return r, nil
}

func (x experiment) ids() (ids []string) {
	for n := range x.programs {
		ids = append(ids, fmt.Sprintf("chaos-%03d", n))
	}
	return ids
}

// harm lets people act and host apps ask while the saboteur is at work, then heals and checks.
func (x experiment) harm(ctx context.Context, in *installation) (report, error) {
	acting := &load{people: newPeople(in.webs), programs: x.ids(), seed: x.seed, versions: map[string]int{}}
	asking := newHostApps(in.webs, x.ids())
	bad := &saboteur{in: in, roll: rand.New(rand.NewPCG(x.seed, 0)), every: x.every, busy: map[string]bool{}} //nolint:gosec // to be repeated
	long := time.Duration(x.minutes * float64(time.Minute))
	over, stop := context.WithTimeout(ctx, long)
	defer stop()
	healed, giveUp := context.WithTimeout(ctx, long+healing)
	defer giveUp()
	listening, hush := context.WithCancel(ctx)
	defer hush()
	var working, hosts sync.WaitGroup
	hosts.Go(func() { asking.run(listening) })
	working.Go(func() { acting.run(healed, over) })
	times := times{begin: time.Now()}
	bad.run(over)
	times.harmed = time.Now()
	working.Wait()
	fmt.Fprintf(x.progress, "%s: harmed for %s, heals\n", x.shape, times.harmed.Sub(times.begin).Round(time.Second))
	unhealed := acting.settle(healed)
	times.healed = time.Now()
	hush()
	hosts.Wait()
	if err := ctx.Err(); err != nil {
		return report{}, err
	}
	e := evidence{requests: acting.people.requests, answers: asking.answers, harm: bad.done, webs: in.webNames()}
	if err := x.observe(ctx, in, acting.people, &e); err != nil {
		return report{}, err
	}
	for id, why := range unhealed {
		e.programs[id].missing = "it has not healed: " + why
	}
	return x.report(e, times, in.disk.small), nil
}

// times are those of a run.
type times struct{ begin, harmed, healed time.Time }

// observe adds how everything stands now.
func (x experiment) observe(ctx context.Context, in *installation, people *people, e *evidence) error {
	silent := sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))
	temporal, err := client.DialContext(ctx, client.Options{HostPort: in.temporal, Logger: silent})
	if err != nil {
		return fmt.Errorf("after the harm Temporal has not healed: %w", err)
	}
	defer temporal.Close()
	ctx, cancel := context.WithTimeout(ctx, healing)
	defer cancel()
	e.programs = observer{people, temporal, x.ids()}.gather(ctx)
	slices.SortFunc(e.answers, func(a, b answer) int { return a.answered.Compare(b.answered) })
	slices.SortFunc(e.harm, func(a, b harm) int { return a.from.Compare(b.from) })
	return nil
}

// webNames are the names of the webs among the targets.
func (in *installation) webNames() (names []string) {
	for _, t := range in.targets {
		if strings.HasPrefix(t.name, "web") {
			names = append(names, t.name)
		}
	}
	return names
}
