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

// Workflows holds what the deployment decides for the workflows of a worker.
type Workflows struct {
	Settings lifecycle.Settings
}

// MiniProgram is the life of one mini-program. Each phase is a chapter in a file of its own: creation.go,
// publishing.go, ready.go, release.go, offline.go. One run tells the story of one release: the workflow continues as new when a version
// has become Published or the mini-program went offline. It completes when its creation is cancelled or rejected.
func (w *Workflows) MiniProgram(ctx workflow.Context, in Input) error {
	// A cancellation is not an action of the lifecycle: it must not end the story of a mini-program that has users.
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	m, err := w.open(ctx, in)
	if err != nil {
		return err
	}
	return m.live(m.inbox.traces.resume(ctx, ""))
}

// miniProgram is one run of the workflow.
type miniProgram struct {
	lifecycle.MiniProgram
	// life and step are where the mini-program stands in the catalogue: the life of its id, and the last step of it. Step 0 is unknown.
	life string
	step int
	// tookOver says that this run went on from what the catalogue knows.
	tookOver bool
	// records says that decisions are recorded; asked counts how often that was asked while they were not.
	records bool
	asked   int
	// configured are the worker's settings as JSON; recorded those in the history, decoded the same (see before.go).
	configured, recorded json.RawMessage
	decoded              lifecycle.Settings

	inbox      *inbox
	outcomes    outcomes
	deadline   *deadline
	inspecting []*inspection
	health     *healthWatch
	// gate is how far the health gate of the stage has come. probes says that it is asked by probes; watches counts how often that was
	// asked while it was not. judging says that what it reported is being acted on.
	gate    lifecycle.GateProgress
	probes  bool
	watches int
	judging bool
	unnamed int
	// notifying counts the notifications under way; a run that ends would drop them.
	notifying int
	// notBefore is when timers and gates try again after a refusal.
	notBefore time.Time
	// cycleOver is set when a version became Published or the mini-program went offline in this run.
	cycleOver bool
	// saving is the step that the catalogue has not taken in yet; alarm says how workflow and catalogue last differed.
	saving, alarm string
	log           log.Logger
	shown         attributes
}

