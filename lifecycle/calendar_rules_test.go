package lifecycle_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"
	_ "time/tzdata" // as in the programs

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"slipway/lifecycle"
)

// calendar reads one as the settings have it.
func calendar(t require.TestingT, text string) *lifecycle.Calendar {
	var c lifecycle.Calendar
	require.NoError(t, lifecycle.DecodeStrictly([]byte(text), &c), text)
	if r := c.Validate(); r != nil {
		require.Fail(t, r.Message, text)
	}
	return &c
}

func at(t require.TestingT, text string) time.Time {
	parsed, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	return parsed
}

const weekdaysNineToSix = `"working_hours": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "18:00"}]`

func TestWorkingTime(t *testing.T) {
	for name, c := range map[string]struct {
		calendar, from string
		lasts          time.Duration
		until          string
	}{
		"within a day": {`"time_zone": "Asia/Shanghai", ` + weekdaysNineToSix, "2026-11-25T09:30:00+08:00", 8 * time.Hour, "2026-11-25T17:30:00+08:00"},
		"to the end of a day": {`"time_zone": "Asia/Shanghai", ` + weekdaysNineToSix,
			"2026-11-25T09:00:00+08:00", 9 * time.Hour, "2026-11-25T18:00:00+08:00"},
		"over a night": {`"time_zone": "Asia/Shanghai", ` + weekdaysNineToSix, "2026-11-25T17:00:00+08:00", 2 * time.Hour, "2026-11-26T10:00:00+08:00"},
		"over a weekend": {`"time_zone": "Asia/Shanghai", ` + weekdaysNineToSix,
			"2026-11-27T17:59:59+08:00", 2 * time.Second, "2026-11-30T09:00:01+08:00"},
		"from a weekend":  {weekdaysNineToSix, "2026-11-28T12:00:00Z", time.Hour, "2026-11-30T10:00:00Z"},
		"over a holiday":  {weekdaysNineToSix + `, "holidays": ["2026-12-25"]`, "2026-12-24T17:00:00Z", 2 * time.Hour, "2026-12-28T10:00:00Z"},
		"on the leap day": {weekdaysNineToSix, "2028-02-28T17:00:00Z", 10 * time.Hour, "2028-02-29T18:00:00Z"},
		"over a leap day that is a holiday": {weekdaysNineToSix + `, "holidays": ["2028-02-29"]`,
			"2028-02-28T17:00:00Z", 2 * time.Hour, "2028-03-01T10:00:00Z"},
		"over midnight": {`"working_hours": [{"days": ["fri"], "from": "22:00", "to": "06:00"}]`,
			"2026-11-27T23:00:00Z", 8 * time.Hour, "2026-12-04T23:00:00Z"},
		"after midnight, of the day before": {`"working_hours": [{"days": ["fri"], "from": "22:00", "to": "06:00"}]`,
			"2026-11-28T05:00:00Z", time.Hour, "2026-11-28T06:00:00Z"},
		"over midnight into a holiday": {`"working_hours": [{"days": ["fri"], "from": "22:00", "to": "06:00"}], "holidays": ["2026-11-28"]`,
			"2026-11-27T23:00:00Z", 7 * time.Hour, "2026-11-28T06:00:00Z"},
		"hours that overlap count once": {`"working_hours": [{"from": "09:00", "to": "13:00"}, {"from": "12:00", "to": "15:00"}]`,
			"2026-11-27T09:00:00Z", 6 * time.Hour, "2026-11-27T15:00:00Z"},
		"a whole day":      {`"working_hours": [{"days": ["sat"], "from": "00:00", "to": "00:00"}]`, "2026-11-27T09:00:00Z", 24 * time.Hour, "2026-11-29T00:00:00Z"},
		"to the day's end": {`"working_hours": [{"days": ["sat"], "from": "20:00", "to": "24:00"}]`, "2026-11-27T09:00:00Z", 4 * time.Hour, "2026-11-29T00:00:00Z"},
		"no hours":         {`"time_zone": "Asia/Shanghai", "holidays": ["2026-11-28"]`, "2026-11-27T09:00:00Z", 24 * time.Hour, "2026-11-28T09:00:00Z"},
		"a year of it":     {weekdaysNineToSix, "2026-01-01T00:00:00Z", 261 * 9 * time.Hour, "2026-12-31T18:00:00Z"},
		"nothing":          {weekdaysNineToSix, "2026-11-28T12:00:00Z", 0, "2026-11-28T12:00:00Z"},
	} {
		until := calendar(t, "{"+c.calendar+"}").AfterWorking(at(t, c.from), lifecycle.Duration(c.lasts))
		assert.Equal(t, at(t, c.until).UTC(), until.UTC(), name)
	}
}

