package lifecycle_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"slipway/lifecycle"
)

// gated is a plan of one's own with a health gate.
func gated() lifecycle.Plan {
	plan := ownPlan()
	plan.Health = &lifecycle.Health{Query: `errors{app="{{.MiniProgram}}",version="{{.Version}}"}`, Max: 0.02, Interval: lifecycle.Duration(time.Minute), Failures: 3}
	return plan
}

func longNames(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = "tester"
	}
	return names
}

func risingTo100(stages int) []lifecycle.Stage {
	list := make([]lifecycle.Stage, stages)
	for i := range list {
		list[i] = lifecycle.Stage{Percent: lifecycle.Percent(190*i + 200), Hold: lifecycle.Duration(time.Hour)}
	}
	list[stages-1].Percent = lifecycle.Everyone
	return list
}

func TestEveryWayInWhichAPlanIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*lifecycle.Plan)
		says   []string
	}{
		"a name of 129 bytes":          {func(p *lifecycle.Plan) { p.Name = strings.Repeat("n", 129) }, []string{"name", "129", "128"}},
		"another thing when unhealthy": {func(p *lifecycle.Plan) { p.OnUnhealthy = "panic" }, []string{"on_unhealthy", `"panic"`, `"rollback"`, `"pause"`}},
		"grayscale below 0 %":          {func(p *lifecycle.Plan) { p.Grayscale.Percent = -1 }, []string{"plan.grayscale.percent", "-0.01 %", "0 and 100"}},
		"grayscale above 100 %":        {func(p *lifecycle.Plan) { p.Grayscale.Percent = lifecycle.Everyone + 1 }, []string{"plan.grayscale.percent", "100.01 %", "0 and 100"}},
		"a bake time below 0":          {func(p *lifecycle.Plan) { p.Grayscale.Bake = -1 }, []string{"plan.grayscale.bake", "-1ns", "8760h"}},
		"a bake time above a year":     {func(p *lifecycle.Plan) { p.Grayscale.Bake = lifecycle.Duration(365*day + 1) }, []string{"plan.grayscale.bake", "8760h"}},
		"501 testers":                  {func(p *lifecycle.Plan) { p.Grayscale.Testers = longNames(501) }, []string{"501", "500", "percentage"}},
		"a tester without a name":      {func(p *lifecycle.Plan) { p.Grayscale.Testers = []string{"tess", ""} }, []string{"testers[]", "0 bytes"}},
		"a tester of 129 bytes":        {func(p *lifecycle.Plan) { p.Grayscale.Testers = []string{strings.Repeat("t", 129)} }, []string{"testers[]", "129 bytes"}},
		"a tester of two lines":        {func(p *lifecycle.Plan) { p.Grayscale.Testers = []string{"te\nss"} }, []string{"testers[]", "control"}},
		"a blank tester":               {func(p *lifecycle.Plan) { p.Grayscale.Testers = []string{"\u3000"} }, []string{"testers[]", "blank"}},
		"no stages":                    {func(p *lifecycle.Plan) { p.Production = nil }, []string{"0 production stages", "1 to 50", "100 percent"}},
		"51 stages":                    {func(p *lifecycle.Plan) { p.Grayscale.Percent, p.Production = 1, risingTo100(51) }, []string{"51 production stages", "1 to 50"}},
		"a stage below 0 %":            {func(p *lifecycle.Plan) { p.Production[0].Percent = -100 }, []string{"plan.production[].percent", "-1 %"}},
		"a stage above 100 %":          {func(p *lifecycle.Plan) { p.Production[2].Percent = 10_050 }, []string{"plan.production[].percent", "100.5 %"}},
		"a hold time below 0":          {func(p *lifecycle.Plan) { p.Production[1].Hold = lifecycle.Duration(-time.Second) }, []string{"plan.production[].hold", "-1s"}},
		"a hold time above a year":     {func(p *lifecycle.Plan) { p.Production[2].Hold = lifecycle.Duration(366 * day) }, []string{"plan.production[].hold", "8784h", "8760h"}},
		"a stage below grayscale":      {func(p *lifecycle.Plan) { p.Grayscale.Percent = 2001 }, []string{"stage 1", "20 %", "20.01 %", "rise"}},
		"a stage like that before":     {func(p *lifecycle.Plan) { p.Production[1].Percent = 2000 }, []string{"stage 2", "20 %", "rise"}},
		"a stage below that before":    {func(p *lifecycle.Plan) { p.Production[1].Percent = 1999 }, []string{"stage 2", "19.99 %", "20 %", "rise"}},
		"a last stage below 100 %":     {func(p *lifecycle.Plan) { p.Production = p.Production[:2] }, []string{"last stage", "60 %", "100 %"}},
		"no query":                     {func(p *lifecycle.Plan) { p.Health.Query = "" }, []string{"health.query", "0 bytes", "PromQL"}},
		"a blank query":                {func(p *lifecycle.Plan) { p.Health.Query = " \n" }, []string{"health.query", "PromQL"}},
		"a query of 2001 bytes":        {func(p *lifecycle.Plan) { p.Health.Query = strings.Repeat("q", 2001) }, []string{"health.query", "2001", "2000"}},
		"another placeholder":          {func(p *lifecycle.Plan) { p.Health.Query = "up{{.Team}}" }, []string{"{{.Team}}", "{{.MiniProgram}}", "{{.Version}}"}},
		"a misspelt placeholder":       {func(p *lifecycle.Plan) { p.Health.Query = "up{{ .Version }}" }, []string{"{{ .Version }}"}},
		"a placeholder in another":     {func(p *lifecycle.Plan) { p.Health.Query = "up{{{{.Version}}.Team}}" }, []string{"placeholder"}},
		"a limit that is no number":    {func(p *lifecycle.Plan) { p.Health.Max = math.NaN() }, []string{"health.max", "NaN", "number"}},
		"a limit without an end":       {func(p *lifecycle.Plan) { p.Health.Max = math.Inf(1) }, []string{"health.max", "+Inf"}},
		"an interval below a second":   {func(p *lifecycle.Plan) { p.Health.Interval = lifecycle.Duration(999 * time.Millisecond) }, []string{"plan.health.interval", "999ms", "1s and 24h"}},
		"an interval above a day":      {func(p *lifecycle.Plan) { p.Health.Interval = lifecycle.Duration(day + 1) }, []string{"plan.health.interval", "1s and 24h"}},
		"no number of failures":        {func(p *lifecycle.Plan) { p.Health.Failures = 0 }, []string{"plan.health.failures", "0", "1 and 1000"}},
		"1001 failures":                {func(p *lifecycle.Plan) { p.Health.Failures = 1001 }, []string{"plan.health.failures", "1001", "1 and 1000"}},
		"no data is a failure":         {func(p *lifecycle.Plan) { p.Health.NoData = lifecycle.Unhealthy }, []string{"health.no_data", `"unhealthy"`, `"healthy"`, `"unknown"`}},
	} {
		t.Run(name, func(t *testing.T) {
			plan := gated()
			c.change(&plan)
			_, refusal := plan.Resolve(lifecycle.StandardPlans())
			require.NotNil(t, refusal)
			assert.Equal(t, lifecycle.InvalidInput, refusal.Code)
			for _, part := range c.says {
				assert.Contains(t, refusal.Message, part)
			}
			if name == "a limit that is no number" || name == "a limit without an end" {
				return // no command can carry it, JSON has no words for it
			}
			message := reach(t, lifecycle.ReadyToPublish).refuses(lifecycle.InvalidInput, lifecycle.Publish, dora, by(plan))
			assert.Equal(t, refusal.Message, message, "whoever publishes by it")
			message = reach(t, lifecycle.ProductionRelease).refuses(lifecycle.InvalidInput, lifecycle.ChangePlan, mona, by(plan))
			assert.Equal(t, refusal.Message, message, "whoever changes a rollout to it")
		})
	}
}

