package workflows

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/activities"
	"slipway/lifecycle"
)

// known is what must be the same after a recovery.
func known(s lifecycle.Status) lifecycle.Status {
	s.Sequence, s.UpdatedAt, s.Transitions, s.Refused = 0, time.Time{}, nil, nil
	return s
}

func TestAMiniProgramIsRecoveredAtEachStopOfTheTour(t *testing.T) {
	for n, at := range tour[:len(tour)-1] {
		t.Run(fmt.Sprintf("%d %s", n, at.to), func(t *testing.T) {
			var before lifecycle.Status
			var waits []string
			o := observe(t)
			for stop := range n + 1 {
				o.stopAt(stop)
			}
			o.look(time.Duration(n)*hour+20*minute, func() { before, waits = o.status(), o.running() })
			o.until(time.Duration(n)*hour + 30*minute)
			lastAct := o.acted

			again := o.lost(otto)
			again.look(time.Duration(n)*hour+40*minute, func() {
				assert.JSONEq(t, jsonOf(t, known(before)), jsonOf(t, known(again.status())))
				assert.Equal(t, waits, again.running(), "it waits for the same moment")
				state, _ := again.attributes.GetKeyword(AttributeState)
				assert.Equal(t, string(at.to), state)
				assert.Contains(t, again.details(), fmt.Sprintf("**%s**, revision %d", at.to, before.Revision))
			})
			if at.action != "" { // a repetition of what was done before
				command := lifecycle.Command{Actor: at.by, Comment: "because", RequestID: requestID(lastAct, at.action)}
				if at.fill != nil {
					at.fill(&command)
				}
				again.send(time.Duration(n)*hour+50*minute, string(at.action), command)
			}
			again.stopAt(n + 1)
			again.until(time.Duration(n+1)*hour + minute)
			assert.Equal(t, before.Revision+1, again.status().Revision)
			assert.Equal(t, tour[n+1].to, again.status().State)
			records := again.audit()
			recovered := records[len(records)-2]
			assert.Equal(t, lifecycle.Recovered, recovered.Action)
			assert.Equal(t, "otto", recovered.Actor)
			assert.Equal(t, lifecycle.Operator, recovered.Role)
		})
	}
}

func TestARecoveredReleaseIsWatchedAgain(t *testing.T) {
	o := observe(t)
	o.health = from(5*hour, healthy, breach)
	o.publishing("1.0.0", watched).until(hour)
	again := o.lost(otto).until(6 * hour)
	assert.Equal(t, lifecycle.CodeAvailable, again.status().State)
	again.happenedAt(5*hour+2*minute, lifecycle.Rollback)
}

func TestWhatTheLostWorkflowKnewAloneIsAskedForAgain(t *testing.T) {
	o := observe(t).inspecting(map[string]time.Duration{"1.0.0": 5 * hour}).created(0)
	o.act(minute, lifecycle.UploadCode, ann, uploading("1.0.0"), named("lost")).until(hour)
	again := o.lost(otto).inspecting(nil)
	again.look(90*minute, func() {
		var reply OutcomeReply
		require.NoError(t, again.query(&reply, QueryOutcome, "lost", "ann"))
		assert.False(t, reply.Seen)
		assert.Empty(t, again.status().Inspecting)
	})
	again.act(2*hour, lifecycle.UploadCode, ann, uploading("1.0.0"), named("lost")).until(3 * hour)
	assert.True(t, again.outcome(ann, "lost").Accepted)
}

func TestSignalsWithoutARequestIDAreNamedAnewAfterARecovery(t *testing.T) {
	o := observe(t).publishing("1.0.0", staged)
	rate := lifecycle.Command{Actor: lifecycle.Actor{User: "gil"}, Rating: 4}
	o.send(hour, "leave-feedback", rate).until(2 * hour)
	again := o.lost(otto).send(3*hour, "leave-feedback", rate).until(4 * hour)
	assert.Len(t, again.status().Feedback, 2, "the same name would make it a repetition")
}

