package pages

import "time"

// tick is a mark on the axis of time, worded as its scale needs it: the script words it anew in the reader's zone.
type tick struct {
	At time.Time
	// As names the wording: tick-second, tick-minute, tick-hour, tick-day or tick-date.
	As string
}

const day = 24 * time.Hour

var tickSteps = []time.Duration{
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, day, 2 * day, 7 * day, 14 * day,
}

// monthSteps are for what is too long for those.
var monthSteps = []int{1, 2, 3, 6, 12, 24, 60, 120, 600}

// ticksOf are at round moments from one time to another, at most so many; the first time itself where there is none between.
func ticksOf(from, to time.Time, most int) (ticks []tick) {
	from, to = from.UTC(), to.UTC()
	lasts := to.Sub(from)
	for _, step := range tickSteps {
		if int(lasts/step) >= most {
			continue
		}
		as := tickScale(step, lasts)
		for at := from.Truncate(step); !at.After(to); at = at.Add(step) {
			if !at.Before(from) {
				ticks = append(ticks, tick{at, as})
			}
		}
		if len(ticks) == 0 {
			ticks = []tick{{from, as}}
		}
		return ticks
	}
	return monthTicks(from, to, most)
}

func tickScale(step, lasts time.Duration) string {
	switch {
	case step < time.Minute:
		return "tick-second"
	case lasts < 20*time.Hour:
		return "tick-minute"
	case step < day:
		return "tick-hour"
	default:
		return "tick-day"
	}
}

func monthTicks(from, to time.Time, most int) (ticks []tick) {
	step := monthSteps[len(monthSteps)-1]
	for _, months := range monthSteps {
		if int(to.Sub(from)/(time.Duration(months)*30*day)) < most {
			step = months
			break
		}
	}
	as := "tick-day"
	if to.Sub(from) > 300*day {
		as = "tick-date"
	}
	months := (from.Year()*12 + int(from.Month()) - 1) / step * step
	for at := monthOf(months); !at.After(to); at = monthOf(months) {
		if !at.Before(from) {
			ticks = append(ticks, tick{at, as})
		}
		months += step
	}
	return ticks
}

// monthOf is the beginning of a month, counted from the year 0.
func monthOf(months int) time.Time {
	return time.Date(months/12, time.Month(months%12+1), 1, 0, 0, 0, 0, time.UTC)
}
