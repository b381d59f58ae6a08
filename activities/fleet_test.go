package activities_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"golang.org/x/time/rate"

	"slipway/activities"
	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

const (
	fleetPatience = time.Minute // when a test gives up
	// shortPatience is for an answer that does not come; the others have given theirs when they were asked.
	shortPatience = 200 * time.Millisecond
)

// village is mini-programs that wait for the approval of their creation, on a catalogue of their own, and the activities that ask them all.
type village struct {
	t     *testing.T
	cat   *catalog.Catalog
	fleet *activities.Fleet
	act   catalog.FleetAct

	mu    sync.Mutex
	lives map[string]*resident
	// sent counts the commands by mini-program. onSend hears of each before it is sent; an error is what sending ends with.
	sent   map[string]int
	onSend func(n int, id string) error
}

// resident is the workflow's side of a mini-program.
type resident struct {
	lifecycle.MiniProgram
	step     int
	answered map[string]bool
	asleep   bool // it records what is sent, and answers later
	waiting  []lifecycle.Command
}

func newVillage(t *testing.T, size int) *village {
	v := &village{t: t, cat: catalogtest.Open(t, catalogtest.SQLite(t)), lives: map[string]*resident{}, sent: map[string]int{}}
	v.fleet = &activities.Fleet{
		Catalog: v.cat, Send: v.send, Pace: rate.NewLimiter(rate.Inf, 1), AtOnce: 2, Patience: fleetPatience, Rest: time.Millisecond,
	}
	var chosen []catalog.FleetAnswer
	for i := range size {
		id := fmt.Sprintf("program-%03d", i)
		creation := lifecycle.Creation{ID: id, Title: id, Team: "acme", Actor: ann, RequestID: "creation"}
		m, record, refusal := lifecycle.NewMiniProgram(creation, start, lifecycle.DefaultSettings())
		require.Nil(t, refusal)
		r := &resident{MiniProgram: m, answered: map[string]bool{}}
		v.lives[id] = r
		v.commit(r, &record, nil)
		chosen = append(chosen, catalog.FleetAnswer{MiniProgram: id, Team: "acme"})
	}
	command := lifecycle.Command{Action: lifecycle.ApproveCreation, Actor: rob}
	v.act = catalog.FleetAct{ID: "a1", BegunAt: start, FleetRequest: catalog.FleetRequest{Action: command.Action, Command: command}}
	require.NoError(t, v.cat.BeginFleet(t.Context(), v.act, chosen))
	return v
}

func (v *village) commit(r *resident, record *lifecycle.Record, outcome *lifecycle.Outcome) {
	r.step++
	_, err := v.cat.Commit(context.Background(), catalog.Commit{Life: r.ID, Step: r.step, MiniProgram: r.MiniProgram, Record: record, Outcome: outcome})
	assert.NoError(v.t, err)
}

// send is what Temporal and the workflows do: a request that was answered before changes nothing.
func (v *village) send(_ context.Context, id string, command lifecycle.Command) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sent[id]++
	if v.onSend != nil {
		if err := v.onSend(v.total(), id); err != nil {
			return err
		}
	}
	r := v.lives[id]
	if r == nil {
		return lifecycle.Refuse(lifecycle.NotRunning, "the workflow of %s is not running", id)
	}
	if r.asleep {
		r.waiting = append(r.waiting, command)
		return nil
	}
	v.answer(r, command)
	return nil
}

func (v *village) answer(r *resident, command lifecycle.Command) {
	if r.answered[command.RequestID] {
		return
	}
	r.answered[command.RequestID] = true
	after, record, refusal := r.Decide(command, lifecycle.Facts{}, start.Add(time.Hour), lifecycle.DefaultSettings())
	r.MiniProgram = after
	outcome := after.Outcome(command, refusal, start.Add(time.Hour))
	if refusal != nil {
		v.commit(r, nil, &outcome)
		return
	}
	v.commit(r, &record, &outcome)
}

func (v *village) total() (n int) {
	for _, times := range v.sent {
		n += times
	}
	return n
}

// work is one try of a worker.
func (v *village) work() error { return v.workUntil(nil) }

// workAsOftenAsNeeded tries again as Temporal does, where a slow machine may fail a try.
func (v *village) workAsOftenAsNeeded() (err error) {
	for range 20 {
		if err = v.work(); err == nil {
			return nil
		}
	}
	return err
}

func (v *village) workUntil(stop chan struct{}) error {
	v.t.Helper()
	env := new(testsuite.WorkflowTestSuite).NewTestActivityEnvironment()
	env.SetTestTimeout(fleetPatience)
	if stop != nil {
		env.SetWorkerStopChannel(stop)
	}
	env.RegisterActivity(v.fleet)
	_, err := env.ExecuteActivity(v.fleet.WorkFleet, "a1")
	return err
}

