package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"slipway/catalog"
	"slipway/lifecycle"
)

const (
	year = 365 * 24 * time.Hour
	// startedAhead is how many workflows may be started that have not recovered yet: more would only wait in Temporal's queue.
	startedAhead = 128
	// lastChecked is for the last that have to recover when there is no more time to start others.
	lastChecked = time.Minute
)

// population is the open workflows of a load, the same mini-programs every time.
type population struct {
	samples []catalog.Commit
	begun   time.Time

	mu sync.Mutex
	// all, served and rolling are those that there are, of those the ones that users get, and the ones in a grayscale release under way.
	all, served, rolling []string
}

func newPopulation(now time.Time) (*population, error) {
	samples, err := sampleCommits(now.Add(-2 * busyTime))
	return &population{samples: samples, begun: now}, err
}

// program is the mini-program of a number: somewhere in the life of the scenario, with 12 versions once it was Published, and with all
// deadlines in days to come, so that it rests until somebody acts.
func (p *population) program(number int) catalog.Commit {
	random := rand.New(rand.NewPCG(3, uint64(number))) //nolint:gosec // the same ones every time
	commit := vary(random, p.samples[random.IntN(len(p.samples))], number)
	later := p.begun.Add(time.Duration(random.Int64N(int64(24 * time.Hour))))
	m := &commit.MiniProgram
	if m.Review != nil {
		review := *m.Review
		review.RemindAt, review.DueAt = later.Add(24*time.Hour), later.Add(48*time.Hour)
		m.Review = &review
	}
	if m.Rollout != nil {
		m.Rollout = lasting(*m.Rollout, p.begun, year)
	}
	versions(m)
	return commit
}

// lasting is a rollout whose grayscale release, and then its first stage, last for a time.
func lasting(rollout lifecycle.Rollout, since time.Time, bake time.Duration) *lifecycle.Rollout {
	rollout.StageSince, rollout.Plan.Health, rollout.Plan.Grayscale.Bake = since, nil, lifecycle.Duration(bake)
	rollout.Plan.Production = []lifecycle.Stage{
		{Percent: lifecycle.WholePercent(50), Hold: lifecycle.Duration(year)}, {Percent: lifecycle.Everyone},
	}
	if rollout.PausedAt != nil {
		rollout.PausedAt = &since
	}
	return &rollout
}

// versions gives a mini-program the most versions that it can have, with packages of its own.
func versions(m *lifecycle.MiniProgram) {
	own := func(version lifecycle.Version) *lifecycle.Version {
		sum := sha256.Sum256([]byte(m.ID + version.Version))
		version.SHA256 = hex.EncodeToString(sum[:])
		return &version
	}
	if m.Candidate != nil {
		m.Candidate = own(*m.Candidate)
	}
	if m.Live == nil {
		return
	}
	m.Live, m.Previous = own(*m.Live), nil
	for i := range lifecycle.MaxPrevious {
		former := *m.Live
		former.Version = fmt.Sprintf("0.%d.0", lifecycle.MaxPrevious-i)
		m.Previous = append(m.Previous, *own(former))
	}
}

func (p *population) add(m lifecycle.MiniProgram) {
	p.addDue(m)
	p.mu.Lock()
	defer p.mu.Unlock()
	if m.State == lifecycle.GrayscaleRelease && !m.Rollout.Paused() {
		p.rolling = append(p.rolling, m.ID)
	}
}

// addDue adds one that soon goes on by itself, so that its percentage cannot be set for long.
func (p *population) addDue(m lifecycle.MiniProgram) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, m.ID)
	if m.Served() {
		p.served = append(p.served, m.ID)
	}
}

// filling starts workflows, as fast as they recover.
type filling struct {
	in      *installation
	program func(number int) catalog.Commit
	started func(lifecycle.MiniProgram)

	ahead     chan struct{} // as full as there are workflows that have not recovered yet
	next      atomic.Int64
	recovered atomic.Int64
}

// fill starts the workflows of the numbers from first up to but without end, until the deadline at most. It returns how many there are when
// all of them have recovered.
func (f *filling) fill(ctx context.Context, first, end int, deadline time.Time) (number int, err error) {
	f.ahead = make(chan struct{}, startedAhead)
	last, err := f.in.catalog.LastChange(ctx)
	if err != nil {
		return 0, err
	}
	following, stop := context.WithDeadline(ctx, deadline.Add(lastChecked))
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- f.in.catalog.Follow(following, last, f.note) }()
	f.next.Store(int64(first))
	var began atomic.Int64
	err = together(startedAtOnce, func(int) error {
		for {
			i := int(f.next.Add(1)) - 1
			if i >= end || time.Now().After(deadline) {
				return nil
			}
			select {
			case f.ahead <- struct{}{}:
			case <-following.Done():
				return following.Err()
			}
			commit := f.program(i)
			if err := f.in.startGated(following, commit, commit.MiniProgram.ID); err != nil {
				return err
			}
			f.started(commit.MiniProgram)
			f.tell(began.Add(1), end-first)
		}
	})
	if err != nil {
		return 0, err
	}
	return int(began.Load()), f.settle(following, began.Load(), ended)
}

// note lets another workflow be started for each that has recovered.
func (f *filling) note(change catalog.Change) error {
	if change.Transition != nil && change.Transition.Action == lifecycle.Recovered {
		f.recovered.Add(1)
		<-f.ahead
	}
	return nil
}

// settle waits for the last ones.
func (f *filling) settle(ctx context.Context, started int64, ended <-chan error) error {
	for tick := time.Tick(serviceLook); f.recovered.Load() < started; {
		select {
		case err := <-ended:
			return fmt.Errorf("%d of %d workflows have recovered: %w", f.recovered.Load(), started, err)
		case <-ctx.Done():
			return ctx.Err()
		case <-tick:
		}
	}
	return nil
}

func (f *filling) tell(number int64, of int) {
	if number%1000 == 0 {
		fmt.Fprintf(os.Stderr, "%d of %d workflows are started\n", number, of)
	}
}

func pick(random *rand.Rand, among []string) string { return among[random.IntN(len(among))] }

// some are different ones, as many as there are.
func some(random *rand.Rand, among []string, number int) []string {
	all := slices.Clone(among)
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:min(number, len(all))]
}
