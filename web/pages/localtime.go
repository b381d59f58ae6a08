package pages

import (
	"slices"
	"time"
	_ "time/tzdata" // people name their time zone, whatever the machine knows
)

// localTime is how browsers send a local time; some add the seconds.
const localTime = "2006-01-02T15:04"

// offsetLayout is how far a local time is ahead of UTC, as in +02:00.
const offsetLayout = "-07:00"

// readLocalTime finds the moment of a local time. Where clocks are changed some times do not exist, and some exist twice: those need the
// offset that is meant. The error is a *lifecycle.Refusal.
func readLocalTime(text, zoneName, offset string) (time.Time, error) {
	zone, err := time.LoadLocation(zoneName)
	if err != nil || zoneName == "" || zoneName == "Local" { // the machine's own, which nobody means
		return time.Time{}, invalid("there is no time zone %.100q; give one such as UTC or Asia/Shanghai", zoneName)
	}
	moments, around, ok := momentsOf(text, zone)
	switch {
	case !ok:
		return time.Time{}, invalid("%.100q is not a time; write it as %s", text, localTime)
	case len(moments) == 0:
		return time.Time{}, invalid(
			"%s does not exist in %s: the clocks are put forward from %s to %s then; choose another time", text, zoneName, around[0], around[1])
	case offset == "" && len(moments) == 1:
		return moments[0].UTC(), nil
	case offset == "":
		return time.Time{}, invalid(
			"%s happens twice in %s, because the clocks are put back then; say which one is meant", text, zoneName)
	}
	for _, moment := range moments {
		if moment.Format(offsetLayout) == offset {
			return moment.UTC(), nil
		}
	}
	return time.Time{}, invalid("%s is never %.20q in %s; choose the time again", text, offset, zoneName)
}

// momentsOf are the moments at which clocks in a zone show a local time, earliest first; around are what they show before and after a
// change that leaves it out.
func momentsOf(text string, zone *time.Location) (moments []time.Time, around [2]string, ok bool) {
	wall, err := time.Parse(localTime, text)
	if err != nil {
		if wall, err = time.Parse(localTime+":05", text); err != nil {
			return nil, around, false
		}
	}
	guess := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, zone)
	for _, near := range changesNear(guess) {
		_, offset := near.Zone()
		moment := wall.Add(-time.Duration(offset) * time.Second).In(zone)
		isShown := moment.Format(time.DateTime) == wall.Format(time.DateTime)
		if isShown && !slices.ContainsFunc(moments, moment.Equal) {
			moments = append(moments, moment)
		}
	}
	if len(moments) == 0 {
		change := changeAt(guess)
		_, before := change.Add(-time.Second).Zone()
		around = [2]string{change.UTC().Add(time.Duration(before) * time.Second).Format("15:04"), change.Format("15:04")}
	}
	slices.SortFunc(moments, time.Time.Compare)
	return moments, around, true
}

// changesNear are the time itself and times before and after the changes of the clocks around it.
func changesNear(t time.Time) []time.Time {
	near := []time.Time{t}
	start, end := t.ZoneBounds()
	if !start.IsZero() {
		near = append(near, start.Add(-time.Second))
	}
	if !end.IsZero() {
		near = append(near, end)
	}
	return near
}

// changeAt is the change of the clocks next to a time that they leave out.
func changeAt(t time.Time) time.Time {
	start, end := t.ZoneBounds()
	if end.IsZero() || !start.IsZero() && t.Sub(start) < end.Sub(t) {
		return start
	}
	return end
}

// momentChoice is one of the two moments that a local time may mean.
type momentChoice struct {
	Offset, Clock string
	Second        bool
	Chosen        bool
}

// momentChoices are those to choose from; none when there is no choice.
func momentChoices(text, zoneName, offset string) []momentChoice {
	zone, err := time.LoadLocation(zoneName)
	if err != nil {
		return nil
	}
	moments, _, _ := momentsOf(text, zone)
	if len(moments) < 2 {
		return nil
	}
	var choices []momentChoice
	for i, moment := range moments {
		its := moment.Format(offsetLayout)
		choices = append(choices, momentChoice{its, moment.Format("15:04 MST (UTC-07:00)"), i > 0, its == offset})
	}
	return choices
}
