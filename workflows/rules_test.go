package workflows

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

// byRules has errors, asked each minute, traffic, asked each quarter of an hour once it has warmed up, and latency, a dry run.
func byRules() lifecycle.Plan {
	plan := watched
	plan.Health = &lifecycle.Health{Rules: []lifecycle.HealthRule{
		{Name: "errors", Query: "e", Max: new(0.02), Interval: lifecycle.Duration(minute), Failures: 3},
		{Name: "traffic", Query: "t", Min: new(50.0), Interval: lifecycle.Duration(15 * minute), Failures: 2, After: lifecycle.Duration(time.Hour)},
		{Name: "latency", Query: "l", Max: new(1.0), Interval: lifecycle.Duration(5 * minute), Failures: 1, DryRun: true},
	}}
	return plan
}

// except answers one rule in its own way, and the others that all is well.
func except(name string, answer prometheus) prometheus {
	return func(after time.Duration, rule string) lifecycle.HealthVerdict {
		if rule == name {
			return answer(after, rule)
		}
		return healthy
	}
}

func (e ending) healthChanges() (said []string) {
	for _, record := range e.ledger.records {
		if record.Action == lifecycle.HealthChanged {
			said = append(said, string(record.Health.Status)+" "+record.Comment)
		}
	}
	return said
}

func TestAReleaseThatAllRulesFindHealthyGoesOn(t *testing.T) {
	result := watchedScene(t, always(healthy), byRules()).play(0)
	assert.Equal(t, lifecycle.Published, result.State)
	assert.WithinDuration(t, start.Add(5*minute+2*day), result.UpdatedAt, 10*time.Second, "rules that wait hold up nothing")
	assert.Equal(t, []string{"unknown traffic: the stage warms up until 1 Nov 2026, 10:05 UTC", "healthy "}, result.healthChanges(),
		"the second stage tells nothing new")
}

func TestARuleThatFailsTakesTheReleaseBackAndADryRunDoesNot(t *testing.T) {
	result := watchedScene(t, except("traffic", from(3*time.Hour, healthy, breach)), byRules()).play(0)
	assert.Equal(t, lifecycle.CodeAvailable, result.State)
	last := result.ledger.records[len(result.ledger.records)-1]
	assert.Equal(t, "unhealthy: traffic: "+breach.Detail, last.Comment)
	assert.WithinDuration(t, start.Add(3*time.Hour+20*minute), last.At, time.Minute, "the second breach of a rule that is asked each quarter")
	require.Len(t, last.Health.Rules, 3, "the values of all are recorded with it")
	assert.Equal(t, lifecycle.Healthy, last.Health.Rules[0].Verdict)

	dry := watchedScene(t, except("latency", from(3*time.Hour, healthy, breach)), byRules()).play(0)
	assert.Equal(t, lifecycle.Published, dry.State)
	assert.Equal(t, "healthy latency (dry run): "+breach.Detail, dry.healthChanges()[2], "but people are shown")
	assert.Empty(t, dry.subjects())
}

func TestAReleaseIsHeldUntilEachRuleThatActsIsKnown(t *testing.T) {
	result := watchedScene(t, except("traffic", from(3*day, silent, healthy)), byRules()).play(0)
	assert.Equal(t, lifecycle.Published, result.State)
	assert.Equal(t, []string{"Rollout waits: weather"}, result.subjects())
	assert.Contains(t, result.ledger.notifications[0].Text, "traffic: Prometheus cannot be reached")
	assert.NotContains(t, result.ledger.notifications[0].Text, "errors")
}

// Wherever a run ends, the next one goes on with what each rule has come to.
func TestRulesCountOnInTheNextRun(t *testing.T) {
	tell := func() *scene {
		return watchedScene(t, except("traffic", from(3*time.Hour, healthy, breach)), byRules())
	}
	whole := tell().play(0)
	for cut := 1; cut <= whole.ledger.commits; cut++ {
		result := tell().play(cut)
		assert.Equal(t, whole.ledger.actions(), result.ledger.actions(), "cut after commit %d", cut)
		assert.Equal(t, whole.State, result.State)
	}
}

