package activities_test

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"slipway/activities"
	"slipway/lifecycle"
)

// limit is the one of every gate in these tests: good is below it, bad above.
const (
	limit = 0.02
	good  = 0.01
	bad   = 0.5
)

var errNoAnswer = errors.New("no answer")

// answers is a Prober that gives one answer after another, and the last one from then on. NaN stands for no answer.
type answers struct {
	mu      sync.Mutex
	values  []float64
	asked   int
	queries []string
	after   func(asked int)
}

func (a *answers) Probe(ctx context.Context, query string) (float64, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	value := a.values[min(a.asked, len(a.values)-1)]
	a.asked++
	a.queries = append(a.queries, query)
	if a.after != nil {
		a.after(a.asked)
	}
	if deadline, bounded := ctx.Deadline(); !bounded || time.Until(deadline) > 10*time.Second {
		return 0, errors.New("the question is not bounded")
	}
	if math.IsNaN(value) {
		return 0, errNoAnswer
	}
	return value, nil
}

func answering(values ...float64) *answers { return &answers{values: values} }

// gate watches without an end, until three breaches in a row.
func gate() activities.HealthWatch {
	return activities.HealthWatch{MiniProgram: "weather", Version: "1.2.0", Health: lifecycle.Health{
		Query: "errors", Max: limit, Interval: lifecycle.Duration(time.Millisecond), Failures: 3,
	}}
}

// ended is a gate whose stage is over.
func ended() activities.HealthWatch {
	watch := gate()
	watch.Until = time.Now().Add(-time.Second)
	return watch
}

// environment runs the health watch as a worker does. Cancel ends it, and so does a time that no test should need.
func environment(t *testing.T, prober activities.Prober) (env *testsuite.TestActivityEnvironment, cancel context.CancelFunc) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	suite := new(testsuite.WorkflowTestSuite)
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env = suite.NewTestActivityEnvironment()
	env.SetWorkerOptions(worker.Options{BackgroundActivityContext: ctx})
	env.RegisterActivity(&activities.Activities{Health: prober})
	return env, cancel
}

// watched is what the watch finds out with these answers.
func watched(t *testing.T, prober activities.Prober, watch activities.HealthWatch) lifecycle.HealthVerdict {
	t.Helper()
	env, _ := environment(t, prober)
	verdict, err := run(env, watch)
	require.NoError(t, err)
	return verdict
}

func run(env *testsuite.TestActivityEnvironment, watch activities.HealthWatch) (lifecycle.HealthVerdict, error) {
	var a *activities.Activities
	var verdict lifecycle.HealthVerdict
	value, err := env.ExecuteActivity(a.WatchHealth, watch)
	if err == nil {
		err = value.Get(&verdict)
	}
	return verdict, err
}

func TestTheWatchOfAHealthyReleaseEndsWithItsStage(t *testing.T) {
	wanted := gate()
	wanted.Until = time.Now().Add(time.Second)
	verdict := watched(t, answering(good), wanted)
	assert.Equal(t, lifecycle.Healthy, verdict.Status)
	assert.Equal(t, good, verdict.Value)
	assert.False(t, time.Now().Before(wanted.Until), "being healthy at the beginning is not enough")
}

func TestAValueAtTheLimitIsHealthy(t *testing.T) {
	verdict := watched(t, answering(limit), ended())
	assert.Equal(t, lifecycle.Healthy, verdict.Status)
}

func TestTheWatchCountsBreachesInARow(t *testing.T) {
	unknown := math.NaN()
	for name, c := range map[string]struct {
		answers []float64
		asked   int
	}{
		"at once":                      {[]float64{bad}, 3},
		"after healthy answers":        {[]float64{good, good, bad}, 5},
		"a healthy answer resets":      {[]float64{bad, bad, good, bad}, 6},
		"unknown neither counts":       {[]float64{unknown, unknown, unknown, bad}, 6},
		"nor resets":                   {[]float64{bad, unknown, bad, unknown, bad}, 5},
		"healthy at first, but no end": {[]float64{good, bad, good, bad, bad, bad}, 6},
	} {
		t.Run(name, func(t *testing.T) {
			prober := answering(c.answers...)
			verdict := watched(t, prober, gate())
			assert.Equal(t, lifecycle.Unhealthy, verdict.Status)
			assert.Equal(t, bad, verdict.Value)
			assert.Equal(t, "0.5 is above the limit of 0.02", verdict.Detail)
			assert.Equal(t, c.asked, prober.asked)
		})
	}
}

