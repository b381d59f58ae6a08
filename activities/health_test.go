package activities_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
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

// answer is a Prober that gives one answer, and remembers what it was asked.
type answer struct {
	value   float64
	err     error
	queries []string
}

func (a *answer) Probe(ctx context.Context, query string) ([]float64, error) {
	a.queries = append(a.queries, query)
	if deadline, bounded := ctx.Deadline(); !bounded || time.Until(deadline) > 10*time.Second {
		return nil, errors.New("the question is not bounded")
	}
	return []float64{a.value}, a.err
}

var noData = &activities.NoAnswer{Reason: lifecycle.NoData, Detail: "the query finds no data"}

// probe is of a gate that fails with the third breach, in a stage without an end.
func probe() activities.HealthProbe {
	return activities.HealthProbe{MiniProgram: "weather", Version: "1.2.0", Gate: lifecycle.Gate{
		Health: lifecycle.Health{Query: "errors", Max: limit, Interval: lifecycle.Duration(time.Minute), Failures: 3},
	}}
}

// environment runs activities as a worker does. What they log goes to the buffer.
func environment(t *testing.T, acts *activities.Activities) (env *testsuite.TestActivityEnvironment, logged *bytes.Buffer) {
	suite, logged := new(testsuite.WorkflowTestSuite), new(bytes.Buffer)
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.NewTextHandler(logged, nil))))
	env = suite.NewTestActivityEnvironment()
	env.SetTestTimeout(20 * time.Second)
	env.RegisterActivity(acts)
	return env, logged
}

// behind has activities hear from Temporal that it is so much earlier than this machine says.
type behind struct {
	interceptor.WorkerInterceptorBase
	interceptor.ActivityInboundInterceptorBase
	interceptor.ActivityOutboundInterceptorBase
	by time.Duration
}

func (b *behind) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	b.ActivityInboundInterceptorBase.Next = next
	return b
}

func (b *behind) Init(next interceptor.ActivityOutboundInterceptor) error {
	b.ActivityOutboundInterceptorBase.Next = next
	return b.ActivityInboundInterceptorBase.Next.Init(b)
}

func (b *behind) GetInfo(ctx context.Context) activity.Info {
	info := b.ActivityOutboundInterceptorBase.GetInfo(ctx)
	info.StartedTime = info.StartedTime.Add(-b.by)
	return info
}

func TestAStageIsOverByTheClockOfTemporal(t *testing.T) {
	for by, over := range map[time.Duration]bool{0: true, time.Hour: false} {
		env, _ := environment(t, &activities.Activities{Health: &answer{value: good}})
		env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{&behind{by: by}}})
		ends := probe()
		ends.Until = time.Now().Add(-time.Minute)
		ends.Told = lifecycle.HealthVerdict{Status: lifecycle.Healthy}
		var a *activities.Activities
		value, err := env.ExecuteActivity(a.ProbeHealth, ends)
		if !over {
			assert.InDelta(t, time.Minute, asksAgain(t, err), float64(time.Second))
			continue
		}
		require.NoError(t, err)
		var report lifecycle.GateReport
		require.NoError(t, value.Get(&report))
		assert.True(t, report.Over)
	}
}

func ask(t *testing.T, prober activities.Prober, probe activities.HealthProbe) (report lifecycle.GateReport, logged string, err error) {
	env, written := environment(t, &activities.Activities{Health: prober})
	var a *activities.Activities
	value, err := env.ExecuteActivity(a.ProbeHealth, probe)
	if err == nil {
		require.NoError(t, value.Get(&report))
	}
	return report, written.String(), err
}

// asksAgain is when an activity that had nothing to tell wants to be tried again.
func asksAgain(t *testing.T, err error) time.Duration {
	t.Helper()
	again, ok := errors.AsType[*temporal.ApplicationError](err)
	require.True(t, ok, "%v", err)
	assert.False(t, again.NonRetryable())
	assert.Equal(t, temporal.ApplicationErrorCategoryBenign, again.Category(), "nothing is wrong: no alarm, no line in the log")
	assert.Positive(t, again.NextRetryDelay())
	return again.NextRetryDelay()
}

