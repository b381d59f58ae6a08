package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
	"slipway/plain"
)

// wednesday is in winter, two days before clocks are set in neither place.
func wednesday(t *testing.T) time.Time {
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	return time.Date(2026, time.December, 2, 15, 4, 5, 0, vienna)
}

func TestTimesAreReadAsPeopleSayThem(t *testing.T) {
	for text, expected := range map[string]string{
		"2026-12-24 09:00":          "2026-12-24T09:00:00+01:00",
		"2026-12-24 9:00:30":        "2026-12-24T09:00:30+01:00",
		"2026-12-24T09:00":          "2026-12-24T09:00:00+01:00",
		"2026-07-01 09:00":          "2026-07-01T09:00:00+02:00",
		"2026-12-24T09:00:00Z":      "2026-12-24T10:00:00+01:00",
		"2026-12-24T09:00:00-05:00": "2026-12-24T15:00:00+01:00",
		"tomorrow 9:00":             "2026-12-03T09:00:00+01:00",
		" Tomorrow  9:00 ":          "2026-12-03T09:00:00+01:00",
		"tomorrow 9am":              "2026-12-03T09:00:00+01:00",
		"today 6:30 pm":             "2026-12-02T18:30:00+01:00",
		"yesterday 23:59":           "2026-12-01T23:59:00+01:00",
		"monday 8:00":               "2026-12-07T08:00:00+01:00",
		"Wed 8:00":                  "2026-12-09T08:00:00+01:00",
		"in 2h":                     "2026-12-02T17:04:05+01:00",
		"in 1h30m":                  "2026-12-02T16:34:05+01:00",
		"In 1 hour 30 minutes":      "2026-12-02T16:34:05+01:00",
		"in 90 seconds":             "2026-12-02T15:05:35+01:00",
		"in 1 day":                  "2026-12-03T15:04:05+01:00",
		"in 3d":                     "2026-12-05T15:04:05+01:00",
		"in 2 weeks":                "2026-12-16T15:04:05+01:00",
	} {
		at, err := readMoment(text, wednesday(t))
		require.NoError(t, err, text)
		assert.Equal(t, expected, at.In(wednesday(t).Location()).Format(time.RFC3339), text)
	}
}

func TestATimeThatCouldBeMeantInTwoWaysIsRefused(t *testing.T) {
	for text, expected := range map[string]string{
		"tomorrow":         "needs a time of day too",
		"2026-12-24":       "needs a time of day too",
		"2026-03-29 02:30": "clocks are set forward on 2026-03-29",
		"2026-10-25 02:30": "comes twice: clocks are set back on 2026-10-25; write it with its zone, such as 2026-10-25T02:30:00+0",
		"":                 "must be a time such as",
		"soon":             "must be a time such as",
		"9:00":             "must be a time such as",
		"tomorow 9:00":     "must be a time such as",
		"tomorrow 25:00":   "must be a time such as",
		"tomorrow 9:00 or": "must be a time such as",
		"24.12.2026 09:00": "must be a time such as",
		"2026-02-30 09:00": "must be a time such as",
		"in -2h":           "must be a time such as",
		"in a while":       "must be a time such as",
		"in 2 hours ago":   "must be a time such as",
	} {
		_, err := readMoment(text, wednesday(t))
		assert.ErrorContains(t, err, expected, text)
	}
}

func TestADayIsADayEvenWhenItHas25Hours(t *testing.T) {
	before := time.Date(2026, time.October, 24, 12, 0, 0, 0, wednesday(t).Location())
	at, err := readMoment("in 1 day", before)
	require.NoError(t, err)
	assert.Equal(t, "2026-10-25T12:00:00+01:00", at.Format(time.RFC3339))
	assert.Equal(t, 25*time.Hour, at.Sub(before))
}

func TestATimeIsSaidBackInFull(t *testing.T) {
	at, err := readMoment("tomorrow 9:00", wednesday(t))
	require.NoError(t, err)
	assert.Equal(t, "Thursday, 3 December 2026, 09:00:00 CET +01:00 (2026-12-03 08:00:00 UTC), in 17h55m55s", inFull(at, wednesday(t)))
	assert.Contains(t, inFull(wednesday(t).Add(-time.Hour), wednesday(t)), ", 1h ago")
}

func TestAPercentageMayCarryItsSign(t *testing.T) {
	for text, expected := range map[string]string{"12.5": "12.5 %", "12.5%": "12.5 %", " 12.5 % ": "12.5 %", "100%": "100 %", "0": "0 %"} {
		percent, err := readPercent(text)
		require.NoError(t, err, text)
		assert.Equal(t, expected, percent.String())
	}
	for _, text := range []string{"", "%", "x", "null", "12,5", "5%%", "five", "0.001", "NaN", "Inf", `"5"`} {
		_, err := readPercent(text)
		assert.ErrorContains(t, err, "percentage", text)
	}
}

// in shows times as in a zone. time.Local is everybody's: what still closes its connections reads it.
func in(t *testing.T, name string) {
	zone, err := time.LoadLocation(name)
	require.NoError(t, err)
	before := here
	here = zone
	t.Cleanup(func() { here = before })
}

// Whatever is printed for people has its times on their clock, and says how far that is ahead of UTC; programs get UTC.
func TestTimesAreShownOnTheClockOfWhoeverReadsThem(t *testing.T) {
	at := time.Date(2026, time.December, 17, 18, 30, 0, 0, time.UTC)
	frozen := lifecycle.Outcome{
		Code: lifecycle.Frozen, NextWindow: &at, State: lifecycle.ReadyToPublish,
		Message: "publish is not possible now, releases are closed: a fair; the next window opens on 17 Dec 2026, 18:30 UTC. A release manager can",
	}
	status := lifecycle.Status{
		ID: "weather", State: lifecycle.PublishingPending, Review: &lifecycle.Review{DueAt: at}, Next: &lifecycle.Next{At: &at},
	}
	for zone, says := range map[string][2]string{
		"Asia/Shanghai":    {"Fri 2026-12-18 02:30 +08:00", "2026-12-18 02:30:00+08:00"},
		"America/New_York": {"Thu 2026-12-17 13:30 -05:00", "2026-12-17 13:30:00-05:00"},
		"UTC":              {"Thu 2026-12-17 18:30 +00:00", "2026-12-17 18:30:00+00:00"},
	} {
		t.Run(zone, func(t *testing.T) {
			in(t, zone)
			out := &bytes.Buffer{}
			a := &app{stdout: &plain.Writer{To: out}, stderr: &plain.Writer{To: out}}
			require.ErrorIs(t, a.printOutcome("weather", frozen), errRefused)
			require.NoError(t, a.printOutcome("weather", lifecycle.Outcome{Accepted: true, Action: lifecycle.Publish, ScheduledAt: &at}))
			require.NoError(t, a.stdout.Flush())
			require.NoError(t, a.stderr.Flush())
			assert.Contains(t, out.String(), "the next window opens on "+says[0]+". A release manager can")
			assert.Contains(t, out.String(), "is scheduled for "+says[1])
			assert.Contains(t, statusLines(status, at.Add(-time.Hour)), "when        "+says[0])
			closed := lifecycle.PlatformStatus{Stop: &lifecycle.Stop{By: "olga", At: at, Reason: "why"}, Closure: &lifecycle.Closure{Until: &at}}
			lines := strings.Join(lineLines(closed), "\n")
			assert.Contains(t, lines, "since "+says[1])
			assert.Contains(t, lines, "opens "+says[0])
		})
	}
}
