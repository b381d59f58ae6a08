package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
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

// What disturbs a round disturbs its yardstick as well, so that each round has a ratio of its own.
func TestAResultComparesWithTheYardstickOfItsRound(t *testing.T) {
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
