package workflows

import (
	"go.temporal.io/sdk/workflow"

	"slipway/lifecycle"
)

// requestForPublishing: the developers work on the code until they submit it; then the platform reviews it.
func (m *miniProgram) requestForPublishing(ctx workflow.Context) {
	if m.State == lifecycle.PublishingPending {
		m.review(ctx, m.ID+" "+m.Candidate.Version)
		return
	}
	m.wait(ctx)
}
