package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"slipway/lifecycle"
)

// handleSignal answers one signal, whatever it carries. It never fails the workflow.
func (m *miniProgram) handleSignal(ctx workflow.Context, s Signal) {
	command, err := s.command()
	if command.RequestID == "" {
		m.unnamed++
		command.RequestID = fmt.Sprintf("unnamed-%d", m.unnamed)
	}
	switch {
	case m.answers.knows(command.RequestID) || m.isInspecting(command.RequestID):
		m.log.Info("signal repeats a request id; the first answer stands", "request_id", command.RequestID, "action", command.Action)
	case err != nil:
		m.refuse(ctx, command, lifecycle.Refuse(lifecycle.InvalidInput, "the signal %s is malformed: %s", s.Name, err))
	case refuseSystem(command.Actor) != nil:
		m.refuse(ctx, command, refuseSystem(command.Actor))
	case command.Action == lifecycle.UploadCode:
		m.upload(ctx, command)
	default:
		m.act(ctx, command, lifecycle.Facts{})
	}
}

// refuseSystem keeps the role of timers and health gates to themselves.
func refuseSystem(actor lifecycle.Actor) *lifecycle.Refusal {
	for _, role := range actor.Roles {
		if role == lifecycle.System {
			return lifecycle.Refuse(lifecycle.ForbiddenRole, "the role %s is for timers and health gates only", lifecycle.System)
		}
	}
	return nil
}

// act answers a command: the lifecycle decides, the catalogue takes it in, then it is so.
func (m *miniProgram) act(ctx workflow.Context, command lifecycle.Command, facts lifecycle.Facts) {
	now := m.now(ctx)
	after, record, refusal := m.Decide(command, facts, now, m.settings(ctx))
	if refusal != nil {
		m.refuse(ctx, command, refusal)
		return
	}
	m.settle(ctx, after, &record, after.Outcome(command.Action, command.RequestID, nil, now))
}

// actAs acts for a timer or a health gate. A refusal is possible (someone was faster) and changes nothing.
func (m *miniProgram) actAs(ctx workflow.Context, actor lifecycle.Actor, action lifecycle.Action, comment string) {
	m.act(ctx, lifecycle.Command{Action: action, Actor: actor, Comment: comment}, lifecycle.Facts{})
}

func (m *miniProgram) refuse(ctx workflow.Context, command lifecycle.Command, refusal *lifecycle.Refusal) {
	m.log.Info("refused", "action", command.Action, "request_id", command.RequestID, "code", refusal.Code, "message", refusal.Message)
	m.settle(ctx, m.MiniProgram, nil, m.Outcome(command.Action, command.RequestID, refusal, m.now(ctx)))
}

// settle makes an answer final: committed first, so that whoever sees it finds it in the catalogue too. A timer's
// actions have no request id: nobody asks for their outcome.
func (m *miniProgram) settle(ctx workflow.Context, after lifecycle.MiniProgram, record *lifecycle.Record, outcome lifecycle.Outcome) {
	commit := m.commitOf(ctx, after, record)
	if outcome.RequestID != "" {
		commit.Outcome = &outcome
	}
	m.commit(ctx, summaryOf(outcome), commit)
	m.cycleOver = m.cycleOver || endsCycle(m.State, after.State)
	m.MiniProgram = after
	if outcome.RequestID != "" {
		m.answers.remember(outcome)
	}
	m.watchHealth(ctx)
	m.show(ctx)
}

// summaryOf words a step for the timeline in Temporal UI.
func summaryOf(outcome lifecycle.Outcome) string {
	if outcome.Accepted {
		return fmt.Sprintf("%s: revision %d, %s", outcome.Action, outcome.Revision, outcome.State)
	}
	return fmt.Sprintf("%.60q refused: %s", outcome.Action, outcome.Code)
}

// refresh saves what changed without an action: a reminder sent, a review overdue, a stage held.
func (m *miniProgram) refresh(ctx workflow.Context, summary string) {
	m.commit(ctx, summary, m.commitOf(ctx, m.MiniProgram, nil))
	m.show(ctx)
}

// endsCycle tells whether the story of a release ends here: everyone has it, or nobody any more.
func endsCycle(from, to lifecycle.State) bool {
	return to != from && (to.Offline() || to == lifecycle.Published && from.RollingOut())
}

func (m *miniProgram) now(ctx workflow.Context) time.Time { return workflow.Now(ctx).UTC() }
