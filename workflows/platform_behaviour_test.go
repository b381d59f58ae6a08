package workflows

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"slipway/activities"
	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/keyring"
	"slipway/lifecycle"
)

// line is the workflow of the platform on a real catalogue: what is sent to it, and what it wakes.
type line struct {
	t       *testing.T
	catalog *catalog.Catalog
	acts    *activities.Activities
	input   PlatformInput
	moments []moment
	env     *testsuite.TestWorkflowEnvironment
	// wakes are when those that wait were woken; waking is how long that takes.
	mu     sync.Mutex
	wakes  []time.Duration
	waking time.Duration
	failed error
}

func openLine(t *testing.T) *line {
	c := catalogtest.Open(t, emptyCatalogue(t))
	return &line{t: t, catalog: c, acts: &activities.Activities{Catalog: c, Platform: c}}
}

func (l *line) look(after time.Duration, do func()) *line {
	l.moments = append(l.moments, moment{after, do})
	return l
}

func (l *line) send(after time.Duration, name string, value any) *line {
	return l.look(after, func() { l.env.SignalWorkflow(name, value) })
}

func (l *line) act(after time.Duration, action lifecycle.Action, by lifecycle.Actor, id string, comment string) *line {
	return l.send(after, string(action), lifecycle.Command{Actor: by, RequestID: id, Comment: comment})
}

// until plays one run, which ends at a time.
func (l *line) until(end time.Duration) *line {
	l.t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	l.env = env
	env.SetTestTimeout(2 * time.Minute)
	env.SetStartTime(start)
	env.SetDataConverter(asGiven{converter.GetDefaultDataConverter()})
	env.SetWorkerOptions(worker.Options{
		Interceptors: []interceptor.WorkerInterceptor{&Interceptor{}}, DeadlockDetectionTimeout: time.Minute,
	})
	env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: PlatformID, TaskQueue: TaskQueue})
	if l.input.Carried != nil {
		env.SetContinuedExecutionRunID("the run before")
	}
	env.RegisterWorkflowWithOptions((&Workflows{}).Platform, workflow.RegisterOptions{Name: PlatformType})
	env.RegisterActivity(l.acts)
	env.OnActivity(l.acts.WakeWaiting, mock.Anything, mock.Anything).After(l.waking).Return(func(context.Context, activities.Wake) (int, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.wakes = append(l.wakes, env.Now().Sub(start))
		return 0, nil
	})
	for _, m := range l.moments {
		env.RegisterDelayedCallback(m.do, m.at)
	}
	l.moments = nil
	env.RegisterDelayedCallback(func() {
		env.SetContinueAsNewSuggested(true)
		env.SignalWorkflow("end", nil)
	}, end)
	env.ExecuteWorkflow(PlatformType, l.input)
	l.failed = env.GetWorkflowError()
	if again, ok := errors.AsType[*workflow.ContinueAsNewError](l.failed); ok {
		l.input, l.failed = PlatformInput{}, nil
		require.NoError(l.t, converter.GetDefaultDataConverter().FromPayloads(again.Input, &l.input))
	}
	return l
}

func (l *line) status() (status lifecycle.PlatformStatus) {
	l.t.Helper()
	value, err := l.env.QueryWorkflow(QueryStatus)
	require.NoError(l.t, err)
	require.NoError(l.t, value.Get(&status))
	return status
}

func (l *line) outcome(user, requestID string) lifecycle.Outcome {
	l.t.Helper()
	value, err := l.env.QueryWorkflow(QueryOutcome, requestID, user)
	require.NoError(l.t, err)
	var reply OutcomeReply
	require.NoError(l.t, value.Get(&reply))
	require.True(l.t, reply.Seen, requestID)
	return *reply.Outcome
}

