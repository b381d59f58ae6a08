package lifecycle_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

func minutes(n int) lifecycle.Duration {
	return lifecycle.Duration(n) * lifecycle.Duration(time.Minute)
}

// twoRules are errors, which act, and traffic, which is only measured.
func twoRules() *lifecycle.Health {
	return &lifecycle.Health{Rules: []lifecycle.HealthRule{
		{Name: "errors", Query: `errors{app="{{.MiniProgram}}"}`, Max: new(0.02), Interval: minutes(1), Failures: 3},
		{Name: "traffic", Query: `requests{version="{{.Version}}"}`, Min: new(50.0), Interval: minutes(5), Failures: 2, DryRun: true},
	}}
}

func ruled(change ...func(*lifecycle.Health)) lifecycle.Plan {
	plan := ownPlan()
	plan.Health = twoRules()
	for _, c := range change {
		c(plan.Health)
	}
	return plan
}

func TestRulesAreWrittenAsTheContractHasThem(t *testing.T) {
	const written = `{"rules":[` +
		`{"name":"errors","query":"e","max":0.02,"interval":"1m","failures":3,"after":"10m"},` +
		`{"name":"traffic","query":"t","min":50,"interval":"5m","failures":2,"dry_run":true,"no_data":"unhealthy"}]}`
	var health lifecycle.Health
	require.NoError(t, lifecycle.DecodeStrictly([]byte(written), &health))
	again, err := json.Marshal(health)
	require.NoError(t, err)
	assert.Equal(t, written, string(again))
	plan := ownPlan()
	plan.Health = &health
	_, refusal := plan.Resolve(nil)
	assert.Nil(t, refusal)
}

func TestTheOneRuleOfBeforeIsWrittenAsItWas(t *testing.T) {
	for _, written := range []string{
		`{"query":"e","max":0,"interval":"1m","failures":3}`, `{"query":"e","max":0.02,"interval":"1m","failures":3,"no_data":"healthy"}`,
	} {
		var health lifecycle.Health
		require.NoError(t, lifecycle.DecodeStrictly([]byte(written), &health))
		again, err := json.Marshal(health)
		require.NoError(t, err)
		assert.Equal(t, written, string(again))
	}
}

func TestEveryWayInWhichRulesAreWrong(t *testing.T) {
	rule := func(change func(*lifecycle.HealthRule)) func(*lifecycle.Health) {
		return func(h *lifecycle.Health) { change(&h.Rules[1]) }
	}
	for name, c := range map[string]struct {
		change func(*lifecycle.Health)
		says   []string
	}{
		"none":                  {func(h *lifecycle.Health) { h.Rules = []lifecycle.HealthRule{} }, []string{"plan.health.rules", "0 entries", "1 to 10"}},
		"one beside them":       {func(h *lifecycle.Health) { h.Query = "up" }, []string{"rules", "beside"}},
		"two of one name":       {rule(func(r *lifecycle.HealthRule) { r.Name = "errors" }), []string{"health.rules[0]", "health.rules[1]", `"errors"`}},
		"no name":               {rule(func(r *lifecycle.HealthRule) { r.Name = "" }), []string{"plan.health.rules[].name", "0 bytes"}},
		"a name of two lines":   {rule(func(r *lifecycle.HealthRule) { r.Name = "a\nb" }), []string{"name", "control"}},
		"neither max nor min":   {rule(func(r *lifecycle.HealthRule) { r.Min = nil }), []string{"health.rules[1]", `"traffic"`, "neither max nor min"}},
		"min above max":         {rule(func(r *lifecycle.HealthRule) { r.Max = new(49.0) }), []string{"health.rules[1]", "min 50", "max 49"}},
		"no query":              {rule(func(r *lifecycle.HealthRule) { r.Query = " " }), []string{"health.rules[1].query", "PromQL"}},
		"another placeholder":   {rule(func(r *lifecycle.HealthRule) { r.Query = "up{{.Team}}" }), []string{"health.rules[1].query", "{{.Team}}"}},
		"no number":             {rule(func(r *lifecycle.HealthRule) { r.Min = new(math.Inf(-1)) }), []string{"health.rules[1].min", "-Inf"}},
		"no number either":      {rule(func(r *lifecycle.HealthRule) { r.Max = new(math.NaN()) }), []string{"health.rules[1].max", "NaN"}},
		"another word":          {rule(func(r *lifecycle.HealthRule) { r.NoData = "bad" }), []string{"health.rules[1].no_data", `"bad"`, `"healthy", "unknown" or "unhealthy"`}},
		"too often":             {rule(func(r *lifecycle.HealthRule) { r.Interval = 1 }), []string{"plan.health.rules[].interval", "1s and 24h"}},
		"no failures":           {rule(func(r *lifecycle.HealthRule) { r.Failures = 0 }), []string{"plan.health.rules[].failures"}},
		"warm before its begin": {rule(func(r *lifecycle.HealthRule) { r.After = -1 }), []string{"plan.health.rules[].after", "-1ns"}},
	} {
		plan := ruled(c.change)
		_, refusal := plan.Resolve(nil)
		if assert.NotNil(t, refusal, name) {
			assert.Equal(t, lifecycle.InvalidInput, refusal.Code, name)
			for _, said := range c.says {
				assert.Contains(t, refusal.Message, said, name)
			}
		}
	}
	_, refusal := ruled(rule(func(r *lifecycle.HealthRule) { r.Max, r.NoData = new(50.0), lifecycle.Unhealthy })).Resolve(nil)
	assert.Nil(t, refusal, "min may be max, and no data a breach")
}

