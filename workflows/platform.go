package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"slipway/activities"
	"slipway/lifecycle"
	"slipway/monitoring/logkey"
)

const (
	// PlatformType is the name under which Platform is registered; there is one workflow of it, with the PlatformID.
	PlatformType = "Platform"
	PlatformID   = "platform"
	// wakeHeartbeat is when a worker that wakes those that wait counts as dead.
	wakeHeartbeat = 10 * time.Second
)

// PlatformInput starts the workflow: with nothing or, from run to run, with what the last run carried over.
type PlatformInput struct {
	Carried *PlatformCarried `json:"carried,omitempty"`
}

// PlatformCarried is all that one run hands to the next. How the platform stands is in the catalogue.
type PlatformCarried struct {
	// Outcomes are those that are remembered, compressed.
	Outcomes []byte   `json:"answers,omitempty"`
	Signals  []Signal `json:"signals,omitempty"`
	Unnamed  int      `json:"unnamed,omitempty"`
}

// platform is one run of the workflow.
type platform struct {
	lifecycle.Platform
	known    bool // whether the catalogue has said how it stands
	inbox    *inbox
	outcomes outcomes
	unnamed  int
	// waking lets go on what became due while the line was stopped.
	waking *waking
	saving string
	log    log.Logger
}

type waking struct {
	done   *pending
	cancel workflow.CancelFunc
}

// Platform is what concerns all mini-programs together: it stops the line, and lifts the stop. Whether the line is stopped is in the
// catalogue, where the decisions of mini-programs read it; this workflow takes the signals, and wakes those that wait.
func (w *Workflows) Platform(ctx workflow.Context, in PlatformInput) error {
	ctx, _ = workflow.NewDisconnectedContext(ctx) // a cancellation is no action on the platform
	p, err := openPlatform(ctx, in)
	if err != nil {
		return err
	}
	p.take(ctx, p.ask(ctx, activities.PlatformQuestion{}))
	if p.Stop == nil {
		p.wake(ctx) // the run that lifted the stop may have been ended from outside
	}
	for !p.runEnds(ctx) {
		p.inbox.wait(ctx)
		next, _ := p.inbox.take()
		next.handle(ctx)
	}
	return p.continueAsNew(ctx)
}

func openPlatform(ctx workflow.Context, in PlatformInput) (*platform, error) {
	p := &platform{inbox: inboxOf(ctx), log: workflow.GetLogger(ctx)}
	p.inbox.onSignal = p.handleSignal
	if err := p.handleQueries(ctx); err != nil {
		return nil, err
	}
	for _, rule := range lifecycle.PlatformTable {
		workflow.GetSignalChannelWithOptions(ctx, string(rule.Action), workflow.SignalChannelOptions{Description: rule.Summary})
	}
	info := workflow.GetInfo(ctx)
	switch {
	case info.WorkflowExecution.ID != PlatformID:
		return nil, failure(lifecycle.Refuse(lifecycle.InvalidInput, "the workflow of the platform must have the id %q, not %q",
			PlatformID, info.WorkflowExecution.ID))
	case in.Carried == nil:
		return p, nil
	case info.ContinuedExecutionRunID == "":
		return nil, failure(lifecycle.Refuse(lifecycle.InvalidInput, "only a run can hand its state to the next; start the workflow with {}"))
	}
	outcomes, err := activities.UnpackOutcomes(in.Carried.Outcomes)
	for _, outcome := range outcomes {
		p.outcomes.remember(outcome)
	}
	p.unnamed = in.Carried.Unnamed
	p.inbox.prepend(in.Carried.Signals)
	return p, err
}

// runEnds says when a run may end: when the history has become long, and nobody is being woken.
func (p *platform) runEnds(ctx workflow.Context) bool {
	return p.waking == nil && workflow.GetInfo(ctx).GetContinueAsNewSuggested() && p.inbox.signalsFit()
}

func (p *platform) continueAsNew(ctx workflow.Context) error {
	packed, err := activities.PackOutcomes(p.outcomes.latest)
	if err != nil {
		return err
	}
	carried := PlatformCarried{Outcomes: packed, Signals: p.inbox.signals(), Unnamed: p.unnamed}
	return workflow.NewContinueAsNewError(ctx, PlatformType, PlatformInput{&carried})
}

