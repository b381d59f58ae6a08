package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"

	"slipway/lifecycle"
	"slipway/workflows"
)

// What becomes of the signals that came after the point that a run is reset to.
var (
	withSignals    []enumspb.ResetReapplyExcludeType
	withoutSignals = []enumspb.ResetReapplyExcludeType{enumspb.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL}
)

// reset takes a run back to a completed workflow task, as Temporal UI does.
func (p *platform) reset(id, runID string, task int64, exclude []enumspb.ResetReapplyExcludeType) {
	p.t.Helper()
	_, err := p.client.Temporal.WorkflowService().ResetWorkflowExecution(p.t.Context(), &workflowservice.ResetWorkflowExecutionRequest{
		Namespace: "default", WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: workflows.WorkflowID(id), RunId: runID},
		Reason: "test", RequestId: uuid.NewString(), WorkflowTaskFinishEventId: task, ResetReapplyExcludeTypes: exclude,
	})
	require.NoError(p.t, err)
}

// tasks are the completed workflow tasks of a run.
func (p *platform) tasks(id, runID string) (completed []int64) {
	p.t.Helper()
	for _, event := range p.history(id, runID) {
		if event.EventType == enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			completed = append(completed, event.EventId)
		}
	}
	return completed
}

// admission is the task that has a package inspected, which is the only one that records nothing: reset to it, the workflow is
// behind until somebody acts.
const admission = 2

func TestAReleaseResetToAnyOfItsTasksGoesOnFromTheCatalogue(t *testing.T) {
	p := running(t)
	id := p.request("reset-any")
	p.approved(id, "1.0.0")
	p.do(id, lifecycle.Publish, developer, plan(time.Hour))
	p.do(id, lifecycle.LeaveFeedback, manager, stars)
	p.do(id, lifecycle.Promote, manager)
	run := p.runID(id)
	completed := p.tasks(id, run)
	require.Greater(t, len(completed), 7)
	for round, task := range completed {
		for _, exclude := range [][]enumspb.ResetReapplyExcludeType{withSignals, withoutSignals} {
			before := p.records(id)
			p.reset(id, run, task, exclude)
			p.actsAfterReset(id, round)
			assert.Equal(t, before, p.records(id)[:len(before)], "nothing recorded is changed")
			p.unharmed(id)
			if round == admission && exclude == nil { // the signals come before the inspection is done, as they are in the history
				assert.Contains(t, p.details(id), "Workflow and catalogue differed")
			}
		}
	}
	assert.Contains(t, p.output.String(), "workflow and catalogue differed")
}

// actsAfterReset does what is possible only where the mini-program really stands, and what was possible only where the reset workflow
// believes it to stand.
func (p *platform) actsAfterReset(id string, round int) {
	p.t.Helper()
	was := len(p.records(id))
	action := lifecycle.Pause
	if paused, _, err := p.catalog.Status(p.t.Context(), id); err == nil && paused.Rollout.Paused {
		action = lifecycle.Resume
	}
	impossible := func() {
		for _, past := range []lifecycle.Action{lifecycle.ApproveCreation, lifecycle.ApprovePublishing, lifecycle.SetGrayscale} {
			refused := p.try(id, past, reviewer, func(c *lifecycle.Command) {
				if past == lifecycle.SetGrayscale {
					c.Actor, c.Percent = manager, new(lifecycle.Everyone)
				}
			})
			assert.Equal(p.t, lifecycle.IllegalInState, refused.Code, past)
		}
	}
	if round%2 == 0 {
		impossible()
		assert.Empty(p.t, p.recordedAfter(id, was))
		p.agree(id)
	}
	p.do(id, action, manager)
	p.agree(id)
	if round%2 == 1 {
		impossible()
	}
	assert.Equal(p.t, []lifecycle.Action{action}, p.recordedAfter(id, was))
	p.agree(id)
}

