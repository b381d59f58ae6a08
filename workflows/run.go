package workflows

import (
	"encoding/json"
	"fmt"
	"time"

	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"slipway/activities"
	"slipway/lifecycle"
	"slipway/monitoring/logkey"
)

// miniProgram is one run of the workflow.
type miniProgram struct {
	lifecycle.MiniProgram
	// life and step are where the mini-program stands in the catalogue: the life of its id, and the last step of it. Step 0 is unknown.
	life string
	step int
	// tookOver says that this run went on from what the catalogue knows, or was left something by one that did.
	tookOver bool
	outcomes outcomes
	migration

	inbox    *inbox
	deadline *deadline
	// notBefore is when timers and gates try again after a refusal.
	notBefore time.Time
	// looked is when it last looked whether a release may go on that is due.
	looked time.Time
	// notifying counts the notifications under way; a run that ends would drop them.
	notifying int
	// inspecting are the uploads whose package is being inspected.
	inspecting []*lifecycle.Command
	health     *healthWatch
	// gate is how far the health gate of the stage has come; judging says that what it reported is being acted on.
	gate    lifecycle.GateProgress
	judging bool
	// unnamed counts the signals that came without a request id.
	unnamed int
	// cycleOver is set when a version became Published or the mini-program went offline in this run.
	cycleOver bool

	// saving is the step that the catalogue has not taken in yet; alarm says how workflow and catalogue last differed.
	saving, alarm string
	// shown are the search attributes as they were told at shownAt; resting says that what has changed since is told by a timer.
	shown   attributes
	shownAt time.Time
	resting bool
	log     log.Logger
}

// open sets the run up: queries and signals before anything blocks, then the state that was carried over, or the
// request for creation, or the recovery.
func (w *Workflows) open(ctx workflow.Context, in Input) (*miniProgram, error) {
	configured, err := json.Marshal(w.Settings)
	if err != nil {
		return nil, fmt.Errorf("encoding the settings: %w", err)
	}
	m := &miniProgram{migration: migration{configured: configured}, inbox: inboxOf(ctx), shown: shownSoFar(ctx)}
	m.log = log.With(workflow.GetLogger(m.inbox.traces.resume(ctx, "")), logkey.MiniProgram, in.ID)
	m.inbox.onSignal = m.handleSignal
	if err := m.handleQueries(ctx); err != nil {
		return nil, err
	}
	describeSignals(ctx)
	switch {
	case in.Carried != nil && workflow.GetInfo(ctx).ContinuedExecutionRunID == "":
		return m, failure(lifecycle.Refuse(lifecycle.InvalidInput, "only a run can hand its state to the next; "+
			"a workflow is started with a request for creation, or with a recovery"))
	case in.Carried != nil:
		return m, m.restore(ctx, *in.Carried)
	case in.Recover != nil:
		return m, m.recover(ctx, in.ID, *in.Recover)
	default:
		return m, m.begin(ctx, in.Creation)
	}
}

// logger is for what is done for whoever sent a signal: its lines say which trace they belong to.
func (m *miniProgram) logger(ctx workflow.Context) log.Logger {
	return log.With(workflow.GetLogger(ctx), logkey.MiniProgram, m.ID)
}

// begin decides on the request that started the workflow. A refused request fails it: there is no mini-program then.
func (m *miniProgram) begin(ctx workflow.Context, creation lifecycle.Creation) error {
	m.life = workflow.GetInfo(ctx).FirstRunID
	decision := m.decide(ctx, activities.Question{
		Action: lifecycle.RequestCreation, Creation: &creation, Refusal: m.refuseStart(ctx, creation.ID, creation.Actor),
		Command: lifecycle.Command{RequestID: creation.RequestID, Actor: creation.Actor}, Digest: creation.Digest(),
		Sent: sent(m.inbox.start),
	})
	return failure(decision.Refusal)
}

// recover begins a new workflow for a mini-program whose workflow is gone, with what the catalogue knows of it.
func (m *miniProgram) recover(ctx workflow.Context, id string, operator lifecycle.Actor) error {
	m.ID, m.records = id, true
	q := activities.Question{
		Action: lifecycle.Recovered, Command: recovery(operator), Refusal: m.refuseStart(ctx, id, operator), Sent: sent(m.inbox.start),
	}
	if q.Refusal != nil {
		return failure(q.Refusal)
	}
	if refusal := m.decide(ctx, q).Refusal; refusal != nil {
		return failure(refusal)
	}
	m.unnamed = m.step                       // at most so many signals were given a request id
	return failure(m.decide(ctx, q).Refusal) // that it was recovered is recorded
}

