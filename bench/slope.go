package main

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// series is what was measured of one thing, each with when it was, counted from the begin of the load.
type series struct {
	at     []time.Duration
	values []float64
}

func (s *series) add(at time.Duration, value float64) {
	s.at, s.values = append(s.at, at), append(s.values, value)
}

// since leaves out what was measured before a time: while it warms up, everything grows.
func (s *series) since(warm time.Duration) series {
	first, _ := slices.BinarySearch(s.at, warm)
	return series{s.at[first:], s.values[first:]}
}

// growth is by how much the values have grown from the first to the last, by their trend: the median of the slopes between all pairs
// (Theil-Sen). Up to a quarter of the values may be anything, such as those of a garbage collection that was about to come.
func (s *series) growth() float64 {
	var slopes []float64
	for i := range s.values {
		for j := i + 1; j < len(s.values); j++ {
			if apart := s.at[j] - s.at[i]; apart > 0 {
				slopes = append(slopes, (s.values[j]-s.values[i])/apart.Seconds())
			}
		}
	}
	if len(slopes) == 0 {
		return 0
	}
	return median(slopes) * (s.at[len(s.at)-1] - s.at[0]).Seconds()
}

// median is the value in the middle; NaN of none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// tolerance is how much something may grow and still be called flat: a share of its median, and an amount below which nothing is made of
// it.
// The zero value is for what is only shown.
type tolerance struct{ share, amount float64 }

func (t tolerance) of(s series) float64 { return max(t.share*median(s.values), t.amount) }

// enough is how many measurements a trend needs.
const enough = 20

// flat is nil when the values do not grow, and else says by how much.
func (t tolerance) flat(s series) error {
	switch growth := s.growth(); {
	case t == tolerance{}:
		return nil
	case len(s.values) < enough:
		return fmt.Errorf("%d measurements show no trend; at least %d are needed: let it run longer", len(s.values), enough)
	case growth > t.of(s):
		return fmt.Errorf("it grew by %.1f from a median of %.1f; %.1f are allowed", growth, median(s.values), t.of(s))
	default:
		return nil
	}
}