func (v *village) counts() catalog.FleetCounts {
	v.t.Helper()
	counts, err := v.cat.CountFleet(v.t.Context(), "a1")
	require.NoError(v.t, err)
	return counts
}

func TestAnActAsksEachMiniProgramOnceAndKeepsItsAnswer(t *testing.T) {
	v := newVillage(t, 2*activities.FleetBatch+5)
	v.lives["program-007"].State = lifecycle.CodeUnavailable // somebody was quicker
	require.NoError(t, v.work())
	size := len(v.lives)
	assert.Equal(t, catalog.FleetCounts{Accepted: size - 1, Refused: 1, ByCode: map[lifecycle.Code]int{lifecycle.IllegalInState: 1}}, v.counts())
	for id, times := range v.sent {
		assert.Equal(t, 1, times, id)
	}
	refused, err := v.cat.FleetAnswers(t.Context(), "a1", []catalog.FleetStanding{catalog.FleetRefused}, "", 10)
	require.NoError(t, err)
	require.Len(t, refused, 1)
	assert.Equal(t, "program-007", refused[0].MiniProgram)
	assert.Contains(t, refused[0].Outcome.Message, "approve-creation is not possible in state CodeUnavailable")
	assert.Equal(t, lifecycle.FleetRequestID("a1", "program-007"), refused[0].Outcome.RequestID)
}

func TestAMiniProgramThatCannotBeAskedIsListedWithTheReason(t *testing.T) {
	v := newVillage(t, 3)
	delete(v.lives, "program-001")
	require.NoError(t, v.work())
	assert.Equal(t, catalog.FleetCounts{Accepted: 2, Refused: 1, ByCode: map[lifecycle.Code]int{lifecycle.NotRunning: 1}}, v.counts())
}

func TestAWorkerThatDiesLeavesNothingToBeDoneTwice(t *testing.T) {
	v := newVillage(t, 2*activities.FleetBatch)
	died := errors.New("the worker died")
	const last = activities.FleetBatch + 7
	v.onSend = func(n int, _ string) error {
		if n > last {
			return died
		}
		return nil
	}
	v.fleet.AtOnce = 1
	v.fleet.Catalog = forgetful{v.cat} // it dies before it has kept the answers of its last part
	require.Error(t, v.work())
	assert.Less(t, v.counts().Accepted, last, "something was done, and not kept")

	v.onSend, v.fleet.Catalog = nil, v.cat
	require.NoError(t, v.work())
	assert.Equal(t, len(v.lives), v.counts().Accepted)
	for id, r := range v.lives {
		assert.Equal(t, 2, r.Revision, "%s was approved once", id)
		assert.LessOrEqual(t, v.sent[id], 2)
	}
}

// forgetful is a catalogue that goes away with the second part of the answers.
type forgetful struct{ *catalog.Catalog }

func (f forgetful) AnswerFleet(ctx context.Context, id string, answers []catalog.FleetAnswer) error {
	counts, err := f.CountFleet(ctx, id)
	if err == nil && counts.Answered() > 0 {
		return errors.New("the database is away")
	}
	return errors.Join(err, f.Catalog.AnswerFleet(ctx, id, answers))
}

func TestWhatDoesNotAnswerHoldsUpNothingAndIsAskedAgain(t *testing.T) {
	v := newVillage(t, 4)
	v.fleet.Patience = shortPatience
	asleep := v.lives["program-000"]
	asleep.asleep = true
	v.onSend = func(n int, id string) error {
		if id == "program-000" && v.sent[id] == 3 { // it was asked again twice
			asleep.asleep = false
		}
		return nil
	}
	require.NoError(t, v.workAsOftenAsNeeded())
	assert.Equal(t, 4, v.counts().Accepted)
	assert.Equal(t, 2, asleep.Revision)
	assert.GreaterOrEqual(t, v.sent["program-000"], 3)
}

func TestWhatAnswersWhileTheActRestsIsNotAskedAgain(t *testing.T) {
	v := newVillage(t, 2)
	v.fleet.Patience, v.fleet.Rest = shortPatience, time.Hour
	asleep := v.lives["program-000"]
	asleep.asleep = true
	go func() {
		assert.Eventually(t, func() bool {
			counts, err := v.cat.CountFleet(context.Background(), "a1")
			return err == nil && counts.Sent == 1 && counts.Accepted == 1
		}, fleetPatience, time.Millisecond, "the act goes on without it")
		v.wake(asleep)
	}()
	require.NoError(t, v.workAsOftenAsNeeded())
	assert.Equal(t, 2, v.counts().Accepted)
	assert.Equal(t, 2, asleep.Revision)
	assert.Equal(t, 1, v.sent["program-000"])
}

