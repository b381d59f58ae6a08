package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"slipway/activities"
	"slipway/lifecycle"
)

// probeMargin is how long one probe may take before the watch counts as dead.
const probeMargin = 30 * time.Second

// healthWatch is the activity that watches the health of the present stage.
type healthWatch struct {
	activities.HealthWatch
	done   *awaited
	cancel workflow.CancelFunc
}

// watchHealth lets one activity watch the stage as it is now: none while there is nothing to watch, another one when
// the stage, its end or the gate has changed.
func (m *miniProgram) watchHealth(ctx workflow.Context) {
	wanted := m.healthToWatch()
	if m.health != nil && wanted != nil && m.health.HealthWatch == *wanted {
		return
	}
	m.stopHealthWatch()
	if wanted != nil {
		m.startHealthWatch(ctx, *wanted)
	}
}

func (m *miniProgram) stopHealthWatch() {
	if m.health != nil {
		m.health.done.dropped = true
		m.health.cancel()
		m.health = nil
	}
}

func (m *miniProgram) healthToWatch() *activities.HealthWatch {
	if m.Rollout == nil || m.Rollout.Plan.Health == nil || m.Rollout.Paused() {
		return nil
	}
	watch := activities.HealthWatch{MiniProgram: m.ID, Version: m.Candidate.Version, Health: *m.Rollout.Plan.Health}
	if !m.Rollout.WaitsForPerson() {
		watch.Until, _ = m.Rollout.EndsAt()
	}
	return &watch
}

func (m *miniProgram) startHealthWatch(ctx workflow.Context, watch activities.HealthWatch) {
	ctx, cancel := workflow.WithCancel(ctx)
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 10 * 365 * 24 * time.Hour, // a stage may be held for as long as it takes
		HeartbeatTimeout:    time.Duration(watch.Health.Interval) + probeMargin,
		Summary:             "Watch the health of " + watch.Version + ": " + m.stageName(),
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: time.Minute},
	})
	var a *activities.Activities
	future := workflow.ExecuteActivity(ctx, a.WatchHealth, watch)
	m.health = &healthWatch{HealthWatch: watch, cancel: cancel}
	m.health.done = m.inbox.await(future, func(ctx workflow.Context) { m.judgeHealth(ctx, future) })
}

// judgeHealth acts on a verdict: an unhealthy release is taken back or paused, a healthy one goes on.
func (m *miniProgram) judgeHealth(ctx workflow.Context, watched workflow.Future) {
	m.health = nil
	var verdict lifecycle.HealthVerdict
	if err := watched.Get(ctx, &verdict); err != nil {
		m.log.Error("the health watch failed; it starts again", "error", err)
		return
	}
	if !m.noteHealth(ctx, verdict) {
		return
	}
	facts := lifecycle.Facts{Health: &verdict}
	action, subject := lifecycle.Rollback, "Rolled back: "
	switch {
	case verdict.Status == lifecycle.Healthy:
		m.endStage(ctx, facts)
		return
	case m.Rollout.Plan.OnUnhealthy == lifecycle.PauseOnUnhealthy:
		action, subject = lifecycle.Pause, "Rollout paused: "
	}
	if m.decideAs(ctx, lifecycle.HealthGate, action, "unhealthy: "+verdict.Detail, facts) {
		m.notify(ctx, lifecycle.ReleaseManager, subject+m.ID, m.ID+" is unhealthy: "+verdict.Detail)
	}
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
