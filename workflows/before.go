package workflows

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"slipway/activities"
	"slipway/lifecycle"
	"slipway/monitoring/logkey"
)

// This file is only for runs that began under an earlier version of the workflow: they are replayed as they were, and go over to
// today's ways by themselves. Nothing new is decided here.
//
// Before decisions were recorded, runs decided in the workflow, by settings from a side effect, and had a local activity write it down.
// Such a run goes over with the first step that it takes now, and takes over what the catalogue has, whatever its replay led to.
//
// Before health gates were asked by short probes, one activity watched a stage to its end. The next watch of such a run is one of probes.

// migration is how far a run has gone over to today's ways.
type migration struct {
	// records says that decisions are recorded, probes that gates are asked by probes. The counts are of the steps that asked for that
	// while it was not so.
	records, probes           bool
	recordsCount, probesCount int
	// configured are the worker's settings as JSON; recorded those in the history, decoded the same.
	configured, recorded json.RawMessage
	decoded              lifecycle.Settings
}

// migrateToRecords has decisions recorded from this step on, unless it is the replay of a step of before: each step asks under a change id
// of its own, so that a replay goes the way it went. It reports whether decisions are recorded by now.
func (g *migration) migrateToRecords(ctx workflow.Context) bool {
	if !g.records {
		g.recordsCount++
		g.records = isNew(ctx, "recorded-decisions", g.recordsCount)
	}
	return g.records
}

// migrateToProbes is the same for health gates: a watch of before stays what it is, the next one is of the new kind.
func (g *migration) migrateToProbes(ctx workflow.Context) bool {
	if !g.probes {
		g.probesCount++
		g.probes = isNew(ctx, "health-probes", g.probesCount)
	}
	return g.probes
}

// isNew tells a step that happens now, or did so since the change, from the replay of one of before.
func isNew(ctx workflow.Context, change string, count int) bool {
	return workflow.GetVersion(ctx, fmt.Sprintf("%s-%d", change, count), workflow.DefaultVersion, 1) == 1
}

// restoreBefore completes what a run carried whose decisions were not recorded: its outcomes are everybody's.
func (m *miniProgram) restoreBefore(ctx workflow.Context, carried []lifecycle.Outcome) {
	for i := range carried {
		carried[i].Actor = lifecycle.Everybody
	}
	m.life = workflow.GetInfo(ctx).FirstRunID
	m.recordSettings(ctx) // nothing needs them yet, but this is where the history has them
}

func (m *miniProgram) decideBefore(ctx workflow.Context, q activities.Question) activities.Decision {
	q.Command.Action, q.Now = q.Action, m.now(ctx)
	after, refusal := m.MiniProgram, q.Refusal
	if refusal == nil {
		after, refusal = m.judgeBefore(ctx, q)
	}
	if refusal == nil && q.Admit {
		return activities.Decision{Admitted: true}
	}
	decision := activities.Decision{Refusal: refusal}
	if q.Command.RequestID != "" {
		outcome := after.Outcome(q.Command, refusal, q.Now)
		decision.Outcome = &activities.ShortOutcome{Code: outcome.Code, Message: outcome.Message, Actions: outcome.Actions}
	}
	if refusal != nil && q.Creation != nil { // it failed without a word
		return decision
	}
	m.commitBefore(ctx)
	if refusal == nil {
		delta, err := lifecycle.DeltaOf(m.MiniProgram, after)
		if err != nil {
			panic(err) // what was read from JSON can be written as such
		}
		decision.Delta = &delta
	}
	m.takeOver(ctx, q, decision)
	m.step = 0 // unknown: the catalogue tells with the first step that is recorded
	return decision
}

func (m *miniProgram) judgeBefore(
	ctx workflow.Context, q activities.Question,
) (after lifecycle.MiniProgram, refusal *lifecycle.Refusal) {
	settings, command := m.recordSettings(ctx), withoutUnused(q.Command)
	var record lifecycle.Record
	switch {
	case q.Creation != nil:
		after, record, refusal = lifecycle.NewMiniProgram(*q.Creation, m.now(ctx), settings)
	case q.Admit:
		_, refusal = m.Admit(command, m.now(ctx), settings)
		return m.MiniProgram, refusal
	default:
		after, record, refusal = m.Decide(command, q.Facts, m.now(ctx), settings)
	}
	if refusal == nil && record.Kind == lifecycle.KindRemark {
		after.Revision++ // remarks did so then
	}
	return after, refusal
}

// withoutUnused leaves out what was carried along then and is refused now.
func withoutUnused(c lifecycle.Command) lifecycle.Command {
	rule, _ := lifecycle.RuleFor(c.Action)
	uses := func(field string) bool { return slices.Contains(rule.Fields, field) }
	if !uses("package") {
		c.Package = nil
	}
	if !uses("notes") {
		c.Notes = ""
	}
	if !uses("plan") {
		c.Plan, c.At = nil, nil
	}
	if !uses("percent") {
		c.Percent, c.Testers = nil, nil
	}
	if !uses("rating") {
		c.Rating, c.Text = 0, ""
	}
	return c
}

