package pages

import (
	"time"

	"slipway/lifecycle"
)

// stageRow is a stage of a plan as a page shows it.
type stageRow struct {
	Number    int
	Grayscale bool // else it belongs to the production release
	Percent   lifecycle.Percent
	Lasts     lifecycle.Duration
	Reached   bool // under way or passed
	Current   bool
	Last      bool
	Begins    *time.Time // nil when the plan has no beginning yet
}

func planRows(plan lifecycle.Plan) []stageRow {
	rows := []stageRow{{Grayscale: true, Percent: plan.Grayscale.Percent, Lasts: plan.StageTime(0)}}
	for i, stage := range plan.Production {
		rows = append(rows, stageRow{Number: i + 1, Percent: stage.Percent, Lasts: plan.StageTime(i + 1), Last: i == len(plan.Production)-1})
	}
	return rows
}

// stagesOf lists the stages of the rollout under way.
func stagesOf(status lifecycle.Status) []stageRow {
	if status.Rollout == nil {
		return nil
	}
	rows := planRows(status.Rollout.Plan)
	for i := range rows {
		rows[i].Reached, rows[i].Current = i <= status.Rollout.Stage, i == status.Rollout.Stage
	}
	return rows
}

// previewOf says when each stage of a plan that begins at a time will happen; without a time only how long each takes.
func previewOf(plan lifecycle.Plan, begins *time.Time) []stageRow {
	rows := planRows(plan)
	passed := time.Duration(0)
	for i := range rows {
		if begins != nil {
			rows[i].Begins = new(begins.Add(passed))
			passed += time.Duration(rows[i].Lasts)
		}
	}
	return rows
}