func TestABreachAtTheEndOfTheStageIsNoEnd(t *testing.T) {
	prober := answering(bad, bad, good)
	verdict := watched(t, prober, ended())
	assert.Equal(t, lifecycle.Healthy, verdict.Status)
	assert.Equal(t, 3, prober.asked)
}

func TestAnUnknownAnswerAtTheEndOfTheStageIsNoEnd(t *testing.T) {
	prober := answering(math.NaN(), math.NaN(), math.NaN(), math.NaN(), good)
	verdict := watched(t, prober, ended())
	assert.Equal(t, lifecycle.Healthy, verdict.Status)
	assert.Equal(t, 5, prober.asked)
}

func TestAnInfiniteValueIsABreach(t *testing.T) {
	verdict := watched(t, answering(math.Inf(1)), gate())
	assert.Equal(t, lifecycle.Unhealthy, verdict.Status)
	assert.Equal(t, "+Inf is above the limit of 0.02", verdict.Detail)
	assert.Equal(t, lifecycle.Healthy, watched(t, answering(math.Inf(-1)), ended()).Status)
}

func TestTheBreachesSoFarTravelInTheHeartbeat(t *testing.T) {
	env, _ := environment(t, answering(bad))
	var heartbeats []int
	env.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) {
		var breaches int
		assert.NoError(t, details.Get(&breaches))
		heartbeats = append(heartbeats, breaches)
	})
	_, err := run(env, gate())
	require.NoError(t, err)
	require.NotEmpty(t, heartbeats)
	assert.Equal(t, 1, heartbeats[0])
}

func TestARestartedWatchCountsOn(t *testing.T) {
	for name, c := range map[string]struct {
		heartbeat any
		asked     int
	}{
		"two breaches before":         {2, 1},
		"none before":                 {0, 3},
		"what cannot be read is none": {"two", 3},
	} {
		prober := answering(bad)
		env, _ := environment(t, prober)
		env.SetHeartbeatDetails(c.heartbeat)
		verdict, err := run(env, gate())
		require.NoError(t, err, name)
		assert.Equal(t, lifecycle.Unhealthy, verdict.Status, name)
		assert.Equal(t, c.asked, prober.asked, name)
	}
}

func TestPlaceholdersOfTheQueryAreFilledIn(t *testing.T) {
	prober := answering(good)
	wanted := ended()
	wanted.Health.Query = `errors{app="{{.MiniProgram}}",version="{{.Version}}"} / requests{app="{{.MiniProgram}}"}`
	watched(t, prober, wanted)
	assert.Equal(t, []string{`errors{app="weather",version="1.2.0"} / requests{app="weather"}`}, prober.queries)
}

func TestCancellationEndsTheWatch(t *testing.T) {
	for _, answer := range []float64{good, bad, math.NaN()} {
		prober := answering(answer)
		env, cancel := environment(t, prober)
		prober.after = on(2, cancel)
		_, err := run(env, gate())
		require.ErrorContains(t, err, "canceled")
		assert.LessOrEqual(t, prober.asked, 3, "the tick of the same moment may come first")
	}
}

func TestAWorkerThatStopsHandsTheWatchOver(t *testing.T) {
	prober := answering(good)
	env, _ := environment(t, prober)
	stopping := make(chan struct{})
	prober.after = on(2, func() { close(stopping) })
	env.SetWorkerStopChannel(stopping)
	_, err := run(env, gate())
	require.ErrorContains(t, err, "the worker stops")
	assert.Less(t, prober.asked, 20, "the ticks of the same moment may come first")
}

// on does something at one of the questions.
func on(question int, do func()) func(int) {
	return func(asked int) {
		if asked == question {
			do()
		}
	}
}

func TestWithoutPrometheusHealthIsUnknown(t *testing.T) {
	env, cancel := environment(t, nil)
	env.SetOnActivityHeartbeatListener(func(*activity.Info, converter.EncodedValues) { cancel() })
	_, err := run(env, ended())
	require.ErrorContains(t, err, "canceled", "nothing but the cancellation ended it")
}
