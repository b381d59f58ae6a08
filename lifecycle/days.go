package lifecycle

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Clock is a time of the day in minutes since midnight, written as 09:00; 24:00 is the end of the day.
type Clock int

const midnight Clock = 24 * 60

func (c Clock) String() string { return fmt.Sprintf("%02d:%02d", c/60, c%60) }

// MarshalText writes it as 09:00.
func (c Clock) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads 00:00 to 24:00.
func (c *Clock) UnmarshalText(text []byte) error {
	if string(text) == midnight.String() {
		*c = midnight
		return nil
	}
	at, err := time.Parse("15:04", string(text))
	if err != nil || len(text) != len("15:04") {
		return fmt.Errorf("%q is not %s", Excerpt(string(text)), wantedClock)
	}
	*c = Clock(at.Hour()*60 + at.Minute())
	return nil
}

func (c Clock) sinceMidnight() time.Duration { return time.Duration(c) * time.Minute }

// Weekday is a day of the week, written as mon, tue, wed, thu, fri, sat, sun.
type Weekday time.Weekday

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (d Weekday) String() string { return weekdays[d] }

// MarshalText writes its first three letters.
func (d Weekday) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads its first three letters, whatever their case.
func (d *Weekday) UnmarshalText(text []byte) error {
	i := slices.Index(weekdays, strings.ToLower(string(text)))
	if i < 0 {
		return fmt.Errorf("%q is not %s", Excerpt(string(text)), wantedWeekday)
	}
	*d = Weekday(i)
	return nil
}

// Date is a day of the year, written as 2026-12-25; which hours it has depends on the time zone.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

func dateOf(at time.Time) Date {
	year, month, day := at.Date()
	return Date{year, month, day}
}

func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// MarshalText writes it as 2026-12-25.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a day that exists.
func (d *Date) UnmarshalText(text []byte) error {
	at, err := time.Parse(time.DateOnly, string(text))
	if err != nil {
		return fmt.Errorf("%q is not %s", Excerpt(string(text)), wantedDate)
	}
	*d = dateOf(at)
	return nil
}

const (
	wantedClock   = "a time of the day from 00:00 to 24:00, such as 09:30"
	wantedWeekday = "a day of the week: mon, tue, wed, thu, fri, sat or sun"
	wantedDate    = "a day that exists, such as 2026-12-25"
)
