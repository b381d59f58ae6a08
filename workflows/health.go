package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"slipway/activities"
	"slipway/lifecycle"
	"slipway/monitoring/logkey"
)

// probeLimit is how long one probe may take before its worker counts as dead.
const probeLimit = 30 * time.Second

// healthWatch is what the health gate watches now. Its activity asks again and again until there is something to tell.
type healthWatch struct {
	activities.HealthWatch
	// since is when the stage began, moved on by its pauses.
	since  time.Time
	report *pending
	cancel workflow.CancelFunc
}

// covers tells whether the watch is the one that is wanted. Only rules that let a stage warm up make a difference by its begin.
func (w *healthWatch) covers(wanted activities.HealthWatch, since time.Time) bool {
	return w.MiniProgram == wanted.MiniProgram && w.Version == wanted.Version && w.Until.Equal(wanted.Until) &&
		w.Health.Same(&wanted.Health) && (len(wanted.Health.Rules) == 0 || w.since.Equal(since))
}

// watchHealth lets one activity watch the stage as it is now: none while there is nothing to watch, another one when
// the stage, its end or the gate has changed.
func (m *miniProgram) watchHealth(ctx workflow.Context) {
	if m.judging {
		return // what the report leads to is watched, not the steps on the way
	}
	wanted := m.healthToWatch()
	if m.health != nil && wanted != nil && m.health.covers(*wanted, m.Rollout.RunningSince()) {
		return
	}
	m.stopHealthWatch()
	if wanted != nil {
		m.startHealthWatch(ctx, *wanted)
	}
}

func (m *miniProgram) stopHealthWatch() {
	if m.health != nil {
		m.inbox.drop(m.health.report)
		m.health.cancel()
		m.health = nil
	}
}

func (m *miniProgram) healthToWatch() *activities.HealthWatch {
	if m.Rollout == nil || m.Rollout.Plan.Health == nil || m.Rollout.Paused() {
		return nil
	}
	watch := activities.HealthWatch{MiniProgram: m.ID, Version: m.Candidate.Version, Health: *m.Rollout.Plan.Health}
	watch.Until, _ = m.gateEndsStage()
	return &watch
}

// gateGoesOn lets the gate count on in the same stage, whose end a person may have moved, and begin anew in another.
func (m *miniProgram) gateGoesOn(before *lifecycle.Rollout, action lifecycle.Action) {
	if !before.SameStage(m.Rollout) {
		m.gate = lifecycle.GateProgress{}
	} else if ends, ok := m.gateEndsStage(); ok && action == lifecycle.ChangePlan {
		m.gate = m.gate.EndingAt(ends)
	}
}

// gateEndsStage is when the gate ends the stage; ok is false, and the time zero, where something else does.
func (m *miniProgram) gateEndsStage() (at time.Time, ok bool) {
	if r := m.Rollout; r == nil || r.Paused() || r.WaitsForPerson() || r.Closure != nil {
		return time.Time{}, false
	}
	return m.Rollout.EndsAt()
}

func (m *miniProgram) startHealthWatch(ctx workflow.Context, watch activities.HealthWatch) {
	ctx, cancel := workflow.WithCancel(ctx)
	start := m.startWatchBefore
	if m.migrateToProbes(ctx) {
		start = m.startProbes
	}
	m.health = &healthWatch{watch, m.Rollout.RunningSince(), start(ctx, watch), cancel}
}

func (m *miniProgram) startProbes(ctx workflow.Context, watch activities.HealthWatch) *pending {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:           HealthQueue,
		StartToCloseTimeout: probeLimit,
		Summary:             "Ask for the health of " + watch.Version + ": " + m.stageName(),
		// The policy is for a worker that dies; otherwise the activity says when it is asked again.
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: time.Minute},
	})
	var a *activities.Activities
	reported := workflow.ExecuteActivity(ctx, a.ProbeHealth, m.probe(watch))
	return m.inbox.await(reported, func(ctx workflow.Context) { m.onGateReport(ctx, reported) })
}

func (m *miniProgram) probe(watch activities.HealthWatch) activities.HealthProbe {
	gate := lifecycle.Gate{
		Health: watch.Health, Since: m.Rollout.RunningSince(), Until: watch.Until, Held: m.Rollout.Held != "", GateProgress: m.gate,
	}
	if m.Rollout.Health != nil {
		gate.Told = *m.Rollout.Health
	}
	if gate.AskAt.Before(m.notBefore) {
		gate.AskAt = m.notBefore
	}
	return activities.HealthProbe{MiniProgram: watch.MiniProgram, Version: watch.Version, Stage: m.Rollout.Stage, Gate: gate}
}

// onGateReport acts on what the gate has to tell, and lets it go on.
func (m *miniProgram) onGateReport(ctx workflow.Context, reported workflow.Future) {
	m.health = nil
	var report lifecycle.GateReport
	if err := reported.Get(ctx, &report); err != nil {
		m.log.Error("the health gate failed; it asks again", logkey.Error, err)
		return
	}
	m.gate, m.judging = report.GateProgress, true
	m.actOn(ctx, report)
	m.judging = false
	m.watchHealth(ctx)
}

// actOn has a verdict recorded that has changed. An unhealthy release is taken back or paused, a healthy one goes on when its stage is
// over, and one of unknown health is held then.
func (m *miniProgram) actOn(ctx workflow.Context, report lifecycle.GateReport) {
	verdict, facts := report.Verdict, lifecycle.Facts{Health: &report.Verdict}
	told := m.Rollout.Health // of several rules another may have changed
	knownSilent := told != nil && told.CannotAsk() && told.Reason == verdict.Reason
	if report.Changed && !m.decideAs(ctx, lifecycle.HealthGate, lifecycle.HealthChanged, verdict.Detail, facts) {
		return
	}
	switch {
	case verdict.Status == lifecycle.Unhealthy:
		m.failHealth(ctx, verdict)
	case verdict.Status == lifecycle.Healthy && report.Over:
		m.endStage(ctx, facts)
	case report.Holds() && m.Rollout.Held == "":
		m.holdForHealth(ctx)
	case report.Changed && verdict.CannotAsk() && !knownSilent:
		m.notify(ctx, lifecycle.ReleaseManager, "Health gate has no answer: "+m.ID,
			fmt.Sprintf("The health of %s %s is not known, and will not be before somebody changes the plan or the worker: %s.",
				m.ID, m.Candidate.Version, verdict.Detail))
	}
}

// failHealth takes an unhealthy release back, or pauses it.
func (m *miniProgram) failHealth(ctx workflow.Context, verdict lifecycle.HealthVerdict) {
	action, subject := m.Rollout.Plan.WhenUnhealthy(), "Rolled back: "
	if action == lifecycle.Pause {
		subject = "Rollout paused: "
	}
	if m.decideAs(ctx, lifecycle.HealthGate, action, "unhealthy: "+verdict.Detail, lifecycle.Facts{Health: &verdict}) {
		m.notify(ctx, lifecycle.ReleaseManager, subject+m.ID, m.ID+" is unhealthy: "+verdict.Detail)
	}
}