// An operator's suspend recovers the workflow and comes with it.
func TestASignalThatComesWithARecoveryIsAnsweredAfterIt(t *testing.T) {
	o := observe(t).publishing("1.0.0", staged).until(hour)
	again := o.lost(otto)
	tries := 0
	again.decide = func(ctx context.Context, q activities.Question) (activities.Decision, error) {
		if tries++; tries < 14 { // and the catalogue takes its time
			return activities.Decision{}, errors.New("the database is down")
		}
		return again.acts.Decide(ctx, q)
	}
	again.act(hour+second, lifecycle.Suspend, otto, named("now")).until(2 * hour)
	assert.True(t, again.outcome(otto, "now").Accepted)
	assert.Equal(t, []lifecycle.Action{"publish", "recovered", "suspend"}, again.happened()[5:])
	assert.Equal(t, lifecycle.SuspendedByOp, again.status().State)
}

func TestARecoveryIsForOperatorsOfWhatIsNotOver(t *testing.T) {
	nobody, impostor := lifecycle.Actor{}, lifecycle.Actor{User: "eve", Roles: []lifecycle.Role{lifecycle.Operator, lifecycle.System}}
	for name, c := range map[string]struct {
		tell func(*observed)
		by   lifecycle.Actor
		id   string
		code lifecycle.Code
	}{
		"by a reviewer":           {func(o *observed) { o.until(hour) }, rob, "weather", lifecycle.ForbiddenRole},
		"by nobody":               {func(o *observed) { o.until(hour) }, nobody, "weather", lifecycle.InvalidInput},
		"by a timer":              {func(o *observed) { o.until(hour) }, impostor, "weather", lifecycle.ForbiddenRole},
		"of what never was":       {func(*observed) {}, otto, "weather", lifecycle.UnknownMiniProgram},
		"of what was rejected":    {func(o *observed) { o.act(minute, lifecycle.RejectCreation, rob).until(hour) }, otto, "weather", lifecycle.IllegalInState},
		"of another mini-program": {func(o *observed) { o.until(hour) }, otto, "maps", lifecycle.InvalidInput},
	} {
		t.Run(name, func(t *testing.T) {
			o := observe(t)
			c.tell(o)
			before := len(o.audit())
			again := o.lost(c.by)
			again.input.ID = c.id
			assert.ErrorContains(t, again.fails(), string(c.code))
			assert.Len(t, again.audit(), before, "nothing is recorded")
			var status lifecycle.Status
			assert.Error(t, again.query(&status, QueryStatus), "there is nothing to show")
		})
	}
}

// A workflow that runs after all is behind from then on, and takes over what the recovered one did.
func TestOfTwoWorkflowsOfOneLifeNeitherForksTheOther(t *testing.T) {
	o := observe(t).publishing("1.0.0", staged)
	o.look(hour, func() {
		again := o.lost(otto)
		again.elapsed = hour
		again.act(hour+minute, lifecycle.Pause, mia).until(hour + 2*minute)
	})
	o.act(2*hour, lifecycle.Promote, ann, named("from before"))
	o.until(3 * hour)
	assert.True(t, o.outcome(ann, "from before").Accepted, "it was possible in a paused rollout, too")
	assert.True(t, o.status().Rollout.Paused)
	assert.Equal(t, []lifecycle.Action{"publish", "recovered", "pause", "promote"}, o.happened()[5:])
	assert.Contains(t, o.details(), "differed")
}

// What follows is asked of the client, on a real server: TestTheClient.

func (i *installed) recoversWhatWasTerminated() {
	id := i.requests("recovered")
	i.does(id, lifecycle.ApproveCreation, rob)
	before, err := i.Status(i.Context(), id)
	require.NoError(i, err)
	_, err = i.Recover(i.Context(), id, otto, "while it runs")
	i.refused(lifecycle.IllegalInState, err)
	i.terminates(id)
	runs, err := i.Runs(i.Context(), id)
	require.NoError(i, err)
	assert.False(i, runs)
	after, err := i.Recover(i.Context(), id, otto, "")
	require.NoError(i, err)
	assert.Equal(i, before.Revision, after.Revision)
	assert.Equal(i, before.State, after.State)
	runs, err = i.Runs(i.Context(), id)
	require.NoError(i, err)
	assert.True(i, runs)
	i.does(id, lifecycle.UploadCode, ann, uploading("1.0.0"))
}

