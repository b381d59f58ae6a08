package workflows

import (
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"slipway/activities"
	"slipway/lifecycle"
	"slipway/monitoring/logkey"
)

// maxInspections bounds how many uploads of one mini-program are inspected at the same time.
const maxInspections = 4

// inspection is an upload that waits for what the inspection finds in its package. Other actions go on meanwhile.
type inspection struct {
	command lifecycle.Command
}

// upload refuses at once what the lifecycle does not allow, and has the package inspected otherwise.
func (m *miniProgram) upload(ctx workflow.Context, q activities.Question) {
	if q.Refusal == nil {
		q.Refusal = m.tooManyInspections(q.Command)
	}
	q.Admit = true
	if decision := m.decide(ctx, q); decision.Admitted {
		q.Command.Via = decision.Via
		m.inspect(ctx, q.Command)
		m.show(ctx)
	}
}

// tooManyInspections bounds the uploads that wait, by number and by what they carry: a run hands them on to the next.
func (m *miniProgram) tooManyInspections(command lifecycle.Command) *lifecycle.Refusal {
	waiting := []lifecycle.Command{command}
	for _, i := range m.inspecting {
		waiting = append(waiting, i.command)
	}
	if len(m.inspecting) >= maxInspections || m.records && lifecycle.CheckSize(waiting) != nil {
		return lifecycle.Refuse(lifecycle.IllegalInState, "%d uploads are being inspected; wait until one of them is decided", len(m.inspecting))
	}
	return nil
}

func (m *miniProgram) inspect(ctx workflow.Context, command lifecycle.Command) {
	i := &inspection{command: command}
	m.inspecting = append(m.inspecting, i)
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:           InspectionQueue,
		StartToCloseTimeout: 2 * time.Minute,
		// A store or a catalogue that is away is waited for; a package that breaks its inspection is refused by the activity.
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: 30 * time.Second},
		Summary:     "Inspect version " + command.Package.Version + " uploaded by " + written(command.Actor.User),
	})
	var a *activities.Activities
	future := workflow.ExecuteActivity(ctx, a.InspectPackage, activities.Inspection{MiniProgram: m.ID, Package: *command.Package})
	m.inbox.await(future, func(ctx workflow.Context) { m.onInspected(ctx, i, future) })
}

// onInspected decides on the upload anew: the mini-program may have moved on during the inspection. After a reset the upload may turn out
// to be decided already.
func (m *miniProgram) onInspected(ctx workflow.Context, i *inspection, future workflow.Future) {
	m.inspecting = slices.DeleteFunc(m.inspecting, func(other *inspection) bool { return other == i })
	if m.records && m.outcomes.knows(i.command) {
		m.show(ctx)
		return
	}
	var verdict activities.Verdict
	if err := future.Get(ctx, &verdict); err != nil {
		m.log.Error("an inspection failed", logkey.Version, i.command.Package.Version, logkey.Error, err)
		verdict.Refusal = lifecycle.Refuse(lifecycle.PackageRefused,
			"the package could not be inspected; upload it again, and tell the operators if that does not help")
	}
	m.decide(ctx, activities.Question{
		Action: i.command.Action, Command: i.command, Digest: i.command.Digest(), Refusal: verdict.Refusal, Facts: verdict.Facts,
		Via: i.command.Via,
	})
}

// inspectionOf finds the inspection that a request waits for; nil when there is none.
func (m *miniProgram) inspectionOf(command lifecycle.Command) *inspection {
	for _, i := range m.inspecting {
		if i.command.RequestID == command.RequestID && i.command.Actor.User == command.Actor.User {
			return i
		}
	}
	return nil
}
