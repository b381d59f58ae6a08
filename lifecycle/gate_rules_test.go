package lifecycle_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"slipway/lifecycle"
)

// watched is a health gate at work, with all that it told.
type watched struct {
	lifecycle.Gate
	at   time.Time
	told []string
}

// newGate asks each minute for three breaches in a row, in a stage of an hour.
func newGate() *watched {
	return &watched{at: day0, Gate: lifecycle.Gate{
		Health: lifecycle.Health{Query: "errors", Max: 0.02, Interval: lifecycle.Duration(time.Minute), Failures: 3}, Until: day0.Add(time.Hour),
	}}
}

// answer gives the gate one answer when it asks, and takes over what it tells, as the workflow does.
func (w *watched) answer(kind string) lifecycle.GateReport {
	verdict := lifecycle.HealthVerdict{At: w.at, Value: 0.01, Status: lifecycle.Healthy}
	switch kind {
	case "good":
	case "bad":
		verdict.Status, verdict.Value, verdict.Detail = lifecycle.Unhealthy, 0.5, "0.5 is above 0.02"
	default:
		verdict.Status, verdict.Value, verdict.Reason, verdict.Detail = lifecycle.HealthUnknown, 0, lifecycle.HealthReason(kind), kind
	}
	report, tell := w.Judge(verdict)
	if tell {
		w.GateProgress = report.GateProgress
	}
	if tell && report.Changed {
		w.Told = report.Verdict
		w.told = append(w.told, strings.TrimSpace(string(report.Verdict.Status)+" "+string(report.Verdict.Reason)))
	}
	w.Held = w.Held || report.Holds()
	w.at = report.AskAt
	return report
}

func TestAGateFailsAfterAsManyBreachesInARowAsThePlanSays(t *testing.T) {
	for _, failures := range []int{1, 2, 3, 10} {
		w := newGate()
		w.Health.Failures = failures
		for breach := 1; breach < failures; breach++ {
			report := w.answer("bad")
			assert.Equal(t, lifecycle.HealthUnknown, report.Verdict.Status, "%d of %d", breach, failures)
			assert.Equal(t, lifecycle.Breached, report.Verdict.Reason)
			assert.Contains(t, report.Verdict.Detail, fmt.Sprintf("breach %d of the %d", breach, failures))
			assert.Contains(t, report.Verdict.Detail, "0.5 is above 0.02")
			assert.Equal(t, breach, w.Breaches)
		}
		report := w.answer("bad")
		assert.Equal(t, lifecycle.Unhealthy, report.Verdict.Status)
		assert.Empty(t, report.Verdict.Reason)
		assert.Equal(t, "0.5 is above 0.02", report.Verdict.Detail)
		assert.InDelta(t, 0.5, report.Verdict.Value, 0)
	}
}

func TestNoAnswerIsNeitherABreachNorTheEndOfARow(t *testing.T) {
	for _, reason := range []lifecycle.HealthReason{
		lifecycle.NoPrometheus, lifecycle.Unreachable, lifecycle.QueryRefused, lifecycle.NotANumber, lifecycle.NoData,
	} {
		w := newGate()
		w.answer("bad")
		w.answer("bad")
		for range 5 {
			report := w.answer(string(reason))
			assert.Equal(t, lifecycle.HealthUnknown, report.Verdict.Status, reason)
			assert.Equal(t, reason, report.Verdict.Reason)
			assert.Equal(t, 2, report.Breaches, reason)
		}
		assert.Equal(t, lifecycle.Unhealthy, w.answer("bad").Verdict.Status, reason)
	}
	w := newGate()
	for _, kind := range []string{"bad", "bad", "good", "bad", "bad", "good"} {
		assert.NotEqual(t, lifecycle.Unhealthy, w.answer(kind).Verdict.Status, "a healthy answer ends the row")
	}
	assert.Zero(t, w.Breaches)
}

func TestAVerdictIsToldWhenItSaysSomethingNew(t *testing.T) {
	for name, c := range map[string]struct{ answers, told string }{
		"healthy all along":       {"good good good", "healthy"},
		"lost and found":          {"good unreachable unreachable good", "healthy, unknown unreachable, healthy"},
		"unknown for two reasons": {"no_data not_a_number no_data", "unknown no_data, unknown not_a_number, unknown no_data"},
		"a breach from the first": {"bad bad good", "unknown breached, healthy"},
		"a breach when healthy":   {"good bad good bad good", "healthy"},
		"failed":                  {"good bad bad bad", "healthy, unhealthy"},
		"failed, and better":      {"bad bad bad good", "unknown breached, unhealthy, healthy"},
	} {
		w := newGate()
		for answer := range strings.FieldsSeq(c.answers) {
			w.answer(answer)
		}
		assert.Equal(t, c.told, strings.Join(w.told, ", "), name)
		assert.Equal(t, len(w.told), w.Told.Changes, "%s: and is counted", name)
	}
}

