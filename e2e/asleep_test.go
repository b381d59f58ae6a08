package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

const (
	// asleepOfEach is how many mini-programs wait of each kind.
	asleepOfEach  = 17
	pauseReminder = 2 * time.Second
	asleepFor     = 15 * time.Second
)

// waiting is a kind of mini-program that waits for a time: how it comes to wait for it, and what has to happen then, once.
type waiting struct {
	name string
	// wait is the last that people do; due is the moment that all wait for. People do so many things in all.
	wait   func(p *platform, id string, due time.Time)
	people int
	// happens are the actions and notes that follow.
	happens []lifecycle.Action
}

var asleep = []waiting{
	{"stages", func(p *platform, id string, due time.Time) {
		p.do(id, lifecycle.Publish, developer, plan(time.Second), bakedAt(due))
	}, 6, []lifecycle.Action{lifecycle.Promote, lifecycle.Advance, lifecycle.Advance, lifecycle.Advance}},
	{"gates", func(p *platform, id string, due time.Time) {
		p.do(id, lifecycle.Publish, developer, watched(plan(time.Second)), bakedAt(due))
	}, 6, []lifecycle.Action{lifecycle.HealthChanged, lifecycle.Promote, lifecycle.Advance, lifecycle.Advance, lifecycle.Advance}},
	{"schedule", func(p *platform, id string, due time.Time) {
		p.do(id, lifecycle.Publish, developer, plan(time.Hour), func(c *lifecycle.Command) { c.At = new(time.Now().Add(untilDue(due))) })
	}, 6, []lifecycle.Action{lifecycle.Publish}},
	{"person", func(p *platform, id string, due time.Time) {
		p.do(id, lifecycle.Publish, developer, plan(time.Hour), bakedAt(due), func(c *lifecycle.Command) { c.Plan.AutoPromote = new(false) })
	}, 6, []lifecycle.Action{lifecycle.Held}},
	{"review", func(p *platform, id string, _ time.Time) { p.do(id, lifecycle.RequestPublishing, developer) },
		4, []lifecycle.Action{lifecycle.Reminded, lifecycle.Escalated}},
	{"pause", func(p *platform, id string, _ time.Time) {
		p.do(id, lifecycle.Publish, developer, plan(time.Hour))
		p.do(id, lifecycle.Pause, manager)
	}, 7, []lifecycle.Action{lifecycle.Reminded}},
}

func bakedAt(due time.Time) func(*lifecycle.Command) {
	return func(c *lifecycle.Command) { c.Plan.Grayscale.Bake = lifecycle.Duration(untilDue(due)) }
}

// untilDue is never nothing, however slow the machine.
func untilDue(due time.Time) time.Duration { return max(time.Until(due), time.Second) }

// A hundred mini-programs wait for one moment, at which no worker runs; long after it there is one again.
func TestWhatFellDueWhileTheWorkerWasAwayHappensOnce(t *testing.T) {
	settings := filepath.Join(t.TempDir(), "settings.json")
	require.NoError(t, os.WriteFile(settings, fmt.Appendf(nil, `{"remind_after": "12s", "escalate_after": "13s", "pause_reminder": %q}`, pauseReminder), 0o600))
	p := install(t, "SETTINGS_FILE="+settings, "PROMETHEUS_URL="+prometheus(t, func() string { return "0.01" })).start()
	ids := p.fallAsleep()
	due := time.Now().Add(asleepFor)
	for id, kind := range ids {
		kind.wait(p, id, due)
	}
	p.stop(syscall.SIGKILL)
	p.eventually("all is long due", func() bool { return time.Now().After(due.Add(2 * pauseReminder)) })
	p.start()
	for id, kind := range ids {
		p.eventually(id+" did what it had to", func() bool { return p.status(id).Sequence >= kind.people+len(kind.happens) })
	}
	for id, kind := range ids {
		if kind.name == "pause" {
			p.remindedInTime(id)
			continue // more reminders come, also while somebody looks
		}
		assert.Equal(t, kind.happens, p.trail(id)[kind.people:], id)
	}
}

// fallAsleep brings mini-programs of each kind to where they are about to wait.
func (p *platform) fallAsleep() map[string]waiting {
	ids := map[string]waiting{}
	for _, kind := range asleep {
		for i := range asleepOfEach {
			id := p.request(fmt.Sprintf("asleep-%s-%d", kind.name, i))
			ids[id] = kind
			if kind.name != "review" {
				p.approved(id, "1.0.0")
				continue
			}
			sha256 := p.upload()
			p.do(id, lifecycle.UploadCode, developer, func(c *lifecycle.Command) { c.Package = &lifecycle.Package{Version: "1.0.0", SHA256: sha256} })
		}
	}
	return ids
}

// remindedInTime requires that reminders are as far apart as they should be: those that were missed do not come all at once.
func (p *platform) remindedInTime(id string) {
	p.t.Helper()
	var last time.Time
	for _, transition := range p.status(id).Transitions {
		if transition.Action == lifecycle.Reminded {
			assert.GreaterOrEqual(p.t, transition.At.Sub(last), pauseReminder, "%s is reminded at %s after %s", id, transition.At, last)
			last = transition.At
		}
	}
	assert.False(p.t, last.IsZero())
}
