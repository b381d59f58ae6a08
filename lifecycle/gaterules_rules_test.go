package lifecycle_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"slipway/lifecycle"
)

// ruledGate is a gate of several rules at work, with all that it told.
type ruledGate struct {
	lifecycle.Gate
	told []string
}

// newRuledGate is of a stage of an hour.
func newRuledGate(health *lifecycle.Health) *ruledGate {
	return &ruledGate{Gate: lifecycle.Gate{Health: *health, Since: day0, Until: day0.Add(time.Hour)}}
}

// try asks the rules that are due at the gate's next moment; those without an answer here are good. It takes over what is told, as the
// workflow does, and what is not, as the next try does.
func (g *ruledGate) try(answers map[string]string) lifecycle.GateReport {
	at := g.NextAt()
	var given []lifecycle.RuleHealth
	for _, rule := range g.Due(at) {
		given = append(given, answerTo(rule, answers[rule.Name], at))
	}
	report, tell := g.JudgeRules(given, at)
	g.GateProgress = report.GateProgress
	if tell && report.Changed {
		g.Told = report.Verdict
		g.told = append(g.told, strings.TrimSpace(fmt.Sprintf("%s %s", report.Verdict.Status, report.Verdict.Detail)))
	}
	g.Held = g.Held || report.Holds()
	return report
}

func answerTo(rule lifecycle.HealthRule, kind string, at time.Time) lifecycle.RuleHealth {
	switch kind {
	case "", "good":
		return rule.Answered([]float64{good(rule)}, at)
	case "bad":
		return rule.Answered([]float64{bad(rule)}, at)
	default:
		return rule.Unanswered(lifecycle.HealthReason(kind), kind, at)
	}
}

func good(rule lifecycle.HealthRule) float64 {
	if rule.Max != nil {
		return *rule.Max
	}
	return *rule.Min
}

func bad(rule lifecycle.HealthRule) float64 {
	if rule.Max != nil {
		return *rule.Max + 1
	}
	return *rule.Min - 1
}

func TestARuleIsAskedAtItsOwnInterval(t *testing.T) {
	g := newRuledGate(twoRules())
	asked := map[string]int{}
	for at := g.NextAt(); at.Before(day0.Add(10 * time.Minute)); at = g.NextAt() {
		for _, rule := range g.Due(at) {
			asked[rule.Name]++
		}
		g.try(nil)
	}
	assert.Equal(t, map[string]int{"errors": 10, "traffic": 2}, asked)
	assert.Equal(t, []string{"healthy"}, g.told, "what stays the same is told once")
}

func TestAnyRuleThatActsFailsTheGate(t *testing.T) {
	health := twoRules()
	health.Rules[1].DryRun = false
	g := newRuledGate(health)
	g.try(nil)
	var last lifecycle.GateReport
	for last.Verdict.Status != lifecycle.Unhealthy {
		require.True(t, g.NextAt().Before(g.Until), "it fails before the end")
		last = g.try(map[string]string{"traffic": "bad"})
	}
	assert.Equal(t, "traffic: 49 is below the limit of 50", last.Verdict.Detail, "and nothing of those that are well")
	assert.Equal(t, 2, last.RuleOf("traffic").Breaches)
	assert.WithinDuration(t, day0.Add(10*time.Minute), last.Verdict.At, 0, "the second breach in a row")
}

func TestADryRunMeasuresWithoutActing(t *testing.T) {
	g := newRuledGate(twoRules())
	var last lifecycle.GateReport
	for !last.Over {
		last = g.try(map[string]string{"traffic": "bad"})
		assert.NotEqual(t, lifecycle.Unhealthy, last.Verdict.Status)
		assert.False(t, last.Holds())
	}
	assert.Equal(t, lifecycle.Healthy, last.Verdict.Status, "the stage goes on")
	assert.Equal(t, lifecycle.Unhealthy, last.RuleOf("traffic").Verdict)
	assert.Equal(t, []string{
		"healthy traffic (dry run): 49 is below the limit of 50; breach 1 of the 2 in a row that count as failure",
		"healthy traffic (dry run): 49 is below the limit of 50",
	}, g.told, "but is told")
}

