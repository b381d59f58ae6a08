package e2e

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
	"slipway/workflows"
)

var wholeLife = []lifecycle.Action{
	lifecycle.RequestCreation, lifecycle.ApproveCreation, lifecycle.UploadCode, lifecycle.RequestPublishing, lifecycle.ApprovePublishing,
	lifecycle.Publish, lifecycle.Promote, lifecycle.Advance, lifecycle.Advance, lifecycle.Advance,
}

func TestAMiniProgramGoesFromRequestToPublished(t *testing.T) {
	p := install(t, inSQLite).start()
	liveWholeLife(t, p, "life-sqlite")
}

func TestAMiniProgramGoesFromRequestToPublishedOnPostgreSQL(t *testing.T) {
	p := install(t, "DATABASE_URL="+catalogtest.Postgres(t)).start()
	liveWholeLife(t, p, "life-postgres")
}

func liveWholeLife(t *testing.T, p *platform, id string) {
	p.request(id)
	p.approved(id, "1.0.0")
	p.do(id, lifecycle.Publish, developer, plan(time.Second))
	p.becomes(id, lifecycle.Published)
	assert.Equal(t, wholeLife, p.trail(id))

	stored, _, err := p.catalog.Status(t.Context(), id)
	require.NoError(t, err)
	assert.JSONEq(t, jsonOf(t, p.status(id)), jsonOf(t, stored), "the read model is what the workflow says")
	p.eventually("Temporal's list knows it", func() bool {
		list, err := server.Client.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
			Query: fmt.Sprintf(`ExecutionStatus = "Running" AND MiniProgramState = "Published" AND MiniProgramLiveVersion = "1.0.0" AND WorkflowId = "%s"`, workflows.WorkflowID(id)),
		})
		return err == nil && len(list.Executions) == 1
	})
}

func jsonOf(t *testing.T, value any) string {
	data, err := json.Marshal(value)
	require.NoError(t, err)
	return string(data)
}

func TestAnActionTakesAtMostSixEvents(t *testing.T) {
	p := running(t)
	id := p.request("events")
	p.approved(id, "1.0.0")
	p.do(id, lifecycle.Publish, developer, plan(time.Hour))
	before := p.events(id)
	p.do(id, lifecycle.SetGrayscale, manager, func(c *lifecycle.Command) { c.Percent = new(lifecycle.WholePercent(20)) })
	assert.LessOrEqual(t, p.events(id)-before, 6)
}