// handleSignal gives each signal an outcome, whatever it carries. It never fails the workflow.
func (p *platform) handleSignal(ctx workflow.Context, s Signal) {
	q := s.platformQuestion()
	if q.Command.RequestID == "" {
		q.Command.RequestID = p.assignRequestID(ctx)
	} else if first, known := p.outcomes.find(q.Command.Actor.User, q.Command.RequestID); known {
		if q.Refusal = first.RefuseOther(q.Action, q.Digest); q.Refusal == nil {
			return // the first outcome stands
		}
		q.Command.RequestID = p.assignRequestID(ctx)
	}
	q.Now = workflow.Now(ctx).UTC()
	p.take(ctx, p.ask(ctx, q))
}

// assignRequestID names a signal that has no request id of its own.
func (p *platform) assignRequestID(ctx workflow.Context) string {
	p.unnamed++
	return fmt.Sprintf("%s%.8s-%d", lifecycle.Unnamed, workflow.GetInfo(ctx).FirstRunID, p.unnamed)
}

// platformQuestion asks for a decision on the signal, which is a refusal already where it does not matter how the platform stands.
func (s Signal) platformQuestion() activities.PlatformQuestion {
	action := lifecycle.Action(lifecycle.Excerpt(s.Name))
	command, err := lifecycle.Command{Action: action}, error(nil)
	if s.Malformed == "" {
		if command, err = lifecycle.DecodePlatformCommand(action, []byte(s.Data)); err != nil {
			command = s.readable(action)
		}
	}
	q := activities.PlatformQuestion{Action: action, Command: command, Digest: command.Digest(), Sent: *sent(s.Signature)}
	if err != nil {
		q.Digest = lifecycle.DigestOf(action, []byte(s.Data))
	}
	q.Refusal = s.refusePlatform(command, err)
	if wrong := command.Identify(); wrong != nil {
		q.Command, q.Refusal = lifecycle.Command{Action: action}, wrong
	}
	if lifecycle.RefuseReserved(q.Command.RequestID) != nil {
		q.Command.RequestID = ""
	}
	if q.Refusal != nil { // it is carried no further
		whose := lifecycle.Actor{User: q.Command.Actor.User}
		q.Command = lifecycle.Command{Action: action, RequestID: q.Command.RequestID, Actor: whose}
	}
	return q
}

func (s Signal) refusePlatform(command lifecycle.Command, err error) *lifecycle.Refusal {
	switch {
	case len(s.Data) > lifecycle.MaxCommand:
		return lifecycle.Refuse(lifecycle.InvalidInput, "the signal %s has %d bytes, but only %d are allowed; shorten its texts and lists",
			command.Action, len(s.Data), lifecycle.MaxCommand)
	case s.Malformed != "":
		return lifecycle.Refuse(lifecycle.InvalidInput, "the signal %s is malformed: %s", command.Action, s.Malformed)
	case err != nil:
		return lifecycle.Refuse(lifecycle.InvalidInput, "the signal %s is malformed: %s", command.Action, err)
	case lifecycle.RefuseReserved(command.RequestID) != nil:
		return lifecycle.RefuseReserved(command.RequestID)
	default:
		return refuseSystem(command.Actor)
	}
}

// ask returns when the decision is recorded, as that of a mini-program.
func (p *platform) ask(ctx workflow.Context, q activities.PlatformQuestion) (decision activities.PlatformDecision) {
	var a *activities.Activities
	summary := "How does the platform stand?"
	if q.Action != "" {
		summary = summaryOf(activities.Question{Action: q.Action, Command: q.Command, Refusal: q.Refusal})
	}
	err := workflow.ExecuteLocalActivity(atOnce(ctx, summary), a.DecidePlatform, q).Get(ctx, &decision)
	if err == nil {
		return decision
	}
	p.log.Warn("the catalogue does not answer; still trying", logkey.What, summary, logkey.Error, err)
	p.saving = summary
	p.show(ctx)
	if err := workflow.ExecuteActivity(patiently(ctx, summary), a.DecidePlatform, q).Get(ctx, &decision); err != nil {
		panic(err) // only a defect ends here: the task is retried
	}
	p.saving = ""
	return decision
}

