//go:build production

package production

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"slipway/lifecycle"
)

const (
	rollouts = 100
	// atOnce is how many programs act at the same time.
	atOnce = 8
	// shortest and longest are the stages of the rollouts.
	shortest, longest = 3, 12
	// Every tenth rollout waits in its first stage until a person lets it go on: it is under way during everything.
	byHandEach = 10
)

func names(prefix string, n int) (ids []string) {
	for i := range n {
		ids = append(ids, fmt.Sprintf("%s-%03d", prefix, i))
	}
	return ids
}

// forAll does something with all mini-programs, some at once.
func forAll(ids []string, do func(n int, id string) error) error {
	group := errgroup.Group{}
	group.SetLimit(atOnce)
	for n, id := range ids {
		group.Go(func() error { return do(n, id) })
	}
	return group.Wait()
}

func TestARollingRestartInTheMiddleOfAHundredRollouts(t *testing.T) {
	i := install(t, "restart")
	i.everything(here.built)
	ids := names("rollout", rollouts)
	require.NoError(t, forAll(ids, func(_ int, id string) error { return i.live(id, "1.0.0") }))
	require.NoError(t, forAll(ids, func(_ int, id string) error { return i.approved(id, "1.1.0") }))
	audience := i.watch(ids)

	var publishing errgroup.Group
	half := make(chan struct{})
	publishing.Go(func() error { return i.publishAll(ids, half) })
	<-half
	restarted := i.rollingRestart(ids)
	require.NoError(t, publishing.Wait())
	require.NoError(t, restarted)

	require.NoError(t, forAll(ids, func(n int, id string) error {
		if n%byHandEach == 0 {
			if err := i.as("mara").act(id, lifecycle.Promote, nil); err != nil {
				return err
			}
		}
		return i.as("mara").becomes(id, lifecycle.Published, "1.1.0")
	}))
	require.NoError(t, forAll(ids, func(_ int, id string) error { return i.everybodyGets(id, "1.1.0") }))
	audience.dismiss(t)
	audience.allowed(t)
	for _, id := range ids {
		i.arrived(id)
	}
	i.nothingLost(ids)
}

// live makes a mini-program with a version for everybody.
func (i *installation) live(id, version string) error {
	if err := i.as("dana").requestCreation(id); err != nil {
		return err
	}
	if err := i.as("rita").act(id, lifecycle.ApproveCreation, nil); err != nil {
		return err
	}
	if err := i.approved(id, version); err != nil {
		return err
	}
	if err := i.as("dana").act(id, lifecycle.Publish, plan(0, false)); err != nil {
		return err
	}
	return i.as("dana").becomes(id, lifecycle.Published, version)
}

// publishAll begins the rollouts, and says when half of them are under way.
func (i *installation) publishAll(ids []string, half chan<- struct{}) error {
	publish := func(n int, id string) error {
		stage := time.Duration(shortest+n%(longest-shortest)) * time.Second
		return i.as("dana").act(id, lifecycle.Publish, plan(stage, n%byHandEach == 0))
	}
	err := forAll(ids[:len(ids)/2], publish)
	close(half)
	if err != nil {
		return err
	}
	return forAll(ids[len(ids)/2:], func(n int, id string) error { return publish(n+len(ids)/2, id) })
}

// rollingRestart restarts everything, one after the other, while people act on the rollouts that wait for a person.
func (i *installation) rollingRestart(ids []string) error {
	people := make(chan struct{})
	var acting errgroup.Group
	acting.Go(func() error { return i.interfere(ids, people) })
	err := i.restartAll()
	close(people)
	if wrong := acting.Wait(); err == nil {
		err = wrong
	}
	return err
}

func (i *installation) restartAll() error {
	for _, u := range []*unit{here.temporal, i.units["worker-1"], i.units["web-1"], i.units["worker-2"], i.units["web-2"]} {
		begin := time.Now()
		if err := i.restart(u); err != nil {
			return err
		}
		i.t.Logf("%s was restarted within %s", u.name, time.Since(begin).Round(time.Millisecond))
	}
	return nil
}

// interfere pauses and resumes, and moves cohorts, until it is told to end.
func (i *installation) interfere(ids []string, end <-chan struct{}) error {
	mara := i.as("mara")
	for n := 0; ; n += byHandEach {
		select {
		case <-end:
			return nil
		default:
		}
		id := ids[n%(len(ids)/2)] // under way
		if err := mara.act(id, lifecycle.Pause, map[string]any{"comment": "let us look"}); err != nil {
			return err
		}
		if err := mara.act(id, lifecycle.Resume, map[string]any{"comment": "all is well"}); err != nil {
			return err
		}
	}
}

// everybodyGets waits until both webs tell all users the same.
func (i *installation) everybodyGets(id, version string) error {
	return until("everybody gets "+version+" of "+id, func() error {
		for user := range 2 * users {
			answer, err := i.gets(id, fmt.Sprint("user-", user))
			if err != nil || answer.version != version {
				return fmt.Errorf("%+v (%w)", answer, err)
			}
		}
		return nil
	})
}

// arrived requires a rollout to have gone through its stages, each once.
func (i *installation) arrived(id string) {
	i.t.Helper()
	_, records := i.trail(id)
	var steps []lifecycle.Action
	for _, record := range records {
		switch record.Action {
		case lifecycle.Publish, lifecycle.Promote, lifecycle.Advance:
			if record.Version == "1.1.0" {
				steps = append(steps, record.Action)
			}
		}
	}
	expected := []lifecycle.Action{lifecycle.Publish, lifecycle.Promote, lifecycle.Advance, lifecycle.Advance, lifecycle.Advance}
	assert.Equal(i.t, expected, steps, id)
	assert.Equal(i.t, lifecycle.Published, records[len(records)-1].To, id)
}

// nothingLost requires everything that was acknowledged to be in the audit trail, once.
func (i *installation) nothingLost(ids []string) {
	i.t.Helper()
	total := 0
	for _, id := range ids {
		recorded := map[string]int{}
		_, records := i.trail(id)
		for _, record := range records {
			recorded[record.Command.RequestID]++
		}
		for _, key := range i.acknowledged.keys[id] {
			assert.Equal(i.t, 1, recorded[key], "%s: request %s was acknowledged", id, key)
			total++
		}
	}
	i.t.Logf("%d acknowledged actions, each in the audit trail once", total)
}
