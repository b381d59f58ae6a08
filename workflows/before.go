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
)

// This file replays what runs did that began before decisions were recorded: they decided in the workflow, by settings from a side
// effect, and had a local activity write it down. Nothing new is decided here. A run of that time goes over to recorded decisions
// with the first step that it takes now, and takes over what the catalogue has, whatever its replay led to.

// recordsDecisions tells whether this run has its decisions recorded by now. Each step of before has a change id of its own, so that
// a replay answers as it was, step by step.
func (m *miniProgram) recordsDecisions(ctx workflow.Context) bool {
	if !m.records {
		m.asked++
		version := workflow.GetVersion(ctx, fmt.Sprintf("recorded-decisions-%d", m.asked), workflow.DefaultVersion, 1)
		m.records = version == 1
	}
	return m.records
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

func (m *miniProgram) judgeBefore(ctx workflow.Context, q activities.Question) (after lifecycle.MiniProgram, refusal *lifecycle.Refusal) {
	settings, command := m.settings(ctx), withoutUnused(q.Command)
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

// noteBefore is how a note was taken: nothing but the mini-program changed, people were told, and then it was written down, but for
// reminders of a pause.
func (m *miniProgram) noteBefore(ctx workflow.Context, note lifecycle.Action, what string, tell func(workflow.Context)) {
	reminderOfPause := note == lifecycle.Reminded && m.Review == nil
	settings := lifecycle.DefaultSettings()
	if after, _, refusal := m.Decide(lifecycle.Command{Action: note, Actor: lifecycle.Timers, Comment: what}, lifecycle.Facts{}, m.now(ctx), settings); refusal == nil {
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
	local := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: patience,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: 50 * time.Millisecond, MaximumInterval: 500 * time.Millisecond},
	})
	if workflow.ExecuteLocalActivity(local, a.Commit, activities.CommitBefore{}).Get(ctx, nil) != nil {
		m.waitForCatalogue(ctx, "", a.Commit, activities.CommitBefore{}, nil)
	}
}

// settings are the deployment's settings as of then.
func (m *miniProgram) settings(ctx workflow.Context) lifecycle.Settings {
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
	every := time.Duration(m.settings(ctx).PauseReminder)
	return m.Rollout.PausedAt.Add(every * time.Duration(m.Rollout.PauseReminders+1))
}