func TestTheEndOfAStageIsItsMomentNotTheOneBefore(t *testing.T) {
	for name, c := range map[string]struct {
		at          time.Duration
		answer      string
		over, holds bool
	}{
		"before the end, healthy":         {time.Hour - time.Nanosecond, "good", false, false},
		"at the end, healthy":             {time.Hour, "good", true, false},
		"before the end, nothing known":   {time.Hour - time.Nanosecond, "no_data", false, false},
		"at the end, nothing known":       {time.Hour, "no_data", true, true},
		"long after, nothing known":       {100 * time.Hour, "unreachable", true, true},
		"at the end, a breach":            {time.Hour, "bad", true, false},
		"at the end, a breach too much":   {time.Hour, "bad bad bad", true, false},
		"a stage without an end":          {-1, "no_data", false, false},
		"a healthy one without an end":    {-1, "good", false, false},
		"an unhealthy one without an end": {-1, "bad bad bad", false, false},
	} {
		w := newGate()
		w.at = day0.Add(c.at)
		if c.at < 0 {
			w.Until = time.Time{}
		}
		var report lifecycle.GateReport
		for answer := range strings.FieldsSeq(c.answer) {
			report = w.answer(answer)
		}
		assert.Equal(t, []bool{c.over, c.holds}, []bool{report.Over, report.Holds()}, name)
	}
}

// Whatever the answers: the gate asks again later, at the end of the stage at the latest, and at least each minute once that is over and nothing is known.
func TestAGateNeverMissesTheEndOfItsStage(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newGate()
		w.Health.Interval = lifecycle.Duration(rapid.Int64Range(int64(time.Second), int64(day)).Draw(rt, "interval"))
		w.Until = day0.Add(time.Duration(rapid.Int64Range(0, int64(2*day)).Draw(rt, "stage")))
		w.Health.Failures = rapid.IntRange(1, 4).Draw(rt, "failures")
		for range 20 {
			asked := w.at
			report := w.answer(rapid.SampledFrom([]string{"good", "bad", "no_data", "unreachable"}).Draw(rt, "answer"))
			assert.True(rt, report.AskAt.After(asked), "time goes on")
			assert.False(rt, report.AskAt.After(asked.Add(time.Duration(w.Health.Interval))))
			assert.False(rt, asked.Before(w.Until) && report.AskAt.After(w.Until), "the end is not missed")
			if report.Holds() {
				assert.False(rt, report.AskAt.After(asked.Add(time.Minute)))
			}
			assert.Equal(rt, !asked.Before(w.Until), report.Over)
			if report.Verdict.Status == lifecycle.Unhealthy {
				assert.GreaterOrEqual(rt, report.Breaches, w.Health.Failures)
			}
		}
	})
}

func TestARestlessGateIsToldOfLessAndLess(t *testing.T) {
	w := newGate()
	w.Until = time.Time{}
	var pauses []time.Duration
	var last time.Time
	for i := range 3 * 24 * 60 {
		before := len(w.told)
		asked := w.at
		w.answer([]string{"good", "no_data"}[i%2])
		if len(w.told) > before {
			pauses, last = append(pauses, asked.Sub(last)), asked
		}
	}
	minutes := func(pause time.Duration) int { return int(pause / time.Minute) }
	for i, pause := range pauses[1:] {
		expected := 61 // an hour, and the answer after that is another one
		if atFirst := []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 5, 9, 17, 33}; i < len(atFirst) {
			expected = atFirst[i] // the first ten at once, then after twice as long each time
		}
		assert.Equal(t, expected, minutes(pause), "pause %d", i+1)
	}
	for range 2 {
		assert.NotEqual(t, lifecycle.Unhealthy, w.answer("bad").Verdict.Status)
	}
	assert.True(t, w.answer("bad").Changed, "what has an effect is told at once")
}

func TestTheQueryIsAskedWithNameAndVersion(t *testing.T) {
	health := lifecycle.Health{Query: `rate(e{a="{{.MiniProgram}}",v="{{.Version}}"}[5m]) / rate(r{a="{{.MiniProgram}}"}[5m])`, Max: 1, Failures: 3}
	filled := health.Filled("weather", "1.2.0")
	assert.Equal(t, `rate(e{a="weather",v="1.2.0"}[5m]) / rate(r{a="weather"}[5m])`, filled.Query)
	assert.Contains(t, health.Query, "{{.Version}}", "the plan keeps its placeholders")
	assert.Equal(t, 3, filled.Failures)
}

