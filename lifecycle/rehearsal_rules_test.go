package lifecycle_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

// rehearsed is one from Monday, 1 June 2026, 09:00 on, or says why there is none.
func rehearsed(t *testing.T, settings lifecycle.Settings, text string) lifecycle.Rehearsal {
	t.Helper()
	r, refusal := rehearse(t, settings, text)
	require.Nil(t, refusal)
	return r
}

func rehearse(t *testing.T, settings lifecycle.Settings, text string) (lifecycle.Rehearsal, *lifecycle.Refusal) {
	t.Helper()
	asked := lifecycle.Rehearse{Start: at(t, "2026-06-01T09:00:00Z")}
	require.NoError(t, lifecycle.DecodeStrictly([]byte(text), &asked))
	return settings.Rehearse(asked)
}

// told are the moments in words.
func told(r lifecycle.Rehearsal) (lines []string) {
	for _, m := range r.Moments {
		line := fmt.Sprintf("%s %s %s", m.At.Format("Mon 02 15:04"), m.Action, m.Percent)
		if m.Until != nil {
			line += " until " + m.Until.Format("Mon 02 15:04")
		}
		if m.Earliest {
			line += " at the earliest"
		}
		lines = append(lines, line)
	}
	return lines
}

const gatedPlan = `{"grayscale": {"percent": 10, "bake": "6h"}, "production": [{"percent": 50, "hold": "4h"}, {"percent": 100, "hold": "1h"}],
	"health": {"query": "up", "max": 1, "interval": "1m", "failures": 3}`

func TestAPlanIsRehearsed(t *testing.T) {
	r := rehearsed(t, lifecycle.DefaultSettings(), `{"plan": "standard"}`)
	assert.Equal(t, []string{
		"Mon 01 09:00 publish 5 %", "Tue 02 09:00 promote 10 %", "Wed 03 09:00 advance 25 %", "Thu 04 09:00 advance 50 %",
		"Fri 05 09:00 advance 100 %", "Fri 05 09:00 advance 100 %",
	}, told(r))
	assert.Equal(t, lifecycle.Published, r.State)
	assert.Equal(t, "standard", r.Plan.Name)
	assert.Equal(t, lifecycle.DefaultSettings().Digest(), r.Settings)
	assert.Equal(t, "the bake time is over", r.Moments[1].Cause)
	assert.Equal(t, []int{0, 1, 2, 3, 4, 4}, []int{r.Moments[0].Stage, r.Moments[1].Stage, r.Moments[2].Stage, r.Moments[3].Stage, r.Moments[4].Stage, r.Moments[5].Stage})
	assert.Len(t, r.Records, 6)
}

func TestARehearsalWaitsForWindowsAndFreezes(t *testing.T) {
	settings := lifecycle.DefaultSettings()
	settings.Calendar = calendar(t, `{"release_windows": [{"days": ["mon", "tue", "wed", "thu"], "from": "10:00", "to": "16:00"}],
		"freezes": [{"from": "2026-06-03T00:00:00Z", "to": "2026-06-08T12:00:00Z", "reason": "a fair"}]}`)
	r := rehearsed(t, settings, `{"plan": "standard"}`)
	assert.Equal(t, []string{
		"Mon 01 09:00 held 0 % until Mon 01 10:00", "Mon 01 10:00 publish 5 %", "Tue 02 10:00 promote 10 %",
		"Wed 03 10:00 held 10 % until Mon 08 12:00", "Mon 08 12:00 advance 25 %", "Tue 09 12:00 advance 50 %",
		"Wed 10 12:00 advance 100 %", "Wed 10 12:00 advance 100 %",
	}, told(r))
	assert.Equal(t, []string{"it waits for the next release window", "a fair"}, []string{r.Moments[3].Cause, r.Moments[3].Reason})
}