// recovery is what an operator asks for who has a workflow started again.
func recovery(operator lifecycle.Actor) lifecycle.Command {
	return lifecycle.Command{Action: lifecycle.Recovered, Actor: operator}
}

func (m *miniProgram) refuseStart(ctx workflow.Context, id string, actor lifecycle.Actor) *lifecycle.Refusal {
	if started := workflow.GetInfo(ctx).WorkflowExecution.ID; started != WorkflowID(id) {
		return lifecycle.Refuse(lifecycle.InvalidInput,
			"the workflow of mini-program %q must have the id %q, not %q", id, WorkflowID(id), started)
	}
	return refuseSystem(actor)
}

func failure(refusal *lifecycle.Refusal) error {
	if refusal == nil {
		return nil
	}
	return temporal.NewNonRetryableApplicationError(refusal.Message, string(refusal.Code), nil, refusal)
}

// restore goes on where the last run ended.
func (m *miniProgram) restore(ctx workflow.Context, carried Carried) error {
	m.MiniProgram, m.unnamed, m.alarm = carried.MiniProgram.Numbered(), carried.Unnamed, carried.Alarm
	m.gate, m.tookOver = carried.Gate, carried.TookOver
	m.life, m.step, m.records = carried.Life, carried.Step, carried.Step > 0
	outcomes, err := activities.UnpackOutcomes(carried.Outcomes)
	if err != nil {
		return err
	}
	if !m.records {
		m.restoreBefore(ctx, outcomes)
	}
	for _, outcome := range outcomes {
		m.outcomes.remember(outcome)
	}
	for _, upload := range carried.Inspecting {
		command := upload.Command
		command.Action, command.Via = lifecycle.UploadCode, upload.Via
		m.inspect(ctx, command)
	}
	m.inbox.prepend(carried.Signals)
	m.show(ctx)
	return nil
}

// runEnds says when a run may end: after a release cycle, or when the history has become long; never in the middle of
// a step, nor before people were notified.
func (m *miniProgram) runEnds(ctx workflow.Context) bool {
	return m.notifying == 0 && (m.cycleOver || workflow.GetInfo(ctx).GetContinueAsNewSuggested())
}

// fitsNext says that the next run can take over. Signals that are too large for it are dealt with by this one until the rest fits, in the
// phases that they lead to, so that no timer of a phase that was left fires among them.
func (m *miniProgram) fitsNext(ctx workflow.Context) bool {
	if m.inbox.signalsFit() {
		return true
	}
	if workflow.GetVersion(ctx, "signals-in-phases", workflow.DefaultVersion, 1) == 1 {
		return false
	}
	return m.drainBefore(ctx)
}

// drain deals with all that has happened by now.
func (m *miniProgram) drain(ctx workflow.Context) {
	for {
		next, ok := m.inbox.take()
		if !ok {
			return
		}
		next.handle(ctx)
	}
}

// continueAsNew hands everything to the next run, the signals in the inbox included. One that arrives while Temporal
// takes this in makes the server repeat the workflow task with it.
func (m *miniProgram) continueAsNew(ctx workflow.Context) error {
	packed, err := activities.PackOutcomes(m.outcomes.latest)
	if err != nil {
		return err
	}
	carried := Carried{
		MiniProgram: m.MiniProgram, Life: m.life, Step: m.step, Outcomes: packed, Signals: m.inbox.signals(), Unnamed: m.unnamed,
		Gate: m.gate, Alarm: m.alarm,
	}
	for _, upload := range m.inspecting {
		carried.Inspecting = append(carried.Inspecting, Upload{*upload, upload.Via})
	}
	carried.TookOver = m.tookOver && len(carried.Signals)+len(carried.Inspecting) > 0
	return workflow.NewContinueAsNewError(ctx, WorkflowType, Input{
		Creation: lifecycle.Creation{ID: m.ID, Title: m.Title, Team: m.Team}, Carried: &carried,
	})
}
