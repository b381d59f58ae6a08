package lifecycle

import (
	"slices"
	"sync"
	"time"
)

// Calendar is when a deployment works and releases. Its methods work on nil: always open, and all time counts.
type Calendar struct {
	// TimeZone is a name of the IANA database, such as Europe/Berlin; UTC when empty.
	TimeZone string `json:"time_zone,omitempty"`
	// WorkingHours are when people decide; reminders and deadlines of reviews count only these.
	WorkingHours []Window `json:"working_hours,omitempty"`
	// Holidays are days on which no window begins.
	Holidays []Date `json:"holidays,omitempty"`
	// ReleaseWindows are when releases may move by themselves; always when there are none.
	ReleaseWindows []Window `json:"release_windows,omitempty"`
	// Freezes are times at which releases stand still whatever the windows are.
	Freezes []Freeze `json:"freezes,omitempty"`
}

// Window is a time of the day on some days of the week. One whose end is not after its start ends on the next day, so that a window from
// 00:00 to 00:00 is the whole day. It belongs to the day on which it begins.
type Window struct {
	// Days are those on which it begins; every day when there are none.
	Days []Weekday `json:"days,omitempty"`
	From Clock     `json:"from"`
	To   Clock     `json:"to"`
}

// Freeze is a time, up to but not including its end, in which no release moves by itself.
type Freeze struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Reason string    `json:"reason"`
}

// OutsideWindows is the reason of Closed where no freeze is in force.
const OutsideWindows = "it is outside the release windows"

// AfterWorking is when d of working time has passed since from; wall time where there are no working hours.
func (c *Calendar) AfterWorking(from time.Time, d Duration) time.Time {
	if c == nil || len(c.WorkingHours) == 0 {
		return from.Add(time.Duration(d))
	}
	at, left := from, time.Duration(d)
	for left > 0 {
		begins, ends := c.nextOpen(c.WorkingHours, at)
		if begins.After(at) {
			at = begins
		}
		if ends.Sub(at) >= left {
			return at.Add(left).UTC()
		}
		left -= ends.Sub(at)
		at = ends
	}
	return at
}

// lastYear is the last that a time may be in: there is no JSON for those after it.
const lastYear = 9999

// Closed tells whether releases may not move by themselves at a time, why, and when they may again; the zero time when that is in no year
// that can be told.
func (c *Calendar) Closed(at time.Time) (reason string, until time.Time, closed bool) {
	if c == nil {
		return "", time.Time{}, false
	}
	reason, until, closed = c.obstacle(at)
	for again := closed; again; {
		var next time.Time
		if _, next, again = c.obstacle(until); again {
			until = next
		}
	}
	if until.Year() > lastYear {
		until = time.Time{}
	}
	return reason, until, closed
}

// obstacle is what keeps releases from moving at a time, and when it alone is over.
func (c *Calendar) obstacle(at time.Time) (reason string, until time.Time, closed bool) {
	for _, freeze := range c.Freezes {
		if !at.Before(freeze.From) && at.Before(freeze.To) {
			return freeze.Reason, freeze.To.UTC(), true
		}
	}
	if len(c.ReleaseWindows) > 0 {
		if begins, _ := c.nextOpen(c.ReleaseWindows, at); begins.After(at) {
			return OutsideWindows, begins, true
		}
	}
	return "", time.Time{}, false
}

// nextOpen is the first window that ends after a time: the one that is open then, or the next one.
func (c *Calendar) nextOpen(windows []Window, at time.Time) (begins, ends time.Time) {
	zone := c.zone()
	today := at.In(zone)
	lastDay := 7 * (len(c.Holidays) + 3) // each holiday takes away one day at most, and a change of the clocks one window
	for i := -1; i <= lastDay; i++ {     // what began yesterday may go over midnight
		day := time.Date(today.Year(), today.Month(), today.Day()+i, 0, 0, 0, 0, time.UTC)
		if slices.Contains(c.Holidays, dateOf(day)) {
			continue
		}
		for _, window := range windows {
			from, to := window.on(day, zone)
			if to.After(at) && to.After(from) && (ends.IsZero() || from.Before(begins)) {
				begins, ends = from, to
			}
		}
		if !ends.IsZero() {
			return begins, ends
		}
	}
	return at.AddDate(0, 0, lastDay), at.AddDate(0, 0, lastDay+1) // validated windows never come here
}

// on is the window that begins on a day, given as its midnight in UTC; from and to are zero on other days of the week.
func (w Window) on(day time.Time, zone *time.Location) (from, to time.Time) {
	if len(w.Days) > 0 && !slices.Contains(w.Days, Weekday(day.Weekday())) {
		return time.Time{}, time.Time{}
	}
	ends := w.To
	if ends <= w.From {
		ends += midnight
	}
	return firstShown(day.Add(w.From.sinceMidnight()), zone), firstShown(day.Add(ends.sinceMidnight()), zone)
}

// firstShown is the first moment at which the clocks of a zone show a time, or a later one; the time to be shown is given in UTC. So a
// time that clocks show twice is the first of both, and one that they leave out is when they do so.
func firstShown(shown time.Time, zone *time.Location) time.Time {
	year, month, day := shown.Date()
	at := time.Date(year, month, day, shown.Hour(), shown.Minute(), 0, 0, zone)
	since, until := at.ZoneBounds()
	switch face := faceOf(at); {
	case face.After(shown): // left out: the package time took the offset before
		return since.UTC()
	case face.Before(shown): // left out: it took the offset after
		return until.UTC()
	case since.IsZero():
		return at.UTC()
	}
	before := since.Add(-time.Nanosecond)
	if earlier := before.Add(shown.Sub(faceOf(before))); earlier.Before(since) {
		return earlier.UTC()
	}
	return at.UTC()
}

// faceOf is what clocks show at a time, as a time in UTC.
func faceOf(at time.Time) time.Time {
	_, offset := at.Zone()
	return at.UTC().Add(time.Duration(offset) * time.Second)
}

// zone is the time zone; UTC for one that Validate would have refused.
func (c *Calendar) zone() *time.Location {
	if zone, err := loadZone(c.TimeZone); err == nil {
		return zone
	}
	return time.UTC
}

// zones are those that were loaded, because each would be read from a file again; there are only a few hundred.
var zones sync.Map

func loadZone(name string) (*time.Location, error) {
	if zone, ok := zones.Load(name); ok {
		return zone.(*time.Location), nil
	}
	zone, err := time.LoadLocation(name)
	if err == nil {
		zones.Store(name, zone)
	}
	return zone, err
}
