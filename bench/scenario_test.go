package main

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

func TestTheSamplesStandWhereTheScenarioLeavesThem(t *testing.T) {
	begin := time.Now().UTC()
	samples, err := sampleCommits(begin)
	require.NoError(t, err)
	states, overdue := map[lifecycle.State]int{}, 0
	for _, sample := range samples {
		states[sample.MiniProgram.State]++
		if sample.MiniProgram.Review != nil && sample.MiniProgram.Review.Overdue {
			overdue++
		}
	}
	stay, late := 0, 0
	for _, step := range scenario {
		stay, late = stay+step.stay, late+step.overdue
	}
	assert.Len(t, samples, stay+late)
	assert.Equal(t, late, overdue)
	assert.Greater(t, states[lifecycle.Published], len(samples)/3, "most are published")
	assert.Equal(t, 1, states[lifecycle.SuspendedByOp])
}

func TestVariedSamplesAreMiniProgramsThatTheCatalogueTakesAndLists(t *testing.T) {
	cat := catalogtest.Open(t, catalogtest.SQLite(t))
	samples, err := sampleCommits(time.Now().Add(-2 * busyTime))
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(1, 2))
	for i, sample := range samples {
		_, err := cat.Commit(t.Context(), vary(random, sample, i))
		require.NoError(t, err)
	}
	page, err := cat.List(t.Context(), catalog.Filter{Limit: len(samples)})
	require.NoError(t, err)
	assert.Len(t, page.Items, len(samples))
}

func TestAGatedRolloutIsOneThatLastsForAYear(t *testing.T) {
	now := time.Now()
	commit, err := gatedRollout(now)
	require.NoError(t, err)
	assert.Equal(t, lifecycle.GrayscaleRelease, commit.MiniProgram.State)
	assert.Equal(t, now, commit.MiniProgram.Rollout.StageSince)
	assert.Equal(t, gateInterval, time.Duration(commit.MiniProgram.Rollout.Plan.Health.Interval))
	assert.Equal(t, 1, commit.Step)
	assert.Equal(t, 1, commit.Record.Sequence)
}
