package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"slipway/activities"
	"slipway/catalog"
	"slipway/lifecycle"
)

// patience is how long the catalogue may take before its absence becomes visible in Temporal UI as a pending activity.
const patience = 3 * time.Second

func (m *miniProgram) commitOf(ctx workflow.Context, after lifecycle.MiniProgram, record *lifecycle.Record) catalog.Commit {
	m.commits++
	if record != nil {
		m.commits = 0
	}
	return catalog.Commit{
		FirstRunID: workflow.GetInfo(ctx).FirstRunID,
		Step:       m.commits,
		Status:     after.Status(),
		Serving:    after.Serving(),
		Record:     record,
	}
}

// commit returns when the catalogue has taken the step in: at once by a local activity, which costs one event; when the
// database does not answer, by an activity that tries for as long as it takes and shows in Temporal UI what it waits for.
func (m *miniProgram) commit(ctx workflow.Context, summary string, commit catalog.Commit) {
	var a *activities.Activities
	local := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: patience,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: 50 * time.Millisecond, MaximumInterval: 500 * time.Millisecond},
		Summary:                summary,
	})
	err := workflow.ExecuteLocalActivity(local, a.Commit, commit).Get(ctx, nil)
	if err == nil {
		return
	}
	m.log.Warn("the catalogue does not answer; trying on", "step", summary, "error", err)
	m.saving = summary
	m.showDetails(ctx)
	patient := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 10 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: 10 * time.Second},
		Summary:             summary,
	})
	if err := workflow.ExecuteActivity(patient, a.Commit, commit).Get(ctx, nil); err != nil {
		panic(err) // without a limit of tries only a defect ends here; the task is retried with the next version of the worker
	}
	m.saving = ""
}