// open sets the run up: queries and signals before anything blocks, then the state that was carried over, or the
// request for creation, or the recovery.
func (w *Workflows) open(ctx workflow.Context, in Input) (*miniProgram, error) {
	configured, err := json.Marshal(w.Settings)
	if err != nil {
		return nil, fmt.Errorf("encoding the settings: %w", err)
	}
	m := &miniProgram{configured: configured, inbox: inboxOf(ctx)}
	m.log = log.With(workflow.GetLogger(m.inbox.traces.resume(ctx, "")), logkey.MiniProgram, in.ID)
	m.inbox.onSignal = m.handleSignal
	m.shown = shownSoFar(ctx)
	if err := m.answerQueries(ctx); err != nil {
		return nil, err
	}
	describeSignals(ctx)
	switch {
	case in.Carried != nil && workflow.GetInfo(ctx).ContinuedExecutionRunID == "":
		return m, failure(lifecycle.Refuse(lifecycle.InvalidInput, "only a run hands something to the next; what is started begins with a request for creation, or a recovery"))
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

// begin answers the request that started the workflow. A refused request fails it: there is no mini-program then.
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

func failure(refusal *lifecycle.Refusal) error {
	if refusal == nil {
		return nil
	}
	return temporal.NewNonRetryableApplicationError(refusal.Message, string(refusal.Code), nil, refusal)
}

func (m *miniProgram) refuseStart(ctx workflow.Context, id string, actor lifecycle.Actor) *lifecycle.Refusal {
	if started := workflow.GetInfo(ctx).WorkflowExecution.ID; started != WorkflowID(id) {
		return lifecycle.Refuse(lifecycle.InvalidInput, "the workflow id is %q, but mini-program %q must have %q", started, id, WorkflowID(id))
	}
	return refuseSystem(actor)
}

func (m *miniProgram) restore(ctx workflow.Context, carried Carried) error {
	m.MiniProgram, m.unnamed, m.alarm = carried.MiniProgram.Numbered(), carried.Unnamed, carried.Alarm
	m.gate = carried.Gate
	m.life, m.step, m.records = carried.Life, carried.Step, carried.Step > 0
	outcomes, err := activities.UnpackOutcomes(carried.Outcomes)
	if err != nil {
		return err
	}
	for _, outcome := range outcomes {
		if !m.records {
			outcome.Actor = lifecycle.Everybody
		}
		m.outcomes.remember(outcome)
	}
	if !m.records {
		m.life = workflow.GetInfo(ctx).FirstRunID
		m.settings(ctx)
	}
	for _, upload := range carried.Inspecting {
		command := upload.Command
		command.Action, command.Via = lifecycle.UploadCode, upload.Via
		m.inspect(ctx, command)
	}
	m.inbox.precede(carried.Signals)
	m.show(ctx)
	return nil
}

// live tells the story, a step at a time, until the mini-program ends or the run does.
func (m *miniProgram) live(ctx workflow.Context) error {
	for !m.State.Final() {
		switch m.State.Group() {
		case lifecycle.RequestForCreation:
			m.requestForCreation(ctx)
		case lifecycle.RequestForPublishing:
			m.requestForPublishing(ctx)
		case lifecycle.Ready:
			m.ready(ctx)
		case lifecycle.Release:
			m.release(ctx)
		case lifecycle.NotAvailable:
			m.notAvailable(ctx)
		}
		if m.runEnds(ctx) && !m.inbox.portable() {
			m.answerTheRest(ctx)
		}
		if m.runEnds(ctx) && !m.State.Final() {
			return m.continueAsNew(ctx)
		}
	}
	for m.notifying > 0 {
		m.wait(ctx)
	}
	m.answerTheRest(ctx)
	return nil
}

// runEnds says when a run may end: after a release cycle, or when the history has become long; never in the middle of
// a step, nor before people were notified.
func (m *miniProgram) runEnds(ctx workflow.Context) bool {
	return m.notifying == 0 && (m.cycleOver || workflow.GetInfo(ctx).GetContinueAsNewSuggested())
}

// continueAsNew hands everything to the next run, what waits to be answered included. A signal that arrives while Temporal
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
	for _, i := range m.inspecting {
		carried.Inspecting = append(carried.Inspecting, Upload{i.command, i.command.Via})
	}
	return workflow.NewContinueAsNewError(ctx, WorkflowType, Input{
		Creation: lifecycle.Creation{ID: m.ID, Title: m.Title, Team: m.Team}, Carried: &carried,
	})
}

func (m *miniProgram) answerTheRest(ctx workflow.Context) {
	for {
		o, ok := m.inbox.take()
		if !ok {
			return
		}
		o.handle(ctx)
	}
}

// deadline is what happens by itself at a time if nothing happens before.
type deadline struct {
	at      time.Time
	summary string
	then    func(ctx workflow.Context)
	timer   *awaited
	cancel  workflow.CancelFunc
}

// waitUntil deals with the next thing that happens: an action, the end of an inspection, a verdict on health, or the
// deadline. A timer that already runs towards the deadline runs on.
func (m *miniProgram) waitUntil(ctx workflow.Context, d deadline) {
	if d.at.Before(m.notBefore) {
		d.at = m.notBefore
	}
	if m.deadline == nil || !m.deadline.at.Equal(d.at) || m.deadline.summary != d.summary {
		m.clearDeadline()
		m.setDeadline(ctx, d)
	}
	m.waitForNext(ctx)
}

// wait deals with the next thing that happens, however long it takes.
func (m *miniProgram) wait(ctx workflow.Context) {
	m.clearDeadline()
	m.waitForNext(ctx)
}

func (m *miniProgram) waitForNext(ctx workflow.Context) {
	if err := m.inbox.wait(ctx); err != nil {
		panic(err) // the context cannot be cancelled
	}
	if m.handsOver(ctx) {
		return
	}
	o, _ := m.inbox.take()
	o.handle(ctx)
}

// handsOver says that this run ends before the next signal, which the next run answers. Whoever is answered may act again at
// once, and a run cannot end while something arrives: Temporal would refuse it, replay the long history and hold the
// signals back meanwhile, for a second in all (measured with 4,000 events).
func (m *miniProgram) handsOver(ctx workflow.Context) bool {
	next, ok := m.inbox.first()
	return ok && next.signal != nil && m.runEnds(ctx) && m.inbox.portable()
}

func (m *miniProgram) setDeadline(ctx workflow.Context, d deadline) {
	timerCtx, cancel := workflow.WithCancel(ctx)
	future := workflow.NewTimerWithOptions(timerCtx, d.at.Sub(workflow.Now(ctx)), workflow.TimerOptions{Summary: d.summary})
	d.cancel = cancel
	d.timer = m.inbox.await(future, func(ctx workflow.Context) {
		m.deadline = nil
		d.then(ctx)
	})
	m.deadline = &d
}

func (m *miniProgram) clearDeadline() {
	if m.deadline != nil {
		m.deadline.timer.dropped = true
		m.deadline.cancel()
		m.deadline = nil
	}
}

// notifyLimit is how long a notification may take; who looks in later sees the same on the page.
const notifyLimit = 10 * time.Minute

// notify asks the worker to tell people; the story goes on meanwhile.
func (m *miniProgram) notify(ctx workflow.Context, role lifecycle.Role, subject, text string) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		ScheduleToCloseTimeout: notifyLimit,
		StartToCloseTimeout:    30 * time.Second,
		Summary:                subject,
	})
	var a *activities.Activities
	notified := workflow.ExecuteActivity(ctx, a.Notify, activities.Notification{MiniProgram: m.ID, Role: role, Subject: subject, Text: text})
	m.notifying++
	m.inbox.await(notified, func(ctx workflow.Context) {
		m.notifying--
		if err := notified.Get(ctx, nil); err != nil {
			m.log.Error("notification not delivered", logkey.Subject, subject, logkey.Error, err)
		}
	})
}