// The clocks are changed while a window is open, in three zones that do it at other hours, dates and by other amounts.
func TestWorkingTimeWhenTheClocksAreChanged(t *testing.T) {
	for name, c := range map[string]struct {
		zone, hours, from string
		lasts             time.Duration
		until             string
	}{
		"Berlin forward":      {"Europe/Berlin", `"from": "22:00", "to": "06:00"`, "2026-03-28T22:00:00+01:00", 7 * time.Hour, "2026-03-29T06:00:00+02:00"},
		"Berlin back":         {"Europe/Berlin", `"from": "22:00", "to": "06:00"`, "2026-10-24T22:00:00+02:00", 9 * time.Hour, "2026-10-25T06:00:00+01:00"},
		"New York forward":    {"America/New_York", `"from": "00:00", "to": "04:00"`, "2026-03-08T00:00:00-05:00", 3 * time.Hour, "2026-03-08T04:00:00-04:00"},
		"New York back":       {"America/New_York", `"from": "00:00", "to": "04:00"`, "2026-11-01T00:00:00-04:00", 5 * time.Hour, "2026-11-01T04:00:00-05:00"},
		"Lord Howe forward":   {"Australia/Lord_Howe", `"from": "01:00", "to": "03:00"`, "2026-10-04T01:00:00+10:30", 90 * time.Minute, "2026-10-04T03:00:00+11:00"},
		"Lord Howe back":      {"Australia/Lord_Howe", `"from": "01:00", "to": "03:00"`, "2026-04-05T01:00:00+11:00", 150 * time.Minute, "2026-04-05T03:00:00+10:30"},
		"a start left out":    {"Europe/Berlin", `"from": "02:30", "to": "05:00"`, "2026-03-29T00:00:00+01:00", 2 * time.Hour, "2026-03-29T05:00:00+02:00"},
		"an end left out":     {"Europe/Berlin", `"from": "01:00", "to": "02:30"`, "2026-03-29T00:00:00+01:00", time.Hour, "2026-03-29T03:00:00+02:00"},
		"all of it left out":  {"Europe/Berlin", `"from": "02:10", "to": "02:50"`, "2026-03-29T00:00:00+01:00", time.Minute, "2026-03-30T02:11:00+02:00"},
		"a start shown twice": {"Europe/Berlin", `"from": "02:30", "to": "05:00"`, "2026-10-25T00:00:00+02:00", 210 * time.Minute, "2026-10-25T05:00:00+01:00"},
		"an end shown twice":  {"Europe/Berlin", `"from": "01:00", "to": "02:30"`, "2026-10-25T00:00:00+02:00", 90 * time.Minute, "2026-10-25T02:30:00+02:00"},
		"both shown twice":    {"America/New_York", `"from": "01:10", "to": "01:40"`, "2026-11-01T00:00:00-04:00", 30 * time.Minute, "2026-11-01T01:40:00-04:00"},
		"midnight left out":   {"America/Santiago", `"from": "00:00", "to": "02:00"`, "2026-09-05T23:59:00-04:00", time.Hour, "2026-09-06T02:00:00-03:00"},
		"a day left out":      {"Pacific/Apia", `"from": "09:00", "to": "10:00"`, "2011-12-29T10:00:00-10:00", time.Hour, "2011-12-31T10:00:00+14:00"},
	} {
		hours := fmt.Sprintf(`{"time_zone": %q, "working_hours": [{%s}]}`, c.zone, c.hours)
		until := calendar(t, hours).AfterWorking(at(t, c.from), lifecycle.Duration(c.lasts))
		assert.Equal(t, at(t, c.until).UTC(), until, name)
	}
}

