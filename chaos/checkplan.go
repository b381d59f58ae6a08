package main

import (
	"time"
)

// percents are those of the stages of plan.
var percents = []float64{grayscalePercent, stagePercent, 100}

// lasts is how long a stage of plan lasts at least, when nobody ends it.
var lasts = []time.Duration{bake, hold, 0}

// rollout is where a plan is, by the audit trail.
type rollout struct {
	stage    int // -1: there is none
	entered  time.Time
	paused   time.Time // zero: it is not
	standing time.Duration
}

// checkPlan requires every stage of every rollout to have its percentage, to come after the one before and, when nobody ended that, not
// before its time.
func checkPlan(trail []record, report reporter) {
	now := rollout{stage: -1}
	for _, r := range trail {
		complain := func(what string) { report(offPlan, "%s, entry %d at %s: %s", r.Action, r.Sequence, clock(r.At), what) }
		switch r.Action {
		case "publish":
			now = rollout{stage: 0, entered: r.At}
		case "promote", "advance":
			if what := now.goesOn(r); what != "" {
				complain(what)
			}
			now = rollout{stage: now.stage + 1, entered: r.At}
		case "pause":
			now.paused = r.At
		case "resume":
			now.standing += r.At.Sub(now.paused)
			now.paused = time.Time{}
		case "rollback", "unpublish", "suspend":
			now = rollout{stage: -1}
		}
		if what := now.serves(r); what != "" {
			complain(what)
		}
		if r.To == "Published" {
			now.stage = -1
		}
	}
}

// serves says what is wrong with what users get in a stage; "" is nothing.
func (now rollout) serves(r record) string {
	switch rolling := r.To == "GrayscaleRelease" || r.To == "ProductionRelease"; {
	case rolling && (now.stage < 0 || now.stage >= len(percents)):
		return "there is no such stage in the plan"
	case rolling && r.Serving.Percent != percents[now.stage]:
		return "not the percentage of the stage"
	case !rolling && r.Serving.Candidate != nil:
		return "a candidate is served although nothing is rolled out"
	default:
		return ""
	}
}

// goesOn says what is wrong with the end of a stage; "" is nothing.
func (now rollout) goesOn(r record) string {
	switch {
	case now.stage < 0 || now.stage >= len(lasts):
		return "there is no stage to go on from"
	case r.Action == "promote" && now.stage != 0, r.Action == "advance" && now.stage == 0:
		return "it does not lead on from this stage"
	case r.To == "Published" && now.stage != len(percents)-1:
		return "published before the last stage"
	case r.Role != "system":
		return ""
	case !now.paused.IsZero():
		return "by itself, although it is paused"
	case r.At.Sub(now.entered)-now.standing < lasts[now.stage]:
		return "before the time of the stage is over"
	default:
		return ""
	}
}