func TestADryRunThatFailsIsToldOnceHoweverManyStagesFollow(t *testing.T) {
	for _, after := range []lifecycle.Duration{0, minutes(10)} {
		health := twoRules()
		health.Rules[1].After = after
		stage := func(told lifecycle.HealthVerdict, traffic string) *ruledGate {
			g := newRuledGate(health)
			g.Told = told
			for !g.try(map[string]string{"traffic": traffic}).Over {
				assert.Len(t, g.Told.Rules, 2)
			}
			return g
		}
		first := stage(lifecycle.HealthVerdict{}, "bad")
		require.Equal(t, "healthy traffic (dry run): 49 is below the limit of 50", first.told[len(first.told)-1])
		second := stage(first.Told, "bad")
		assert.Empty(t, second.told, "after %s", after)
		assert.Equal(t, lifecycle.Unhealthy, second.RuleOf("traffic").Verdict, "it is still shown")
		better := stage(second.Told, "good")
		assert.Equal(t, []string{"healthy"}, better.told, "that it is well again is new")
		assert.Equal(t, []string{
			"healthy traffic (dry run): 49 is below the limit of 50",
		}, stage(better.Told, "bad").told, "and that it fails once more, too")
	}
}

func TestOnlyDryRunsHoldUpNothing(t *testing.T) {
	health := twoRules()
	health.Rules = health.Rules[1:]
	g := newRuledGate(health)
	var last lifecycle.GateReport
	for !last.Over {
		last = g.try(map[string]string{"traffic": "unreachable"})
	}
	assert.Equal(t, lifecycle.Healthy, last.Verdict.Status)
}

func TestEveryRuleThatActsHasToBeKnownToBeHealthyAtTheEnd(t *testing.T) {
	health := twoRules()
	health.Rules[1].DryRun = false
	g := newRuledGate(health)
	for g.NextAt().Before(g.Until) {
		g.try(nil)
	}
	assert.Len(t, g.Due(g.Until), 2, "all are asked when the time is over")
	report := g.try(map[string]string{"traffic": "unreachable"})
	assert.True(t, report.Over && report.Holds())
	assert.Equal(t, "traffic: unreachable", report.Verdict.Detail)
	assert.Equal(t, day0.Add(61*time.Minute), report.AskAt, "what is not known is asked again each minute")
	report = g.try(nil)
	assert.True(t, report.Over && report.Verdict.Status == lifecycle.Healthy)
}

func TestWhatAPersonHasToMendIsSaidBeforeWhatMayPass(t *testing.T) {
	health := twoRules()
	health.Rules[1].DryRun = false
	for name, c := range map[string]struct {
		errors, traffic string
		reason          lifecycle.HealthReason
		holds           bool
	}{
		"a query that is refused":   {"unreachable", "query_refused", lifecycle.QueryRefused, true},
		"in the other order":        {"query_refused", "unreachable", lifecycle.QueryRefused, true},
		"no answer, and a breach":   {"bad", "unreachable", lifecycle.Unreachable, true},
		"a breach is to be seen":    {"bad", "good", lifecycle.Breached, false},
		"a breach beside a silence": {"no_data", "bad", lifecycle.NoData, true},
	} {
		g := newRuledGate(health)
		for g.NextAt().Before(g.Until) {
			g.try(nil)
		}
		report := g.try(map[string]string{"errors": c.errors, "traffic": c.traffic})
		assert.Equal(t, lifecycle.HealthUnknown, report.Verdict.Status, name)
		assert.Equal(t, c.reason, report.Verdict.Reason, name)
		assert.Equal(t, c.holds, report.Holds(), name)
	}
}