func TestAFinishedReleaseResetIsNoWayBackBehindTheOneThatFollowed(t *testing.T) {
	p := running(t)
	id := p.request("reset-finished")
	p.approved(id, "1.0.0")
	first := p.runID(id)
	p.do(id, lifecycle.Publish, developer, plan(0))
	p.becomes(id, lifecycle.Published)
	p.approved(id, "1.1.0")
	published := p.do(id, lifecycle.Publish, developer, plan(time.Hour))
	before := p.agree(id)
	completed := p.tasks(id, first)
	for _, exclude := range [][]enumspb.ResetReapplyExcludeType{withSignals, withoutSignals} {
		for _, task := range []int64{completed[0], completed[len(completed)/2], completed[len(completed)-1]} {
			p.reset(id, first, task, exclude)
			stale := p.try(id, lifecycle.Rollback, manager, func(c *lifecycle.Command) { c.IfRevision = published.Revision - 1 })
			assert.Equal(t, lifecycle.StaleRevision, stale.Code)
			assert.Equal(t, before, p.agree(id), "with the second release on its way to the users")
			p.unharmed(id)
		}
	}
	p.reset(id, first, completed[2], withSignals)
	p.do(id, lifecycle.Rollback, manager)
	assert.Equal(t, lifecycle.CodeAvailable, p.agree(id).State)
}

func TestAnUploadThatAResetBringsBackIsNotDoneTwice(t *testing.T) {
	p := running(t)
	id := p.request("reset-upload")
	p.approved(id, "1.0.0")
	before, run := p.agree(id), p.runID(id)
	p.reset(id, run, p.tasks(id, run)[admission], withSignals)
	p.eventually("everything that was reset is answered", func() bool {
		status := p.status(id)
		return status.Revision >= before.Revision && len(status.Inspecting) == 0
	})
	assert.Equal(t, before, p.agree(id), "the approval stays")
	p.unharmed(id)
}

func TestASignalWithoutRequestIDIsAnsweredAfterAReset(t *testing.T) {
	p := running(t)
	id := p.request("reset-unnamed")
	p.approved(id, "1.0.0")
	p.do(id, lifecycle.Publish, developer, plan(time.Hour))
	for range 2 {
		p.sendsUnnamed(id, lifecycle.Pause)
		p.sendsUnnamed(id, lifecycle.Resume)
	}
	run := p.runID(id)
	completed := p.tasks(id, run)
	p.reset(id, run, completed[len(completed)-4], withSignals)
	p.catchesUp(id)
	assert.Empty(t, p.recordedAfter(id, 10), "what the reset brings back is not done twice")
	p.sendsUnnamed(id, lifecycle.Pause)
	p.reset(id, run, completed[len(completed)-4], withoutSignals)
	p.sendsUnnamed(id, lifecycle.Rollback)
	p.agree(id)
	p.unharmed(id)
}

// catchesUp waits until a workflow stands where the catalogue does.
func (p *platform) catchesUp(id string) {
	p.t.Helper()
	p.eventually("the workflow stands where the catalogue does", func() bool {
		stored, _, err := p.catalog.Status(p.t.Context(), id)
		return err == nil && jsonOf(p.t, facts(stored)) == jsonOf(p.t, facts(p.status(id)))
	})
}

func TestARunResetAfterItsAnswersWereForgottenGoesOnFromTheCatalogue(t *testing.T) {
	p := running(t)
	id := p.request("reset-forgotten")
	p.approved(id, "1.0.0")
	before, run := p.agree(id), p.runID(id)
	_, err := p.catalog.SweepOutcomes(t.Context(), time.Now().Add(time.Hour))
	require.NoError(t, err)
	p.reset(id, run, p.tasks(id, run)[0], withoutSignals)
	p.do(id, lifecycle.Publish, developer, plan(time.Hour))
	assert.Equal(t, before.Revision+1, p.agree(id).Revision)
	p.unharmed(id)
}

func TestARunOfAnEarlierLifeResetHarmsThePresentLifeNot(t *testing.T) {
	p := running(t)
	id := "reset-life"
	creation := lifecycle.Creation{ID: id, Title: "Test", Team: "acme", Actor: developer}
	_, err := p.client.RequestCreation(t.Context(), creation)
	require.NoError(t, err)
	first := p.runID(id)
	p.do(id, lifecycle.RejectCreation, reviewer)
	p.request(id)
	p.approved(id, "1.0.0")
	p.do(id, lifecycle.Publish, developer, plan(time.Hour))
	before := p.agree(id)
	for _, exclude := range [][]enumspb.ResetReapplyExcludeType{withoutSignals, withSignals} {
		for _, task := range p.tasks(id, first) {
			p.reset(id, first, task, exclude)
			refused := p.try(id, lifecycle.RejectCreation, reviewer)
			assert.Equal(t, lifecycle.IllegalInState, refused.Code)
			assert.Equal(t, before, p.agree(id))
			p.unharmed(id)
		}
	}
	p.do(id, lifecycle.Pause, manager)
	assert.Contains(t, strings.ToLower(p.details(id)), "paused")
	p.agree(id)
}
