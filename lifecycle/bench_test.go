package lifecycle

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkDecision measures what one accepted action costs here: deciding it, telling what changed, and taking that over.
func BenchmarkDecision(b *testing.B) {
	s := inState(&testing.T{}, GrayscaleRelease)
	for range MaxTransitions {
		s.do(SetGrayscale, mia, percent(7))
	}
	settings := DefaultSettings()
	command := s.command(SetGrayscale, mia, percent(8))
	after, _, _ := s.m.Decide(command, Facts{}, s.now, settings)
	delta, err := DeltaOf(s.m, after)
	require.NoError(b, err)
	b.Run("decide", func(b *testing.B) {
		for b.Loop() {
			_, _, _ = s.m.Decide(command, Facts{}, s.now, settings)
		}
	})
	b.Run("delta", func(b *testing.B) {
		for b.Loop() {
			_, _ = DeltaOf(s.m, after)
		}
	})
	b.Run("apply", func(b *testing.B) {
		for b.Loop() {
			_, _ = s.m.Apply(delta, command, s.now)
		}
	})
}