func TestWhenReleasesMayNotMove(t *testing.T) {
	const windows = `"time_zone": "Europe/Berlin", "release_windows": [{"days": ["mon", "tue", "wed", "thu"], "from": "10:00", "to": "16:00"}]`
	const freeze = `"freezes": [{"from": "2026-12-20T00:00:00+01:00", "to": "2027-01-04T11:00:00+01:00", "reason": "Christmas"}]`
	for name, c := range map[string]struct{ calendar, at, why, until string }{
		"in a window":              {windows, "2026-11-26T10:00:00+01:00", "", ""},
		"at its end":               {windows, "2026-11-26T16:00:00+01:00", lifecycle.OutsideWindows, "2026-11-30T10:00:00+01:00"},
		"before a holiday":         {windows + `, "holidays": ["2026-11-30"]`, "2026-11-27T12:00:00+01:00", lifecycle.OutsideWindows, "2026-12-01T10:00:00+01:00"},
		"on a holiday":             {windows + `, "holidays": ["2026-11-30"]`, "2026-11-30T12:00:00+01:00", lifecycle.OutsideWindows, "2026-12-01T10:00:00+01:00"},
		"a freeze":                 {windows + "," + freeze, "2026-12-22T12:00:00+01:00", "Christmas", "2027-01-04T11:00:00+01:00"},
		"a window behind a freeze": {windows + "," + freeze, "2026-12-19T12:00:00+01:00", lifecycle.OutsideWindows, "2027-01-04T11:00:00+01:00"},
		"before a freeze":          {windows + "," + freeze, "2026-12-17T12:00:00+01:00", "", ""},
		"at the end of a freeze":   {freeze, "2027-01-04T11:00:00+01:00", "", ""},
		"at its beginning":         {freeze, "2026-12-20T00:00:00+01:00", "Christmas", "2027-01-04T11:00:00+01:00"},
		"one freeze after another": {freeze + `, "holidays": []`, "2026-12-21T00:00:00+01:00", "Christmas", "2027-01-04T11:00:00+01:00"},
		"a freeze, then no window": {windows + `, "freezes": [{"from": "2026-11-26T12:00:00+01:00", "to": "2026-11-26T20:00:00+01:00", "reason": "a fair"}]`,
			"2026-11-26T13:00:00+01:00", "a fair", "2026-11-30T10:00:00+01:00"},
		"freezes that touch": {`"freezes": [{"from": "2026-11-02T00:00:00Z", "to": "2026-11-03T00:00:00Z", "reason": "b"},
			{"from": "2026-11-01T00:00:00Z", "to": "2026-11-02T00:00:00Z", "reason": "a"}]`, "2026-11-01T05:00:00Z", "a", "2026-11-03T00:00:00Z"},
		"holidays alone close nothing": {`"holidays": ["2026-11-01"]`, "2026-11-01T05:00:00Z", "", ""},
	} {
		reason, until, closed := calendar(t, "{"+c.calendar+"}").Closed(at(t, c.at))
		assert.Equal(t, c.why, reason, name)
		assert.Equal(t, c.why != "", closed, name)
		if closed {
			assert.Equal(t, at(t, c.until).UTC(), until, name)
		}
	}
}

func TestWithoutACalendarAllTimeCounts(t *testing.T) {
	var none *lifecycle.Calendar
	now := at(t, "2026-11-28T12:00:00Z")
	assert.Equal(t, now.Add(time.Hour), none.AfterWorking(now, lifecycle.Duration(time.Hour)))
	_, _, closed := none.Closed(now)
	assert.False(t, closed)
	assert.Nil(t, none.Validate())
}

func TestACalendarIsWrittenAsItIsRead(t *testing.T) {
	text := `{"time_zone":"Asia/Shanghai","working_hours":[{"days":["mon","sun"],"from":"09:05","to":"24:00"}],"holidays":["2028-02-29"],` +
		`"release_windows":[{"from":"00:00","to":"00:00"}],"freezes":[{"from":"2026-12-20T00:00:00Z","to":"2026-12-21T00:00:00Z","reason":"x"}]}`
	written, err := json.Marshal(calendar(t, text))
	require.NoError(t, err)
	assert.JSONEq(t, text, string(written))
}

