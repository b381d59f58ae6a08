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

const (
	// maxInspections bounds how many uploads of one mini-program are inspected at the same time.
	maxInspections = 4
	// inspectionHeartbeat is when a worker that inspects counts as dead: without it an upload waited two minutes when its worker was killed.
	inspectionHeartbeat = 10 * time.Second
)

// upload refuses at once what the lifecycle does not allow, and has the package inspected otherwise. Other actions go on meanwhile.
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
	for _, upload := range m.inspecting {
		waiting = append(waiting, *upload)
	}
	if len(m.inspecting) >= maxInspections || m.records && lifecycle.CheckSize(waiting) != nil {
		return lifecycle.Refuse(lifecycle.IllegalInState, "%d uploads are being inspected; wait until one of them is decided", len(m.inspecting))
	}
	return nil
}

func (m *miniProgram) inspect(ctx workflow.Context, upload lifecycle.Command) {
	m.inspecting = append(m.inspecting, &upload)
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:           InspectionQueue,
		StartToCloseTimeout: 2 * time.Minute,
		HeartbeatTimeout:    inspectionHeartbeat,
		// A store or a catalogue that is away is waited for; a package that breaks its inspection is refused by the activity.
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: 30 * time.Second},
		Summary:     "Inspect version " + upload.Package.Version + " uploaded by " + written(upload.Actor.User),
	})
	var a *activities.Activities
	inspected := workflow.ExecuteActivity(ctx, a.InspectPackage, activities.Inspection{MiniProgram: m.ID, Package: *upload.Package})
	m.inbox.await(inspected, func(ctx workflow.Context) { m.onInspected(ctx, &upload, inspected) })
}

// onInspected decides on the upload anew: the mini-program may have moved on during the inspection. After a reset the upload may turn out
// to be decided already.
func (m *miniProgram) onInspected(ctx workflow.Context, upload *lifecycle.Command, inspected workflow.Future) {
	m.inspecting = slices.DeleteFunc(m.inspecting, func(other *lifecycle.Command) bool { return other == upload })
	if m.records && m.outcomes.knows(*upload) {
		m.show(ctx)
		return
	}
	var verdict activities.Verdict
	if err := inspected.Get(ctx, &verdict); err != nil {
		m.log.Error("an inspection failed", logkey.Version, upload.Package.Version, logkey.Error, err)
		verdict.Refusal = lifecycle.Refuse(lifecycle.PackageRefused,
			"the package could not be inspected; upload it again, and tell the operators if that does not help")
	}
	m.decide(ctx, activities.Question{
		Action: upload.Action, Command: *upload, Digest: upload.Digest(), Refusal: verdict.Refusal, Facts: verdict.Facts, Via: upload.Via,
	})
}

// inspectionOf finds the upload of a request whose package is being inspected; nil when there is none.
func (m *miniProgram) inspectionOf(request lifecycle.Command) *lifecycle.Command {
	for _, upload := range m.inspecting {
		if upload.RequestID == request.RequestID && upload.Actor.User == request.Actor.User {
			return upload
		}
	}
	return nil
}
