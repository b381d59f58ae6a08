package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"slipway/activities"
	"slipway/lifecycle"
	"slipway/monitoring/logkey"
)

// notifyLimit is how long a notification may take; who looks in later sees the same on the page.
const notifyLimit = 10 * time.Minute

// note has something recorded that was observed, and then tells people of it.
func (m *miniProgram) note(ctx workflow.Context, note lifecycle.Action, what string, tell func(workflow.Context)) {
	if !m.migrateToRecords(ctx) {
		m.noteBefore(ctx, note, what, tell)
		return
	}
	if m.decideAs(ctx, lifecycle.Timers, note, what, lifecycle.Facts{}) {
		tell(ctx)
	}
}

// notifyReviewers tells those who can decide a step that is still open.
func (m *miniProgram) notifyReviewers(ctx workflow.Context, subject, text string) {
	for _, role := range m.Review.OpenRoles() {
		m.notify(ctx, role, subject, text)
	}
}

// notify asked the worker to tell people, as runs of before still do. Today Notifiers tell them, by following the audit trail
// (notifier.go): neither the lifecycle nor the end of a run waits for that.
func (m *miniProgram) notify(ctx workflow.Context, role lifecycle.Role, subject, text string) {
	if workflow.GetVersion(ctx, "told-by-notifiers", workflow.DefaultVersion, 1) == 1 {
		return
	}
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		ScheduleToCloseTimeout: notifyLimit,
		StartToCloseTimeout:    30 * time.Second,
		Summary:                subject,
	})
	var a *activities.Activities
	notified := workflow.ExecuteActivity(ctx, a.Notify,
		activities.Notification{MiniProgram: m.ID, Role: role, Subject: subject, Text: text})
	m.notifying++
	m.inbox.await(notified, func(ctx workflow.Context) {
		m.notifying--
		if err := notified.Get(ctx, nil); err != nil {
			m.log.Error("notification not delivered", logkey.Subject, subject, logkey.Error, err)
		}
	})
}
