package access

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"
)

// ask counts one request of so many people each.
func ask(limits *Limits, people int) {
	for person := range people {
		limits.Allow(strconv.Itoa(person))
	}
}

func TestWhoHasAFullAllowanceIsForgottenAndNobodyElse(t *testing.T) {
	limits := NewLimits(1_000_000_000, 1) // full again within a nanosecond
	ask(limits, maxLimiters-1)
	limits.of["busy"] = rate.NewLimiter(0, 1)
	require.True(t, limits.Allow("busy"))
	assert.True(t, limits.Allow("stranger"))
	assert.Len(t, limits.of, 2)
	assert.False(t, limits.Allow("busy"), "nobody gets a new allowance because strangers ask")
}

func TestHoweverManyAskOnlySoManyAreRemembered(t *testing.T) {
	limits := NewLimits(1, 2)
	for person := range maxLimiters {
		limits.of[strconv.Itoa(person)] = rate.NewLimiter(0, 0)
	}
	assert.True(t, limits.Allow("stranger"))
	assert.Len(t, limits.of, 1, "all are busy: all begin anew")
	assert.True(t, limits.Allow("stranger"))
	assert.False(t, limits.Allow("stranger"), "an allowance is one's own until then")
}

func TestOfWhatHasEndedNothingIsRemembered(t *testing.T) {
	requests := NewRequests(2, 3)
	first, err := requests.Begin("dora")
	require.NoError(t, err)
	second, err := requests.Begin("dora")
	require.NoError(t, err)
	first()
	assert.Len(t, requests.of, 1)
	second()
	assert.Empty(t, requests.of)
}