func TestPlansAtTheEdgeOfWhatIsAllowed(t *testing.T) {
	for name, change := range map[string]func(*lifecycle.Plan){
		"as it is":                     func(*lifecycle.Plan) {},
		"a name of 128 bytes":          func(p *lifecycle.Plan) { p.Name = strings.Repeat("n", 128) },
		"testers only":                 func(p *lifecycle.Plan) { p.Grayscale.Percent = 0 },
		"no bake time":                 func(p *lifecycle.Plan) { p.Grayscale.Bake = 0 },
		"a year of baking":             func(p *lifecycle.Plan) { p.Grayscale.Bake = lifecycle.Duration(365 * day) },
		"500 testers":                  func(p *lifecycle.Plan) { p.Grayscale.Testers = longNames(500) },
		"a tester of 128 bytes":        func(p *lifecycle.Plan) { p.Grayscale.Testers = []string{strings.Repeat("t", 128)} },
		"everyone at once":             func(p *lifecycle.Plan) { p.Production = p.Production[2:] },
		"50 stages":                    func(p *lifecycle.Plan) { p.Production = risingTo100(50) },
		"a first stage like grayscale": func(p *lifecycle.Plan) { p.Grayscale.Percent = 2000 },
		"everyone in grayscale":        func(p *lifecycle.Plan) { p.Grayscale.Percent, p.Production = lifecycle.Everyone, p.Production[2:] },
		"a year in each stage": func(p *lifecycle.Plan) {
			p.Production[0].Hold, p.Production[2].Hold = lifecycle.Duration(365*day), lifecycle.Duration(365*day)
		},
		"steps of 0.01 %": func(p *lifecycle.Plan) {
			p.Grayscale.Percent, p.Production[0].Percent, p.Production[1].Percent = 1, 2, 3
		},
		"no gate":                        func(p *lifecycle.Plan) { p.Health = nil },
		"a query of 2000 bytes":          func(p *lifecycle.Plan) { p.Health.Query = strings.Repeat("q", 2000) },
		"a query without placeholders":   func(p *lifecycle.Plan) { p.Health.Query = "up" },
		"a query that has braces":        func(p *lifecycle.Plan) { p.Health.Query = `sum(rate(errors{v="{{.Version}}"}[5m]))` },
		"a limit of 0":                   func(p *lifecycle.Plan) { p.Health.Max = 0 },
		"a limit below 0":                func(p *lifecycle.Plan) { p.Health.Max = -3.5 },
		"an interval of a second":        func(p *lifecycle.Plan) { p.Health.Interval = lifecycle.Duration(time.Second) },
		"an interval of a day":           func(p *lifecycle.Plan) { p.Health.Interval = lifecycle.Duration(day) },
		"one failure":                    func(p *lifecycle.Plan) { p.Health.Failures = 1 },
		"1000 failures":                  func(p *lifecycle.Plan) { p.Health.Failures = 1000 },
		"no data is healthy":             func(p *lifecycle.Plan) { p.Health.NoData = lifecycle.Healthy },
		"a pause when it is unhealthy":   func(p *lifecycle.Plan) { p.OnUnhealthy = lifecycle.PauseOnUnhealthy },
		"a person who promotes":          func(p *lifecycle.Plan) { p.AutoPromote = new(false) },
		"a named one with other content": func(p *lifecycle.Plan) { p.Name = "fast" },
	} {
		plan := gated()
		change(&plan)
		resolved, refusal := plan.Resolve(lifecycle.StandardPlans())
		if assert.Nil(t, refusal, name) {
			assert.Equal(t, plan.Production, resolved.Production, name)
			assert.Equal(t, plan.Grayscale, resolved.Grayscale, name)
			assert.True(t, reach(t, lifecycle.ReadyToPublish).may(lifecycle.Publish, dora, by(plan)), name)
		}
	}
}

