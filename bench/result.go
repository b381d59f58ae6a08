package main

import (
	"fmt"
	"slices"
	"time"
)

// result gathers all rounds of one subject at one number at once.
type result struct {
	took []time.Duration
	rate []float64 // a second
	// rateRatio and timeRatio compare with the yardstick within each round: what disturbs a round disturbs both.
	rateRatio, timeRatio []float64
	events, counted      int
}

func (r *result) add(own, yardstick sample) {
	r.took = append(r.took, own.took...)
	r.rate = append(r.rate, own.perSecond)
	r.rateRatio = append(r.rateRatio, own.perSecond/yardstick.perSecond)
	r.timeRatio = append(r.timeRatio, float64(quantile(own.took, 0.5))/float64(quantile(yardstick.took, 0.5)))
	r.events += own.events
	r.counted += own.counted
}

// slower counts the answers that took longer than a time.
func (r *result) slower(than time.Duration) int {
	slow := 0
	for _, took := range r.took {
		if took > than {
			slow++
		}
	}
	return slow
}

func milliseconds(took []time.Duration, q float64) string {
	return fmt.Sprintf("%.1f", float64(quantile(took, q).Microseconds())/1000)
}

// quantile is the value below which the share q of the values lies; 0 of none.
func quantile[T time.Duration | float64](values []T, q float64) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
