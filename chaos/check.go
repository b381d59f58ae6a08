package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
)

// fault is something that the product had promised not to do.
type fault struct {
	Kind        string `json:"kind"`
	MiniProgram string `json:"mini_program"`
	Text        string `json:"text"`
}

// The kinds of faults.
const (
	lost      = "lost"      // acknowledged, but not in effect
	doubled   = "doubled"   // in effect more than once
	undone    = "undone"    // refused, but in effect
	silent    = "silent"    // never answered
	gap       = "gap"       // the audit trail is not whole
	wrong     = "wrong"     // a user got what was not allowed then
	late      = "late"      // a user got what was no longer allowed
	different = "different" // catalogue, workflow and delivery do not agree
	stuck     = "stuck"     // a workflow does not go on, or its tasks fail
	offPlan   = "off-plan"  // a rollout is not where its plan says
)

// check says what is wrong with what was seen.
func check(e evidence) (faults []fault) {
	sent := map[string][]request{}
	for _, r := range e.requests {
		sent[r.miniProgram] = append(sent[r.miniProgram], r)
	}
	told := map[string][]answer{}
	for _, a := range e.answers {
		told[a.miniProgram] = append(told[a.miniProgram], a)
	}
	for id, p := range e.programs {
		report := func(kind, format string, args ...any) {
			faults = append(faults, fault{kind, id, fmt.Sprintf(format, args...)})
		}
		if p.missing != "" {
			report(silent, "%s", p.missing)
			continue
		}
		checkRequests(p.trail, sent[id], report)
		checkTrail(p.trail, report)
		checkPlan(p.trail, report)
		checkEnd(p, report)
		e.checkAnswers(p.trail, sent[id], told[id], report)
	}
	slices.SortFunc(faults, func(a, b fault) int { return strings.Compare(a.Kind+a.MiniProgram+a.Text, b.Kind+b.MiniProgram+b.Text) })
	return faults
}

type reporter func(kind, format string, args ...any)

// checkRequests requires every acknowledged action to be in effect once, and every refused one not at all.
func checkRequests(trail []record, requests []request, report reporter) {
	recorded := map[string]int{}
	for _, r := range trail {
		recorded[r.Command.RequestID]++
	}
	for _, r := range requests {
		times := recorded[r.key]
		switch {
		case times > 1:
			report(doubled, "%s %s is in the audit trail %d times", r.action, r.key, times)
		case r.accepted && times == 0:
			report(lost, "%s %s was acknowledged at %s", r.action, r.key, clock(r.answered))
		case r.answered.IsZero() && r.recorded && times == 0:
			report(silent, "%s %s was recorded at %s: %s", r.action, r.key, clock(r.sent), r.refusal)
		case !r.answered.IsZero() && !r.accepted && times > 0:
			report(undone, "%s %s was refused (%s), and is in the audit trail", r.action, r.key, r.refusal)
		}
	}
}

// checkTrail requires the numbers of an audit trail to have no gap.
func checkTrail(trail []record, report reporter) {
	revision := 0
	for n, r := range trail {
		if r.Sequence != n+1 {
			report(gap, "entry %d of the audit trail has the number %d", n+1, r.Sequence)
			return
		}
		if r.Kind == "" || r.Kind == "action" {
			revision++
		}
		if r.Revision != revision {
			report(gap, "%s, entry %d of the audit trail, has revision %d instead of %d", r.Action, n+1, r.Revision, revision)
			return
		}
		if n > 0 && r.Change <= trail[n-1].Change {
			report(gap, "%s, entry %d of the audit trail, has change %d after %d", r.Action, n+1, r.Change, trail[n-1].Change)
		}
		if n > 0 && r.From != trail[n-1].To {
			report(gap, "%s, entry %d of the audit trail, begins in %s after %s", r.Action, n+1, r.From, trail[n-1].To)
		}
	}
}

// checkEnd requires catalogue, workflow and delivery to tell the same, and Temporal to have nothing to complain about.
func checkEnd(p *program, report reporter) {
	if len(p.trail) == 0 {
		if p.status.State != "" {
			report(gap, "it is in %s, and has no audit trail", p.status.State)
		}
		return
	}
	last := p.trail[len(p.trail)-1]
	if p.status.State != last.To || p.status.Revision != last.Revision {
		report(different, "the catalogue has %s, revision %d, and the audit trail %s, revision %d",
			p.status.State, p.status.Revision, last.To, last.Revision)
	}
	if p.workflow.State != p.status.State || p.workflow.Revision != p.status.Revision || name(p.workflow.Live) != name(p.status.Live) ||
		name(p.workflow.Candidate) != name(p.status.Candidate) {
		report(different, "the workflow has %s, revision %d, and the catalogue %s, revision %d",
			p.workflow.State, p.workflow.Revision, p.status.State, p.status.Revision)
	}
	for _, a := range p.answers {
		if expected := last.Serving.of(last.id(a), a.user); a.version != expected {
			report(different, "web %d gives %s %q, the audit trail %q", a.web, a.user, a.version, expected)
		}
	}
	if !p.run.open {
		report(stuck, "its workflow has ended in %s", p.status.State)
	}
	if p.run.failing != "" {
		report(stuck, "%s", p.run.failing)
	}
	if p.status.Rollout != nil {
		report(offPlan, "it is still in %s, stage %d", p.status.State, p.status.Rollout.Stage)
	}
}

func (record) id(a answer) string { return a.miniProgram }

func name(v *version) string {
	if v == nil {
		return ""
	}
	return v.Version
}

// of is the version that a user gets; "" is none. It knows the cohort from docs/delivery.md, not from the product's code.
func (s serving) of(miniProgram, user string) string {
	if s.Candidate != nil && (slices.Contains(s.Testers, user) || bucket(miniProgram, s.Candidate.Version, user) < s.Percent*100) {
		return s.Candidate.Version
	}
	return name(s.Live)
}

// bucket places a user among 10,000.
func bucket(miniProgram, version, user string) float64 {
	const buckets = 10_000
	return float64(xxhash.Sum64String(miniProgram+"\x00"+version+"\x00"+user) % buckets)
}

func clock(t time.Time) string { return t.Format("15:04:05.000") }
