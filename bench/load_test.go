package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

func TestAPopulationRestsUntilSomebodyActs(t *testing.T) {
	c, now := catalogtest.Open(t, catalogtest.SQLite(t)), time.Now()
	p, err := newPopulation(now)
	require.NoError(t, err)
	states, paused := map[lifecycle.State]int{}, 0
	for i := range 500 {
		commit := p.program(i)
		m := commit.MiniProgram
		assert.Equal(t, commit, p.program(i), "the same every time")
		_, err := c.Commit(t.Context(), commit)
		require.NoError(t, err)
		p.add(m)
		states[m.State]++
		if at, waits := m.DueAt(); waits && (m.Review == nil || !m.Review.Overdue) {
			assert.True(t, at.After(now.Add(time.Hour)), "%s in %s is due %s", m.ID, m.State, at)
		}
		if m.Rollout != nil && m.Rollout.Paused() {
			paused++
		}
		if m.Live != nil {
			assert.Len(t, m.Previous, lifecycle.MaxPrevious)
			assert.NotEqual(t, m.Live.SHA256, m.Previous[0].SHA256)
		}
	}
	assert.Greater(t, states[lifecycle.Published], 200)
	for _, state := range []lifecycle.State{
		lifecycle.CreationPending, lifecycle.PublishingPending, lifecycle.GrayscaleRelease, lifecycle.ProductionRelease, lifecycle.UnpublishedByDev,
	} {
		assert.Positive(t, states[state], state)
	}
	assert.Positive(t, paused)
	assert.Len(t, p.all, 500)
	assert.Greater(t, len(p.served), 300)
	assert.NotEmpty(t, p.rolling)

	due, err := newDueRollouts(0, 1, now)
	require.NoError(t, err)
	rolling := len(p.rolling)
	p.addDue(due.program(0).MiniProgram)
	assert.Len(t, p.all, 501)
	assert.Len(t, p.rolling, rolling, "nobody sets the percentage of one that is about to leave its grayscale release")
}

func TestAStageIsAsLateAsItsDecisionIsInTheCatalogue(t *testing.T) {
	now := time.Now()
	waiting := timers{due: map[string]time.Time{"one": now.Add(-time.Minute), "two": now.Add(time.Hour)}, recovered: map[string]bool{}}
	told := func(id string, action lifecycle.Action, from, to lifecycle.State) error {
		return waiting.note(catalog.Change{ID: id, Transition: &lifecycle.Transition{Action: action, From: from, To: to}})
	}
	gray, production := lifecycle.GrayscaleRelease, lifecycle.ProductionRelease
	require.NoError(t, told("other", lifecycle.Promote, gray, production))
	require.NoError(t, told("one", lifecycle.Recovered, gray, gray))
	require.NoError(t, told("two", lifecycle.Recovered, gray, gray))
	require.NoError(t, told("one", lifecycle.Promote, gray, production))
	assert.Equal(t, 1, waiting.tooLate, "its workflow came after its time")
	waiting.due["two"] = now.Add(-time.Second)
	require.ErrorIs(t, told("two", lifecycle.Promote, gray, production), errCaughtUp)
	require.Len(t, waiting.late, 1)
	assert.GreaterOrEqual(t, waiting.late[0], time.Second)
}

func TestTheTableHasAColumnForEachNumberOfWorkflows(t *testing.T) {
	l := load{options: options{shape: shapeEmbedded}, result: loadResult{Rows: []loadRow{
		{Workflows: 1000, Actions: []actionTiming{{Action: lifecycle.Comment, AtOnce: 16, PerSecond: 99, spread: spread{P50: 150, P99: 320}}}},
		{Workflows: 10_000, Pages: []pageTiming{
			{"reviewer", overview, 1, spread{P99: 11}}, {"operator", overview, 1, spread{P99: 13}}, {"operator", overview, 16, spread{P99: 60}},
			{"reviewer", "/mini-programs", 1, spread{P99: 17}},
		}},
	}}}
	var out strings.Builder
	require.NoError(t, l.write(&out))
	for _, want := range []string{
		`\(embedded\)`, `workflows +1000 +10000`, `comment/s at 16 +99`, `150, 320`, `overview p99 ms +0 +13`, `list p99 ms +0 +17`,
	} {
		assert.Regexp(t, want, out.String())
	}
}
