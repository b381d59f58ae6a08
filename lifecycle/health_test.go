package lifecycle

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// gateOf watches until three breaches in a row, an answer each minute, in a stage that ends after an hour.
func gateOf() Gate {
	return Gate{Health: Health{Query: "errors", Max: 0.02, Interval: Duration(time.Minute), Failures: 3}, Until: noon.Add(time.Hour)}
}

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// is an answer of Prometheus: a word, or why there is none.
func is(word string) HealthVerdict {
	switch word {
	case "good":
		return HealthVerdict{Status: Healthy, Value: 0.01}
	case "bad":
		return HealthVerdict{Status: Unhealthy, Value: 0.5, Detail: "0.5 is above the limit of 0.02"}
	default:
		return HealthVerdict{Status: HealthUnknown, Reason: HealthReason(word), Detail: word}
	}
}

// told is what a gate reports of answers, each given when the gate asks for it: "." is nothing.
func (g *Gate) told(answers ...string) []string {
	var reports []string
	at := noon
	for _, word := range answers {
		answer := is(word)
		answer.At = at
		report, tell := g.Judge(answer)
		said := "."
		if tell {
			said = string(report.Verdict.Status)
			if report.Verdict.Reason != "" {
				said += " " + string(report.Verdict.Reason)
			}
			if !report.Changed {
				said = "-"
			}
			g.GateProgress = report.GateProgress
		}
		if report.Changed {
			g.Told = report.Verdict
		}
		reports, at = append(reports, said), report.AskAt
	}
	return reports
}

func TestAGateTellsWhatHasChanged(t *testing.T) {
	for name, c := range map[string]struct{ answers, told []string }{
		"healthy, once":                   {[]string{"good", "good", "good"}, []string{"healthy", ".", "."}},
		"why it is not known, once":       {[]string{"unreachable", "unreachable", "no_data", "good"}, []string{"unknown unreachable", ".", "unknown no_data", "healthy"}},
		"a misspelt query from the first": {[]string{"query_refused", "query_refused"}, []string{"unknown query_refused", "."}},
		"three breaches in a row":         {[]string{"good", "bad", "bad", "bad"}, []string{"healthy", "-", "-", "unhealthy"}},
		"from the first":                  {[]string{"bad", "bad", "bad"}, []string{"unknown breached", "-", "unhealthy"}},
		"a healthy answer resets":         {[]string{"good", "bad", "bad", "good", "bad", "bad"}, []string{"healthy", "-", "-", "-", "-", "-"}},
		"unknown neither counts":          {[]string{"bad", "no_data", "no_data", "bad", "bad"}, []string{"unknown breached", "unknown no_data", ".", "unknown breached", "unhealthy"}},
		"nor resets, nor is it the end":   {[]string{"bad", "bad", "unreachable", "bad"}, []string{"unknown breached", "-", "unknown unreachable", "unhealthy"}},
	} {
		gate := gateOf()
		assert.Equal(t, c.told, gate.told(c.answers...), name)
	}
}

func TestABreachThatDoesNotCountYetSaysHowManyDo(t *testing.T) {
	report, _ := gateOf().Judge(is("bad"))
	assert.Equal(t, "0.5 is above the limit of 0.02; breach 1 of the 3 in a row that count as failure", report.Verdict.Detail)
}

func TestAGateAsksAtTheEndOfItsStage(t *testing.T) {
	at := func(after time.Duration) time.Time { return noon.Add(after) }
	for name, c := range map[string]struct {
		interval time.Duration
		asked    time.Duration
		answer   string
		next     time.Duration
	}{
		"after its interval":                    {time.Minute, 10 * time.Minute, "good", 11 * time.Minute},
		"at the end, which is nearer":           {24 * time.Hour, 0, "good", time.Hour},
		"whatever it knows":                     {24 * time.Hour, 30 * time.Minute, "no_data", time.Hour},
		"when it is over and not known, soon":   {24 * time.Hour, time.Hour, "unreachable", time.Hour + time.Minute},
		"sooner with a shorter interval":        {time.Second, time.Hour, "unreachable", time.Hour + time.Second},
		"breaches count at the plan's distance": {24 * time.Hour, time.Hour, "bad", 25 * time.Hour},
	} {
		gate := gateOf()
		gate.Health.Interval = Duration(c.interval)
		answer := is(c.answer)
		answer.At = at(c.asked)
		report, _ := gate.Judge(answer)
		assert.Equal(t, at(c.next), report.AskAt, name)
	}
	endless := gateOf()
	endless.Until = time.Time{}
	answer := is("good")
	answer.At = noon
	report, _ := endless.Judge(answer)
	assert.Equal(t, at(time.Minute), report.AskAt, "a stage that a person ends")
	assert.False(t, report.Over)
}