// wake lets a mini-program answer what it was sent.
func (v *village) wake(r *resident) {
	v.mu.Lock()
	defer v.mu.Unlock()
	r.asleep = false
	for _, command := range r.waiting {
		v.answer(r, command)
	}
}

func TestACancelledActAsksNobodyMore(t *testing.T) {
	v := newVillage(t, 3*activities.FleetBatch)
	v.onSend = func(n int, _ string) error {
		if n == activities.FleetBatch+1 {
			return v.cat.CancelFleet(context.Background(), "a1", "mia")
		}
		return nil
	}
	require.NoError(t, v.work())
	assert.Equal(t, 2*activities.FleetBatch, v.counts().Accepted, "the part under way is finished")
	assert.Equal(t, activities.FleetBatch, v.counts().Waiting)
}

func TestAWorkerThatStopsLeavesTheActToAnother(t *testing.T) {
	v := newVillage(t, 2*activities.FleetBatch)
	stop := make(chan struct{})
	v.onSend = func(n int, _ string) error {
		if n == 3 {
			close(stop)
		}
		return nil
	}
	err := v.workUntil(stop)
	require.ErrorContains(t, err, "the worker stops")
	assert.Less(t, v.counts().Accepted, activities.FleetBatch)
	v.onSend = nil
	require.NoError(t, v.work())
	assert.Equal(t, len(v.lives), v.counts().Accepted)
	for id, r := range v.lives {
		assert.Equal(t, 2, r.Revision, id)
	}
}

func TestOneThatCannotBeReachedNowIsLeftForLater(t *testing.T) {
	v := newVillage(t, 3)
	v.onSend = func(_ int, id string) error {
		if id == "program-001" && v.sent[id] == 1 {
			return errors.New("Temporal is busy")
		}
		return nil
	}
	require.NoError(t, v.work())
	assert.Equal(t, 3, v.counts().Accepted)
	assert.Equal(t, map[string]int{"program-000": 1, "program-001": 2, "program-002": 1}, v.sent)
}

func TestAnActThatNobodyAskedForFails(t *testing.T) {
	v := newVillage(t, 1)
	env := new(testsuite.WorkflowTestSuite).NewTestActivityEnvironment()
	env.RegisterActivity(v.fleet)
	_, err := env.ExecuteActivity(v.fleet.WorkFleet, "forged")
	var failed *temporal.ApplicationError
	require.ErrorAs(t, err, &failed)
	assert.True(t, failed.NonRetryable())
	assert.Equal(t, string(lifecycle.UnknownFleetAct), failed.Type())
}

func TestTheEndOfAnActSaysWhatCameOfIt(t *testing.T) {
	v := newVillage(t, 2)
	v.fleet.Patience = fleetPatience
	require.NoError(t, v.send(t.Context(), "program-000", func() lifecycle.Command {
		command := v.act.Command
		command.RequestID = lifecycle.FleetRequestID("a1", "program-000")
		return command
	}()))
	env := new(testsuite.WorkflowTestSuite).NewTestActivityEnvironment()
	env.RegisterActivity(v.fleet)
	value, err := env.ExecuteActivity(v.fleet.EndFleet, activities.FleetEnd{ID: "a1", Cancelled: true})
	require.NoError(t, err)
	var counts catalog.FleetCounts
	require.NoError(t, value.Get(&counts))
	assert.Equal(t, 1, counts.Accepted, "what was answered and not kept is found")
	assert.Equal(t, 1, counts.Waiting)
	act, err := v.cat.Fleet(t.Context(), "a1")
	require.NoError(t, err)
	assert.Equal(t, "temporal", act.CancelledBy)
	assert.NotNil(t, act.EndedAt)
}

func TestAnActThatWaitsLongForItsTurnSaysThatItGoesOn(t *testing.T) {
	v := newVillage(t, 2)
	v.fleet.Pace = rate.NewLimiter(rate.Every(time.Hour), 1)
	env := new(testsuite.WorkflowTestSuite).NewTestActivityEnvironment()
	env.SetTestTimeout(20 * time.Second)
	env.SetWorkerOptions(worker.Options{MaxHeartbeatThrottleInterval: time.Millisecond})
	stop := make(chan struct{})
	env.SetWorkerStopChannel(stop)
	var beats atomic.Int32
	env.SetOnActivityHeartbeatListener(func(*activity.Info, converter.EncodedValues) {
		if beats.Add(1) == 4 { // one when it begins, and one for each mini-program: the others come while it waits
			close(stop)
		}
	})
	env.RegisterActivity(v.fleet)
	_, err := env.ExecuteActivity(v.fleet.WorkFleet, "a1")
	require.ErrorContains(t, err, "the worker stops")
	assert.Equal(t, 1, v.counts().Accepted)
}
