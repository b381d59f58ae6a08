package workflows

import "go.temporal.io/sdk/workflow"

// notAvailable: taken offline by its developers or by the platform, the mini-program waits for them to submit a
// package anew.
func (m *miniProgram) notAvailable(ctx workflow.Context) { m.wait(ctx) }
