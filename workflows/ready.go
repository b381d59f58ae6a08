package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"slipway/lifecycle"
)

// ready: the version is approved. The developers publish it, or it publishes itself at the time that they chose.
func (m *miniProgram) ready(ctx workflow.Context) {
	if m.Schedule == nil {
		m.wait(ctx)
		return
	}
	m.waitUntil(ctx, deadline{at: m.Schedule.At, summary: "Publish " + m.Candidate.Version + " as scheduled", then: m.goLive})
}

func (m *miniProgram) goLive(ctx workflow.Context) {
	m.decideAs(ctx, lifecycle.Timers, lifecycle.Publish, fmt.Sprintf("scheduled by %s", m.Schedule.By), lifecycle.Facts{})
}