// take takes over what was decided. Once the line moves again, those that wait hear of it.
func (p *platform) take(ctx workflow.Context, decision activities.PlatformDecision) {
	wasStopped := p.Stop != nil
	p.Platform, p.known = decision.Platform, true
	if decision.Outcome != nil {
		p.outcomes.remember(*decision.Outcome)
	}
	switch {
	case p.Stop != nil:
		p.stopWaking()
	case wasStopped:
		p.wake(ctx)
	}
	p.show(ctx)
}

func (p *platform) wake(ctx workflow.Context) {
	p.stopWaking()
	ctx, cancel := workflow.WithCancel(ctx)
	options := workflow.ActivityOptions{
		StartToCloseTimeout: time.Hour,
		HeartbeatTimeout:    wakeHeartbeat,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: 10 * time.Second},
		Summary:             "Let go on what became due while the line was stopped",
	}
	var a *activities.Activities
	woken := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), a.WakeWaiting,
		activities.Wake{Prefix: workflowIDPrefix, Signal: SignalLookAgain})
	done := p.inbox.await(woken, func(ctx workflow.Context) {
		p.waking = nil
		if err := woken.Get(ctx, nil); err != nil {
			p.log.Error("those that wait were not woken; they look by themselves", logkey.Error, err)
		}
		p.show(ctx)
	})
	p.waking = &waking{done, cancel}
}

func (p *platform) stopWaking() {
	if p.waking != nil {
		p.inbox.drop(p.waking.done)
		p.waking.cancel()
		p.waking = nil
	}
}

func (p *platform) handleQueries(ctx workflow.Context) error {
	status := workflow.QueryHandlerOptions{Description: "Whether the line is stopped, since when and why, and what happened before"}
	outcome := workflow.QueryHandlerOptions{
		Description: `The outcome of an action, by its request id and, if given, the user; "seen" is false when there is none (yet)`,
	}
	err := workflow.SetQueryHandlerWithOptions(ctx, QueryStatus, func() (lifecycle.PlatformStatus, error) {
		if !p.known {
			return lifecycle.PlatformStatus{}, errNotKnown
		}
		return p.status(), nil
	}, status)
	if err != nil {
		return fmt.Errorf("query %s: %w", QueryStatus, err)
	}
	err = workflow.SetQueryHandlerWithOptions(ctx, QueryOutcome, func(requestID, user string) (OutcomeReply, error) {
		return p.outcomes.reply(user, requestID), nil
	}, outcome)
	if err != nil {
		return fmt.Errorf("query %s: %w", QueryOutcome, err)
	}
	return nil
}

func (p *platform) status() lifecycle.PlatformStatus {
	status := p.Status()
	status.Waking, status.Refused = p.waking != nil, p.outcomes.refused()
	return status
}

// show lets Temporal UI see how the platform stands.
func (p *platform) show(ctx workflow.Context) {
	lines := []string{"**The line moves.** Rollouts go on as they are due.", ""}
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf("- "+format, args...)) }
	if p.Stop != nil {
		lines[0] = fmt.Sprintf("**The line is stopped** since %s. No rollout goes on, and nothing goes live.", clock(p.Stop.At))
		add("stopped by %s: %s", written(p.Stop.By), quoted(lifecycle.Excerpt(p.Stop.Reason)))
	}
	if p.saving != "" {
		add("**The catalogue does not answer.** Waiting for: %s", p.saving)
	}
	if p.waking != nil {
		add("being let go on: what became due meanwhile")
	}
	for _, legal := range p.LegalActions() {
		add("possible now: %s", legal.Action)
	}
	for _, refused := range p.outcomes.refused() {
		add("refused on %s: %s, %s", clock(refused.At), quoted(string(refused.Action)), quoted(refused.Message))
	}
	workflow.SetCurrentDetails(ctx, strings.Join(append(lines, lastLine), "\n"))
}
