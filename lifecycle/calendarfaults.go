package lifecycle

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Validate refuses a calendar that nobody can mean. Of several faults it names the first, always the same one.
func (c *Calendar) Validate() *Refusal { return c.faults().first() }

func (c *Calendar) faults() (found Faults) {
	if c == nil {
		return nil
	}
	if err := checkZone(c.TimeZone); err != nil {
		found.at("calendar.time_zone", "is %q; %s", Excerpt(c.TimeZone), err)
	}
	found = append(found, windowFaults("calendar.working_hours", c.WorkingHours)...)
	found = append(found, windowFaults("calendar.release_windows", c.ReleaseWindows)...)
	found = append(found, holidayFaults(c.Holidays)...)
	return append(found, freezeFaults(c.Freezes)...)
}

// holidayFaults looks no closer at more than there may be, which would take as long as somebody likes; nor do its like.
func holidayFaults(holidays []Date) (found Faults) {
	if r := checkEntries("calendar.holidays", len(holidays)); r != nil {
		found.add("calendar.holidays", "%s", r.Message)
		return found
	}
	for i, holiday := range holidays {
		if first := slices.Index(holidays, holiday); first < i {
			path := fmt.Sprintf("calendar.holidays[%d]", i)
			found.at(path, "is %s, which calendar.holidays[%d] is already; name each holiday once", holiday, first)
		}
	}
	return found
}

// machineZone is what the package time calls the zone of the machine, whatever that is.
const machineZone = "Local"

func checkZone(name string) error {
	if _, err := loadZone(name); err != nil || name == machineZone {
		return errors.New("there is no such time zone; use a name of the IANA database, such as Europe/Berlin or Asia/Shanghai")
	}
	return nil
}

func windowFaults(field string, windows []Window) (found Faults) {
	if r := checkEntries(field, len(windows)); r != nil {
		found.add(field, "%s", r.Message)
		return found
	}
	for i, window := range windows {
		path := fmt.Sprintf("%s[%d]", field, i)
		if window.From == midnight {
			found.at(path+".from", "is 24:00; a window that begins at midnight begins at 00:00 of the next day")
		}
		for j, day := range window.Days {
			if slices.Index(window.Days, day) < j {
				found.at(path+".days", "has %s twice; name each day once", day)
				break
			}
		}
	}
	return found
}

func freezeFaults(freezes []Freeze) (found Faults) {
	if r := checkEntries("calendar.freezes", len(freezes)); r != nil {
		found.add("calendar.freezes", "%s", r.Message)
		return found
	}
	for i, freeze := range freezes {
		path := fmt.Sprintf("calendar.freezes[%d]", i)
		if !freeze.To.After(freeze.From) {
			found.at(path, "ends at %s, which is not after it begins at %s", moment(freeze.To), moment(freeze.From))
		}
		if !hasSomethingToRead(freeze.Reason) {
			found.at(path+".reason", "is empty; say why nothing is released, because people whose release waits read it")
		} else if r := checkText("calendar.freezes[].reason", freeze.Reason); r != nil {
			found.add(path+".reason", "%s", r.Message)
		}
		for j, other := range freezes[:i] {
			if freeze.From.Before(other.To) && other.From.Before(freeze.To) {
				found.at(path, "(%s to %s) overlaps calendar.freezes[%d] (%s to %s); make them one, or end one where the other begins",
					moment(freeze.From), moment(freeze.To), j, moment(other.From), moment(other.To))
			}
		}
	}
	return found
}

// perWeek is the working time of a week without holidays, at most.
func (c *Calendar) perWeek() Duration {
	if c == nil {
		return 0
	}
	var all time.Duration
	for _, window := range c.WorkingHours {
		lasts := window.To - window.From
		if lasts <= 0 {
			lasts += midnight
		}
		days := len(window.Days)
		if days == 0 {
			days = len(weekdays)
		}
		all += (lasts * Clock(days)).sinceMidnight()
	}
	return Duration(all)
}