func TestAPlanByNameIsLookedUpAndDefaultsAreFilledIn(t *testing.T) {
	named := map[string]lifecycle.Plan{"house": gated(), "also": ownPlan()}
	plan, refusal := lifecycle.Plan{Name: "house"}.Resolve(named)
	require.Nil(t, refusal)
	assert.Equal(t, "house", plan.Name, "though the plan itself has no name")
	assert.Equal(t, gated().Health, plan.Health)
	assert.Equal(t, lifecycle.RollbackOnUnhealthy, plan.OnUnhealthy)
	assert.True(t, *plan.AutoPromote)
	_, refusal = lifecycle.Plan{Name: "slow"}.Resolve(named)
	for _, part := range []string{`"slow"`, "also, house", "a plan of your own"} {
		assert.Contains(t, refusal.Message, part)
	}
	plan.Production[0].Percent = 1
	assert.Equal(t, lifecycle.WholePercent(20), named["house"].Production[0].Percent, "the plans to choose from stay as they are")
}

func TestANameWithPartOfAPlanIsNeither(t *testing.T) {
	for name, plan := range map[string]lifecycle.Plan{
		"a percentage":       {Grayscale: lifecycle.Grayscale{Percent: 1}},
		"a bake time":        {Grayscale: lifecycle.Grayscale{Bake: 1}},
		"testers":            {Grayscale: lifecycle.Grayscale{Testers: []string{"tess"}}},
		"a gate":             {Health: gated().Health},
		"what to do":         {OnUnhealthy: lifecycle.RollbackOnUnhealthy},
		"whether it goes on": {AutoPromote: new(true)},
	} {
		plan.Name = "fast"
		_, refusal := plan.Resolve(lifecycle.StandardPlans())
		if assert.NotNil(t, refusal, name) {
			assert.Contains(t, refusal.Message, `"fast"`, name)
			assert.Contains(t, refusal.Message, "name alone", name)
		}
	}
}

func TestWhatIsResolvedResolvesToItself(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		plan, refusal := anyPlan(rt).Resolve(nil)
		require.Nil(rt, refusal)
		again, refusal := plan.Resolve(nil)
		require.Nil(rt, refusal)
		assert.Equal(rt, plan, again)
		text, err := json.Marshal(plan)
		require.NoError(rt, err)
		var read lifecycle.Plan
		require.NoError(rt, json.Unmarshal(text, &read))
		assert.Equal(rt, asJSON(rt, plan), asJSON(rt, read))
	})
}

