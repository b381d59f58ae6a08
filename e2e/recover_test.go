package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"slipway/accounts"
	"slipway/lifecycle"
	"slipway/workflows"
)

var otherDeveloper = accounts.Dev()["other-developer"]

// refusedAs is the code of a refusal that comes as an error.
func refusedAs(t *testing.T, err error) *lifecycle.Refusal {
	t.Helper()
	var refusal *lifecycle.Refusal
	require.ErrorAs(t, err, &refusal)
	return refusal
}

// soon is a context for what must not hang.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience/3)
	t.Cleanup(cancel)
	return ctx
}

func (p *platform) terminate(id string) {
	p.t.Helper()
	require.NoError(p.t, p.client.Temporal.TerminateWorkflow(p.t.Context(), workflows.WorkflowID(id), "", "test"))
}

// recover brings a workflow back and returns what it said of the mini-program.
func (p *platform) recover(id string) lifecycle.Status {
	p.t.Helper()
	status, err := p.client.Recover(soon(p.t), id, operator, "")
	require.NoError(p.t, err)
	return status
}

func (p *platform) acts(id string, action lifecycle.Action, by lifecycle.Actor, fill ...func(*lifecycle.Command)) (lifecycle.Outcome, error) {
	command := lifecycle.Command{Action: action, Actor: by, Comment: "because"}
	for _, f := range fill {
		f(&command)
	}
	return p.client.Act(soon(p.t), id, command)
}

func TestATerminatedMiniProgramIsRecoveredWithAllThatItWas(t *testing.T) {
	p := running(t)
	id := p.request("gone-recovered")
	p.approved(id, "1.0.0")
	p.do(id, lifecycle.Publish, developer, plan(0))
	p.becomes(id, lifecycle.Published)
	p.approved(id, "1.1.0")
	same := func(c *lifecycle.Command) { c.RequestID = "the-same" }
	baking := func(c *lifecycle.Command) { c.Plan.Grayscale.Bake = lifecycle.Duration(3 * time.Second) }
	first := p.do(id, lifecycle.Publish, developer, plan(0), same, baking)
	before := p.agree(id)

	p.terminate(id)
	_, err := p.acts(id, lifecycle.Pause, manager)
	refusal := refusedAs(t, err)
	assert.Equal(t, lifecycle.NotRunning, refusal.Code)
	assert.Contains(t, refusal.Message, "recover "+id, "it says what to do")
	assert.Equal(t, expected(before), p.delivered(id), "users keep what they have")

	recovered := p.recover(id)
	after := p.agree(id)
	assert.Equal(t, before.Revision, after.Revision)
	assert.Equal(t, before.State, recovered.State)
	assert.Equal(t, before.Rollout, after.Rollout, "the clock runs on, as if nothing had happened")
	assert.Equal(t, before.Live, after.Live)
	assert.Equal(t, before.Candidate, after.Candidate)
	last := p.records(id)[after.Sequence-1]
	assert.Equal(t, lifecycle.Recovered, last.Action)
	assert.Equal(t, operator.User, last.Actor)
	assert.Equal(t, lifecycle.KindNote, last.Kind)
	assert.Equal(t, first, p.try(id, lifecycle.Publish, developer, plan(0), same, baking), "the first answer stands")
	repeated, err := p.client.RequestCreation(soon(t), lifecycle.Creation{ID: id, Title: "Gone-recovered", Team: "acme", Actor: developer, RequestID: "creation"})
	require.NoError(t, err)
	assert.Equal(t, 1, repeated.Revision)
	p.becomes(id, lifecycle.Published)
	assert.Equal(t, "1.1.0", p.agree(id).Live.Version)
	p.do(id, lifecycle.Revert, manager)
	assert.Equal(t, "1.0.0", p.agree(id).Live.Version, "earlier versions are remembered")
	p.unharmed(id)
}

func TestASignalWithoutRequestIDIsAnsweredAfterARecovery(t *testing.T) {
	p := running(t)
	id := p.request("gone-unnamed")
	p.approved(id, "1.0.0")
	p.do(id, lifecycle.Publish, developer, plan(time.Hour))
	for _, action := range []lifecycle.Action{lifecycle.Pause, lifecycle.Resume} {
		p.sendsUnnamed(id, action)
	}
	p.terminate(id)
	p.recover(id)
	p.sendsUnnamed(id, lifecycle.Pause)
	p.agree(id)
}

// sendsUnnamed acts as somebody does in Temporal UI, and waits until it is recorded.
func (p *platform) sendsUnnamed(id string, action lifecycle.Action) {
	p.t.Helper()
	was := len(p.records(id))
	require.NoError(p.t, p.client.Signal(p.t.Context(), id, lifecycle.Command{Action: action, Actor: manager, Comment: "because"}))
	p.eventually(string(action)+" is done", func() bool { return len(p.records(id)) > was })
	assert.Equal(p.t, []lifecycle.Action{action}, p.recordedAfter(id, was))
}

func TestTheIDOfATerminatedMiniProgramStaysTaken(t *testing.T) {
	p := running(t)
	id := p.request("gone-taken")
	p.approved(id, "1.0.0")
	p.do(id, lifecycle.Publish, developer, plan(time.Hour))
	before := p.agree(id)
	p.terminate(id)
	for range 2 { // the second time over a run that has failed
		_, err := p.client.RequestCreation(soon(t), lifecycle.Creation{ID: id, Title: "Mine", Team: "globex", Actor: otherDeveloper})
		refusal := refusedAs(t, err)
		assert.Equal(t, lifecycle.AlreadyExists, refusal.Code)
		assert.Contains(t, refusal.Message, id)
		assert.Equal(t, expected(before), p.delivered(id))
	}
	_, err := p.acts(id, lifecycle.Rollback, manager)
	assert.Equal(t, lifecycle.NotRunning, refusedAs(t, err).Code)
	p.recover(id)
	assert.Equal(t, before.Rollout, p.agree(id).Rollout)
}

