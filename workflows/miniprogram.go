package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"slipway/lifecycle"
)

// Workflows holds what the deployment decides for the workflows of a worker.
type Workflows struct {
	Settings lifecycle.Settings
}

// MiniProgram is the lifecycle of one mini-program, which may take years. This file tells it phase by phase: whom it waits for, and what
// happens by itself, and when, if nobody acts. Actions arrive through the inbox (inbox.go, signal.go) and are decided by the rules
// (decide.go, lifecycle). How a run begins, and how it hands off to the next, is in run.go.
func (w *Workflows) MiniProgram(ctx workflow.Context, in Input) error {
	// A cancellation is not an action of the lifecycle: it must not end a mini-program that has users.
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	m, err := w.open(ctx, in)
	if err != nil {
		return err
	}
	return m.live(m.inbox.traces.resume(ctx, ""))
}

// live deals with one event after the other until the lifecycle is over, or this run. One run is one release cycle: it ends when a
// version has become Published or the mini-program has gone offline.
func (m *miniProgram) live(ctx workflow.Context) error {
	for !m.State.Final() {
		switch m.State.Group() {
		case lifecycle.RequestForCreation:
			m.creation(ctx)
		case lifecycle.RequestForPublishing:
			m.publishing(ctx)
		case lifecycle.Ready:
			m.ready(ctx)
		case lifecycle.Release:
			m.release(ctx)
		case lifecycle.NotAvailable:
			m.offline(ctx)
		}
		if m.runEnds(ctx) && !m.State.Final() && m.fitsNext(ctx) {
			return m.continueAsNew(ctx)
		}
	}
	for m.notifying > 0 {
		m.wait(ctx)
	}
	m.drain(ctx)
	return nil
}

// creation: a reviewer decides whether the mini-program may exist. Rejected, or withdrawn by its team, its lifecycle is over.
func (m *miniProgram) creation(ctx workflow.Context) {
	m.review(ctx, "creation of "+m.ID)
}

// publishing: the team uploads code, for as long as it likes, and submits it; then a reviewer decides.
func (m *miniProgram) publishing(ctx workflow.Context) {
	if m.State == lifecycle.PublishingPending {
		m.review(ctx, m.ID+" "+m.Candidate.Version)
		return
	}
	m.wait(ctx)
}

// review waits for the decisions of reviewers; the clocks run on over all steps. Reviewers are reminded once; later operators hear that it
// is overdue. Only a person ends it.
func (m *miniProgram) review(ctx workflow.Context, request string) {
	switch {
	case !m.Review.Reminded:
		m.waitUntil(ctx, deadline{at: m.Review.RemindAt, summary: "Remind reviewers: " + request, then: m.remindReviewers})
	case !m.Review.Overdue:
		m.waitUntil(ctx, deadline{at: m.Review.DueAt, summary: "Mark overdue, tell operators: " + request, then: m.escalate})
	default:
		m.wait(ctx)
	}
}

func (m *miniProgram) remindReviewers(ctx workflow.Context) {
	m.note(ctx, lifecycle.Reminded, "", func(ctx workflow.Context) {
		m.notifyReviewers(ctx, "Review waits: "+m.ID, fmt.Sprintf("%s requested %s's review on %s; it is due on %s.",
			m.Review.RequestedBy, m.ID, clock(m.Review.RequestedAt), clock(m.Review.DueAt)))
	})
}

// tellExpedited tells reviewers at once what comes first now; deadline and reminder follow by themselves.
func (m *miniProgram) tellExpedited(ctx workflow.Context, asked lifecycle.Command) {
	m.notifyReviewers(ctx, "Review expedited: "+m.ID, fmt.Sprintf("%s asks for a decision on %s %s by %s: %s",
		asked.Actor.User, m.ID, m.Candidate.Version, clock(m.Review.DueAt), lifecycle.Excerpt(asked.Comment)))
}

func (m *miniProgram) escalate(ctx workflow.Context) {
	m.note(ctx, lifecycle.Escalated, "", func(ctx workflow.Context) {
		m.notify(ctx, lifecycle.Operator, "Review overdue: "+m.ID, fmt.Sprintf("%s requested %s's review on %s; it was due on %s.",
			m.Review.RequestedBy, m.ID, clock(m.Review.RequestedAt), clock(m.Review.DueAt)))
	})
}

// ready: the version is approved. Its team publishes it, now or at a time that they choose, when it publishes itself.
func (m *miniProgram) ready(ctx workflow.Context) {
	if m.Schedule == nil {
		m.wait(ctx)
		return
	}
	if closure := m.Closure(); closure != nil {
		m.closed(ctx, *closure)
		return
	}
	m.waitUntil(ctx, deadline{
		at: m.Schedule.At, summary: "Publish " + m.Candidate.Version + " as scheduled", then: m.publishAsScheduled,
	})
}

