package lifecycle

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Fault is one thing that is wrong with the settings: where, such as calendar.holidays[3], and what.
type Fault struct {
	Path string
	Says string
}

func (f Fault) String() string {
	return strings.TrimSpace(f.Path + " " + f.Says)
}

// faults collects what is wrong, in the order in which it was looked for.
type faults []Fault

func (f *faults) add(path, format string, args ...any) {
	*f = append(*f, Fault{path, fmt.Sprintf(format, args...)})
}

// first is the first fault as a refusal; nil without any.
func (f faults) first() *Refusal {
	if len(f) == 0 {
		return nil
	}
	return Refuse(InvalidInput, "%s", f[0])
}

// Validate refuses a calendar that nobody can mean. Of several faults it names the first, always the same one.
func (c *Calendar) Validate() *Refusal { return c.faults().first() }

func (c *Calendar) faults() (found faults) {
	if c == nil {
		return nil
	}
	if err := checkZone(c.TimeZone); err != nil {
		found.add("calendar.time_zone", "is %q; %s", Excerpt(c.TimeZone), err)
	}
	found = append(found, windowFaults("calendar.working_hours", c.WorkingHours)...)
	found = append(found, windowFaults("calendar.release_windows", c.ReleaseWindows)...)
	if r := checkEntries("calendar.holidays", len(c.Holidays)); r != nil {
		found.add("", "%s", r.Message)
	}
	for i, holiday := range c.Holidays {
		if first := slices.Index(c.Holidays, holiday); first < i {
			found.add(fmt.Sprintf("calendar.holidays[%d]", i), "is %s, which calendar.holidays[%d] is already; name each holiday once", holiday, first)
		}
	}
	return append(found, freezeFaults(c.Freezes)...)
}

func checkZone(name string) error {
	if _, err := loadZone(name); err != nil || name == time.Local.String() {
		return errors.New("there is no such time zone; use a name of the IANA database, such as Europe/Berlin or Asia/Shanghai")
	}
	return nil
}

func windowFaults(field string, windows []Window) (found faults) {
	if r := checkEntries(field, len(windows)); r != nil {
		found.add("", "%s", r.Message)
	}
	for i, window := range windows {
		path := fmt.Sprintf("%s[%d]", field, i)
		if window.From == midnight {
			found.add(path+".from", "is 24:00; a window that begins at midnight begins at 00:00 of the next day")
		}
		for j, day := range window.Days {
			if slices.Index(window.Days, day) < j {
				found.add(path+".days", "has %s twice; name each day once", day)
			}
		}
	}
	return found
}

func freezeFaults(freezes []Freeze) (found faults) {
	if r := checkEntries("calendar.freezes", len(freezes)); r != nil {
		found.add("", "%s", r.Message)
	}
	for i, freeze := range freezes {
		path := fmt.Sprintf("calendar.freezes[%d]", i)
		if !freeze.To.After(freeze.From) {
			found.add(path, "ends at %s, which is not after it begins at %s", moment(freeze.To), moment(freeze.From))
		}
		if !hasSomethingToRead(freeze.Reason) {
			found.add(path+".reason", "is empty; say why nothing is released, because people whose release waits read it")
		} else if r := checkText("calendar.freezes[].reason", freeze.Reason); r != nil {
			found.add(path, "is wrong: %s", r.Message)
		}
		for j, other := range freezes[:i] {
			if freeze.From.Before(other.To) && other.From.Before(freeze.To) {
				found.add(path, "(%s to %s) overlaps calendar.freezes[%d] (%s to %s); make them one, or end one where the other begins",
					moment(freeze.From), moment(freeze.To), j, moment(other.From), moment(other.To))
			}
		}
	}
	return found
}