func (i *installed) recoversOnceHoweverOftenItIsAsked() {
	id := i.requests("recovered-once")
	i.terminates(id)
	i.rest()
	defer func() {
		if len(*i.working) == 0 {
			i.work(nil)
		}
	}()
	for range 2 {
		brief, cancel := context.WithTimeout(i.Context(), 300*time.Millisecond)
		_, err := i.Recover(brief, id, otto, "mine")
		cancel()
		require.ErrorIs(i, err, ErrUnfinished)
		assert.ErrorContains(i, err, "mine", "to ask by")
	}
	_, err := i.Recover(i.Context(), id, otto, "another")
	i.refused(lifecycle.IllegalInState, err)
	oscar := lifecycle.Actor{User: "oscar", Roles: otto.Roles}
	_, err = i.Recover(i.Context(), id, oscar, "mine")
	i.refused(lifecycle.IllegalInState, err)
	i.work(nil)
	for range 2 {
		status, err := i.Recover(i.Context(), id, otto, "mine")
		require.NoError(i, err)
		assert.Equal(i, lifecycle.CreationPending, status.State)
	}
	entries, err := i.catalog.Audit(i.Context(), id, 0, 100)
	require.NoError(i, err)
	assert.Len(i, entries, 2, "requested and recovered")
}

func (i *installed) recoversForOperatorsAndNothingThatIsOver() {
	gone, over := i.requests("still-gone"), i.requests("over-and-gone")
	i.terminates(gone)
	i.does(over, lifecycle.RejectCreation, rob)
	require.NoError(i, i.server.Client.GetWorkflow(i.Context(), WorkflowID(over), "").Get(i.Context(), nil))
	for what, c := range map[string]struct {
		id   string
		by   lifecycle.Actor
		code lifecycle.Code
	}{
		"by a manager": {gone, mia, lifecycle.ForbiddenRole}, "what is over": {over, otto, lifecycle.IllegalInState},
		"what never was": {"never-recovered", otto, lifecycle.UnknownMiniProgram}, "no id": {"No Id", otto, lifecycle.InvalidInput},
	} {
		_, err := i.Recover(i.Context(), c.id, c.by, "")
		i.refused(c.code, err)
		if c.code == lifecycle.InvalidInput {
			continue
		}
		runs, err := i.Runs(i.Context(), c.id)
		require.NoError(i, err)
		assert.False(i, runs, what)
	}
	// A recovery that had to fail does not change what others are told.
	pause := lifecycle.Command{Action: lifecycle.Pause, Actor: mia}
	_, err := i.Act(i.Context(), over, pause)
	i.refused(lifecycle.IllegalInState, err)
	_, err = i.Act(i.Context(), "never-recovered", pause)
	i.refused(lifecycle.UnknownMiniProgram, err)
}

func (i *installed) recoversWhatAnOperatorSuspends() {
	id := i.requests("suspended")
	i.does(id, lifecycle.ApproveCreation, rob)
	i.does(id, lifecycle.UploadCode, ann, uploading("1.0.0"))
	i.does(id, lifecycle.RequestPublishing, ann)
	i.does(id, lifecycle.ApprovePublishing, rob)
	i.does(id, lifecycle.Publish, ann, planned(staged))
	i.terminates(id)
	_, err := i.Act(i.Context(), id, lifecycle.Command{Action: lifecycle.Suspend, Actor: mia, Comment: "malware"})
	i.refused(lifecycle.NotRunning, err)
	i.does(id, lifecycle.Suspend, otto)
	now, err := i.Status(i.Context(), id)
	require.NoError(i, err)
	assert.Equal(i, lifecycle.SuspendedByOp, now.State)
	last := now.Transitions[len(now.Transitions)-2]
	assert.Equal(i, lifecycle.Recovered, last.Action)
}
