package workflows

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"slipway/lifecycle"
)

// rehearsing is what is rehearsed and then really done.
type rehearsing struct {
	asked    lifecycle.Rehearse
	calendar *lifecycle.Calendar
}

var anyRehearsal = rapid.Custom(func(r *rapid.T) rehearsing {
	begins := time.Duration(rapid.IntRange(1, 100).Draw(r, "begins")) * hour
	asked := lifecycle.Rehearse{Plan: anyPlan(r), Start: start.Add(begins)}
	asked.Breach = anyBreach(r, asked)
	return rehearsing{asked, anyCalendar(r)}
})

// The plans, calendars and breaches are the same each time; more of them: REHEARSALS=1000.
func TestWhatIsRehearsedIsWhatTheWorkflowDoes(t *testing.T) {
	many, err := strconv.Atoi(cmp.Or(os.Getenv("REHEARSALS"), "40"))
	require.NoError(t, err)
	for seed := range many {
		t.Run(strconv.Itoa(seed), func(t *testing.T) { anyRehearsal.Example(seed).playsAsRehearsed(t) })
	}
}

func (r rehearsing) playsAsRehearsed(t *testing.T) {
	o := observe(t)
	o.acts.Settings.Calendar = r.calendar
	require.Nil(t, o.acts.Settings.Validate())
	rehearsal, refusal := o.acts.Settings.Rehearse(r.asked)
	require.Nil(t, refusal)
	if r.asked.Plan.Health != nil {
		o.health = r.health
	}
	begins := r.asked.Start.Sub(start)
	o.created(0).approved(0, "1.0.0").act(minute, lifecycle.Publish, ann, planned(r.asked.Plan), scheduledFor(begins))
	o.until(rehearsal.EndsAt.Sub(start) + 2*hour)
	done, expected := happenings(o.audit()[6:]), happenings(rehearsal.Records)
	if by := slices.IndexFunc(rehearsal.Moments, func(m lifecycle.Moment) bool { return m.Earliest }); by >= 0 { // nobody does it here
		expected = happenings(rehearsal.Records[:by])
		done = done[:min(len(done), len(expected))]
	}
	assert.Equal(t, expected, done, "%+v\n%+v", r.asked, r.calendar)
}

func (r rehearsing) health(after time.Duration, rule string) lifecycle.HealthVerdict {
	if b := r.asked.Breach; b != nil && b.Rule == rule && !start.Add(after).Before(b.At) {
		return breach
	}
	return healthy
}

// happenings are what records have in common with those of a rehearsal, to the minute. Of several reasons to wait, one after the other, only
// the first counts: a rehearsal does not look again before it knows that it may go on.
func happenings(records []lifecycle.Record) (lines []string) {
	held := false
	for _, record := range records {
		if record.Action == lifecycle.Held && held {
			continue
		}
		held = record.Action == lifecycle.Held || held && record.Action == lifecycle.HealthChanged
		lines = append(lines, fmt.Sprintf("%s %s %s %s",
			record.At.Sub(start).Round(time.Minute), record.Action, record.Serving.Percent, record.To))
	}
	return lines
}

func minutes(r *rapid.T, name string, from, to int) lifecycle.Duration {
	return lifecycle.Duration(time.Duration(rapid.IntRange(from, to).Draw(r, name)) * minute)
}

func anyPlan(r *rapid.T) lifecycle.Plan {
	plan := lifecycle.Plan{Grayscale: lifecycle.Grayscale{Percent: 100, Bake: minutes(r, "bake", 0, 60*40)}}
	stages := rapid.IntRange(0, 3).Draw(r, "stages")
	for i := range stages {
		plan.Production = append(plan.Production, lifecycle.Stage{Percent: lifecycle.WholePercent(10 * (i + 1)), Hold: minutes(r, "hold", 0, 60*30)})
	}
	plan.Production = append(plan.Production, lifecycle.Stage{Percent: lifecycle.Everyone, Hold: minutes(r, "last", 0, 60)})
	if rapid.Bool().Draw(r, "pauses") {
		plan.OnUnhealthy = lifecycle.PauseOnUnhealthy
	}
	if rapid.IntRange(0, 5).Draw(r, "waits") == 0 {
		plan.AutoPromote = new(false)
	}
	limit := 0.02
	switch rapid.SampledFrom([]string{"no gate", "one rule", "several"}).Draw(r, "health") {
	case "one rule":
		plan.Health = &lifecycle.Health{Query: "e", Max: limit, Interval: minutes(r, "interval", 1, 90), Failures: rapid.IntRange(1, 4).Draw(r, "failures")}
	case "several":
		plan.Health = &lifecycle.Health{}
		for i := range rapid.IntRange(1, 3).Draw(r, "rules") {
			plan.Health.Rules = append(plan.Health.Rules, lifecycle.HealthRule{
				Name: fmt.Sprint("rule ", i), Query: "e", Max: &limit, Interval: minutes(r, "interval", 1, 90), Failures: rapid.IntRange(1, 4).Draw(r, "failures"),
				After: minutes(r, "after", 0, 120), DryRun: rapid.IntRange(0, 3).Draw(r, "dry") == 0,
			})
		}
	}
	return plan
}

func anyBreach(r *rapid.T, asked lifecycle.Rehearse) *lifecycle.Breach {
	if asked.Plan.Health == nil || !rapid.Bool().Draw(r, "breached") {
		return nil
	}
	rules := asked.Plan.Health.All()
	return &lifecycle.Breach{
		Rule: rules[rapid.IntRange(0, len(rules)-1).Draw(r, "rule")].Name,
		At:   asked.Start.Add(time.Duration(minutes(r, "breach", -60, 60*80))),
	}
}

func anyCalendar(r *rapid.T) *lifecycle.Calendar {
	c := &lifecycle.Calendar{TimeZone: rapid.SampledFrom([]string{"", "Asia/Shanghai", "America/New_York"}).Draw(r, "zone")} // New York turns back
	for range rapid.IntRange(0, 2).Draw(r, "windows") {
		days := rapid.SliceOfNDistinct(rapid.IntRange(0, 6), 2, 5, rapid.ID).Draw(r, "days")
		window := lifecycle.Window{From: lifecycle.Clock(60 * rapid.IntRange(0, 23).Draw(r, "from")), To: lifecycle.Clock(60 * rapid.IntRange(0, 24).Draw(r, "to"))}
		for _, day := range days {
			window.Days = append(window.Days, lifecycle.Weekday(day))
		}
		c.ReleaseWindows = append(c.ReleaseWindows, window)
	}
	at := start
	for range rapid.IntRange(0, 2).Draw(r, "freezes") {
		at = at.Add(time.Duration(rapid.IntRange(0, 80).Draw(r, "free")) * hour)
		to := at.Add(time.Duration(rapid.IntRange(1, 60).Draw(r, "frozen")) * hour)
		c.Freezes = append(c.Freezes, lifecycle.Freeze{From: at, To: to, Reason: "a fair"})
		at = to
	}
	return c
}
