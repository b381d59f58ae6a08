package workflows

import (
	"fmt"
	"slices"
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
	if !m.migrateToRecords(ctx) {
		return m.decideBefore(ctx, q)
	}
	for range maxTries {
		q.Now = m.now(ctx)
		decision := m.ask(ctx, q)
		m.takeOver(ctx, q, decision)
		if decision.Stored == nil || q.Creation != nil || q.Command.RequestID == "" || m.outcomes.knows(q.Command) {
			return decision
		}
	}
	panic(fmt.Sprintf("%s is not decided: the catalogue knows better each time", q.Action)) // a failed task, for everyone to see
}

// maxTries is how often a command is asked about that meets a catalogue which knows more; the second try meets what the first took over.
const maxTries = 10

// decideAs has a command of a timer or a health gate decided. It may be refused, when somebody was faster or the rules have changed.
func (m *miniProgram) decideAs(
	ctx workflow.Context, actor lifecycle.Actor, action lifecycle.Action, comment string, facts lifecycle.Facts,
) (done bool) {
	before := m.step
	decision := m.decide(ctx, activities.Question{
		Action: action, Command: lifecycle.Command{Actor: actor, Comment: comment}, Facts: facts,
	})
	switch refusal := decision.Refusal; {
	case refusal == nil:
	case refusal.Closure != nil:
		m.holdClosed(ctx, *refusal.Closure)
	default:
		m.refusedByItself(ctx, action, refusal)
	}
	return decision.Delta != nil || m.decisionWasLost(ctx, decision, before)
}

// decisionWasLost tells whether it is this very step that the catalogue has already: it was recorded, but the decision did not come back,
// as when a worker dies. Nobody was told of it yet.
func (m *miniProgram) decisionWasLost(ctx workflow.Context, decision activities.Decision, before int) bool {
	return decision.Stored != nil && decision.Alarm == "" && before > 0 && m.step == before+1 &&
		workflow.GetVersion(ctx, "lost-answers", workflow.DefaultVersion, 1) == 1
}

// ask returns when the decision is recorded: at once by a local activity, which costs one event; when the database does not
// answer, by an activity that tries for as long as it takes and shows in Temporal UI what it waits for.
func (m *miniProgram) ask(ctx workflow.Context, q activities.Question) (decision activities.Decision) {
	q.Life, q.MiniProgram, q.TookOver = m.life, m.MiniProgram, m.tookOver || m.outcomes.full()
	if m.step > 0 || q.Creation != nil {
		q.Step = m.step + 1
	}
	if q.Refusal != nil && q.Creation == nil && lifecycle.CheckSize(q.Command) != nil { // it is carried no further
		whose := lifecycle.Actor{User: q.Command.Actor.User}
		q.Command = lifecycle.Command{Action: q.Action, RequestID: q.Command.RequestID, Actor: whose}
	}
	var a *activities.Activities
	summary := summaryOf(q)
	err := workflow.ExecuteLocalActivity(atOnce(ctx, summary), a.Decide, q).Get(ctx, &decision)
	if err == nil {
		return decision
	}
	m.logger(ctx).Warn("the catalogue does not answer; still trying", logkey.What, summary,
		logkey.RequestID, q.Command.RequestID, logkey.Action, q.Action, logkey.Error, err)
	m.waitForCatalogue(ctx, summary, a.Decide, q, &decision)
	return decision
}

// atOnce is for a local activity, which gives up when the catalogue does not answer it soon.
func atOnce(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: patience,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: 50 * time.Millisecond, MaximumInterval: 500 * time.Millisecond},
		Summary:                summary,
	})
}

// waitForCatalogue runs an activity until the catalogue has answered it, however long that takes.
func (m *miniProgram) waitForCatalogue(ctx workflow.Context, summary string, activity, argument, result any) {
	m.saving = summary
	m.showDetails(ctx)
	if err := workflow.ExecuteActivity(patiently(ctx, summary), activity, argument).Get(ctx, result); err != nil {
		panic(err) // without a limit of tries only a defect ends here; the task is retried with the next version of the worker
	}
	m.saving = ""
}

// patiently is for an activity that tries until the catalogue has answered.
func patiently(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 10 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: 10 * time.Second},
		Summary:             summary,
	})
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

