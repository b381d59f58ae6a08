package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"slipway/catalog"
	"slipway/lifecycle"
)

const (
	mostTimers = 10_000
	// timersWithin is the time in which all are due.
	timersWithin = time.Minute
	// timersPatience is how late the last one may be.
	timersPatience = time.Minute
	// timersLead is how long before the first is due its workflow is to be there, besides the time that starting all takes.
	timersLead = 15 * time.Second
	// slowestStarts is how many workflows a second are started at least.
	slowestStarts = 25
)

// timersTiming is how late stages went on whose time was over: from then until the decision was in the catalogue.
type timersTiming struct {
	Due int `json:"due"`
	// TooLate are those whose workflow was not there yet in time; they are not counted.
	TooLate int `json:"started_too_late"`
	spread
}

func timersOf(size int) int { return min(size, mostTimers) }

// timersTime is how long measuring the timers may take with so many workflows.
func (l *load) timersTime(size int) time.Duration {
	return time.Duration(timersOf(size))*time.Second/slowestStarts + timersLead + timersWithin + timersPatience
}

// measureTimers starts rollouts whose bake time is over within the same minute, evenly, and sees when they go on.
func (l *load) measureTimers(ctx context.Context, row *loadRow) error {
	number := timersOf(row.Workflows)
	rate := max(row.StartsPerSecond, slowestStarts) * 0.75
	begin := time.Now().Add(timersLead + time.Duration(float64(number)/rate*float64(time.Second)))
	rollouts, err := newDueRollouts(l.runs, number, begin)
	if err != nil {
		return err
	}
	last, err := l.in.catalog.LastChange(ctx)
	if err != nil {
		return err
	}
	following, stop := context.WithDeadline(ctx, begin.Add(timersWithin+timersPatience))
	defer stop()
	waiting := &timers{due: rollouts.due(), recovered: map[string]bool{}}
	ended := make(chan error, 1)
	go func() { ended <- l.in.catalog.Follow(following, last, waiting.note) }()
	starting := &filling{in: l.in, started: l.population.addDue, program: rollouts.program}
	started, err := starting.fill(ctx, rollouts.first, rollouts.first+number, begin.Add(timersWithin))
	if err != nil {
		return err
	}
	l.started, l.runs = l.started+started, l.runs+started
	fmt.Fprintf(os.Stderr, "%d timers are set, the first in %s\n", started, time.Until(begin).Round(time.Second))
	if err := <-ended; !errors.Is(err, errCaughtUp) {
		fmt.Fprintf(os.Stderr, "%d of %d stages did not go on: %v\n", len(waiting.due), number, err)
	}
	row.Timers = timersTiming{number, waiting.tooLate, spreadOf(waiting.late)}
	return nil
}

// dueRollouts are rollouts whose bake time is over within a minute, evenly.
type dueRollouts struct {
	sample        catalog.Commit
	first, number int
	now, begin    time.Time
}

func newDueRollouts(first, number int, begin time.Time) (dueRollouts, error) {
	now := time.Now()
	sample, err := dueRollout(now)
	return dueRollouts{sample, first, number, now, begin}, err
}

func (d dueRollouts) at(i int) time.Time {
	return d.begin.Add(timersWithin * time.Duration(i-d.first) / time.Duration(d.number))
}

func (d dueRollouts) due() map[string]time.Time {
	due := map[string]time.Time{}
	for i := d.first; i < d.first+d.number; i++ {
		due[d.id(i)] = d.at(i)
	}
	return due
}

func (dueRollouts) id(i int) string { return fmt.Sprintf("due-%d", i) }

func (d dueRollouts) program(i int) catalog.Commit {
	commit := d.sample
	commit.MiniProgram.ID, commit.MiniProgram.Team = d.id(i), fmt.Sprintf("team-%d", i%manyTeams)
	commit.MiniProgram.Rollout = lasting(*d.sample.MiniProgram.Rollout, d.now, d.at(i).Sub(d.now))
	versions(&commit.MiniProgram)
	return commit
}

// timers notes how late stages go on. What has gone on is not due any more.
type timers struct {
	due       map[string]time.Time
	recovered map[string]bool
	late      []time.Duration
	tooLate   int
}

func (t *timers) note(change catalog.Change) error {
	due, waits := t.due[change.ID]
	if !waits || change.Transition == nil {
		return nil
	}
	now := time.Now()
	switch {
	case change.Transition.Action == lifecycle.Recovered:
		t.recovered[change.ID] = now.Before(due)
	case change.Transition.From == lifecycle.GrayscaleRelease && change.Transition.To == lifecycle.ProductionRelease:
		delete(t.due, change.ID)
		if t.recovered[change.ID] {
			t.late = append(t.late, now.Sub(due))
		} else {
			t.tooLate++
		}
	}
	if len(t.due) == 0 {
		return errCaughtUp
	}
	return nil
}
