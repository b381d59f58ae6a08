package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"
)

// deadline is what happens by itself at a time if nothing happens before.
type deadline struct {
	at      time.Time
	summary string
	then    func(ctx workflow.Context)

	timer  *pending
	cancel workflow.CancelFunc
}

// wait deals with the next event, however long it takes to come.
func (m *miniProgram) wait(ctx workflow.Context) {
	m.clearDeadline()
	m.handleNext(ctx)
}

// waitUntil deals with the next event: an action, the end of an inspection, a report on health, or the deadline. A timer that already
// runs towards the deadline runs on.
func (m *miniProgram) waitUntil(ctx workflow.Context, d deadline) {
	if d.at.Before(m.notBefore) {
		d.at = m.notBefore
	}
	if m.deadline == nil || !m.deadline.at.Equal(d.at) || m.deadline.summary != d.summary {
		m.clearDeadline()
		m.setDeadline(ctx, d)
	}
	m.handleNext(ctx)
}

// handleNext waits for the next event and deals with it. Only a signal that finds the run about to end is left to the next run: whoever
// gets an outcome may act again at once, and a run cannot end while something arrives. Temporal would refuse it, replay the long history
// and hold the signals back meanwhile, for a second in all (measured with 4,000 events).
func (m *miniProgram) handleNext(ctx workflow.Context) {
	next := m.inbox.wait(ctx)
	if next.signal != nil && m.runEnds(ctx) && m.inbox.signalsFit() {
		return
	}
	m.inbox.take()
	next.handle(ctx)
}

func (m *miniProgram) setDeadline(ctx workflow.Context, d deadline) {
	timerCtx, cancel := workflow.WithCancel(ctx)
	timer := workflow.NewTimerWithOptions(timerCtx, d.at.Sub(workflow.Now(ctx)), workflow.TimerOptions{Summary: d.summary})
	d.cancel = cancel
	d.timer = m.inbox.await(timer, func(ctx workflow.Context) {
		m.deadline = nil
		d.then(ctx)
	})
	m.deadline = &d
}

func (m *miniProgram) clearDeadline() {
	if m.deadline != nil {
		m.inbox.drop(m.deadline.timer)
		m.deadline.cancel()
		m.deadline = nil
	}
}

func (m *miniProgram) now(ctx workflow.Context) time.Time { return workflow.Now(ctx).UTC() }
