package pages

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/lifecycle"
)

func ruledPlan() lifecycle.Plan {
	plan := carefulPlan()
	plan.Health = &lifecycle.Health{Rules: []lifecycle.HealthRule{
		{Name: "errors", Query: `errors{app="{{.MiniProgram}}"} < 1`, Max: new(0.02), Interval: lifecycle.Duration(time.Minute), Failures: 3, After: lifecycle.Duration(10 * time.Minute)},
		{Name: "traffic", Query: "requests", Min: new(50.0), Interval: lifecycle.Duration(5 * time.Minute), Failures: 2, DryRun: true, NoData: lifecycle.Unhealthy},
	}}
	return plan
}

func TestRulesAreTypedAsAListAndComeBackAsTheyWere(t *testing.T) {
	plan := ruledPlan()
	form := formOfPlan(ownPlan, plan)
	assert.Empty(t, form.Query)
	assert.Contains(t, form.Rules, `"query": "errors{app=\"{{.MiniProgram}}\"} < 1"`, "as people wrote it")
	read, err := form.read()
	require.NoError(t, err)
	assert.Equal(t, plan.Health, read.Health)

	form.Rules = `{"rules": ` + form.Rules + `}`
	read, err = form.read()
	require.NoError(t, err)
	assert.Equal(t, plan.Health, read.Health, "or the whole, as the documentation shows it")
	assert.Empty(t, formOfPlan(ownPlan, carefulPlan()).Rules, "one rule is in the fields")
	form.Rules = form.RulesExample()
	read, err = form.read()
	require.NoError(t, err)
	_, refusal := read.Resolve(nil)
	assert.Nil(t, refusal, "what the form shows can be sent")
}

func TestRulesThatCannotBeUnderstoodAreRefusedInPlainWords(t *testing.T) {
	for rules, says := range map[string]string{
		"errors above 1":                      "not JSON",
		`[{"name": "errors"`:                  "cut off",
		`[{"name": "errors", "limit": 1}]`:    `"rules[0].limit": there is no such member`,
		`[{"name": "errors", "max": "high"}]`: `rules[0].max must be a number`,
		`[{"name": "a", "name": "b"}]`:        "appears twice",
	} {
		form := formOfPlan(ownPlan, carefulPlan())
		form.Query, form.Rules = "", rules
		_, err := form.read()
		assert.ErrorContains(t, err, says, rules)
	}
	form := formOfPlan(ownPlan, carefulPlan())
	form.Rules = form.RulesExample()
	_, err := form.read()
	assert.ErrorContains(t, err, "leave one of them empty")
}

// ruled is a rollout by rules with values of a day and more.
func ruled(t *testing.T) *told {
	r := published(t, ruledPlan())
	for i := range 60 {
		value := 0.005 + float64(i%7)/1000
		if i > 50 {
			value = 0.03
		}
		r.measured("errors", i/40, time.Duration(i)*30*time.Minute, &value)
	}
	for i := range 12 {
		r.measured("traffic", i/8, time.Duration(i)*150*time.Minute, new(60-float64(i)))
	}
	r.measured("traffic", 1, 30*time.Hour, nil)
	r.does(20*time.Hour, lifecycle.Timers, lifecycle.Promote)
	r.now = r.now.Add(10 * time.Hour)
	return r
}

func (r *told) measured(rule string, stage int, after time.Duration, value *float64) {
	health := lifecycle.RuleHealth{Name: rule, Verdict: lifecycle.Healthy, Value: value, At: chartStart.Add(after)}
	if value == nil {
		health.Verdict, health.Reason, health.Detail = lifecycle.HealthUnknown, lifecycle.NoData, "the query finds no data"
	} else if *value > 0.02 && rule == "errors" {
		health.Verdict, health.Reason, health.Breaches = lifecycle.HealthUnknown, lifecycle.Breached, 1
	}
	r.history.Values = append(r.history.Values, catalog.HealthValue{Stage: stage, Lowest: value, Highest: value, RuleHealth: health})
}