// events counts the events of the present run.
func (p *platform) events(id string) int {
	history := server.Client.GetWorkflowHistory(p.t.Context(), workflows.WorkflowID(id), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	n := 0
	for history.HasNext() {
		_, err := history.Next()
		require.NoError(p.t, err)
		n++
	}
	return n
}

func TestAKilledWorkerLosesNothing(t *testing.T) {
	p := running(t)
	id := p.request("killed")
	p.approved(id, "1.0.0")
	p.do(id, lifecycle.Publish, developer, plan(2*time.Second))
	for _, state := range []lifecycle.State{lifecycle.GrayscaleRelease, lifecycle.ProductionRelease} {
		p.becomes(id, state)
		p.stop(syscall.SIGKILL)
		p.start()
	}
	p.becomes(id, lifecycle.Published)
	assert.Equal(t, wholeLife, p.trail(id))
}

func TestSignalsSentWhileNoWorkerRunsAreHandledInTheirOrder(t *testing.T) {
	p := running(t)
	id := p.request("away")
	sha256 := p.upload()
	p.do(id, lifecycle.UploadCode, developer, func(c *lifecycle.Command) { c.Package = &lifecycle.Package{Version: "1.0.0", SHA256: sha256} })
	p.stop(os.Interrupt)
	for _, step := range []struct {
		action lifecycle.Action
		by     lifecycle.Actor
	}{
		{lifecycle.RequestPublishing, developer}, {lifecycle.CancelPublishing, developer}, {lifecycle.RequestPublishing, developer},
		{lifecycle.ApprovePublishing, reviewer}, {lifecycle.Publish, developer}, {lifecycle.Pause, operator},
	} {
		require.NoError(t, p.client.Signal(t.Context(), id, lifecycle.Command{Action: step.action, Actor: step.by}))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := p.client.Act(ctx, id, lifecycle.Command{Action: lifecycle.Resume, Actor: operator})
	require.ErrorIs(t, err, workflows.ErrUnfinished, "recorded, not answered")
	p.start()
	p.eventually("everything is done", func() bool { return p.status(id).Revision == 10 })
	status := p.status(id)
	assert.Equal(t, lifecycle.GrayscaleRelease, status.State)
	assert.False(t, status.Rollout.Paused)
	assert.Empty(t, status.Refused)
}

func TestTimersThatFellDueWhileNothingRanFireAtOnce(t *testing.T) {
	p := running(t)
	id := p.request("overslept")
	p.approved(id, "1.0.0")
	p.do(id, lifecycle.Publish, developer, plan(time.Second))
	ends := *p.status(id).Rollout.EndsAt
	p.stop(syscall.SIGKILL)
	p.eventually("the bake time is over", func() bool { return time.Now().After(ends) })
	p.start()
	p.becomes(id, lifecycle.Published)
}

func TestOfTwoDecisionsAtTheSameMomentOneIsStale(t *testing.T) {
	p := running(t)
	for round := range 10 {
		id := p.request(fmt.Sprintf("race-%d", round))
		sha256 := p.upload()
		p.do(id, lifecycle.UploadCode, developer, func(c *lifecycle.Command) { c.Package = &lifecycle.Package{Version: "1.0.0", SHA256: sha256} })
		seen := p.do(id, lifecycle.RequestPublishing, developer).Revision
		outcomes := make([]lifecycle.Outcome, 2)
		var both sync.WaitGroup
		for i, action := range []lifecycle.Action{lifecycle.ApprovePublishing, lifecycle.RejectPublishing} {
			both.Go(func() {
				outcomes[i] = p.try(id, action, reviewer, func(c *lifecycle.Command) { c.IfRevision = seen })
			})
		}
		both.Wait()
		assert.NotEqual(t, outcomes[0].Accepted, outcomes[1].Accepted, "exactly one is accepted")
		for _, outcome := range outcomes {
			if !outcome.Accepted {
				assert.Equal(t, lifecycle.StaleRevision, outcome.Code)
			}
		}
		assert.Equal(t, seen+1, p.status(id).Revision)
	}
}

func TestARepeatedRequestGetsTheFirstAnswer(t *testing.T) {
	p := running(t)
	id := p.request("once")
	same := func(c *lifecycle.Command) { c.RequestID = "the-same" }
	p.approved(id, "1.0.0")
	first := p.do(id, lifecycle.Publish, developer, plan(100*time.Millisecond), same)
	p.becomes(id, lifecycle.Published)
	p.stop(syscall.SIGKILL)
	p.start()
	again := p.try(id, lifecycle.Publish, developer, plan(100*time.Millisecond), same)
	assert.Equal(t, first, again, "in the next run, after a restart")
	assert.Len(t, p.trail(id), len(wholeLife))

	_, err := p.acts(id, lifecycle.Publish, developer, plan(time.Second), same)
	assert.ErrorContains(t, err, "key_reused", "another plan is another request")

	repeated, err := p.client.RequestCreation(t.Context(), lifecycle.Creation{ID: id, Title: "Once", Team: "acme", Actor: developer, RequestID: "creation"})
	require.NoError(t, err)
	assert.Equal(t, 1, repeated.Revision)
	_, err = p.client.RequestCreation(t.Context(), lifecycle.Creation{ID: id, Title: "Test", Team: "acme", Actor: developer})
	assert.ErrorContains(t, err, "already_exists")
}

func TestRubbishIsRefusedAndChangesNothing(t *testing.T) {
	p := running(t)
	id := p.request("rubbish")
	before := p.status(id)
	for _, rubbish := range []any{
		"not an object", 42, nil, []int{1}, map[string]any{"request_id": 7}, map[string]any{"request_id": "known", "unknown_field": 1},
		lifecycle.Command{Actor: developer, Comment: strings.Repeat("x", 1<<20)},
	} {
		require.NoError(t, server.Client.SignalWorkflow(t.Context(), workflows.WorkflowID(id), "", "upload-code", rubbish))
	}
	require.NoError(t, server.Client.SignalWorkflow(t.Context(), workflows.WorkflowID(id), "", "frobnicate", lifecycle.Command{Actor: developer}))
	p.eventually("the last one is refused", func() bool {
		refused := p.status(id).Refused
		return len(refused) > 0 && refused[0].Action == "frobnicate"
	})
	after := p.status(id)
	assert.Equal(t, before.Revision, after.Revision)
	assert.Equal(t, before.Transitions, after.Transitions)
	outcome, seen, err := p.client.Outcome(t.Context(), id, "", "known")
	require.NoError(t, err)
	assert.True(t, seen, "who sent it finds the refusal")
	assert.Equal(t, lifecycle.InvalidInput, outcome.Code)
	p.approved(id, "1.0.0") // and it lives on
}

func TestAWorkflowStartedWithRubbishFailsAndIsNoMiniProgram(t *testing.T) {
	p := running(t)
	for id, input := range map[string]any{"rubbish-text": "x", "rubbish-untitled": lifecycle.Creation{ID: "rubbish-untitled", Team: "acme", Actor: developer}} {
		run, err := server.Client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: workflows.WorkflowID(id), TaskQueue: workflows.TaskQueue}, workflows.WorkflowType, input)
		require.NoError(t, err)
		require.Error(t, run.Get(t.Context(), nil))
		_, err = p.client.Status(t.Context(), id)
		assert.ErrorContains(t, err, "unknown_mini_program")
	}
}

