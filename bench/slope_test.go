package main

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// measured is one value a second, for so many seconds.
func measured(seconds int, value func(second int) float64) series {
	var s series
	for second := range seconds {
		s.add(time.Duration(second)*time.Second, value(second))
	}
	return s
}

// Collections let a heap rise and fall by half again and again, and each value is off by some.
func sawtooth(second int, chance *rand.Rand) float64 {
	return 100 + float64(second%17)*3 + chance.Float64()*5
}

func TestALeakIsFoundUnderAllThatRisesAndFalls(t *testing.T) {
	for seed := range uint64(50) {
		chance := rand.New(rand.NewPCG(seed, 1))
		within := tolerance{share: 0.1, amount: 5}
		steady := measured(600, func(second int) float64 { return sawtooth(second, chance) })
		assert.NoError(t, within.flat(steady))
		leaking := measured(600, func(second int) float64 { return sawtooth(second, chance) + float64(second)/20 })
		assert.ErrorContains(t, within.flat(leaking), "it grew by")
		assert.InDelta(t, 30, leaking.growth(), 3)
	}
}

func TestALeakOfOneEachMinuteIsFound(t *testing.T) {
	goroutines := measured(1800, func(second int) float64 { return float64(100 + second/60) })
	assert.InDelta(t, 30, goroutines.growth(), 1)
	assert.Error(t, tolerance{share: 0.05, amount: 10}.flat(goroutines))
	falling := measured(1800, func(second int) float64 { return float64(100 - second/60) })
	assert.NoError(t, tolerance{share: 0.05, amount: 10}.flat(falling))
}

func TestAQuarterOfTheValuesMayBeAnything(t *testing.T) {
	odd := measured(400, func(second int) float64 {
		if second > 320 {
			return 1e9
		}
		return 100
	})
	assert.NoError(t, tolerance{share: 0.1}.flat(odd))
}

func TestWhatGrowsWhileItWarmsUpIsNoLeak(t *testing.T) {
	s := measured(300, func(second int) float64 { return float64(min(second, 100)) })
	assert.Error(t, tolerance{share: 0.1}.flat(s))
	warm := s.since(100 * time.Second)
	assert.NoError(t, tolerance{share: 0.1}.flat(warm))
	assert.Len(t, warm.values, 200)
	assert.Equal(t, 100.0, warm.values[0])
}

func TestTooFewMeasurementsAreNoProof(t *testing.T) {
	few := measured(enough-1, func(int) float64 { return 1 })
	assert.ErrorContains(t, tolerance{share: 0.1}.flat(few), "let it run longer")
	assert.NoError(t, tolerance{}.flat(few), "what is only shown")
	assert.Zero(t, (&series{}).growth())
	assert.Equal(t, 2.5, median([]float64{4, 1, 2, 3}))
}