func TestOtherSettingsAreRehearsedAndNothingOfThemIsInForce(t *testing.T) {
	settings := openOnWeekdays(t)
	before := settings.Digest()
	freeze := `"settings": {"calendar": {"freezes": [{"from": "2026-06-01T00:00:00Z", "to": "2026-06-01T12:00:00Z", "reason": "a fair"}]},
		"plans": {"standard": {"production": [{"percent": 100, "hold": "0s"}]}, "mine": {"production": [{"percent": 100, "hold": "0s"}]}}}`
	for _, plan := range []string{"standard", "mine"} {
		r := rehearsed(t, settings, fmt.Sprintf(`{"plan": %q, %s}`, plan, freeze))
		assert.Equal(t, []string{"Mon 01 09:00 held 0 % until Mon 01 12:00", "Mon 01 12:00 publish 0 %", "Mon 01 12:00 promote 100 %", "Mon 01 12:00 advance 100 %"}, told(r))
		assert.NotEqual(t, before, r.Settings)
	}
	assert.Equal(t, before, settings.Digest())
	assert.Equal(t, before, rehearsed(t, settings, `{"plan": "fast", "settings": {"pause_reminder": "720h"}}`).Settings, "what is not named stays")
}

// Whatever is rehearsed, and whether it is refused: the settings in force are those of everybody.
func TestNothingIsInForceThatWasOnlyRehearsed(t *testing.T) {
	inForce := func() (settings lifecycle.Settings) {
		settings = lifecycle.DefaultSettings()
		require.NoError(t, settings.Override([]byte(`{"blocking_warnings": ["native_code"], "calendar": {"holidays": ["2026-12-25"]},
			"review": {"publishing": [{"name": "security", "role": "reviewer:security"}]},
			"subscriptions": [{"name": "ours", "channel": "mail", "to": ["ops@example.com"]}]}`)))
		return settings
	}
	settings := inForce()
	for _, others := range []string{
		`"review": {"publishing": [{"name": "content", "role": "reviewer"}]}`, `"review": {"creation": [{"name": "entity", "role": "reviewer"}]}`,
		`"subscriptions": [{"name": "mine", "channel": "mail", "to": ["me@example.com"]}]`, `"calendar": {"holidays": ["2026-12-24"]}`,
		`"blocking_warnings": ["too_many_domains"]`, `"plans": {"standard": {"production": [{"percent": 100, "hold": "0s"}]}}`,
	} {
		rehearsed(t, settings, fmt.Sprintf(`{"plan": "fast", "settings": {%s}}`, others))
		_, refusal := rehearse(t, settings, fmt.Sprintf(`{"plan": "fast", "settings": {%s, "remind_after": "0s"}}`, others))
		assert.NotNil(t, refusal, others)
		assert.Equal(t, inForce(), settings, others)
	}
	assert.Equal(t, settings.Digest(), rehearsed(t, settings, `{"plan": "fast", "settings": {"subscriptions": []}}`).Settings, "what is not named stays")
}

func TestABreachEndsARehearsal(t *testing.T) {
	healthy := []string{"Mon 01 09:00 publish 10 %", "Mon 01 09:00 health-changed 10 %"}
	goesOn := append(append([]string{}, healthy...), "Mon 01 15:00 promote 50 %")
	for name, c := range map[string]struct {
		text string
		told []string
		ends lifecycle.State
		wait lifecycle.Action
	}{
		"none": {gatedPlan + `}`, append(append([]string{}, goesOn...), "Mon 01 19:00 advance 100 %", "Mon 01 20:00 advance 100 %"), lifecycle.Published, ""},
		"rolled back": {gatedPlan + `}, "breach": {"at": "2026-06-01T10:30:30Z"}`,
			append(append([]string{}, healthy...), "Mon 01 10:33 health-changed 10 %", "Mon 01 10:33 rollback 0 %"), lifecycle.CodeAvailable, ""},
		"paused": {gatedPlan + `, "on_unhealthy": "pause"}, "breach": {"at": "2026-06-01T16:00:00Z"}`,
			append(append([]string{}, goesOn...), "Mon 01 16:02 health-changed 50 %", "Mon 01 16:02 pause 50 %"), lifecycle.ProductionRelease, lifecycle.Resume},
		"at the end of a stage": {gatedPlan + `}, "breach": {"at": "2026-06-01T14:59:30Z"}`,
			append(append([]string{}, healthy...), "Mon 01 15:02 health-changed 10 %", "Mon 01 15:02 rollback 0 %"), lifecycle.CodeAvailable, ""},
		"after all is over": {gatedPlan + `}, "breach": {"at": "2026-06-02T14:59:30Z"}`,
			append(append([]string{}, goesOn...), "Mon 01 19:00 advance 100 %", "Mon 01 20:00 advance 100 %"), lifecycle.Published, ""},
		"before the beginning": {gatedPlan + `}, "breach": {"at": "2026-05-01T14:59:30Z"}`,
			[]string{"Mon 01 09:00 publish 10 %", "Mon 01 09:00 health-changed 10 %", "Mon 01 09:02 health-changed 10 %", "Mon 01 09:02 rollback 0 %"}, lifecycle.CodeAvailable, ""},
	} {
		r := rehearsed(t, lifecycle.DefaultSettings(), `{"plan": `+c.text+`}`)
		assert.Equal(t, c.told, told(r), name)
		assert.Equal(t, c.ends, r.State, name)
		assert.Equal(t, c.wait, r.WaitsFor, name)
		assert.Equal(t, r.Moments[len(r.Moments)-1].At, r.EndsAt, name)
	}
}

