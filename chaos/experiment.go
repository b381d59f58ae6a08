package main

import (
	"context"
	"errors"
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
	ids := x.ids()
	acting := &load{people: newPeople(in.webs), programs: ids, seed: x.seed, versions: map[string]int{}}
	asking := newHostApps(in.webs, ids)
	bad := &saboteur{in: in, roll: rand.New(rand.NewPCG(x.seed, 0)), every: x.every, busy: map[string]bool{}} //nolint:gosec // to be repeated
	begin := time.Now()
	over, stop := context.WithTimeout(ctx, time.Duration(x.minutes*float64(time.Minute)))
	defer stop()
	healed, giveUp := context.WithTimeout(ctx, time.Duration(x.minutes*float64(time.Minute))+healing)
	defer giveUp()
	listening, hush := context.WithCancel(ctx)
	defer hush()
	var working, hosts sync.WaitGroup
	hosts.Go(func() { asking.run(listening) })
	working.Go(func() { acting.run(healed, over) })
	bad.run(over)
	harmedUntil := time.Now()
	working.Wait()
	if err := ctx.Err(); err != nil {
		return report{}, err
	}
	fmt.Fprintf(x.progress, "%s: harmed for %s, heals\n", x.shape, harmedUntil.Sub(begin).Round(time.Second))
	stuckIDs := acting.settle(healed)
	healedAt := time.Now()
	hush()
	hosts.Wait()
	temporal, err := client.DialContext(ctx, client.Options{HostPort: in.temporal, Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	if err != nil {
		return report{}, errors.Join(errors.New("Temporal has not healed"), err)
	}
	defer temporal.Close()
	checking, cancel := context.WithTimeout(ctx, healing)
	defer cancel()
	e := evidence{requests: acting.people.requests, answers: asking.answers, harm: bad.done, webs: in.webNames()}
	e.programs = observer{acting.people, temporal, ids}.gather(checking)
	for id, why := range stuckIDs {
		e.programs[id].missing = "it has not healed: " + why
	}
	slices.SortFunc(e.answers, func(a, b answer) int { return a.answered.Compare(b.answered) })
	slices.SortFunc(e.harm, func(a, b harm) int { return a.from.Compare(b.from) })
	r := x.report(e, begin, harmedUntil, healedAt)
	r.DiskCouldFill = in.disk.small
	return r, nil
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
