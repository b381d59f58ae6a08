package workflows

import (
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"slipway/activities"
	"slipway/lifecycle"
)

// maxInspections bounds how many uploads of one mini-program are inspected at the same time.
const maxInspections = 4

// inspection is an upload that waits for what the inspection finds in its package. Other actions go on meanwhile.
type inspection struct {
	command lifecycle.Command
}

// upload refuses at once what the lifecycle does not allow, and has the package inspected otherwise.
func (m *miniProgram) upload(ctx workflow.Context, command lifecycle.Command) {
	_, refusal := m.Admit(command, m.now(ctx), m.settings(ctx))
	if refusal == nil && len(m.inspecting) >= maxInspections {
		refusal = lifecycle.Refuse(lifecycle.IllegalInState, "%d uploads are being inspected; wait for one of them", len(m.inspecting))
	}
	if refusal != nil {
		m.refuse(ctx, command, refusal)
		return
	}
	m.inspect(ctx, command)
	m.show(ctx)
}

func (m *miniProgram) inspect(ctx workflow.Context, command lifecycle.Command) {
	i := &inspection{command: command}
	m.inspecting = append(m.inspecting, i)
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 2 * time.Minute,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: 30 * time.Second},
		Summary:             "Inspect version " + command.Package.Version + " uploaded by " + command.Actor.User,
	})
	var a *activities.Activities
	future := workflow.ExecuteActivity(ctx, a.InspectPackage, activities.Inspection{MiniProgram: m.ID, Package: *command.Package})
	m.inbox.await(future, func(ctx workflow.Context) { m.inspected(ctx, i, future) })
}

// inspected decides on the upload anew: the mini-program may have moved on during the inspection.
func (m *miniProgram) inspected(ctx workflow.Context, i *inspection, future workflow.Future) {
	m.inspecting = slices.DeleteFunc(m.inspecting, func(other *inspection) bool { return other == i })
	var verdict activities.Verdict
	if err := future.Get(ctx, &verdict); err != nil {
		verdict.Refusal = lifecycle.Refuse(lifecycle.PackageRefused, "the package could not be inspected: %s; upload it again", err)
	}
	if verdict.Refusal != nil {
		m.refuse(ctx, i.command, verdict.Refusal)
		return
	}
	m.act(ctx, i.command, verdict.Facts)
}

func (m *miniProgram) isInspecting(requestID string) bool {
	return slices.ContainsFunc(m.inspecting, func(i *inspection) bool { return i.command.RequestID == requestID })
}