func TestAProbeTellsWhatItFinds(t *testing.T) {
	countsAsHealthy := probe()
	countsAsHealthy.Health.NoData = lifecycle.Healthy
	for name, c := range map[string]struct {
		probe  activities.HealthProbe
		prober activities.Prober
		status lifecycle.HealthStatus
		reason lifecycle.HealthReason
		value  float64
		detail string
	}{
		"below the limit":            {probe(), &answer{value: good}, lifecycle.Healthy, "", good, ""},
		"at the limit":               {probe(), &answer{value: limit}, lifecycle.Healthy, "", limit, ""},
		"far below":                  {probe(), &answer{value: math.Inf(-1)}, lifecycle.Healthy, "", 0, ""},
		"above the limit":            {probe(), &answer{value: bad}, lifecycle.HealthUnknown, lifecycle.Breached, bad, "0.5 is above the limit of 0.02; breach 1 of the 3"},
		"infinite":                   {probe(), &answer{value: math.Inf(1)}, lifecycle.HealthUnknown, lifecycle.Breached, 0, "+Inf is above the limit of 0.02"},
		"not a number":               {probe(), &answer{value: math.NaN()}, lifecycle.HealthUnknown, lifecycle.NotANumber, 0, "not a number"},
		"no data":                    {probe(), &answer{err: noData}, lifecycle.HealthUnknown, lifecycle.NoData, 0, "the query finds no data"},
		"no data, which is healthy":  {countsAsHealthy, &answer{err: noData}, lifecycle.Healthy, "", 0, "the query finds no data, which the plan counts as healthy"},
		"NaN is no lack of data":     {countsAsHealthy, &answer{value: math.NaN()}, lifecycle.HealthUnknown, lifecycle.NotANumber, 0, "not a number"},
		"nor is an absent server":    {countsAsHealthy, &answer{err: errors.New("broken pipe")}, lifecycle.HealthUnknown, lifecycle.Unreachable, 0, "Prometheus cannot be asked"},
		"a worker without the means": {probe(), nil, lifecycle.HealthUnknown, lifecycle.NoPrometheus, 0, "set PROMETHEUS_URL"},
	} {
		report, logged, err := ask(t, c.prober, c.probe)
		require.NoError(t, err, name)
		verdict := report.Verdict
		assert.Equal(t, c.status, verdict.Status, name)
		assert.Equal(t, c.reason, verdict.Reason, name)
		assert.Equal(t, c.value, verdict.Value, name)
		assert.Contains(t, verdict.Detail, c.detail, name)
		assert.WithinDuration(t, time.Now(), verdict.At, time.Minute, name)
		assert.Equal(t, c.status != lifecycle.Healthy, logged != "", "%s: %s", name, logged)
	}
}

func TestWhyTheHealthIsNotKnownIsLogged(t *testing.T) {
	_, logged, err := ask(t, &answer{err: &activities.NoAnswer{Reason: lifecycle.Unreachable, Detail: "nobody there", Cause: errors.New("dial tcp: refused")}}, probe())
	require.NoError(t, err)
	for _, expected := range []string{"level=WARN", "mini_program=weather", "version=1.2.0", "reason=unreachable", `detail="nobody there"`, `cause="dial tcp: refused"`} {
		assert.Contains(t, logged, expected)
	}
}

func TestAProbeWithNothingToTellAsksAgainWhenItIsDue(t *testing.T) {
	known := probe()
	known.Told.Status = lifecycle.Healthy
	prober := &answer{value: good}
	_, logged, err := ask(t, prober, known)
	assert.InDelta(t, time.Minute, asksAgain(t, err), float64(10*time.Second))
	assert.Empty(t, logged)
	known.Until = time.Now().Add(30 * time.Second)
	_, _, err = ask(t, prober, known)
	assert.InDelta(t, 30*time.Second, asksAgain(t, err), float64(10*time.Second), "at the end of the stage")
	assert.Len(t, prober.queries, 2)
}

