package lifecycle

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

// Golden vectors: these must never change, or users would flip between versions with an update of Slipway.
func TestCohortsAreFixedForEver(t *testing.T) {
	for _, golden := range []struct {
		miniProgram, version, user string
		bucket                     Percent
	}{
		{"weather", "1.0.0", "u1", 7558},
		{"weather", "1.0.0", "u2", 5827},
		{"weather", "1.1.0", "u1", 4711},
		{"maps", "1.0.0", "u1", 400},
		{"weather", "1.0.0", "用户-42", 8666},
		{"weather", "1.0.0", "", 936},
	} {
		assert.Equal(t, int(golden.bucket), int(Bucket(golden.miniProgram, golden.version, golden.user)), "%+v", golden)
	}
}

func TestRaisingThePercentageOnlyAddsUsers(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		user := rapid.String().Draw(rt, "user")
		low := Percent(rapid.IntRange(0, 10000).Draw(rt, "low"))
		high := Percent(rapid.IntRange(int(low), 10000).Draw(rt, "high"))
		if InCohort("weather", "1.0.0", user, low) {
			assert.True(rt, InCohort("weather", "1.0.0", user, high))
		}
		assert.False(rt, InCohort("weather", "1.0.0", user, 0))
		assert.True(rt, InCohort("weather", "1.0.0", user, Everyone))
	})
}

func TestThePercentageIsReached(t *testing.T) {
	const users = 100_000
	for _, percent := range []Percent{1, 100, 500, 2500, 5000, 9900} {
		in := 0
		for i := range users {
			if InCohort("weather", "1.0.0", fmt.Sprintf("user-%d", i), percent) {
				in++
			}
		}
		share := percent.Float() / 100
		sigma := math.Sqrt(users * share * (1 - share))
		assert.InDelta(t, users*share, in, 5*sigma, "%s", percent)
	}
}

func TestCohortsOfOtherVersionsAndMiniProgramsAreIndependent(t *testing.T) {
	const users = 100_000
	for _, other := range [][2]string{{"weather", "1.1.0"}, {"maps", "1.0.0"}} {
		both := 0
		for i := range users {
			user := fmt.Sprintf("user-%d", i)
			if InCohort("weather", "1.0.0", user, 1000) && InCohort(other[0], other[1], user, 1000) {
				both++
			}
		}
		assert.InDelta(t, users/100, both, 5*math.Sqrt(users/100), "10 %% of 10 %%: %v", other)
	}
}

func BenchmarkInCohort(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		InCohort("weather", "1.0.0", "user-4711", 500)
	}
}