// drainBefore is how signals were dealt with that were too large to be handed on: all that had happened by then at once, without a phase,
// so that a timer could still fire for one that was left.
func (m *miniProgram) drainBefore(ctx workflow.Context) (ends bool) {
	m.drain(ctx)
	return m.runEnds(ctx) && !m.State.Final()
}

// noteBefore is how a note was taken: nothing but the mini-program changed, people were told, and then it was written down, but for
// reminders of a pause.
func (m *miniProgram) noteBefore(ctx workflow.Context, note lifecycle.Action, what string, tell func(workflow.Context)) {
	reminderOfPause := note == lifecycle.Reminded && m.Review == nil
	command := lifecycle.Command{Action: note, Actor: lifecycle.Timers, Comment: what}
	after, _, refusal := m.Decide(command, lifecycle.Facts{}, m.now(ctx), lifecycle.DefaultSettings())
	if refusal == nil {
		m.Review, m.Rollout = after.Review, after.Rollout
	}
	if reminderOfPause {
		m.Rollout.RemindAt, m.Rollout.PauseReminders = nil, m.Rollout.PauseReminders+1
	}
	tell(ctx)
	if !reminderOfPause {
		m.commitBefore(ctx)
		m.show(ctx)
	}
}

// commitBefore stands where a step was written down. Its argument is in no history, unless the catalogue was away.
func (m *miniProgram) commitBefore(ctx workflow.Context) {
	var a *activities.Activities
	if workflow.ExecuteLocalActivity(atOnce(ctx, ""), a.Commit, activities.CommitBefore{}).Get(ctx, nil) != nil {
		m.waitForCatalogue(ctx, "", a.Commit, activities.CommitBefore{}, nil)
	}
}

// recordSettings returns the deployment's settings as of then. It adds them to the history where they differ from those recorded last.
func (m *miniProgram) recordSettings(ctx workflow.Context) lifecycle.Settings {
	var recorded json.RawMessage
	current := workflow.MutableSideEffect(ctx, "settings", func(workflow.Context) any { return m.configured }, reflect.DeepEqual)
	err := current.Get(&recorded)
	if err == nil && !bytes.Equal(recorded, m.recorded) {
		m.recorded, m.decoded = recorded, lifecycle.Settings{}
		err = json.Unmarshal(recorded, &m.decoded)
	}
	if err != nil {
		panic(err) // the settings are of our own making: the worker that recorded them is broken
	}
	return m.decoded
}

// reminderOfPauseBefore is when people were reminded of a pause: by the settings of that moment.
func (m *miniProgram) reminderOfPauseBefore(ctx workflow.Context) time.Time {
	every := time.Duration(m.recordSettings(ctx).PauseReminder)
	return m.Rollout.PausedAt.Add(every * time.Duration(m.Rollout.PauseReminders+1))
}

// probeMargin is how long one probe may take before the watch counts as dead.
const probeMargin = 30 * time.Second

func (m *miniProgram) startWatchBefore(ctx workflow.Context, watch activities.HealthWatch) *pending {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 10 * 365 * 24 * time.Hour, // a stage may be held for as long as it takes
		HeartbeatTimeout:    time.Duration(watch.Health.Interval) + probeMargin,
		Summary:             "Watch the health of " + watch.Version + ": " + m.stageName(),
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: time.Minute},
	})
	var a *activities.Activities
	watched := workflow.ExecuteActivity(ctx, a.WatchHealth, watch)
	return m.inbox.await(watched, func(ctx workflow.Context) { m.onVerdictBefore(ctx, watched) })
}

// waitForWatchBefore holds a stage that its watch does not end in time.
func (m *miniProgram) waitForWatchBefore(ctx workflow.Context, stageEnds time.Time) {
	m.waitUntil(ctx, deadline{
		at:      stageEnds.Add(2 * time.Duration(m.Rollout.Plan.Health.Interval)),
		summary: m.stageName() + " is over; hold unless known to be healthy",
		then:    m.holdForHealth,
	})
}

// onVerdictBefore acts on a verdict: an unhealthy release is taken back or paused, a healthy one goes on.
func (m *miniProgram) onVerdictBefore(ctx workflow.Context, watched workflow.Future) {
	m.health = nil
	var verdict lifecycle.HealthVerdict
	if err := watched.Get(ctx, &verdict); err != nil {
		m.log.Error("the health watch failed; it starts again", logkey.Error, err)
		return
	}
	if !m.noteHealthBefore(ctx, verdict) {
		return
	}
	if verdict.Status == lifecycle.Healthy {
		m.endStage(ctx, lifecycle.Facts{Health: &verdict})
		return
	}
	m.failHealth(ctx, verdict)
}

// noteHealthBefore has a verdict recorded that differs from the last one. It is false when the mini-program turned out to stand elsewhere.
func (m *miniProgram) noteHealthBefore(ctx workflow.Context, verdict lifecycle.HealthVerdict) bool {
	switch {
	case !m.migrateToRecords(ctx):
		rollout := *m.Rollout
		rollout.Health = &verdict
		m.Rollout = &rollout
	case m.Rollout.Health == nil || m.Rollout.Health.Status != verdict.Status:
		return m.decideAs(ctx, lifecycle.HealthGate, lifecycle.HealthChanged, verdict.Detail, lifecycle.Facts{Health: &verdict})
	}
	return true
}
