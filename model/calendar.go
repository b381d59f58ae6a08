package model

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Policy is what a deployment sets, as its settings file says it.
type Policy struct {
	RemindAfter    Span         `json:"remind_after"`
	EscalateAfter  Span         `json:"escalate_after"`
	ExpeditedAfter Span         `json:"expedited_after"`
	ExpediteQuota  int          `json:"expedite_quota"`
	PauseReminder  Span         `json:"pause_reminder"`
	Review         ReviewPolicy `json:"review,omitzero"`
	Calendar       *Calendar    `json:"calendar,omitempty"`
}

// ReviewPolicy names the steps of reviews, in order.
type ReviewPolicy struct {
	Publishing []StepPolicy `json:"publishing,omitempty"`
	Creation   []StepPolicy `json:"creation,omitempty"`
}

// StepPolicy is one of them. When makes it needed only where a condition holds.
type StepPolicy struct {
	Name string   `json:"name"`
	Role string   `json:"role"`
	When []string `json:"when,omitempty"`
}

// Calendar is when people work and releases move. Everything in it begins and ends with an hour, so that it can be looked at hour by hour.
type Calendar struct {
	TimeZone       string   `json:"time_zone,omitempty"`
	WorkingHours   []Window `json:"working_hours,omitempty"`
	Holidays       []string `json:"holidays,omitempty"`
	ReleaseWindows []Window `json:"release_windows,omitempty"`
	Freezes        []Freeze `json:"freezes,omitempty"`

	zone *time.Location // found once, because it is asked for every hour
}

// Window is some hours of the day on some days of the week, on which it begins. One that ends before it begins ends on the next day.
type Window struct {
	Days []string `json:"days,omitempty"`
	From Hour     `json:"from"`
	To   Hour     `json:"to"`
}

// Hour of the day.
type Hour int

// MarshalText writes 09:00.
func (h Hour) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%02d:00", int(h)), nil }

// Freeze is a time in which no release moves by itself.
type Freeze struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Reason string    `json:"reason"`
}

// after is when so much working time has passed; wall time where nobody has said when people work.
func (c *Calendar) after(from time.Time, lasts Span) time.Time {
	if c == nil || len(c.WorkingHours) == 0 {
		return from.Add(time.Duration(lasts))
	}
	for left := time.Duration(lasts); ; {
		next := nextHour(from)
		if c.within(c.WorkingHours, from) {
			if from.Add(left).Compare(next) <= 0 {
				return from.Add(left)
			}
			left -= next.Sub(from)
		}
		from = next
	}
}

// closed tells whether releases may not move by themselves.
func (c *Calendar) closed(at time.Time) bool {
	if c == nil {
		return false
	}
	frozen := slices.ContainsFunc(c.Freezes, func(f Freeze) bool { return !at.Before(f.From) && at.Before(f.To) })
	return frozen || len(c.ReleaseWindows) > 0 && !c.within(c.ReleaseWindows, at)
}

// opens is when they may again, at the time given if they may then; nil when nobody knows.
func (c *Calendar) opens(at time.Time) *time.Time {
	for from := at; at.Sub(from) < 3*365*time.Duration(day); at = nextHour(at) {
		if !c.closed(at) {
			return &at
		}
	}
	return nil
}

func nextHour(at time.Time) time.Time { return at.Truncate(time.Hour).Add(time.Hour) }

// within tells whether one of the windows is open at a time. It may have begun the day before.
func (c *Calendar) within(windows []Window, at time.Time) bool {
	if c.zone == nil {
		var err error
		if c.zone, err = time.LoadLocation(c.TimeZone); err != nil {
			panic(err) // the tests choose it
		}
	}
	local := at.In(c.zone)
	for back := range 2 {
		began := time.Date(local.Year(), local.Month(), local.Day()-back, 12, 0, 0, 0, time.UTC)
		if slices.Contains(c.Holidays, began.Format(time.DateOnly)) {
			continue
		}
		hour := Hour(local.Hour() + 24*back)
		weekday := strings.ToLower(began.Format("Mon"))
		open := func(w Window) bool {
			ends := w.To
			if ends <= w.From {
				ends += 24
			}
			return (len(w.Days) == 0 || slices.Contains(w.Days, weekday)) && w.From <= hour && hour < ends
		}
		if slices.ContainsFunc(windows, open) {
			return true
		}
	}
	return false
}