func TestTheLineIsStoppedAndTheStopIsLifted(t *testing.T) {
	l := openLine(t)
	l.act(hour, lifecycle.StopTheLine, mia, "stop", "a bad library").act(2*hour, lifecycle.LiftTheStop, otto, "lift", "")
	l.look(minute, func() { assert.False(t, l.status().Stopped) })
	l.look(hour+minute, func() {
		assert.Equal(t, &lifecycle.Stop{By: "mia", At: start.Add(hour), Reason: "a bad library"}, l.status().Stop)
		stored, _, err := l.catalog.Platform(t.Context())
		require.NoError(t, err)
		assert.Equal(t, l.status().Stop, stored.Stop, "it is in the catalogue, where decisions read it")
		assert.Equal(t, lifecycle.LiftTheStop, l.status().Actions[0].Action)
	})
	l.until(3 * hour)
	require.NoError(t, l.failed)
	assert.False(t, l.status().Stopped)
	assert.Equal(t, []time.Duration{0, 2 * hour}, l.wakes, "those that wait are woken by the lift, and where nobody knows")
	for id, user := range map[string]string{"stop": "mia", "lift": "otto"} {
		assert.True(t, l.outcome(user, id).Accepted)
		kept, answered, err := l.catalog.PlatformRequest(t.Context(), user, id)
		require.NoError(t, err)
		assert.True(t, answered && kept.Accepted)
	}
	trail, err := l.catalog.Audit(t.Context(), catalog.PlatformID, 0, 10)
	require.NoError(t, err)
	require.Len(t, trail, 2)
	assert.Equal(t, "it was stopped for 1h", trail[0].Record.Details)
	assert.Equal(t, lifecycle.LineStopped, trail[1].Record.To)
}

func TestWhoMayNotOrSaysNothingDoesNotStopTheLine(t *testing.T) {
	auditor := lifecycle.Actor{User: "ada", Roles: []lifecycle.Role{lifecycle.Auditor}}
	system := lifecycle.Actor{User: "sly", Roles: []lifecycle.Role{lifecycle.System}}
	l := openLine(t)
	refused := map[string]struct {
		by      lifecycle.Actor
		action  lifecycle.Action
		comment string
		code    lifecycle.Code
	}{
		"developer": {ann, lifecycle.StopTheLine, "why", lifecycle.ForbiddenRole}, "reviewer": {rob, lifecycle.StopTheLine, "why", lifecycle.ForbiddenRole},
		"auditor": {auditor, lifecycle.StopTheLine, "why", lifecycle.ForbiddenRole}, "system": {system, lifecycle.StopTheLine, "why", lifecycle.ForbiddenRole},
		"no reason": {otto, lifecycle.StopTheLine, " ", lifecycle.CommentRequired}, "not stopped": {otto, lifecycle.LiftTheStop, "", lifecycle.IllegalInState},
		"another action": {otto, lifecycle.Publish, "", lifecycle.InvalidInput},
	}
	for id, c := range refused {
		l.act(hour, c.action, c.by, id, c.comment)
	}
	l.send(2*hour, "stop-the-line", "nonsense").send(2*hour, "stop-the-line", nil).send(2*hour, "no such action", map[string]any{"plan": 1})
	l.send(2*hour, "stop-the-line", map[string]any{"request_id": "misspelt", "actor": otto, "coment": "why"})
	l.send(3*hour, "stop-the-line", map[string]any{"request_id": "reason", "actor": otto, "reason": "in other words"})
	l.until(4 * hour)
	require.NoError(t, l.failed)
	for id, c := range refused {
		assert.Equal(t, c.code, l.outcome(c.by.User, id).Code, id)
	}
	assert.Equal(t, lifecycle.InvalidInput, l.outcome("otto", "misspelt").Code)
	assert.Equal(t, "in other words", l.status().Stop.Reason)
	assert.Len(t, l.status().Refused, maxRefused)
}

func TestARequestToThePlatformCountsOnce(t *testing.T) {
	l := openLine(t)
	l.act(hour, lifecycle.StopTheLine, otto, "same", "why").act(2*hour, lifecycle.StopTheLine, otto, "same", "why")
	l.act(3*hour, lifecycle.LiftTheStop, otto, "lift", "").act(4*hour, lifecycle.StopTheLine, otto, "same", "why")
	l.act(5*hour, lifecycle.StopTheLine, otto, "same", "something else")
	l.until(6 * hour)
	assert.False(t, l.status().Stopped)
	assert.Equal(t, lifecycle.KeyReused, l.status().Refused[1].Code, "before what ended the run")
	l.input = PlatformInput{} // a workflow that was lost, and begins anew
	l.act(hour, lifecycle.StopTheLine, otto, "same", "why").until(2 * hour)
	assert.False(t, l.status().Stopped, "the catalogue knows it")
	assert.True(t, l.outcome("otto", "same").Accepted)
}