const ruledPlan = `{"grayscale": {"percent": 10, "bake": "6h"}, "production": [{"percent": 100, "hold": "4h"}], "health": {"rules": [
	{"name": "errors", "query": "e", "max": 1, "interval": "1m", "failures": 3},
	{"name": "traffic", "query": "t", "min": 5, "interval": "15m", "failures": 2, "after": "1h"},
	{"name": "latency", "query": "l", "max": 1, "interval": "1s", "failures": 2, "dry_run": true}]}}`

func TestARuleOfSeveralIsBreached(t *testing.T) {
	begins := []string{"Mon 01 09:00 publish 10 %", "Mon 01 09:00 health-changed 10 %", "Mon 01 10:00 health-changed 10 %"}
	for name, c := range map[string]struct {
		breach string
		more   []string
	}{
		"traffic": {`{"rule": "traffic", "at": "2026-06-01T11:20:00Z"}`, []string{"Mon 01 11:45 health-changed 10 %", "Mon 01 11:45 rollback 0 %"}},
		"errors":  {`{"rule": "errors", "at": "2026-06-01T11:20:00Z"}`, []string{"Mon 01 11:22 health-changed 10 %", "Mon 01 11:22 rollback 0 %"}},
		"a dry run": {`{"rule": "latency", "at": "2026-06-01T11:20:00Z"}`,
			[]string{"Mon 01 11:20 health-changed 10 %", "Mon 01 15:00 promote 100 %", "Mon 01 19:00 advance 100 %"}},
	} {
		assert.Equal(t, append(append([]string{}, begins...), c.more...), told(rehearsed(t, lifecycle.DefaultSettings(), `{"plan": `+ruledPlan+`, "breach": `+c.breach+`}`)), name)
	}
}

func TestWhatAPersonHasToSayComesAtTheEarliest(t *testing.T) {
	plan := `{"plan": {"grayscale": {"percent": 10, "bake": "2h"}, "production": [{"percent": 100, "hold": "1h"}], "auto_promote": false}}`
	assert.Equal(t, []string{
		"Mon 01 09:00 publish 10 %", "Mon 01 11:00 held 10 %", "Mon 01 11:00 promote 100 % at the earliest", "Mon 01 12:00 advance 100 % at the earliest",
	}, told(rehearsed(t, lifecycle.DefaultSettings(), plan)))
	settings := lifecycle.DefaultSettings()
	settings.Calendar = calendar(t, `{"release_windows": [{"from": "08:00", "to": "10:00"}]}`)
	assert.Equal(t, []string{
		"Mon 01 09:00 publish 10 %", "Mon 01 11:00 held 10 %", "Tue 02 08:00 promote 100 % at the earliest", "Tue 02 09:00 advance 100 % at the earliest",
	}, told(rehearsed(t, settings, plan)), "they have to wait for the window, too")
}