func TestAnOperatorSuspendsAMiniProgramWhateverBecameOfItsWorkflow(t *testing.T) {
	p := running(t)
	ends := map[string]func(id string){
		"gone-terminated": p.terminate,
		"gone-failed": func(id string) {
			p.terminate(id)
			_, err := p.client.RequestCreation(soon(t), lifecycle.Creation{ID: id, Title: "Mine", Team: "globex", Actor: otherDeveloper})
			require.Error(t, err)
		},
		"gone-timed-out": func(string) {},
	}
	for id, end := range ends {
		limit := time.Duration(0)
		if id == "gone-timed-out" {
			limit = 2 * time.Second
		}
		p.startWithin(id, limit)
		p.approved(id, "1.0.0")
		p.do(id, lifecycle.Publish, developer, plan(time.Hour))
		before := p.agree(id)
		end(id)
		p.eventually("its workflow does not run", func() bool {
			described, err := p.client.Temporal.DescribeWorkflow(t.Context(), workflows.WorkflowID(id), "")
			return err == nil && described.Status != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
		})
		_, err := p.acts(id, lifecycle.Suspend, manager)
		assert.Equal(t, lifecycle.NotRunning, refusedAs(t, err).Code, "%s: only operators suspend", id)
		outcome, err := p.acts(id, lifecycle.Suspend, operator)
		require.NoError(t, err, id)
		assert.True(t, outcome.Accepted, outcome.Message)
		assert.Equal(t, []lifecycle.Action{lifecycle.Recovered, lifecycle.Suspend}, p.recordedAfter(id, before.Sequence))
		assert.Equal(t, lifecycle.SuspendedByOp, p.agree(id).State)
		p.do(id, lifecycle.RequestPublishing, developer)
		p.agree(id)
	}
}

// startWithin begins a mini-program whose workflow may take only so long, 0 for ever.
func (p *platform) startWithin(id string, limit time.Duration) {
	p.t.Helper()
	options := client.StartWorkflowOptions{ID: workflows.WorkflowID(id), TaskQueue: workflows.TaskQueue, WorkflowExecutionTimeout: limit}
	_, err := p.client.Temporal.ExecuteWorkflow(p.t.Context(), options, workflows.WorkflowType, workflows.Input{
		Creation: lifecycle.Creation{ID: id, Title: "Test", Team: "acme", Actor: developer, RequestID: "creation"},
	})
	require.NoError(p.t, err)
	p.do(id, lifecycle.ApproveCreation, reviewer)
}

func TestARecoveryThatMustNotBeIsRefused(t *testing.T) {
	p := running(t)
	lives, ended := p.request("gone-not"), "gone-ended"
	_, err := p.client.RequestCreation(t.Context(), lifecycle.Creation{ID: ended, Title: "Test", Team: "acme", Actor: developer})
	require.NoError(t, err)
	p.do(ended, lifecycle.RejectCreation, reviewer)
	for _, c := range []struct {
		id   string
		by   lifecycle.Actor
		code lifecycle.Code
	}{
		{lives, operator, lifecycle.IllegalInState},
		{lives, manager, lifecycle.ForbiddenRole},
		{"gone-never-was", operator, lifecycle.UnknownMiniProgram},
		{ended, operator, lifecycle.IllegalInState},
		{"No id", operator, lifecycle.InvalidInput},
	} {
		_, err := p.client.Recover(soon(t), c.id, c.by, "")
		assert.Equal(t, c.code, refusedAs(t, err).Code, c.id)
	}
	p.agree(lives)
	assert.Len(t, p.records(ended), 2)

	_, err = p.acts(ended, lifecycle.ApproveCreation, reviewer)
	assert.Equal(t, lifecycle.IllegalInState, refusedAs(t, err).Code, "it is over still")
	_, err = p.acts("gone-never-was", lifecycle.Suspend, operator)
	assert.Equal(t, lifecycle.UnknownMiniProgram, refusedAs(t, err).Code, "it never was still")
	_, err = p.client.RequestCreation(soon(t), lifecycle.Creation{ID: ended, Title: "Test", Team: "globex", Actor: otherDeveloper})
	require.NoError(t, err, "the id is free")
}

// Whoever may start workflows could leave the client out.
func TestARecoveryStartedByHandIsForOperatorsOnly(t *testing.T) {
	p := running(t)
	id := p.request("gone-by-hand")
	before := p.agree(id)
	p.terminate(id)
	for _, by := range []lifecycle.Actor{manager, {User: "system", Roles: []lifecycle.Role{lifecycle.System}}, {}} {
		run, err := p.client.Temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: workflows.WorkflowID(id), TaskQueue: workflows.TaskQueue},
			workflows.WorkflowType, workflows.Input{Creation: lifecycle.Creation{ID: id}, Recover: &by})
		require.NoError(t, err)
		require.Error(t, run.Get(soon(t), nil), by.User)
	}
	assert.Len(t, p.records(id), before.Sequence)
	p.recover(id)
	p.agree(id)
}
