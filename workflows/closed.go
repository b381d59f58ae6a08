package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"slipway/activities"
	"slipway/lifecycle"
	"slipway/monitoring/logkey"
)

// SignalLookAgain has a mini-program look whether a release that is due may go on now. It carries nothing, and changes nothing else:
// whoever sends it gets no outcome.
const SignalLookAgain = "look-again"

// closed waits until a release that is due may go on: until the next window opens, or it hears that the line moves. It looks by itself,
// too: windows are moved, and news may get lost.
func (m *miniProgram) closed(ctx workflow.Context, closure lifecycle.Closure) {
	looked := m.looked
	if looked.Before(closure.Since) {
		looked = closure.Since
	}
	summary := "Look again whether it may go on: " + string(closure.Hold())
	m.waitUntil(ctx, deadline{at: closure.LookAgain(m.ID, looked), summary: summary, then: m.lookAgain})
}

// lookAgain has decided once more what was due. A stage with a health gate ends by what the gate finds out now, as it would have at its
// end.
func (m *miniProgram) lookAgain(ctx workflow.Context) {
	m.looked = m.now(ctx)
	switch {
	case m.Closure() == nil:
	case m.Rollout == nil:
		m.publishAsScheduled(ctx)
	case m.Rollout.Plan.Health != nil:
		m.gate = m.gate.AskedAt(m.looked)
		m.decideAs(ctx, lifecycle.Timers, lifecycle.HoldLifted, "", lifecycle.Facts{})
	default:
		m.stageIsOver(ctx)
	}
}

// hearsOfTheLine tells whether a signal is the news that the line moves. Runs from before there was such a signal refuse it as they did.
func (m *miniProgram) hearsOfTheLine(ctx workflow.Context, s Signal) bool {
	if s.Name != SignalLookAgain {
		return false
	}
	return m.Closure() != nil || workflow.GetVersion(ctx, SignalLookAgain, workflow.DefaultVersion, 1) == 1
}

// holdClosed notes why a release does not go on that is due. When that is no longer so, it is tried again at once.
func (m *miniProgram) holdClosed(ctx workflow.Context, closure lifecycle.Closure) {
	if m.HeldBy(closure) {
		return
	}
	decision := m.decide(ctx, activities.Question{
		Action:  lifecycle.Held,
		Command: lifecycle.Command{Actor: lifecycle.Timers, Comment: string(closure.Hold())},
		Facts:   lifecycle.Facts{Closure: &closure},
	})
	if refusal := decision.Refusal; refusal != nil && refusal.Code != lifecycle.Frozen {
		m.refusedByItself(ctx, lifecycle.Held, refusal)
	}
}

// refusedByItself is for what a timer or a gate wanted: it tries again after a while.
func (m *miniProgram) refusedByItself(ctx workflow.Context, action lifecycle.Action, refusal *lifecycle.Refusal) {
	m.log.Warn("a timer or a health gate was refused; it tries again", logkey.Action, action,
		logkey.Code, refusal.Code, logkey.Message, refusal.Message)
	m.notBefore = m.now(ctx).Add(retryRefused)
}

// looksAgainAt says when it looks again by itself, for people.
func looksAgainAt(closure lifecycle.Closure) string {
	if closure.Until != nil {
		return "goes on when the next window opens, " + closure.Until.UTC().Format(time.DateTime+" MST")
	}
	return "goes on when that is over"
}