func TestWhatCannotBeRehearsed(t *testing.T) {
	for text, says := range map[string]string{
		`{"plan": "fast", "start": "0001-01-01T00:00:00Z"}`: `"start" is missing`,
		`{"plan": "slow"}`: `there is no plan named "slow"`,
		`{"plan": "fast", "start": "1969-12-31T00:00:00Z"}`:                                                 "start is 1969",
		`{"plan": "fast", "start": "2201-12-31T00:00:00Z"}`:                                                 "from 1970 to 2200",
		`{"plan": "fast", "breach": {"at": "2026-06-01T11:20:00Z"}}`:                                        "no health gate",
		`{"plan": ` + gatedPlan + `}, "breach": {}}`:                                                        `breach needs "at"`,
		`{"plan": ` + gatedPlan + `}, "breach": {"rule": "errors", "at": "2026-06-01T11:20:00Z"}}`:          "one rule, without a name",
		`{"plan": ` + ruledPlan + `, "breach": {"rule": "x", "at": "2026-06-01T11:20:00Z"}}`:                `breach.rule is "x"; the rules of the plan are errors, traffic, latency`,
		`{"plan": "fast", "settings": {"calendar": {"time_zone": "Mars"}}}`:                                 `settings: line 1: calendar.time_zone is "Mars"`,
		`{"plan": "fast", "settings": {"calender": {}}}`:                                                    `settings: line 1: "calender"`,
		`{"plan": {"production": [{"percent": 50, "hold": "1h"}]}}`:                                         "the last stage",
		`{"plan": "fast", "settings": {"default_plan": "x"}}`:                                               `default_plan is "x"`,
		`{"plan": "fast", "settings": {"escalate_after": "9000h", "expedited_after": "8h"}, "start": null}`: "takes more than a year",
	} {
		_, refusal := rehearse(t, openOnWeekdays(t), text)
		if assert.NotNil(t, refusal, text) {
			assert.Equal(t, lifecycle.InvalidInput, refusal.Code)
			assert.Contains(t, refusal.Message, says, text)
		}
	}
}

// yearLong has as many stages as a plan may have, each a week long, and a gate that is asked each second.
func yearLong() lifecycle.Rehearse {
	plan := lifecycle.Plan{Grayscale: lifecycle.Grayscale{Bake: lifecycle.Duration(7 * day)}}
	for i := range lifecycle.MaxStages {
		plan.Production = append(plan.Production, lifecycle.Stage{Percent: lifecycle.WholePercent(2 * (i + 1)), Hold: lifecycle.Duration(7 * day)})
	}
	limit := 1.0
	for _, name := range []string{"errors", "latency", "traffic"} {
		plan.Health = &lifecycle.Health{Rules: append(rulesOf(plan.Health), lifecycle.HealthRule{
			Name: name, Query: "up", Max: &limit, Interval: lifecycle.Duration(time.Second), Failures: 1000, DryRun: name == "latency",
		})}
	}
	return lifecycle.Rehearse{Plan: plan, Start: day0, Breach: &lifecycle.Breach{Rule: "latency", At: day0.Add(40 * day)}}
}

func rulesOf(health *lifecycle.Health) []lifecycle.HealthRule {
	if health == nil {
		return nil
	}
	return health.Rules
}

func busySettings(t testing.TB) lifecycle.Settings {
	settings := lifecycle.DefaultSettings()
	settings.Calendar = &lifecycle.Calendar{TimeZone: "Europe/Berlin", Holidays: holidaysFrom2026(100), Freezes: freezesFrom(day0.Add(200*day), 90)}
	require.NoError(t, json.Unmarshal([]byte(`[{"days": ["mon", "tue", "wed", "thu"], "from": "10:00", "to": "16:00"}]`), &settings.Calendar.ReleaseWindows))
	require.Nil(t, settings.Validate())
	return settings
}

func TestAYearIsRehearsedToItsEnd(t *testing.T) {
	r, refusal := busySettings(t).Rehearse(yearLong())
	require.Nil(t, refusal)
	assert.Equal(t, lifecycle.Published, r.State)
	assert.Greater(t, r.EndsAt.Sub(day0), 357*day)
	_, _, closed := busySettings(t).Calendar.Closed(r.EndsAt)
	assert.False(t, closed)
}

func BenchmarkAYearRehearsed(b *testing.B) {
	settings, asked := busySettings(b), yearLong()
	for b.Loop() {
		if _, refusal := settings.Rehearse(asked); refusal != nil {
			b.Fatal(refusal)
		}
	}
}
