package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"slipway/lifecycle"
)

// release: the candidate reaches a cohort for testing and feedback, then stage by stage everyone.
func (m *miniProgram) release(ctx workflow.Context) {
	m.watchHealth(ctx)
	switch {
	case m.State == lifecycle.Published:
		m.wait(ctx)
	case m.Rollout.Paused():
		m.paused(ctx)
	case m.Rollout.Held != "":
		m.wait(ctx)
	default:
		m.stage(ctx)
	}
}

// stage waits until the bake or hold time is over. With a health gate it is what the gate reports that ends the stage or holds it.
func (m *miniProgram) stage(ctx workflow.Context) {
	at, _ := m.Rollout.EndsAt()
	gate := m.Rollout.Plan.Health
	switch {
	case m.Rollout.WaitsForPerson():
		m.waitUntil(ctx, deadline{at: at, summary: m.stageName() + " is over; a person has to promote", then: m.holdForPromotion})
	case gate != nil && m.probes:
		m.wait(ctx)
	case gate != nil:
		at = at.Add(2 * time.Duration(gate.Interval))
		m.waitUntil(ctx, deadline{at: at, summary: m.stageName() + " is over; hold unless known to be healthy", then: m.holdForHealth})
	default:
		m.waitUntil(ctx, deadline{at: at, summary: m.stageName() + " is over; then " + m.whatFollows(), then: m.stageIsOver})
	}
}

func (m *miniProgram) stageIsOver(ctx workflow.Context) { m.endStage(ctx, lifecycle.Facts{}) }

// endStage goes on to the next stage, and after the last one to Published.
func (m *miniProgram) endStage(ctx workflow.Context, facts lifecycle.Facts) {
	if m.State == lifecycle.GrayscaleRelease {
		m.decideAs(ctx, lifecycle.Timers, lifecycle.Promote, "the bake time is over", facts)
		return
	}
	m.decideAs(ctx, lifecycle.Timers, lifecycle.Advance, "the hold time is over", facts)
}

func (m *miniProgram) holdForPromotion(ctx workflow.Context) {
	m.hold(ctx, lifecycle.HeldForPromotion)
}

func (m *miniProgram) holdForHealth(ctx workflow.Context) {
	m.hold(ctx, lifecycle.HeldForHealth)
}

func (m *miniProgram) hold(ctx workflow.Context, why lifecycle.Hold) {
	m.note(ctx, lifecycle.Held, string(why), func(ctx workflow.Context) {
		text := fmt.Sprintf("%s of %s %s is over, but %s", m.stageName(), m.ID, m.Candidate.Version, why)
		if health := m.Rollout.Health; why == lifecycle.HeldForHealth && health != nil && health.Status == lifecycle.HealthUnknown {
			text += fmt.Sprintf(": %s (since %s)", health.Detail, clock(health.At))
		}
		m.notify(ctx, lifecycle.ReleaseManager, "Rollout waits: "+m.ID, text+".")
	})
}

// paused waits for a person, whom it reminds from time to time. A pause never ends by itself.
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
			fmt.Sprintf("The rollout of %s %s is paused at %s since %s.", m.ID, m.Candidate.Version, m.Rollout.Percent(), clock(*m.Rollout.PausedAt)))
	})
}

// stageName and whatFollows word the stage for summaries and notices.
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

func clock(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 MST") }