// anyPlan draws a plan that is right.
func anyPlan(rt *rapid.T) lifecycle.Plan {
	plan := lifecycle.Plan{Name: rapid.SampledFrom([]string{"", "mine"}).Draw(rt, "name")}
	last := lifecycle.Percent(rapid.IntRange(0, 5000).Draw(rt, "grayscale"))
	plan.Grayscale = lifecycle.Grayscale{Percent: last, Bake: anyDuration(rt, "bake"), Testers: rapid.SliceOfN(rapid.SampledFrom([]string{"t1", "t2"}), 0, 3).Draw(rt, "testers")}
	for range rapid.IntRange(0, 6).Draw(rt, "stages") {
		last += lifecycle.Percent(rapid.IntRange(1, 700).Draw(rt, "rise"))
		plan.Production = append(plan.Production, lifecycle.Stage{Percent: last, Hold: anyDuration(rt, "hold")})
	}
	plan.Production = append(plan.Production, lifecycle.Stage{Percent: lifecycle.Everyone, Hold: anyDuration(rt, "last hold")})
	if rapid.Bool().Draw(rt, "gated") {
		plan.Health = gated().Health
	}
	if rapid.Bool().Draw(rt, "by a person") {
		plan.AutoPromote, plan.OnUnhealthy = new(false), lifecycle.PauseOnUnhealthy
	}
	return plan
}

func anyDuration(rt *rapid.T, label string) lifecycle.Duration {
	return lifecycle.Duration(rapid.Int64Range(0, int64(365*day)).Draw(rt, label))
}

// Whatever a rollout is changed to on its way, no user loses the candidate, nobody gets it at once, and the end is everyone.
func TestChangingThePlanOnTheWayNeverChangesWhoHasTheCandidate(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := reach(t, lifecycle.ReadyToPublish).do(lifecycle.Publish, dora, by(anyPlan(rt))).do(lifecycle.Promote, mona)
		for range rapid.IntRange(0, 3).Draw(rt, "advances") {
			if !s.m.Rollout.LastStage() {
				s.do(lifecycle.Advance, mona)
			}
		}
		for range 2 {
			percent, stage, since := s.m.Rollout.Percent(), s.m.Rollout.Stage, s.m.Rollout.StageSince
			s.do(lifecycle.ChangePlan, mona, by(anyPlan(rt)))
			assert.Equal(rt, percent, s.m.Rollout.Percent())
			assert.Equal(rt, stage, s.m.Rollout.Stage)
			assert.Equal(rt, since, s.m.Rollout.StageSince)
		}
		for s.m.State == lifecycle.ProductionRelease {
			percent := s.m.Rollout.Percent()
			last := s.m.Rollout.LastStage()
			s.do(lifecycle.Advance, mona)
			if !last {
				assert.GreaterOrEqual(rt, s.m.Rollout.Percent(), percent)
			}
			assert.Equal(rt, last, s.m.State == lifecycle.Published)
		}
		assert.Equal(rt, s.m.Live.Version, "1.0.0")
	})
}

func TestAPlanAsPeopleWriteIt(t *testing.T) {
	var plan lifecycle.Plan
	require.NoError(t, json.Unmarshal([]byte(`{"grayscale":{"percent":0.5,"testers":["u1"],"bake":"36h"},
		"production":[{"percent":25,"hold":"1h30m"},{"percent":100,"hold":"0s"}],
		"health":{"query":"up","max":0.02,"interval":"90s","failures":3,"no_data":"healthy"},"on_unhealthy":"pause","auto_promote":false}`), &plan))
	assert.Equal(t, lifecycle.Plan{
		Grayscale:   lifecycle.Grayscale{Percent: 50, Testers: []string{"u1"}, Bake: lifecycle.Duration(36 * time.Hour)},
		Production:  []lifecycle.Stage{{Percent: 2500, Hold: lifecycle.Duration(90 * time.Minute)}, {Percent: lifecycle.Everyone}},
		Health:      &lifecycle.Health{Query: "up", Max: 0.02, Interval: lifecycle.Duration(90 * time.Second), Failures: 3, NoData: lifecycle.Healthy},
		OnUnhealthy: lifecycle.PauseOnUnhealthy, AutoPromote: new(false),
	}, plan)
	assert.False(t, plan.PromotesItself())
	for _, text := range []string{`"fast"`, " \n\t\"fast\"", `{"name":"fast"}`} {
		plan = ownPlan()
		plan.Production = nil
		require.NoError(t, json.Unmarshal([]byte(text), &plan))
		assert.Equal(t, "fast", plan.Name)
	}
	assert.Equal(t, "own plan: 0.5 % for 36h, 100 %", lifecycle.Plan{
		Grayscale: lifecycle.Grayscale{Percent: 50, Bake: lifecycle.Duration(36 * time.Hour)}, Production: []lifecycle.Stage{{Percent: lifecycle.Everyone}},
	}.Outline())
}