func TestAtTheEndOfTheStageHealthyEndsItAndUnknownHoldsIt(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		held   bool
		tell   bool
		holds  bool
	}{
		"healthy":                {"good", false, true, false},
		"healthy after all":      {"good", true, true, false},
		"no answer":              {"unreachable", false, true, true},
		"no answer, held before": {"unreachable", true, false, true},
	} {
		gate := gateOf()
		gate.Told, gate.Held = is(c.answer), c.held
		answer := is(c.answer)
		answer.At = gate.Until
		report, tell := gate.Judge(answer)
		assert.True(t, report.Over, name)
		assert.Equal(t, c.tell, tell, name)
		assert.Equal(t, c.holds, report.Holds(), name)
	}
	gate := gateOf()
	answer := is("bad")
	answer.At = gate.Until
	report, _ := gate.Judge(answer)
	assert.False(t, report.Holds(), "a breach is an answer: the next ones decide")
}

// A gate whose answers alternate must fill neither the timeline nor the history.
func TestARestlessGateIsToldOfMoreAndMoreSeldom(t *testing.T) {
	gate := gateOf()
	gate.Until = time.Time{}
	answers := make([]string, 24*60)
	for i := range answers {
		answers[i] = []string{"good", "no_data"}[i%2]
	}
	changes := 0
	for _, said := range gate.told(answers...) {
		if said != "." {
			changes++
		}
	}
	assert.Greater(t, changes, promptChanges, "the first are told at once")
	assert.Less(t, changes, promptChanges+7+24, "then at most one an hour")
	require.Equal(t, changes, gate.Told.Changes)
	soon := is("bad")
	soon.At, gate.Breaches = gate.Told.At.Add(time.Second), 2
	report, tell := gate.Judge(soon)
	assert.True(t, tell && report.Changed && report.Verdict.Status == Unhealthy, "what has an effect is told at once all the same")
}

func TestOnlyWhatAPersonHasToChangeCannotBeAsked(t *testing.T) {
	for reason, expected := range map[HealthReason]bool{NoPrometheus: true, QueryRefused: true, Unreachable: false, NoData: false, NotANumber: false, Breached: false} {
		assert.Equal(t, expected, HealthVerdict{Status: HealthUnknown, Reason: reason}.CannotAsk(), string(reason))
	}
}

func TestAGateOfAChangedPlanKnowsNothingYet(t *testing.T) {
	settings := DefaultSettings()
	before := Plan{Grayscale: Grayscale{Bake: Duration(time.Hour)}, Production: []Stage{{Percent: Everyone}}, Health: new(gateOf().Health)}
	m := MiniProgram{ID: "weather", Team: "acme", State: GrayscaleRelease, Revision: 1, Sequence: 1, Candidate: &Version{Version: "1.0.0"}, Rollout: &Rollout{Plan: before, StageSince: noon}}
	m.Rollout.Health = new(is("good"))
	for name, c := range map[string]struct {
		change func(*Plan)
		known  bool
	}{
		"another time":  {func(p *Plan) { p.Grayscale.Bake = Duration(2 * time.Hour) }, true},
		"another limit": {func(p *Plan) { p.Health.Max = 1 }, false},
		"none any more": {func(p *Plan) { p.Health = nil }, false},
	} {
		plan := before
		plan.Health = new(*before.Health)
		c.change(&plan)
		after, _, refusal := m.Decide(Command{Action: ChangePlan, Actor: Actor{User: "mia", Roles: []Role{ReleaseManager}}, Plan: &plan}, Facts{}, noon, settings)
		require.Nil(t, refusal, name)
		assert.Equal(t, c.known, after.Rollout.Health != nil, name)
		assert.Equal(t, c.known, m.Rollout.SameStage(after.Rollout), name)
	}
}

func TestAPlanSaysWhatNoDataCountsAs(t *testing.T) {
	plan := Plan{Production: []Stage{{Percent: Everyone}}, Health: new(gateOf().Health)}
	for _, allowed := range []HealthStatus{"", Healthy, HealthUnknown} {
		plan.Health.NoData = allowed
		_, refusal := plan.Resolve(nil)
		assert.Nil(t, refusal, string(allowed))
	}
	for _, other := range []HealthStatus{Unhealthy, "Healthy", "yes"} {
		plan.Health.NoData = other
		_, refusal := plan.Resolve(nil)
		assert.Contains(t, refusedWith(t, InvalidInput, refusal), "health.no_data")
	}
}

func TestAHealthLimitIsANumber(t *testing.T) {
	for _, limit := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		plan := hours()
		plan.Health = &Health{Query: "up", Max: limit, Interval: Duration(time.Minute), Failures: 1}
		_, refusal := plan.Resolve(nil)
		assert.Contains(t, refusedWith(t, InvalidInput, refusal), "health.max")
	}
}