// takeOver makes the mini-program what was decided, remembers the outcome and shows both.
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
	if decision.Delta != nil || decision.Outcome != nil && !decision.Repeated {
		m.step++
	}
	m.rememberOutcome(q, decision.Outcome)
	if decision.Alarm != "" {
		m.alarm = fmt.Sprintf("%s: %s", clock(m.now(ctx)), decision.Alarm)
	}
	if decision.Delta != nil && q.Action == lifecycle.Expedite {
		m.tellExpedited(ctx, q.Command)
	}
	m.cycleOver = m.cycleOver || endsCycle(before.State, m.State)
	m.gateGoesOn(before.Rollout, q.Action)
	m.watchHealth(ctx)
	m.show(ctx)
}

// rememberOutcome is for whoever asked; nil is nobody.
func (m *miniProgram) rememberOutcome(q activities.Question, outcome *activities.ShortOutcome) {
	if outcome == nil {
		return
	}
	if outcome.Code == lifecycle.UnsignedSignal {
		q.Command.RequestID = lifecycle.UnsignedID(q.Command.RequestID)
	}
	m.outcomes.remember(outcome.Complete(q, m.MiniProgram))
}

// takeOverStored goes on from what the catalogue knows. The timer and the gate begin anew: they may be due at other times now.
func (m *miniProgram) takeOverStored(stored activities.Stored) {
	outcomes, err := activities.UnpackOutcomes(stored.Outcomes)
	if err != nil {
		panic(err) // packed by a worker of ours
	}
	m.MiniProgram, m.life, m.step, m.tookOver = stored.MiniProgram, stored.Life, stored.Step, true
	for _, outcome := range outcomes {
		m.outcomes.remember(outcome)
	}
	m.clearDeadline()
	m.stopHealthWatch()
}

// endsCycle tells whether a release cycle ends here: everyone has the version, or nobody any more.
func endsCycle(from, to lifecycle.State) bool {
	return to != from && (to.Offline() || to == lifecycle.Published && from.RollingOut())
}

const (
	// maxOutcomes is how many outcomes are remembered: those of the last 200 actions are promised.
	maxOutcomes = 250
	// maxRefused is how many of the latest refusals the status shows.
	maxRefused = 3
)

// request is whose request it is: two people's request ids never meet.
type request struct{ user, id string }

// outcomes are the latest ones, oldest first, so that a request counts once.
type outcomes struct {
	latest []lifecycle.Outcome
	known  map[request]bool
}

func (o *outcomes) remember(outcome lifecycle.Outcome) {
	key := request{outcome.Actor, outcome.RequestID}
	if o.known[key] {
		return
	}
	if o.known == nil {
		o.known = map[request]bool{}
	}
	if len(o.latest) == maxOutcomes {
		oldest := o.latest[0]
		delete(o.known, request{oldest.Actor, oldest.RequestID})
		o.latest = slices.Clone(o.latest[1:]) // lets go of what is forgotten
	}
	o.latest = append(o.latest, outcome)
	o.known[key] = true
}

// knows tells whether the command has an outcome. Outcomes from before requests belonged to a person are everybody's.
func (o *outcomes) knows(command lifecycle.Command) bool {
	return o.known[request{command.Actor.User, command.RequestID}] || o.known[request{lifecycle.Everybody, command.RequestID}]
}

// knowsRequest tells whether anybody's request had the id.
func (o *outcomes) knowsRequest(id string) bool {
	_, ok := o.find("", id)
	return ok
}

// full says that an outcome may have been forgotten.
func (o *outcomes) full() bool { return len(o.latest) == maxOutcomes }

// find returns the outcome of a user's request; without a user, the latest of anybody's.
func (o *outcomes) find(user, id string) (lifecycle.Outcome, bool) {
	for _, outcome := range slices.Backward(o.latest) {
		if outcome.RequestID == id && (user == "" || outcome.Actor == user || outcome.Actor == lifecycle.Everybody) {
			return outcome, true
		}
	}
	return lifecycle.Outcome{}, false
}

// reply is the outcome of a request, or that an unsigned one was refused as long as a signed one has none.
func (o *outcomes) reply(user, requestID string) OutcomeReply {
	outcome, seen := o.find(user, requestID)
	if !seen {
		outcome, seen = o.find(user, lifecycle.UnsignedID(requestID))
	}
	if !seen {
		return OutcomeReply{}
	}
	return OutcomeReply{Seen: true, Outcome: &outcome}
}

// refused returns the latest refusals, newest first.
func (o *outcomes) refused() []lifecycle.Outcome {
	var refused []lifecycle.Outcome
	for _, outcome := range slices.Backward(o.latest) {
		if !outcome.Accepted && len(refused) < maxRefused {
			refused = append(refused, outcome)
		}
	}
	return refused
}
