package main

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"slipway/lifecycle"
)

// wantedMoment is what a time may look like.
const wantedMoment = `a time such as "2026-12-01 09:00", "tomorrow 9:00", "in 2h" or 2026-12-01T09:00:00Z`

var errNoMoment = errors.New("must be " + wantedMoment)

// dateT is how ISO 8601 writes a date before a time.
var dateT = regexp.MustCompile(`^(\d{4}-\d\d-\d\d)T`)

// readMoment reads a time as people say it, in the time zone of now; only RFC 3339 says its own.
func readMoment(text string, now time.Time) (time.Time, error) {
	text = strings.Join(strings.Fields(text), " ")
	at, err := moment(text, now)
	if err != nil {
		return at, fmt.Errorf("%q %w", text, err)
	}
	return at, nil
}

func moment(text string, now time.Time) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	if distance, isDistance := strings.CutPrefix(strings.ToLower(text), "in "); isDistance {
		return later(now, distance)
	}
	day, clock, _ := strings.Cut(dateT.ReplaceAllString(text, "$1 "), " ")
	date, err := dayOf(day, now)
	if err != nil {
		return time.Time{}, err
	}
	return onClock(date, clock)
}

// days are counted by the calendar: a day may have 23 hours.
var days = regexp.MustCompile(`^(\d{1,4}) ?(d|days?|weeks?)$`)

// hours are what time.ParseDuration reads, with words for its letters.
var hours = regexp.MustCompile(`(\d) ?(hours?|minutes?|mins?|seconds?|secs?)\b ?`)

func later(now time.Time, distance string) (time.Time, error) {
	if found := days.FindStringSubmatch(distance); found != nil {
		n, _ := strconv.Atoi(found[1]) // four digits always are
		if strings.HasPrefix(found[2], "week") {
			n *= 7
		}
		return now.AddDate(0, 0, n), nil
	}
	short := hours.ReplaceAllStringFunc(distance, func(part string) string {
		found := hours.FindStringSubmatch(part)
		return found[1] + found[2][:1]
	})
	duration, err := time.ParseDuration(strings.ReplaceAll(short, " ", ""))
	if err != nil || duration < 0 {
		return time.Time{}, errNoMoment
	}
	return now.Add(duration), nil
}

// dayOf is midnight of a day by its date, its name, or how far it is from today. A weekday is the next one, never today.
func dayOf(text string, now time.Time) (time.Time, error) {
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	switch word := strings.ToLower(text); word {
	case "yesterday":
		return today.AddDate(0, 0, -1), nil
	case "today":
		return today, nil
	case "tomorrow":
		return today.AddDate(0, 0, 1), nil
	default:
		for ahead := 1; ahead <= 7; ahead++ {
			day := today.AddDate(0, 0, ahead)
			if name := strings.ToLower(day.Weekday().String()); word == name || word == name[:3] {
				return day, nil
			}
		}
	}
	day, err := time.ParseInLocation(time.DateOnly, text, now.Location())
	if err != nil {
		return day, errNoMoment
	}
	return day, nil
}

// onClock is a time of a day. One that clocks leave out, or show twice, when they are set is not taken for another.
func onClock(day time.Time, clock string) (time.Time, error) {
	if clock == "" {
		return day, errors.New("needs a time of day too, such as 9:00")
	}
	for _, layout := range []string{"15:04", "15:04:05", "3:04pm", "3pm"} {
		c, err := time.Parse(layout, strings.ReplaceAll(strings.ToLower(clock), " ", ""))
		if err != nil {
			continue
		}
		at := time.Date(day.Year(), day.Month(), day.Day(), c.Hour(), c.Minute(), c.Second(), 0, day.Location())
		if at.Hour() != c.Hour() || at.Minute() != c.Minute() {
			return at, fmt.Errorf("does not exist: clocks are set forward on %s; choose another time", day.Format(time.DateOnly))
		}
		for _, hour := range []time.Duration{-time.Hour, time.Hour} {
			if at.Add(hour).Format(time.DateTime) == at.Format(time.DateTime) {
				return at, fmt.Errorf("comes twice: clocks are set back on %s; write it with its zone, such as %s",
					day.Format(time.DateOnly), at.Format(time.RFC3339))
			}
		}
		return at, nil
	}
	return day, errNoMoment
}

// here is the zone in which people read times.
var here = time.Local

// clock is a time on the clock of this machine, with how far that is ahead of UTC: the short names of zones have several meanings.
func clock(at time.Time) string { return at.In(here).Format("2006-01-02 15:04:05-07:00") }

// shownLocally is clock to the minute, with the day of the week: for what is to come.
func shownLocally(at time.Time) string { return at.In(here).Format("Mon 2006-01-02 15:04 -07:00") }

var moments = lifecycle.MomentsWrittenAs(lifecycle.MomentLayout)

// onOurClock is a sentence of the lifecycle with its times on the clock of this machine.
func onOurClock(sentence string) string { return moments.In(sentence, shownLocally) }

// inFull words a time so that nobody can take it for another one.
func inFull(at, now time.Time) string {
	distance := "in " + until(at, now)
	if at.Before(now) {
		distance = until(now, at) + " ago"
	}
	return fmt.Sprintf("%s (%s UTC), %s", at.In(now.Location()).Format("Monday, 2 January 2006, 15:04:05 MST -07:00"),
		at.UTC().Format(time.DateTime), distance)
}