func TestAProbeThatIsNotDueDoesNotAsk(t *testing.T) {
	early := probe()
	early.AskAt = time.Now().Add(time.Hour)
	prober := &answer{value: bad}
	_, _, err := ask(t, prober, early)
	assert.InDelta(t, time.Hour, asksAgain(t, err), float64(10*time.Second))
	assert.Empty(t, prober.queries)
}

func TestPlaceholdersOfTheQueryAreFilledIn(t *testing.T) {
	prober, wanted := &answer{value: good}, probe()
	wanted.Health.Query = `errors{app="{{.MiniProgram}}",version="{{.Version}}"} / requests{app="{{.MiniProgram}}"}`
	_, _, err := ask(t, prober, wanted)
	require.NoError(t, err)
	assert.Equal(t, []string{`errors{app="weather",version="1.2.0"} / requests{app="weather"}`}, prober.queries)
}

// What a worker that is stopping hears is not that Prometheus is away.
func TestAProbeOfAWorkerThatStopsIsNoAnswer(t *testing.T) {
	stopping, stop := context.WithCancel(t.Context())
	env, _ := environment(t, &activities.Activities{Health: &stopper{stop}})
	env.SetWorkerOptions(worker.Options{BackgroundActivityContext: stopping})
	var a *activities.Activities
	_, err := env.ExecuteActivity(a.ProbeHealth, probe())
	assert.ErrorContains(t, err, "canceled")
}

type stopper struct{ stop func() }

func (s *stopper) Probe(ctx context.Context, _ string) ([]float64, error) {
	s.stop()
	<-ctx.Done()
	return nil, ctx.Err()
}

// watch runs the activity of stages of before.
func watch(t *testing.T, value float64, breaches any, until time.Time) (verdict lifecycle.HealthVerdict, heartbeats []int, err error) {
	env, _ := environment(t, &activities.Activities{Health: &answer{value: value}})
	env.SetHeartbeatDetails(breaches)
	env.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) {
		var n int
		assert.NoError(t, details.Get(&n))
		heartbeats = append(heartbeats, n)
	})
	var a *activities.Activities
	got, err := env.ExecuteActivity(a.WatchHealth, activities.HealthWatch{MiniProgram: "weather", Version: "1.2.0", Health: probe().Health, Until: until})
	if err == nil {
		require.NoError(t, got.Get(&verdict))
	}
	return verdict, heartbeats, err
}

func TestAWatchOfBeforeEndsAsItDid(t *testing.T) {
	over, later := time.Now().Add(-time.Second), time.Now().Add(time.Hour)
	for name, c := range map[string]struct {
		value    float64
		breaches any
		until    time.Time
		status   lifecycle.HealthStatus // "" goes on
		counted  int
	}{
		"a breach":                {bad, 0, later, "", 1},
		"the last breach":         {bad, 2, later, lifecycle.Unhealthy, 0},
		"healthy":                 {good, 2, later, "", 0},
		"healthy at the end":      {good, 0, over, lifecycle.Healthy, 0},
		"a breach at the end":     {bad, 0, over, "", 1},
		"unknown counts nothing":  {math.NaN(), 2, later, "", 2},
		"unknown ends nothing":    {math.NaN(), 2, over, "", 2},
		"what was counted before": {bad, "two", later, "", 1},
	} {
		verdict, heartbeats, err := watch(t, c.value, c.breaches, c.until)
		if c.status != "" {
			require.NoError(t, err, name)
			assert.Equal(t, c.status, verdict.Status, name)
			continue
		}
		assert.LessOrEqual(t, asksAgain(t, err), time.Minute, name)
		assert.Equal(t, []int{c.counted}, heartbeats, name)
	}
}
