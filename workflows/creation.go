package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"slipway/lifecycle"
)

// requestForCreation: the platform decides whether the mini-program may exist.
func (m *miniProgram) requestForCreation(ctx workflow.Context) {
	m.review(ctx, "creation of "+m.ID)
}

// review waits for the reviewers' decision. They are reminded once; then operators hear of it. The decision still waits
// for a person.
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
		m.notify(ctx, lifecycle.Reviewer, "Review waits: "+m.ID,
			fmt.Sprintf("%s requested %s's review on %s; it is due on %s.", m.Review.RequestedBy, m.ID, clock(m.Review.RequestedAt), clock(m.Review.DueAt)))
	})
}

func (m *miniProgram) escalate(ctx workflow.Context) {
	m.note(ctx, lifecycle.Escalated, "", func(ctx workflow.Context) {
		m.notify(ctx, lifecycle.Operator, "Review overdue: "+m.ID,
			fmt.Sprintf("%s requested %s's review on %s; nobody has decided by %s.", m.Review.RequestedBy, m.ID, clock(m.Review.RequestedAt), clock(m.Review.DueAt)))
	})
}
