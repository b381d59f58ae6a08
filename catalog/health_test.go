package catalog_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

var stageBegan = time.Date(2026, time.November, 1, 12, 0, 0, 0, time.UTC)

// asked is the answer of a rule so long after its stage began.
func asked(rule string, after time.Duration, value ...float64) lifecycle.RuleHealth {
	health := lifecycle.RuleHealth{Name: rule, Verdict: lifecycle.HealthUnknown, Reason: lifecycle.NoData, At: stageBegan.Add(after)}
	if len(value) > 0 {
		health.Verdict, health.Reason, health.Value = lifecycle.Healthy, "", &value[0]
	}
	return health
}

func stageOf(version string, stage int) catalog.HealthStage {
	return catalog.HealthStage{MiniProgram: "weather", Version: version, Stage: stage, Since: stageBegan}
}

func TestWhatRulesOfAGateCameToIsKept(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		keep := func(stage catalog.HealthStage, answers ...lifecycle.RuleHealth) {
			t.Helper()
			require.NoError(t, c.KeepHealth(t.Context(), stage, answers))
		}
		keep(stageOf("1.0.0", 0))
		keep(stageOf("1.0.0", 0), asked("errors", 0, 0.5), asked("traffic", 0))
		keep(stageOf("1.0.0", 1), asked("errors", time.Hour, 0.1))
		keep(stageOf("1.0.0", 1), asked("errors", time.Hour+time.Second, 0.9))
		keep(stageOf("1.0.0", 1), asked("errors", time.Hour+2*time.Second))
		keep(stageOf("1.0.0", 1), asked("errors", time.Hour+3*time.Second, 0.3))
		keep(catalog.HealthStage{MiniProgram: "coffee", Version: "1.0.0", Since: stageBegan}, asked("errors", 0, 7))

		values, err := c.HealthValues(t.Context(), "weather", "1.0.0", stageBegan)
		require.NoError(t, err)
		require.Len(t, values, 3, "one for each slot of time")
		assert.Equal(t, []any{"errors", 0, 0.5}, []any{values[0].Name, values[0].Stage, *values[0].Value})
		assert.Equal(t, asked("traffic", 0), values[1].RuleHealth)
		assert.Nil(t, values[1].Lowest)
		last := values[2]
		assert.Equal(t, []any{1, 0.1, 0.9, 0.3}, []any{last.Stage, *last.Lowest, *last.Highest, *last.Value}, "the last of its slot, and the extremes")
		assert.Equal(t, stageBegan.Add(time.Hour+3*time.Second), last.At)

		values, err = c.HealthValues(t.Context(), "weather", "1.0.0", stageBegan.Add(time.Minute))
		require.NoError(t, err)
		assert.Len(t, values, 1)

		latest, err := c.LatestHealth(t.Context(), "weather", "1.0.0", []string{"errors", "traffic", "latency"})
		require.NoError(t, err)
		require.Len(t, latest, 2)
		for _, value := range latest {
			assert.Equal(t, map[string]int{"errors": 1, "traffic": 0}[value.Name], value.Stage)
		}
		none, err := c.LatestHealth(t.Context(), "weather", "1.0.0", nil)
		require.NoError(t, err)
		assert.Empty(t, none)
	})
}

func TestTheNextVersionForgetsTheHealthOfTheOneBefore(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		require.NoError(t, c.KeepHealth(t.Context(), stageOf("1.0.0", 0), []lifecycle.RuleHealth{asked("errors", 0, 1), asked("traffic", 0, 2)}))
		require.NoError(t, c.KeepHealth(t.Context(), stageOf("1.1.0", 0), []lifecycle.RuleHealth{asked("errors", time.Hour, 3)}))
		for version, count := range map[string]int{"1.0.0": 0, "1.1.0": 1} {
			values, err := c.HealthValues(t.Context(), "weather", version, time.Time{})
			require.NoError(t, err)
			assert.Len(t, values, count, version)
		}
	})
}

// Two workers may answer for the same slot at the same moment, as when a try was given up too early.
func TestAnAnswerThatComesTwiceIsKeptOnce(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		for range 2 {
			require.NoError(t, c.KeepHealth(t.Context(), stageOf("1.0.0", 0), []lifecycle.RuleHealth{asked("", time.Minute, 0.5)}))
		}
		values, err := c.HealthValues(t.Context(), "weather", "1.0.0", time.Time{})
		require.NoError(t, err)
		assert.Len(t, values, 1)
	})
}
