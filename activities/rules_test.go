package activities_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	prometheusclient "github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"

	"slipway/activities"
	"slipway/catalog"
	"slipway/lifecycle"
)

// answers is a Prober that knows the answer to each query, and remembers what it was asked.
type answers struct {
	values map[string]float64 // those that are missing are no data
	mu     sync.Mutex
	asked  []string
}

func (a *answers) Probe(_ context.Context, query string) ([]float64, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, query)
	if value, ok := a.values[query]; ok {
		return []float64{value}, nil
	}
	return nil, noData
}

// queries are what was asked since the last time, sorted.
func (a *answers) queries() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	asked := a.asked
	a.asked = nil
	return slices.Sorted(slices.Values(asked))
}

// keeper remembers what it is to keep.
type keeper struct {
	stage catalog.HealthStage
	kept  []lifecycle.RuleHealth
	err   error
}

func (k *keeper) KeepHealth(_ context.Context, stage catalog.HealthStage, answers []lifecycle.RuleHealth) error {
	k.stage, k.kept = stage, append(k.kept, answers...)
	return k.err
}

// ruledProbe is of a stage that began a minute ago, with a rule that is asked each minute, one each hour, and one that lets the stage warm up.
func ruledProbe() activities.HealthProbe {
	probe := probe()
	probe.Stage, probe.Since = 2, time.Now().UTC().Add(-time.Minute)
	probe.Health = lifecycle.Health{Rules: []lifecycle.HealthRule{
		{Name: "errors", Query: "errors of {{.MiniProgram}}", Max: new(limit), Interval: lifecycle.Duration(time.Minute), Failures: 3},
		{Name: "traffic", Query: "requests to {{.Version}}", Min: new(50.0), Interval: lifecycle.Duration(time.Hour), Failures: 2, DryRun: true},
		{Name: "latency", Query: "latency", Max: new(1.0), Interval: lifecycle.Duration(time.Minute), Failures: 1, After: lifecycle.Duration(time.Hour)},
	}}
	return probe
}

// try is one try of a gate of several rules, with what the try before left in its heartbeat.
func try(t *testing.T, acts *activities.Activities, probe activities.HealthProbe, before *lifecycle.GateProgress) (
	report lifecycle.GateReport, left *lifecycle.GateProgress, err error,
) {
	env, _ := environment(t, acts)
	if before != nil {
		env.SetHeartbeatDetails(*before)
	}
	env.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) {
		left = &lifecycle.GateProgress{}
		assert.NoError(t, details.Get(left))
	})
	var a *activities.Activities
	value, err := env.ExecuteActivity(a.ProbeHealth, probe)
	if err == nil {
		require.NoError(t, value.Get(&report))
	}
	return report, left, err
}

func TestOneActivityAsksTheRulesThatAreDue(t *testing.T) {
	prober := &answers{values: map[string]float64{"errors of weather": good, "requests to 1.2.0": 60}}
	acts, probe := &activities.Activities{Health: prober}, ruledProbe()
	report, _, err := try(t, acts, probe, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"errors of weather", "requests to 1.2.0"}, prober.queries(), "one lets the stage warm up")
	assert.Equal(t, lifecycle.WarmingUp, report.Verdict.Reason)

	probe.Told, probe.GateProgress = report.Verdict, report.GateProgress
	_, left, err := try(t, acts, probe, nil)
	assert.InDelta(t, time.Minute, asksAgain(t, err), float64(10*time.Second))
	assert.Empty(t, prober.queries(), "none is due")
	assert.Nil(t, left)

	probe.Rules[0].AskAt, probe.AskAt = time.Now(), time.Now()
	_, left, err = try(t, acts, probe, nil)
	assert.InDelta(t, time.Minute, asksAgain(t, err), float64(10*time.Second))
	assert.ErrorContains(t, err, `"errors" is healthy`, "Temporal UI shows what came of the last try")
	assert.Equal(t, []string{"errors of weather"}, prober.queries())
	require.NotNil(t, left, "the next try goes on from here, on whichever worker")

	_, _, err = try(t, acts, probe, left)
	assert.InDelta(t, time.Minute, asksAgain(t, err), float64(10*time.Second))
	assert.Empty(t, prober.queries(), "what the heartbeat says counts more than what the gate began with")
}

// JSON leaves out what is empty, and the standing that the gate began with has more.
func TestWhatTheHeartbeatSaysOfARuleIsAllThatIsKnownOfIt(t *testing.T) {
	now := time.Now().UTC()
	prober := &answers{values: map[string]float64{"errors of weather": good}}
	acts, probe := &activities.Activities{Health: prober}, ruledProbe()
	began := lifecycle.RuleHealth{
		Name: "traffic", Verdict: lifecycle.HealthUnknown, Reason: lifecycle.NoData, Detail: "the query finds no data", Since: now, Changes: 4, At: now,
	}
	probe.Rules = []lifecycle.RuleProgress{{RuleHealth: began, AskAt: now}}
	healthy := lifecycle.RuleHealth{Name: "traffic", Verdict: lifecycle.Healthy, Value: new(60.0), At: now}
	left := lifecycle.GateProgress{AskAt: now, Rules: []lifecycle.RuleProgress{{RuleHealth: healthy, AskAt: now.Add(time.Hour)}}}
	report, _, err := try(t, acts, probe, &left)
	require.NoError(t, err)
	assert.Equal(t, healthy, report.RuleOf("traffic"))
}