func TestAGateGoesOnCountingInTheSameStageOnly(t *testing.T) {
	base := lifecycle.Rollout{Plan: gated(), Stage: 1, StageSince: day0}
	for name, c := range map[string]struct {
		change func(*lifecycle.Rollout)
		same   bool
	}{
		"nothing":       {func(*lifecycle.Rollout) {}, true},
		"held":          {func(r *lifecycle.Rollout) { r.Held = lifecycle.HeldForHealth }, true},
		"a longer hold": {func(r *lifecycle.Rollout) { r.Plan.Production[0].Hold *= 2 }, true},
		"an equal gate": {func(r *lifecycle.Rollout) { r.Plan.Health = gated().Health }, true},
		"another limit": {func(r *lifecycle.Rollout) { r.Plan.Health.Max = 1 }, false},
		"no gate":       {func(r *lifecycle.Rollout) { r.Plan.Health = nil }, false},
		"a later stage": {func(r *lifecycle.Rollout) { r.Stage = 2 }, false},
		"begun anew":    {func(r *lifecycle.Rollout) { r.StageSince = day0.Add(1) }, false},
		"paused":        {func(r *lifecycle.Rollout) { r.PausedAt = &day0 }, false},
	} {
		other := lifecycle.Rollout{Plan: gated(), Stage: 1, StageSince: day0.In(time.FixedZone("ICT", 7*3600))}
		c.change(&other)
		assert.Equal(t, c.same, base.SameStage(&other), name)
		assert.Equal(t, c.same, other.SameStage(&base), name)
	}
	var none *lifecycle.Rollout
	assert.False(t, base.SameStage(nil))
	assert.False(t, none.SameStage(&base))
	assert.False(t, none.SameStage(nil))
}

func TestAStageThatEndsSoonerAsksEveryRuleByThen(t *testing.T) {
	asked := func(name string, at, next time.Duration) lifecycle.RuleProgress {
		return lifecycle.RuleProgress{RuleHealth: lifecycle.RuleHealth{Name: name, At: day0.Add(at)}, AskAt: day0.Add(next)}
	}
	before := lifecycle.GateProgress{AskAt: day0.Add(3 * time.Hour), Rules: []lifecycle.RuleProgress{
		asked("due before", 0, time.Hour), asked("asked before", time.Hour, 3*time.Hour), asked("asked since", 3*time.Hour, 27*time.Hour),
	}}
	after := before.EndingAt(day0.Add(2 * time.Hour))
	assert.Equal(t, day0.Add(2*time.Hour), after.AskAt)
	for i, due := range []time.Duration{time.Hour, 2 * time.Hour, 2 * time.Hour} {
		assert.Equal(t, day0.Add(due), after.Rules[i].AskAt, after.Rules[i].Name)
	}
	assert.Equal(t, day0.Add(27*time.Hour), before.Rules[2].AskAt, "and what was known stays as it was")
}

func TestAVerdictOfAnotherGateIsForgotten(t *testing.T) {
	s := reach(t, lifecycle.ReadyToPublish).do(lifecycle.Publish, dora, by(gated()))
	s.facts.Health = &lifecycle.HealthVerdict{Status: lifecycle.Healthy, At: s.now}
	s.do(lifecycle.HealthChanged, lifecycle.HealthGate)
	s.facts.Health = nil
	slower := gated()
	slower.Grayscale.Bake *= 2
	s.do(lifecycle.ChangePlan, mona, by(slower))
	assert.NotNil(t, s.m.Rollout.Health, "the same gate has found it out")
	s.do(lifecycle.Promote, mona)
	assert.NotNil(t, s.m.Rollout.Health, "and it is the same release")
	s.do(lifecycle.ChangePlan, mona, by(ownPlan()))
	assert.Nil(t, s.m.Rollout.Health)
}

func TestAStageHeldForHealthSaysWhatIsNotKnown(t *testing.T) {
	s := reach(t, lifecycle.ReadyToPublish).do(lifecycle.Publish, dora, by(gated()))
	s.facts.Health = &lifecycle.HealthVerdict{Status: lifecycle.HealthUnknown, Reason: lifecycle.NoData, Detail: "the query finds nothing", At: s.now}
	s.do(lifecycle.HealthChanged, lifecycle.HealthGate)
	s.facts.Health = nil
	s.later(2*day).do(lifecycle.Held, lifecycle.Timers, saying(string(lifecycle.HeldForHealth)))
	transitions := s.m.Transitions
	assert.Contains(t, transitions[len(transitions)-1].Details, "the query finds nothing (since ")
}