func TestANumberIsJudgedByTheLimitThatItIsBeyond(t *testing.T) {
	both := lifecycle.HealthRule{Name: "latency", Max: new(200.0), Min: new(10.0)}
	highest, lowest := both, both
	highest.Min, lowest.Max = nil, nil
	for name, c := range map[string]struct {
		rule    lifecycle.HealthRule
		numbers []float64
		verdict lifecycle.HealthStatus
		value   float64
		detail  string
	}{
		"between":                   {both, []float64{100}, lifecycle.Healthy, 100, ""},
		"at the upper":              {both, []float64{200}, lifecycle.Healthy, 200, ""},
		"at the lower":              {both, []float64{10}, lifecycle.Healthy, 10, ""},
		"above":                     {both, []float64{201}, lifecycle.Unhealthy, 201, "201 is above the limit of 200"},
		"below":                     {both, []float64{9}, lifecycle.Unhealthy, 9, "9 is below the limit of 10"},
		"one region above":          {both, []float64{100, 201, 50}, lifecycle.Unhealthy, 201, "201 is above"},
		"one region below":          {both, []float64{100, 9, 50}, lifecycle.Unhealthy, 9, "9 is below"},
		"no upper limit":            {lowest, []float64{1e6, 20}, lifecycle.Healthy, 20, ""},
		"no lower limit":            {highest, []float64{-1e6, 20}, lifecycle.Healthy, 20, ""},
		"a silent region hides no":  {lowest, []float64{math.NaN(), 9}, lifecycle.Unhealthy, 9, "9 is below"},
		"nothing is a number, so 0": {lowest, []float64{0}, lifecycle.Unhealthy, 0, "0 is below"},
	} {
		health := c.rule.Answered(c.numbers, day0)
		assert.Equal(t, c.verdict, health.Verdict, name)
		if assert.NotNil(t, health.Value, name) {
			assert.InDelta(t, c.value, *health.Value, 0, name)
		}
		assert.Contains(t, health.Detail, c.detail, name)
	}
	silent := both.Answered([]float64{math.NaN(), math.NaN()}, day0)
	assert.Equal(t, []any{lifecycle.HealthUnknown, lifecycle.NotANumber}, []any{silent.Verdict, silent.Reason})
	assert.Nil(t, silent.Value)
	assert.Nil(t, both.Answered([]float64{math.Inf(1)}, day0).Value, "JSON knows no infinity")
}

func TestNoDataIsWhatTheRuleSays(t *testing.T) {
	for choice, verdict := range map[lifecycle.HealthStatus]lifecycle.HealthStatus{
		"": lifecycle.HealthUnknown, lifecycle.HealthUnknown: lifecycle.HealthUnknown,
		lifecycle.Healthy: lifecycle.Healthy, lifecycle.Unhealthy: lifecycle.Unhealthy,
	} {
		rule := lifecycle.HealthRule{Name: "traffic", NoData: choice}
		assert.Equal(t, verdict, rule.Unanswered(lifecycle.NoData, "the query finds no data", day0).Verdict, choice)
		assert.Equal(t, lifecycle.HealthUnknown, rule.Unanswered(lifecycle.Unreachable, "away", day0).Verdict, "that is another thing")
	}
}
