package pages

import (
	"slices"
	"strconv"
	"strings"
)

// fact is one thing that somebody asked for, by its name.
type fact struct{ Name, Value string }

// typed is what somebody filled in for an action that is not possible any more, so that they can copy it.
func (w words) typed(f form) []fact {
	if !f.Typed {
		return nil
	}
	facts := []fact{{w.t("Version"), f.Version}}
	if f.Has("plan") {
		facts = append(facts, w.typedPlan(f.Plan)...)
	}
	if f.At != "" {
		facts = append(facts, fact{w.t("Time"), strings.Join(strings.Fields(f.At+" "+f.Offset+" "+f.Zone), " ")})
	}
	facts = append(facts, fact{w.t("Percentage"), f.Percent}, fact{w.t("Testers"), f.Testers}, fact{w.t("Release notes"), f.Notes})
	if f.Rating > 0 {
		facts = append(facts, fact{w.t("Rating"), strconv.Itoa(f.Rating)})
	}
	facts = append(facts, fact{w.t("Text"), f.Text}, fact{w.t("File"), f.File}, fact{w.t("Line"), f.Line})
	for _, waiver := range f.Waivers {
		facts = append(facts, fact{strings.TrimSpace(waiver.Code + " " + waiver.Path), waiver.Reason})
	}
	facts = append(facts, fact{w.t("The comment"), f.Comment})
	return slices.DeleteFunc(facts, func(one fact) bool { return strings.TrimSpace(one.Value) == "" })
}

// typedPlan is the name of a plan, or all of one's own.
func (w words) typedPlan(plan planForm) []fact {
	if plan.Choice != ownPlan {
		return []fact{{w.t("Rollout plan"), w.name(plan.Choice)}}
	}
	return []fact{
		{w.t("Rollout plan"), w.t("own")}, {w.t("Grayscale percentage"), plan.Percent}, {w.t("Bake time"), plan.Bake},
		{w.t("Testers"), plan.Testers}, {w.t("Production stages"), plan.Stages}, {w.t("Query"), plan.Query}, {w.t("Limit"), plan.Max},
		{w.t("Ask every"), plan.Interval}, {w.t("Breaches in a row"), plan.Count}, {w.t("Rules, a list as JSON"), plan.Rules},
	}
}
