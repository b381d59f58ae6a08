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

// patience is how long the catalogue may take before its absence becomes visible in Temporal UI as a pending activity.
const patience = 3 * time.Second

// retryRefused is how long a timer or a gate waits that was refused, as can happen when the rules have changed.
const retryRefused = time.Minute

// decide has a command decided and recorded, and takes over what was decided. A replay takes it over from the history: nothing
// is decided twice. When the catalogue turns out to know more than this workflow, the workflow goes on from there, and whoever asked
// is answered on that ground; what a timer or a gate wanted is looked at anew.
func (m *miniProgram) decide(ctx workflow.Context, q activities.Question) activities.Decision {
	if !m.recordsDecisions(ctx) {
		return m.decideBefore(ctx, q)
	}
	for range maxTries {
		q.Now = m.now(ctx)
		decision := m.ask(ctx, q)
		m.takeOver(ctx, q, decision)
		if decision.Stored == nil || q.Creation != nil || q.Command.RequestID == "" || m.answers.knows(q.Command) {
			return decision
		}
	}
	panic(fmt.Sprintf("%s is not decided: the catalogue knows better each time", q.Action)) // a failed task, for everyone to see
}

// maxTries is how often a command is asked about that meets a catalogue which knows more; the second try meets what the first took over.
const maxTries = 10

// decideAs has a command of a timer or a health gate decided. It may be refused, when somebody was faster or the rules have changed.
func (m *miniProgram) decideAs(ctx workflow.Context, actor lifecycle.Actor, action lifecycle.Action, comment string, facts lifecycle.Facts) (done bool) {
	before := m.step
	decision := m.decide(ctx, activities.Question{
		Action: action, Command: lifecycle.Command{Actor: actor, Comment: comment}, Facts: facts,
	})
	if decision.Refusal != nil {
		m.log.Warn("refused to a timer or gate; it tries again", logkey.Action, action, logkey.Code, decision.Refusal.Code, logkey.Message, decision.Refusal.Message)
		m.notBefore = m.now(ctx).Add(retryRefused)
	}
	return decision.Delta != nil || m.answerWasLost(ctx, decision, before)
}

// answerWasLost tells whether it is this very step that the catalogue has already: it was recorded, but its answer was lost, as when a worker
// dies. Nobody was told of it yet.
func (m *miniProgram) answerWasLost(ctx workflow.Context, decision activities.Decision, before int) bool {
	return decision.Stored != nil && decision.Alarm == "" && before > 0 && m.step == before+1 &&
		workflow.GetVersion(ctx, "lost-answers", workflow.DefaultVersion, 1) == 1
}

// note has something recorded that was observed, and then tells people of it.
func (m *miniProgram) note(ctx workflow.Context, note lifecycle.Action, what string, tell func(workflow.Context)) {
	if !m.recordsDecisions(ctx) {
		m.noteBefore(ctx, note, what, tell)
		return
	}
	if m.decideAs(ctx, lifecycle.Timers, note, what, lifecycle.Facts{}) {
		tell(ctx)
	}
}

// ask returns when the answer is recorded: at once by a local activity, which costs one event; when the database does not
// answer, by an activity that tries for as long as it takes and shows in Temporal UI what it waits for.
func (m *miniProgram) ask(ctx workflow.Context, q activities.Question) (decision activities.Decision) {
	q.Life, q.MiniProgram, q.TookOver = m.life, m.MiniProgram, m.tookOver || m.answers.full()
	if m.step > 0 || q.Creation != nil {
		q.Step = m.step + 1
	}
	if q.Refusal != nil && q.Creation == nil && lifecycle.CheckSize(q.Command) != nil { // it is carried no further
		q.Command = lifecycle.Command{Action: q.Action, RequestID: q.Command.RequestID, Actor: lifecycle.Actor{User: q.Command.Actor.User}}
	}
	var a *activities.Activities
	summary := summaryOf(q)
	local := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: patience,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: 50 * time.Millisecond, MaximumInterval: 500 * time.Millisecond},
		Summary:                summary,
	})
	err := workflow.ExecuteLocalActivity(local, a.Decide, q).Get(ctx, &decision)
	if err == nil {
		return decision
	}
	m.logger(ctx).Warn("the catalogue does not answer; trying on", logkey.What, summary,
		logkey.RequestID, q.Command.RequestID, logkey.Action, q.Action, logkey.Error, err)
	m.waitForCatalogue(ctx, summary, a.Decide, q, &decision)
	return decision
}