func TestARuleLetsAStageWarmUp(t *testing.T) {
	health := twoRules()
	health.Rules[1].After, health.Rules[1].DryRun = minutes(10), false
	g := newRuledGate(health)
	report := g.try(nil)
	assert.Equal(t, lifecycle.WarmingUp, report.Verdict.Reason, "not all are known to be healthy")
	assert.Contains(t, report.Verdict.Detail, "traffic: the stage warms up until ")
	for g.NextAt().Before(day0.Add(10 * time.Minute)) {
		for _, rule := range g.Due(g.NextAt()) {
			assert.Equal(t, "errors", rule.Name)
		}
		g.try(nil)
	}
	report = g.try(nil)
	assert.Equal(t, lifecycle.Healthy, report.Verdict.Status)
	assert.Len(t, g.told, 2)

	next := newRuledGate(health) // the next stage, at whose begin the rule was healthy
	next.Told = g.Told
	report = next.try(nil)
	assert.Equal(t, lifecycle.Healthy, report.Verdict.Status, "until it is asked again")
	assert.Empty(t, next.told)
	next = newRuledGate(health)
	next.Told = g.Told
	next.Told.Rules[1].Verdict = lifecycle.Unhealthy
	report = next.try(nil)
	assert.Equal(t, lifecycle.WarmingUp, report.Verdict.Reason, "an older failure fails no other stage")
}

func TestAStageLastsUntilTheRulesThatActHaveWarmedUp(t *testing.T) {
	plan := ruled(func(h *lifecycle.Health) { h.Rules[0].After, h.Rules[1].After = minutes(20), minutes(90) })
	plan.Production[0].Hold = 0
	plan.Production[1].Hold = minutes(30)
	assert.Equal(t, minutes(20), plan.StageTime(1))
	assert.Equal(t, minutes(30), plan.StageTime(2), "a dry run holds up nothing")
	paused := day0.Add(5 * time.Minute)
	rollout := lifecycle.Rollout{Plan: plan, Stage: 1, StageSince: day0, PausedFor: minutes(7)}
	ends, running := rollout.EndsAt()
	assert.True(t, running)
	assert.Equal(t, day0.Add(27*time.Minute), ends, "a pause stops that clock, too")
	rollout.PausedAt = &paused
	_, running = rollout.EndsAt()
	assert.False(t, running)
}

func TestARestlessRuleIsToldOfLessAndLessAndSilencesNoOther(t *testing.T) {
	g := newRuledGate(twoRules())
	g.Until = time.Time{}
	kinds := []string{"no_data", "good"}
	for i := 0; g.NextAt().Before(day0.Add(2 * day)); i++ {
		g.try(map[string]string{"errors": kinds[i%2], "traffic": "good"})
	}
	assert.Less(t, len(g.told), 10+8+48)
	told := len(g.told)
	for len(g.told) == told {
		g.try(map[string]string{"traffic": "bad"})
	}
	assert.Contains(t, g.told[told], "traffic (dry run): 49 is below", "the other is told of when it changes")
}