func TestAPackageThatIsNotThereIsRefused(t *testing.T) {
	p := running(t)
	id := p.request("missing")
	outcome := p.try(id, lifecycle.UploadCode, developer, func(c *lifecycle.Command) {
		c.Package = &lifecycle.Package{Version: "1.0.0", SHA256: strings.Repeat("0", 64)}
	})
	assert.Equal(t, lifecycle.PackageRefused, outcome.Code)
	assert.Contains(t, outcome.Message, strings.Repeat("0", 64))
}

func TestAnUpdateIsRolledBackToTheLiveVersion(t *testing.T) {
	p := running(t)
	id := p.request("update")
	p.approved(id, "1.0.0")
	p.do(id, lifecycle.Publish, developer, plan(50*time.Millisecond))
	p.becomes(id, lifecycle.Published)
	p.approved(id, "1.1.0")
	p.do(id, lifecycle.Publish, developer, plan(time.Hour))
	status := p.status(id)
	assert.Equal(t, "1.0.0", status.Live.Version)
	assert.Equal(t, "1.1.0", status.Candidate.Version)
	p.do(id, lifecycle.Rollback, manager)
	release, _, err := p.catalog.Status(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, lifecycle.CodeAvailable, release.State)
	assert.Equal(t, "1.0.0", release.Live.Version)
	assert.Nil(t, release.Rollout)
}

func TestARejectedIDCanBeRequestedAnew(t *testing.T) {
	p := running(t)
	creation := lifecycle.Creation{ID: "anew", Title: "Test", Team: "acme", Actor: developer}
	for range 2 {
		outcome, err := p.client.RequestCreation(t.Context(), creation)
		require.NoError(t, err)
		assert.Equal(t, 1, outcome.Revision)
		p.do("anew", lifecycle.RejectCreation, reviewer)
	}
	entries, err := p.catalog.Audit(t.Context(), "anew", 0, 10)
	require.NoError(t, err)
	assert.Len(t, entries, 4, "the trail has both lives")
	err = p.client.Signal(t.Context(), "anew", lifecycle.Command{Action: lifecycle.ApproveCreation, Actor: reviewer})
	assert.ErrorContains(t, err, "illegal_in_state")
	err = p.client.Signal(t.Context(), "never-heard-of", lifecycle.Command{Action: lifecycle.ApproveCreation, Actor: reviewer})
	assert.ErrorContains(t, err, "unknown_mini_program")
}

func TestALockedDatabaseShowsInTemporalAndNothingIsLost(t *testing.T) {
	p := install(t, inSQLite).start()
	id := p.request("locked")
	sha256 := p.upload()
	p.do(id, lifecycle.UploadCode, developer, func(c *lifecycle.Command) { c.Package = &lifecycle.Package{Version: "1.0.0", SHA256: sha256} })
	db, err := sql.Open("sqlite", "file:"+filepath.Join(p.varDir, "slipway.db"))
	require.NoError(t, err)
	defer func() { _ = db.Close() }()
	lock, err := db.Conn(t.Context())
	require.NoError(t, err)
	_, err = lock.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	require.NoError(t, err)

	for _, action := range []lifecycle.Action{lifecycle.RequestPublishing, lifecycle.CancelPublishing} {
		require.NoError(t, p.client.Signal(t.Context(), id, lifecycle.Command{Action: action, Actor: developer}))
	}
	p.eventually("Temporal shows what hangs", func() bool {
		described, err := server.Client.DescribeWorkflowExecution(t.Context(), workflows.WorkflowID(id), "")
		return err == nil && len(described.PendingActivities) == 1 && described.PendingActivities[0].ActivityType.Name == "Decide"
	})
	assert.Equal(t, 3, p.status(id).Revision, "not there before it is saved")
	_, err = lock.ExecContext(t.Context(), "COMMIT")
	require.NoError(t, err)
	p.eventually("both are done", func() bool { return p.status(id).Revision == 5 })
	p.trail(id)
}

func TestTemporalUIShowsALongReasonShort(t *testing.T) {
	p := running(t)
	id := p.request("reason")
	p.approved(id, "1.0.0")
	p.do(id, lifecycle.Publish, developer, plan(time.Hour))
	p.do(id, lifecycle.Suspend, operator, func(c *lifecycle.Command) { c.Comment = strings.Repeat("bad ", lifecycle.MaxText/4) })
	details := p.details(id)
	assert.Contains(t, details, "suspended by operator")
	assert.Contains(t, details, "bad bad bad")
	assert.Less(t, len(details), 1000)
	assert.Len(t, p.status(id).Suspension.Reason, lifecycle.MaxText, "whoever asks gets it whole")
}