// Minute by minute, with nothing but what a clock on the wall shows, working time comes to the same.
func TestWorkingTimeIsWhatAClockOnTheWallShows(t *testing.T) {
	zones := []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Shanghai", "America/Santiago"}
	changes := []string{"2026-03-08T06:00:00Z", "2026-03-28T12:00:00Z", "2026-10-24T12:00:00Z", "2026-11-01T00:00:00Z", "2026-04-04T00:00:00Z",
		"2026-10-03T00:00:00Z", "2028-02-28T00:00:00Z", "2026-09-05T00:00:00Z"}
	rapid.Check(t, func(r *rapid.T) {
		c := &lifecycle.Calendar{TimeZone: rapid.SampledFrom(zones).Draw(r, "zone"), WorkingHours: windows(r)}
		from := at(r, rapid.SampledFrom(changes).Draw(r, "near")).Add(time.Duration(rapid.IntRange(0, 48*60).Draw(r, "minutes")) * time.Minute)
		for _, i := range rapid.SliceOfDistinct(rapid.IntRange(-1, 9), rapid.ID).Draw(r, "holidays") {
			y, m, d := from.AddDate(0, 0, i).Date()
			c.Holidays = append(c.Holidays, lifecycle.Date{Year: y, Month: m, Day: d})
		}
		require.Nil(r, c.Validate())
		length := rapid.IntRange(1, 600).Draw(r, "length")
		until := c.AfterWorking(from, lifecycle.Duration(time.Duration(length)*time.Minute))
		assert.Equal(r, length, minutesShown(r, c, from, until))
		assert.True(r, isOpenAt(r, c, until.Add(-time.Minute)), "it ends within the hours, or with them")
		half := c.AfterWorking(from, lifecycle.Duration(time.Duration(length/2)*time.Minute))
		assert.Equal(r, until, c.AfterWorking(half, lifecycle.Duration(time.Duration(length-length/2)*time.Minute)), "in two parts it is the same")
		assert.False(r, c.AfterWorking(from.Add(time.Minute), lifecycle.Duration(time.Duration(length)*time.Minute)).Before(until), "later is not earlier")
	})
}

func windows(r *rapid.T) []lifecycle.Window {
	return rapid.SliceOfN(rapid.Custom(func(r *rapid.T) lifecycle.Window {
		return lifecycle.Window{
			Days: rapid.SliceOfDistinct(rapid.Map(rapid.IntRange(0, 6), func(d int) lifecycle.Weekday { return lifecycle.Weekday(d) }), rapid.ID).Draw(r, "days"),
			From: lifecycle.Clock(10 * rapid.IntRange(0, 143).Draw(r, "from")), To: lifecycle.Clock(10 * rapid.IntRange(0, 144).Draw(r, "to")),
		}
	}), 1, 3).Draw(r, "hours")
}

func minutesShown(t require.TestingT, c *lifecycle.Calendar, from, until time.Time) (minutes int) {
	for ; from.Before(until); from = from.Add(time.Minute) {
		if isOpenAt(t, c, from) {
			minutes++
		}
	}
	return minutes
}

// isOpenAt asks the clock on the wall: a window is open from the minute at which it first shows the start, or something later, until it
// first shows the end.
func isOpenAt(t require.TestingT, c *lifecycle.Calendar, at time.Time) bool {
	zone, err := time.LoadLocation(c.TimeZone)
	require.NoError(t, err)
	for i := -1; i <= 0; i++ {
		y, m, d := at.In(zone).Date()
		day := time.Date(y, m, d+i, 0, 0, 0, 0, time.UTC)
		y, m, d = day.Date()
		if slices.Contains(c.Holidays, lifecycle.Date{Year: y, Month: m, Day: d}) {
			continue
		}
		for _, w := range c.WorkingHours {
			if len(w.Days) > 0 && !slices.Contains(w.Days, lifecycle.Weekday(day.Weekday())) {
				continue
			}
			to := w.To
			if to <= w.From {
				to += 24 * 60
			}
			if wasShown(day.Add(time.Duration(w.From)*time.Minute), at, zone) && !wasShown(day.Add(time.Duration(to)*time.Minute), at, zone) {
				return true
			}
		}
	}
	return false
}

// wasShown looks back from a time for a clock that showed what is looked for, or something later; three hours are more than any change.
func wasShown(shown, at time.Time, zone *time.Location) bool {
	for back := time.Duration(0); back <= 3*time.Hour; back += 10 * time.Minute {
		if face := at.Add(-back).In(zone).Format("2006-01-02T15:04"); face >= shown.Format("2006-01-02T15:04") {
			return true
		}
	}
	return false
}