func TestTheNextRunKnowsHowThePlatformStands(t *testing.T) {
	l := openLine(t)
	l.act(hour, lifecycle.StopTheLine, otto, "stop", "why").until(2 * hour)
	require.NotNil(t, l.input.Carried)
	l.look(minute, func() { assert.True(t, l.status().Stopped) }).until(hour)
	assert.True(t, l.outcome("otto", "stop").Accepted)
	assert.Len(t, l.wakes, 1, "there is nobody to wake while the line is stopped")
}

func TestARunDoesNotEndWhileThoseThatWaitAreWoken(t *testing.T) {
	l := openLine(t)
	l.waking = 10 * hour
	l.until(hour)
	require.NoError(t, l.failed)
	assert.Equal(t, 10*hour, l.env.Now().Sub(start))
}

func TestAStopEndsTheWakingOfAnEarlierLift(t *testing.T) {
	l := openLine(t)
	l.waking = 10 * hour
	l.act(hour, lifecycle.StopTheLine, otto, "stop", "why")
	l.look(2*hour, func() { assert.False(t, l.status().Waking) })
	l.until(3 * hour)
	assert.Equal(t, 3*hour, l.env.Now().Sub(start))
}

func TestOnlyARunHandsItsStateToTheNextOfThePlatform(t *testing.T) {
	l := openLine(t)
	l.input.Carried = &PlatformCarried{}
	var suite testsuite.WorkflowTestSuite
	for id, input := range map[string]PlatformInput{PlatformID: l.input, "another": {}} {
		env := suite.NewTestWorkflowEnvironment()
		env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{&Interceptor{}}})
		env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: id, TaskQueue: TaskQueue})
		env.RegisterWorkflowWithOptions((&Workflows{}).Platform, workflow.RegisterOptions{Name: PlatformType})
		env.ExecuteWorkflow(PlatformType, input)
		assert.ErrorContains(t, env.GetWorkflowError(), string(lifecycle.InvalidInput), id)
	}
}

func TestOnlyTheWebStopsTheLineWhereNothingElseIsTaken(t *testing.T) {
	l := openLine(t)
	require.NoError(t, l.acts.SignalKeys.UnmarshalText([]byte(testKey)))
	l.acts.SignedOnly = true
	l.act(hour, lifecycle.StopTheLine, otto, "stop", "why")
	l.look(2*hour, func() { assert.False(t, l.status().Stopped) })
	command := lifecycle.Command{Action: lifecycle.StopTheLine, Actor: otto, RequestID: "stop", Comment: "why"}
	l.until(3 * hour)
	assert.Equal(t, lifecycle.UnsignedSignal, l.outcome("otto", "stop").Code)
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.RegisterActivity(l.acts)
	value, err := env.ExecuteActivity(l.acts.DecidePlatform, activities.PlatformQuestion{
		Action: lifecycle.StopTheLine, Command: command, Now: time.Now(), Digest: command.Digest(), Sent: mustSign(t, l.acts.SignalKeys, command),
	})
	require.NoError(t, err)
	var decision activities.PlatformDecision
	require.NoError(t, value.Get(&decision))
	assert.True(t, decision.Outcome.Accepted, "the id still belongs to its person")
	assert.Equal(t, lifecycle.ViaWeb, decision.Platform.Transitions[0].Via)
}

func mustSign(t *testing.T, keys keyring.Ring, command lifecycle.Command) keyring.Signature {
	signature, err := activities.SignCommand(keys, catalog.PlatformID, "", command)
	require.NoError(t, err)
	return signature
}

func TestTheLineWaitsForItsCatalogue(t *testing.T) {
	l := openLine(t)
	away := &awayKeeper{PlatformKeeper: l.catalog}
	l.acts.Platform = away
	l.look(30*minute, func() { away.set(true) }).act(hour, lifecycle.StopTheLine, otto, "stop", "why")
	l.look(hour+30*second, func() {
		assert.False(t, l.status().Stopped)
		away.set(false)
	})
	l.until(3 * hour)
	assert.True(t, l.status().Stopped)
}

// awayKeeper is a catalogue that does not answer for a while.
type awayKeeper struct {
	activities.PlatformKeeper
	mu   sync.Mutex
	away bool
}

func (k *awayKeeper) set(away bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.away = away
}

func (k *awayKeeper) Platform(ctx context.Context) (lifecycle.Platform, int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.away {
		return lifecycle.Platform{}, 0, errors.New("nobody answers")
	}
	return k.PlatformKeeper.Platform(ctx)
}