// A person who promotes begins another stage: its rules warm up anew, though it ends when the one before would have.
func TestAStageThatAPersonBeganWarmsUpAnew(t *testing.T) {
	plan := byRules()
	plan.Production = []lifecycle.Stage{{Percent: 5000, Hold: lifecycle.Duration(2 * time.Hour)}, {Percent: lifecycle.Everyone, Hold: lifecycle.Duration(minute)}}
	result := watchedScene(t, always(healthy), plan).at(2*time.Hour, lifecycle.Promote, mia).at(2*time.Hour+30*minute, lifecycle.Pause, mia).
		at(3*time.Hour, lifecycle.Resume, mia).play(0)
	assert.Equal(t, lifecycle.Published, result.State)
	records := result.ledger.records
	assert.WithinDuration(t, start.Add(4*time.Hour+30*minute), records[len(records)-2].At, time.Minute, "two hours, and half an hour of pause")
	assert.WithinDuration(t, start.Add(5*time.Hour+30*minute), records[len(records)-1].At, time.Minute, "a stage of a minute lasts until traffic has warmed up")
}

// A dry run holds up nothing, not even a stage that is shorter than it takes to warm up.
func TestAStageDoesNotWaitForADryRunToWarmUp(t *testing.T) {
	plan := watched
	plan.Health = &lifecycle.Health{Rules: []lifecycle.HealthRule{
		{Name: "latency", Query: "l", Max: new(1.0), Interval: lifecycle.Duration(minute), Failures: 1, After: lifecycle.Duration(9 * day), DryRun: true},
	}}
	result := watchedScene(t, always(healthy), plan).play(0)
	assert.Equal(t, lifecycle.Published, result.State)
	assert.WithinDuration(t, start.Add(5*minute+2*day), result.UpdatedAt, 10*time.Second)
}

// seldom is watched by a gate that is asked once in a long time, of one rule without a name or of several.
func seldom(interval time.Duration) map[string]lifecycle.Plan {
	one, several := watched, watched
	one.Health = &lifecycle.Health{Query: "e", Max: 0.02, Interval: lifecycle.Duration(interval), Failures: 1}
	several.Health = &lifecycle.Health{Rules: []lifecycle.HealthRule{
		{Name: "e", Query: "e", Max: new(0.02), Interval: lifecycle.Duration(interval), Failures: 1},
	}}
	return map[string]lifecycle.Plan{"one rule": one, "several": several}
}

// What is asked seldom is asked at the end of a stage all the same, though a person has made it shorter meanwhile.
func TestAStageThatWasMadeShorterEndsInTime(t *testing.T) {
	for name, plan := range seldom(23 * time.Hour) {
		t.Run(name, func(t *testing.T) {
			shorter := plan
			shorter.Grayscale.Bake = lifecycle.Duration(2 * time.Hour)
			result := watchedScene(t, always(healthy), plan).at(time.Hour, lifecycle.ChangePlan, mia, planned(shorter)).play(0)
			assert.Equal(t, lifecycle.Published, result.State)
			promoted := result.ledger.records[slices.Index(result.ledger.actions(), lifecycle.Promote)]
			assert.WithinDuration(t, start.Add(5*minute+2*time.Hour), promoted.At, 10*time.Second)
		})
	}
}

// The latest answer counts for the end that was known then; the stage does not wait for the next one that is due.
func TestAStageThatIsOverWhenItIsMadeShorterEndsAtOnce(t *testing.T) {
	silentOnce := func(after time.Duration, _ string) lifecycle.HealthVerdict {
		if after > 5*time.Hour && after < 6*time.Hour {
			return silent
		}
		return healthy
	}
	for name, plan := range seldom(5 * time.Hour) {
		t.Run(name, func(t *testing.T) {
			shorter := plan
			shorter.Grayscale.Bake = lifecycle.Duration(time.Hour)
			result := watchedScene(t, silentOnce, plan).at(7*time.Hour, lifecycle.ChangePlan, mia, planned(shorter)).play(0)
			promoted := result.ledger.records[slices.Index(result.ledger.actions(), lifecycle.Promote)]
			assert.WithinDuration(t, start.Add(7*time.Hour), promoted.At, 10*time.Second)
		})
	}
}
