package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"slipway/activities"
	"slipway/lifecycle"
	"slipway/monitoring/logkey"
)

// This file is for the stages that began when one activity watched their health to the end. The next watch of their runs is one of probes.

// probeMargin is how long one probe may take before the watch counts as dead.
const probeMargin = 30 * time.Second

func (m *miniProgram) startWatchBefore(ctx workflow.Context, watch activities.HealthWatch) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 10 * 365 * 24 * time.Hour, // a stage may be held for as long as it takes
		HeartbeatTimeout:    time.Duration(watch.Health.Interval) + probeMargin,
		Summary:             "Watch the health of " + watch.Version + ": " + m.stageName(),
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: time.Minute},
	})
	var a *activities.Activities
	future := workflow.ExecuteActivity(ctx, a.WatchHealth, watch)
	m.health.done = m.inbox.await(future, func(ctx workflow.Context) { m.judgeHealth(ctx, future) })
}

// judgeHealth acts on a verdict: an unhealthy release is taken back or paused, a healthy one goes on.
func (m *miniProgram) judgeHealth(ctx workflow.Context, watched workflow.Future) {
	m.health = nil
	var verdict lifecycle.HealthVerdict
	if err := watched.Get(ctx, &verdict); err != nil {
		m.log.Error("the health watch failed; it starts again", logkey.Error, err)
		return
	}
	if !m.noteHealth(ctx, verdict) {
		return
	}
	if verdict.Status == lifecycle.Healthy {
		m.endStage(ctx, lifecycle.Facts{Health: &verdict})
		return
	}
	m.failHealth(ctx, verdict)
}

// noteHealth has a verdict recorded that differs from the last one. It is false when the mini-program turned out to stand elsewhere.
func (m *miniProgram) noteHealth(ctx workflow.Context, verdict lifecycle.HealthVerdict) bool {
	switch {
	case !m.recordsDecisions(ctx):
		rollout := *m.Rollout
		rollout.Health = &verdict
		m.Rollout = &rollout
	case m.Rollout.Health == nil || m.Rollout.Health.Status != verdict.Status:
		return m.decideAs(ctx, lifecycle.HealthGate, lifecycle.HealthChanged, verdict.Detail, lifecycle.Facts{Health: &verdict})
	}
	return true
}