func TestTheChartHasALaneForEachRuleAndATableOfItsValues(t *testing.T) {
	c := newChart(ruled(t).story(time.Hour), inEnglish(t))
	titles := ""
	for _, text := range c.Texts {
		titles += text.Text + "\n"
	}
	assert.Contains(t, titles, "errors: at most 0.02\n")
	assert.Contains(t, titles, "traffic: at least 50 (dry run)\n")
	drawn := map[string]int{}
	for _, line := range c.Lines {
		drawn[line.Class]++
	}
	assert.Equal(t, 2, drawn["limit"])
	assert.Positive(t, drawn["value breach"])
	require.Len(t, c.ValueRows, 4, "each rule in each stage")
	assert.Equal(t, []string{"errors", "0", "at most 0.02", "0.005", "0.011", "0.009"},
		[]string{c.ValueRows[0].Rule, c.ValueRows[0].Stage, c.ValueRows[0].Limits, c.ValueRows[0].Lowest, c.ValueRows[0].Highest, c.ValueRows[0].Last})
	last := c.ValueRows[3]
	assert.Equal(t, []string{"traffic", "1", "49", "52", ""}, []string{last.Rule, last.Stage, last.Lowest, last.Highest, last.Last})
	assert.Equal(t, "the query finds no data", last.LastIn.Detail, "that is said in its place")
}

// However many values there are, and however large, the picture has few lines and no number that is none.
func TestAPictureOfManyValuesStaysSmall(t *testing.T) {
	r := published(t, ruledPlan())
	for i := range 10_000 {
		value := math.MaxFloat64
		if i%2 == 0 {
			value = -math.MaxFloat64
		}
		r.measured(fmt.Sprint("rule ", i%10), 0, time.Duration(i)*time.Minute, &value)
	}
	r.now = r.now.Add(10_000 * time.Minute)
	c := newChart(r.story(0), inEnglish(t))
	assert.Less(t, len(c.Lines), 10*2*125+50)
	for _, line := range c.Lines {
		assert.NotRegexp(t, "NaN|Inf", strings.Join([]string{line.X1, line.X2, line.Y1, line.Y2}, " "))
	}
	assert.Len(t, c.ValueRows, 10, "rules that the plan no longer has are shown, too")
}

func TestTheOnlyRuleOfAGateHasItsLane(t *testing.T) {
	r := published(t, carefulPlan())
	r.measured("", 0, time.Hour, new(0.5))
	c := newChart(r.story(2*time.Hour), inEnglish(t))
	require.Len(t, c.ValueRows, 1)
	assert.Equal(t, "Health gate", c.ValueRows[0].Rule)
	assert.Equal(t, "at most 1", c.ValueRows[0].Limits)
}

func TestLimitsAreWorded(t *testing.T) {
	w := inEnglish(t)
	for said, rule := range map[string]lifecycle.HealthRule{
		"at most 0.02": {Max: new(0.02)}, "at least 50": {Min: new(50.0)}, "10 to 200": {Min: new(10.0), Max: new(200.0)}, "": {},
	} {
		assert.Equal(t, said, w.limits(rule))
	}
}

func TestRulesAreShownWithWhatTheyLastCameTo(t *testing.T) {
	verdict := &lifecycle.HealthVerdict{Rules: []lifecycle.RuleHealth{{Name: "traffic", Verdict: lifecycle.Healthy}}}
	rows := inEnglish(t).ruleRows(ruledPlan().Health, verdict)
	require.Len(t, rows, 2)
	assert.Nil(t, rows[0].Health, "it was not asked yet")
	assert.Equal(t, lifecycle.Healthy, rows[1].Health.Verdict)
	assert.Empty(t, inEnglish(t).ruleRows(carefulPlan().Health, verdict))
	assert.Empty(t, inEnglish(t).ruleRows(nil, nil))
}
