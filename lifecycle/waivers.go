package lifecycle

import (
	"fmt"
	"slices"
	"strings"
)

// Finding names something that the inspection of a package has found: the code of its rule, and the file concerned, "" for the whole
// package.
type Finding struct {
	Code string `json:"code"`
	Path string `json:"path,omitempty"`
}

func (f Finding) String() string {
	if f.Path == "" {
		return f.Code
	}
	return f.Code + " in " + f.Path
}

// Waiver says why an approval accepts a finding that stands in its way.
type Waiver struct {
	Finding
	Reason string `json:"reason"`
}

// WaivedFinding is one that an approval of a step has waived; the reason is in the audit trail.
type WaivedFinding struct{ Finding }

// AddBlocking adds a finding to those that an approval has to waive, if it is one, and once.
func (s Settings) AddBlocking(blocking []Finding, found Finding) []Finding {
	if !slices.Contains(s.BlockingWarnings, found.Code) || slices.Contains(blocking, found) {
		return blocking
	}
	return append(blocking, found)
}

// validateWaivers refuses waivers without a reason.
func validateWaivers(waivers []Waiver) *Refusal {
	if r := checkEntries("waivers", len(waivers)); r != nil {
		return r
	}
	for _, waiver := range waivers {
		r := firstRefusal(
			checkName("waivers[].code", waiver.Code), checkText("waivers[].path", waiver.Path), checkText("waivers[].reason", waiver.Reason),
		)
		if r != nil {
			return r
		}
		if !hasSomethingToRead(waiver.Reason) {
			return Refuse(CommentRequired, "the waiver of %s needs a reason, in visible characters", Excerpt(waiver.String()))
		}
	}
	return nil
}

// checkWaivers refuses an approval that leads on while findings are left that neither it nor one of a step before has waived, and one that
// waives what does not stand in its way.
func checkWaivers(m MiniProgram, c Command, facts Facts) *Refusal {
	before := m.Review.Waived
	if left := unwaived(facts.Blocking, before, c.Waivers); len(left) > 0 && m.Review.LeadsOn() {
		return Refuse(WaiverRequired, "%s stands in the way of the approval: %s; waive each with a reason, or reject the request",
			Count(len(left), "finding"), strings.Join(left, "; "))
	}
	for _, waiver := range c.Waivers {
		if !slices.Contains(facts.Blocking, waiver.Finding) || slices.Contains(before, WaivedFinding{waiver.Finding}) {
			return Refuse(InvalidInput, "%s does not stand in the way of the approval; leave its waiver out", Excerpt(waiver.String()))
		}
	}
	if carried := len(before) + len(c.Waivers); carried > MaxWaivedBefore && !m.Review.LeadsOn() {
		return Refuse(InvalidInput, "the steps before the last one would have waived %d findings, but only %d are allowed; leave the rest to it",
			carried, MaxWaivedBefore)
	}
	return nil
}

// MaxWaivedBefore is how many findings the steps of a review may have waived before the last one: the request carries them.
const MaxWaivedBefore = 50

// unwaived words the findings that are waived neither before nor now.
func unwaived(blocking []Finding, before []WaivedFinding, now []Waiver) (left []string) {
	for _, finding := range blocking {
		waives := func(w Waiver) bool { return w.Finding == finding }
		if !slices.Contains(before, WaivedFinding{finding}) && !slices.ContainsFunc(now, waives) {
			left = append(left, finding.String())
		}
	}
	return left
}

// waived words for the timeline what an approval has waived.
func (c Command) waived() string {
	if len(c.Waivers) == 0 {
		return ""
	}
	texts := make([]string, len(c.Waivers))
	for i, waiver := range c.Waivers {
		texts[i] = fmt.Sprintf("%s (%s)", waiver.Finding, Excerpt(waiver.Reason))
	}
	return "waived: " + strings.Join(texts, ", ")
}
