package main

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

func times(milliseconds ...int) (all []time.Duration) {
	for _, each := range milliseconds {
		all = append(all, time.Duration(each)*time.Millisecond)
	}
	return all
}

func TestAQuantileIsTheValueBelowWhichTheShareLies(t *testing.T) {
	values := times(30, 10, 50, 20, 40)
	assert.Equal(t, 10*time.Millisecond, quantile(values, 0))
	assert.Equal(t, 30*time.Millisecond, quantile(values, 0.5))
	assert.Equal(t, 50*time.Millisecond, quantile(values, 0.99))
	assert.Equal(t, 50*time.Millisecond, quantile(values, 1))
	assert.Equal(t, 30*time.Millisecond, values[0], "the values stay in their order")
	assert.Zero(t, quantile([]float64(nil), 0.5))
	assert.Equal(t, "30.0", milliseconds(values, 0.5))
}

// What disturbs a round disturbs its baseline as well, so that each round has a ratio of its own.
func TestAResultComparesWithTheBaselineOfItsRound(t *testing.T) {
	var r result
	r.add(sample{took: times(20, 20, 40), perSecond: 50, events: 12, counted: 2}, sample{took: times(10, 10, 10), perSecond: 100})
	r.add(sample{took: times(200), perSecond: 5, events: 6, counted: 1}, sample{took: times(200), perSecond: 5})
	assert.Equal(t, []float64{0.5, 1}, r.rateRatio)
	assert.Equal(t, []float64{2, 1}, r.timeRatio)
	assert.Equal(t, []float64{50, 5}, r.rate)
	assert.Equal(t, 18, r.events)
	assert.Equal(t, 3, r.counted)
	assert.Equal(t, 2, r.slower(20*time.Millisecond))
	assert.Zero(t, r.slower(time.Second))
}

func TestDrivingCountsWhatEachGoroutineGotThrough(t *testing.T) {
	sample, done, err := drive(t.Context(), 2, time.Hour, stopAfter(3))
	assert.ErrorIs(t, err, errEnough)
	assert.Equal(t, []int{3, 3}, done)
	assert.Len(t, sample.took, 6)
	assert.Positive(t, sample.perSecond)
}

var errEnough = errors.New("enough")

// stopAfter is what can be done some turns, by each goroutine.
func stopAfter(turns int) func(i, turn int) error {
	return func(_, turn int) error {
		if turn == turns {
			return errEnough
		}
		return nil
	}
}

func TestACycleOfCommandsBeginsAgain(t *testing.T) {
	for turn, percent := range []int{5, 10, 5, 10} {
		assert.Equal(t, lifecycle.WholePercent(percent), *percentages.command(turn).Percent)
	}
	assert.Equal(t, lifecycle.Resume, pauses.command(7).Action)
}

func TestOnlyActionsRaiseTheRevisionThatACommandIsFor(t *testing.T) {
	assert.Equal(t, releasedRevision, numbered(leaveFeedback, 3).IfRevision)
	assert.Equal(t, releasedRevision+3, numbered(widen(5), 3).IfRevision)
	assert.NotEqual(t, numbered(widen(5), 3).RequestID, numbered(widen(5), 3).RequestID)
	fields, err := fields(numbered(widen(5), 0))
	require.NoError(t, err)
	assert.NotContains(t, fields, "actor", "the web knows who acts")
	assert.InDelta(t, 5, fields["percent"], 0)
}