// Whatever the answers: no rule is asked before it is due, or later than the end of the stage; none that acts is forgotten there; and a gate
// fails exactly when a rule that acts has had as many breaches in a row as it may.
func TestAGateOfSeveralRulesHoldsWhatItPromises(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		health := &lifecycle.Health{}
		for i := range rapid.IntRange(1, 4).Draw(rt, "rules") {
			health.Rules = append(health.Rules, lifecycle.HealthRule{
				Name: fmt.Sprintf("rule %d", i), Query: "q", Max: new(1.0), Failures: rapid.IntRange(1, 3).Draw(rt, "failures"),
				Interval: lifecycle.Duration(rapid.IntRange(1, 5000).Draw(rt, "interval")) * lifecycle.Duration(time.Second),
				After:    lifecycle.Duration(rapid.IntRange(0, 3600).Draw(rt, "after")) * lifecycle.Duration(time.Second),
				DryRun:   rapid.Bool().Draw(rt, "dry run"),
			})
		}
		g := newRuledGate(health)
		row := map[string]int{}
		for range 30 {
			at, answers, failed := g.NextAt(), map[string]string{}, false
			for _, rule := range g.Due(at) {
				assert.False(rt, at.Before(day0.Add(time.Duration(rule.After))), "it has warmed up")
				kind := rapid.SampledFrom([]string{"good", "bad", "no_data"}).Draw(rt, "answer")
				answers[rule.Name] = kind
				row[rule.Name] = map[string]int{"good": 0, "bad": row[rule.Name] + 1, "no_data": row[rule.Name]}[kind]
			}
			report := g.try(answers)
			for _, rule := range health.Rules {
				known := report.RuleOf(rule.Name)
				assert.Equal(rt, row[rule.Name], known.Breaches)
				failed = failed || !rule.DryRun && known.Verdict == lifecycle.Unhealthy
				if report.Over && !rule.DryRun {
					assert.False(rt, known.At.Before(g.Until), "asked at the end")
				}
			}
			assert.Equal(rt, failed, report.Verdict.Status == lifecycle.Unhealthy)
			assert.True(rt, report.AskAt.After(at), "time goes on")
			assert.False(rt, at.Before(g.Until) && report.AskAt.After(g.Until), "the end is not missed")
		}
	})
}

func TestFewValuesOfAStageAreKeptHoweverLongItLasts(t *testing.T) {
	for _, lasts := range []time.Duration{time.Minute, time.Hour, day, 365 * day} {
		slots, last := 0, time.Time{}
		for asked := time.Duration(0); asked < lasts; asked += max(time.Second, lasts/100_000) {
			if slot := lifecycle.ValueSlot(day0, day0.Add(asked)); !slot.Equal(last) {
				assert.True(t, slot.After(last), "time goes on")
				assert.False(t, slot.After(day0.Add(asked)))
				slots, last = slots+1, slot
			}
		}
		assert.LessOrEqual(t, slots, 450, lasts)
		assert.GreaterOrEqual(t, slots, 16, lasts)
	}
	assert.Equal(t, day0, lifecycle.ValueSlot(day0, day0.Add(-time.Second)), "clocks differ")
}

func TestTwoGatesJudgeAlikeWhenAllTheirRulesDo(t *testing.T) {
	for name, change := range map[string]func(*lifecycle.Health){
		"a limit":      func(h *lifecycle.Health) { h.Rules[0].Max = new(0.03) },
		"a limit less": func(h *lifecycle.Health) { h.Rules[0].Max, h.Rules[0].Min = nil, new(0.02) },
		"both limits":  func(h *lifecycle.Health) { h.Rules[1].Max = new(60.0) },
		"an interval":  func(h *lifecycle.Health) { h.Rules[0].Interval++ },
		"to warm up":   func(h *lifecycle.Health) { h.Rules[1].After++ },
		"no dry run":   func(h *lifecycle.Health) { h.Rules[1].DryRun = false },
		"no data":      func(h *lifecycle.Health) { h.Rules[1].NoData = lifecycle.Healthy },
		"the order":    func(h *lifecycle.Health) { h.Rules[0], h.Rules[1] = h.Rules[1], h.Rules[0] },
		"one less":     func(h *lifecycle.Health) { h.Rules = h.Rules[:1] },
		"one alone":    func(h *lifecycle.Health) { *h = *gated().Health },
	} {
		other := twoRules()
		change(other)
		assert.False(t, twoRules().Same(other), name)
		assert.False(t, other.Same(twoRules()), name)
	}
	assert.True(t, twoRules().Same(twoRules()))
	var none *lifecycle.Health
	assert.True(t, none.Same(nil))
	assert.False(t, none.Same(twoRules()))
}