// waitForCatalogue runs an activity until the catalogue has answered it, however long that takes.
func (m *miniProgram) waitForCatalogue(ctx workflow.Context, summary string, activity, argument, result any) {
	m.saving = summary
	m.showDetails(ctx)
	patient := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 10 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: 10 * time.Second},
		Summary:             summary,
	})
	if err := workflow.ExecuteActivity(patient, activity, argument).Get(ctx, result); err != nil {
		panic(err) // without a limit of tries only a defect ends here; the task is retried with the next version of the worker
	}
	m.saving = ""
}

// summaryOf words a question for the timeline in Temporal UI.
func summaryOf(q activities.Question) string {
	switch {
	case q.Refusal != nil:
		return fmt.Sprintf("%s refused: %s", written(fmt.Sprintf("%.60s", q.Action)), q.Refusal.Code)
	case q.Admit:
		return fmt.Sprintf("%s by %s: may it be inspected?", q.Action, written(q.Command.Actor.User))
	default:
		return fmt.Sprintf("%s by %s", q.Action, written(q.Command.Actor.User))
	}
}

// takeOver makes what was decided so.
func (m *miniProgram) takeOver(ctx workflow.Context, q activities.Question, decision activities.Decision) {
	before := m.MiniProgram
	q.Command.Action = q.Action
	switch {
	case decision.Stored != nil:
		m.takeOverStored(*decision.Stored)
	case decision.Delta != nil:
		after, err := m.Apply(*decision.Delta, q.Command, q.Now)
		if err != nil {
			panic(err) // a delta of our own making: the worker that recorded it is broken
		}
		if m.records && after.Revision != m.Revision {
			m.notBefore = time.Time{} // what was refused may be due no more, or be allowed now
		}
		m.MiniProgram = after
	}
	if decision.Delta != nil || decision.Answer != nil && !decision.Repeated {
		m.step++
	}
	if decision.Answer != nil && decision.Answer.Code == lifecycle.UnsignedSignal {
		q.Command.RequestID = lifecycle.UnsignedID(q.Command.RequestID)
	}
	if decision.Answer != nil {
		m.answers.remember(decision.Answer.Outcome(q, m.MiniProgram))
	}
	if decision.Alarm != "" {
		m.alarm = fmt.Sprintf("%s: %s", clock(m.now(ctx)), decision.Alarm)
	}
	m.cycleOver = m.cycleOver || endsCycle(before.State, m.State)
	if !before.Rollout.SameStage(m.Rollout) {
		m.gate = lifecycle.GateProgress{}
	}
	m.watchHealth(ctx)
	m.show(ctx)
}

// takeOverStored goes on from what the catalogue knows. What waits for its time does so no longer: it is due by another clock now.
func (m *miniProgram) takeOverStored(stored activities.Stored) {
	outcomes, err := activities.UnpackOutcomes(stored.Outcomes)
	if err != nil {
		panic(err) // packed by a worker of ours
	}
	m.MiniProgram, m.life, m.step, m.tookOver = stored.MiniProgram, stored.Life, stored.Step, true
	for _, outcome := range outcomes {
		m.answers.remember(outcome)
	}
	m.clearDeadline()
	m.stopHealthWatch()
}

// endsCycle tells whether the story of a release ends here: everyone has it, or nobody any more.
func endsCycle(from, to lifecycle.State) bool {
	return to != from && (to.Offline() || to == lifecycle.Published && from.RollingOut())
}

func (m *miniProgram) now(ctx workflow.Context) time.Time { return workflow.Now(ctx).UTC() }