func TestATryThatFindsNoUsableHeartbeatAsksAnew(t *testing.T) {
	prober := &answers{values: map[string]float64{"errors of weather": good, "requests to 1.2.0": 60}}
	env, _ := environment(t, &activities.Activities{Health: prober})
	env.SetHeartbeatDetails("what is this?")
	var a *activities.Activities
	_, err := env.ExecuteActivity(a.ProbeHealth, ruledProbe())
	require.NoError(t, err)
	assert.Len(t, prober.queries(), 2)
}

// A rule that hangs holds up no other, nor does it take more time than one alone would.
func TestRulesAreAskedAtTheSameTime(t *testing.T) {
	both := make(chan struct{}, 2)
	met := meeting(func(ctx context.Context) error {
		both <- struct{}{}
		for len(both) < 2 {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Millisecond):
			}
		}
		return nil
	})
	report, _, err := try(t, &activities.Activities{Health: met}, ruledProbe(), nil)
	require.NoError(t, err)
	assert.Equal(t, lifecycle.Healthy, report.RuleOf("errors").Verdict)
}

type meeting func(context.Context) error

func (m meeting) Probe(ctx context.Context, _ string) ([]float64, error) { return []float64{0}, m(ctx) }

// Whether the stage is over is asked of that moment: an answer that takes until its end is none of what had to be asked at the end.
func TestAnAnswerIsThatOfTheMomentAtWhichItWasAskedFor(t *testing.T) {
	one := ruledProbe()
	one.Health.Rules = one.Health.Rules[:1]
	for name, probe := range map[string]activities.HealthProbe{"the only rule": probe(), "one of several": one} {
		var asked time.Time
		slow := meeting(func(context.Context) error {
			asked = time.Now().Round(0)
			for !time.Now().Round(0).After(asked) { // until the clock has gone on
			}
			return nil
		})
		report, _, err := try(t, &activities.Activities{Health: slow}, probe, nil)
		require.NoError(t, err, name)
		assert.False(t, report.Verdict.At.After(asked), "%s: %s after it was asked for", name, report.Verdict.At.Sub(asked))
	}
}

func TestWhatRulesAreAnsweredIsKeptAndCounted(t *testing.T) {
	kept := &keeper{}
	acts := &activities.Activities{
		Health: &answers{values: map[string]float64{"errors of weather": bad}}, HealthKeeper: kept, Metrics: activities.NewMetrics(),
	}
	_, _, err := try(t, acts, ruledProbe(), nil)
	require.NoError(t, err)
	assert.Equal(t, []any{"weather", "1.2.0", 2}, []any{kept.stage.MiniProgram, kept.stage.Version, kept.stage.Stage})
	require.Len(t, kept.kept, 2)
	assert.Equal(t, []any{"errors", 1, bad}, []any{kept.kept[0].Name, kept.kept[0].Breaches, *kept.kept[0].Value})
	assert.Equal(t, []any{"traffic", lifecycle.NoData}, []any{kept.kept[1].Name, kept.kept[1].Reason})
	assert.Nil(t, kept.kept[1].Value)
	told := gathered(t, acts.Metrics, "slipway_health_answers_total")
	assert.Equal(t, map[string]float64{"acts=true answer=breached": 1, "acts=false answer=no_data": 1}, told)

	kept.err = errors.New("the catalogue is away")
	report, _, err := try(t, acts, ruledProbe(), nil)
	require.NoError(t, err, "a gate does not depend on that")
	assert.Equal(t, 1, report.RuleOf("errors").Breaches)
}

func TestTheOneRuleOfAGateIsKeptWithoutAName(t *testing.T) {
	kept := &keeper{}
	single := probe()
	acts := &activities.Activities{Health: &answer{value: good}, HealthKeeper: kept}
	_, _, err := try(t, acts, single, nil)
	require.NoError(t, err)
	assert.Empty(t, kept.kept, "a gate of before does not know when its stage began")
	single.Since = time.Now().Add(-time.Hour)
	_, left, err := try(t, acts, single, nil)
	require.NoError(t, err)
	require.Len(t, kept.kept, 1)
	assert.Equal(t, []any{"", good, lifecycle.Healthy}, []any{kept.kept[0].Name, *kept.kept[0].Value, kept.kept[0].Verdict})
	assert.Nil(t, left)
}

// gathered are the values of a counter above zero, by its labels.
func gathered(t *testing.T, metrics *activities.Metrics, name string) map[string]float64 {
	t.Helper()
	registry := prometheusclient.NewRegistry()
	registry.MustRegister(metrics.Collectors()...)
	families, err := registry.Gather()
	require.NoError(t, err)
	values := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			var labels []string
			for _, label := range metric.GetLabel() {
				labels = append(labels, label.GetName()+"="+label.GetValue())
			}
			if family.GetName() == name && metric.GetCounter().GetValue() > 0 {
				values[strings.Join(labels, " ")] = metric.GetCounter().GetValue()
			}
		}
	}
	return values
}