func (m *miniProgram) publishAsScheduled(ctx workflow.Context) {
	m.decideAs(ctx, lifecycle.Timers, lifecycle.Publish, "scheduled by "+m.Schedule.By, lifecycle.Facts{})
}

// release: the candidate reaches a cohort for testing and feedback (grayscale), then stage by stage everyone (production), while a health
// gate may watch it (health.go). Once Published, it waits for the next version.
func (m *miniProgram) release(ctx workflow.Context) {
	m.watchHealth(ctx)
	switch {
	case m.State == lifecycle.Published:
		m.wait(ctx)
	case m.Rollout.Paused():
		m.paused(ctx)
	case m.Closure() != nil:
		m.closed(ctx, *m.Closure())
	case m.Rollout.Held != "":
		m.wait(ctx)
	default:
		m.stage(ctx)
	}
}

// stage lasts until its bake or hold time is over. With a health gate, what the gate reports ends the stage or holds it.
func (m *miniProgram) stage(ctx workflow.Context) {
	at, _ := m.Rollout.EndsAt()
	switch gated := m.Rollout.Plan.Health != nil; {
	case m.Rollout.WaitsForPerson():
		m.waitUntil(ctx, deadline{at: at, summary: m.stageName() + " is over; a person has to promote", then: m.holdForPromotion})
	case gated && m.probes:
		m.wait(ctx)
	case gated:
		m.waitForWatchBefore(ctx, at)
	default:
		m.waitUntil(ctx, deadline{at: at, summary: m.stageName() + " is over; then " + m.whatFollows(), then: m.stageIsOver})
	}
}

func (m *miniProgram) stageIsOver(ctx workflow.Context) { m.endStage(ctx, lifecycle.Facts{}) }

// endStage goes on to the next stage, and after the last one to Published.
func (m *miniProgram) endStage(ctx workflow.Context, facts lifecycle.Facts) {
	action, why := m.EndOfStage()
	m.decideAs(ctx, lifecycle.Timers, action, why, facts)
}

func (m *miniProgram) holdForPromotion(ctx workflow.Context) { m.hold(ctx, lifecycle.HeldForPromotion) }

func (m *miniProgram) holdForHealth(ctx workflow.Context) { m.hold(ctx, lifecycle.HeldForHealth) }

// hold leaves it to a person to end a stage whose time is over.
func (m *miniProgram) hold(ctx workflow.Context, why lifecycle.Hold) {
	m.note(ctx, lifecycle.Held, string(why), func(ctx workflow.Context) {
		text := fmt.Sprintf("%s of %s %s is over, but %s", m.stageName(), m.ID, m.Candidate.Version, why)
		if health := m.Rollout.Health; why == lifecycle.HeldForHealth && health != nil && health.Status == lifecycle.HealthUnknown {
			text += fmt.Sprintf(": %s (since %s)", health.Detail, clock(health.At))
		}
		m.notify(ctx, lifecycle.ReleaseManager, "Rollout waits: "+m.ID, text+".")
	})
}

// paused waits for a person to resume, whom it reminds from time to time. A pause never ends by itself.
func (m *miniProgram) paused(ctx workflow.Context) {
	at := m.Rollout.ReminderAt()
	if !m.records {
		at = m.reminderOfPauseBefore(ctx)
	}
	m.waitUntil(ctx, deadline{at: at, summary: "Remind of the paused rollout", then: m.remindOfPause})
}

func (m *miniProgram) remindOfPause(ctx workflow.Context) {
	m.note(ctx, lifecycle.Reminded, "", func(ctx workflow.Context) {
		m.notify(ctx, lifecycle.ReleaseManager, "Rollout still paused: "+m.ID,
			fmt.Sprintf("The rollout of %s %s has been paused at %s since %s.",
				m.ID, m.Candidate.Version, m.Rollout.Percent(), clock(*m.Rollout.PausedAt)))
	})
}

// offline: the team or the platform took the mini-program from its users. It waits for the team to submit a package anew.
func (m *miniProgram) offline(ctx workflow.Context) { m.wait(ctx) }

// stageName and whatFollows word the stage for summaries and notifications.
func (m *miniProgram) stageName() string {
	if m.Rollout.Stage == 0 {
		return "Bake time"
	}
	return fmt.Sprintf("Hold time of stage %d", m.Rollout.Stage)
}

func (m *miniProgram) whatFollows() string {
	next := m.Next()
	if next.To == lifecycle.Published {
		return string(next.To)
	}
	return fmt.Sprintf("stage %d at %s", m.Rollout.Stage+1, next.Percent)
}
