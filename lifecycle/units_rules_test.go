package lifecycle_test

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"slipway/lifecycle"
)

func TestEveryPercentageSurvivesJSON(t *testing.T) {
	for p := range lifecycle.Everyone + 1 {
		text, err := json.Marshal(p)
		require.NoError(t, err)
		var read lifecycle.Percent
		require.NoError(t, json.Unmarshal(text, &read), string(text))
		require.Equal(t, p, read, string(text))
		require.Equal(t, string(text)+" %", p.String())
	}
}

func TestAPercentageAsPeopleReadAndWriteIt(t *testing.T) {
	for text, hundredths := range map[string]int{
		"0": 0, "5": 500, "5.0": 500, "12.5": 1250, "0.01": 1, "99.99": 9999, "100": 10_000, "1e1": 1000, "1E-2": 1, "-0": 0, "-0.5": -50, "100.01": 10_001,
		"1.50": 150, "12.0": 1200, "1.5000": 150, "1500e-4": 15, "0.000005e+4": 5, "0e-9": 0, "-0.000": 0, "0e99999999999999999999": 0,
		"33.33": 3333, "0.07": 7, "1.15": 115, "8.29": 829, "64.1": 6410,
	} {
		var p lifecycle.Percent
		require.NoError(t, json.Unmarshal([]byte(text), &p), text)
		assert.Equal(t, lifecycle.Percent(hundredths), p, text)
		assert.InDelta(t, float64(hundredths)/100, p.Float(), 1e-12)
	}
	for text, says := range map[string]string{
		"0.001": "0.01", "33.333": "0.01", "5.005": "0.01", "0.000000001": "0.000000001 is finer", "12.000000009": "12.000000009 is finer",
		"99.999999999": "99.999999999 is finer", "1e-9": "1e-9 is finer", "1E-400": "1E-400 is finer", "5.00000000000000000000001": "finer", "15e-3": "finer",
		"-0.0050": "finer", "1e-99999999999999999999": "finer", `"5"`: "number", `"5 %"`: "number", "true": "number", "[5]": "number", "{}": "number",
		"1e300": "0 and 100", "-1e300": "0 and 100", "1e308": "0 and 100", "21474837": "0 and 100",
	} {
		p := lifecycle.WholePercent(7)
		err := json.Unmarshal([]byte(text), &p)
		assert.ErrorContains(t, err, says, text)
		assert.Equal(t, lifecycle.WholePercent(7), p, "%s changes nothing", text)
	}
	p := lifecycle.WholePercent(7)
	require.NoError(t, json.Unmarshal([]byte("null"), &p))
	assert.Equal(t, lifecycle.WholePercent(7), p, "nothing said, nothing changed")
	for p, text := range map[lifecycle.Percent]string{0: "0 %", 1: "0.01 %", 50: "0.5 %", 500: "5 %", 1250: "12.5 %", lifecycle.Everyone: "100 %", -100: "-1 %"} {
		assert.Equal(t, text, p.String())
	}
}

func TestEveryDurationSurvivesJSON(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		unit := rapid.SampledFrom([]time.Duration{1, time.Millisecond, time.Second, time.Minute, time.Hour}).Draw(rt, "unit")
		n := rapid.Int64Range(math.MinInt64/int64(unit)+1, math.MaxInt64/int64(unit)).Draw(rt, "n")
		d := lifecycle.Duration(time.Duration(n) * unit)
		text, err := json.Marshal(d)
		require.NoError(rt, err)
		require.Equal(rt, fmt.Sprintf("%q", d), string(text), "what people read is what programs read")
		var read lifecycle.Duration
		require.NoError(rt, json.Unmarshal(text, &read), string(text))
		require.Equal(rt, d, read, string(text))
	})
}

func TestADurationIsWrittenWithoutItsZeros(t *testing.T) {
	for d, text := range map[time.Duration]string{
		0: "0s", time.Second: "1s", time.Minute: "1m", time.Hour: "1h", 24 * time.Hour: "24h", 90 * time.Second: "1m30s", 90 * time.Minute: "1h30m",
		10 * time.Minute: "10m", 20 * time.Hour: "20h", 100 * time.Hour: "100h", time.Hour + time.Second: "1h0m1s", 70 * time.Minute: "1h10m", -time.Hour: "-1h",
		time.Hour + time.Minute: "1h1m", 1500 * time.Millisecond: "1.5s", 350 * time.Millisecond: "350ms", 10 * time.Second: "10s", time.Hour + 20*time.Second: "1h0m20s",
	} {
		assert.Equal(t, text, lifecycle.Duration(d).String())
	}
}

func TestADurationThatIsNone(t *testing.T) {
	for _, text := range []string{`"soon"`, `""`, `"24"`, `"1d"`, `"1 h"`, `24`, `["1h"]`, `"9999999h"`} {
		d := lifecycle.Duration(time.Hour)
		err := json.Unmarshal([]byte(text), &d)
		require.Error(t, err, text)
		assert.Equal(t, lifecycle.Duration(time.Hour), d, text)
	}
	var d lifecycle.Duration
	for _, part := range []string{`"soon"`, "90s", "1h30m", "24h"} {
		assert.ErrorContains(t, d.UnmarshalText([]byte("soon")), part)
	}
	require.NoError(t, json.Unmarshal([]byte(`"1h30m"`), &d))
	assert.Equal(t, lifecycle.Duration(90*time.Minute), d)
}

func TestRoundingKeepsADurationNearToWhatItWas(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := lifecycle.Duration(rapid.Int64Range(0, int64(400*day)).Draw(rt, "d"))
		off := time.Duration(d.Rounded() - d).Abs()
		switch {
		case d < lifecycle.Duration(time.Second):
			assert.LessOrEqual(rt, off, time.Millisecond/2)
		case d < lifecycle.Duration(time.Minute):
			assert.LessOrEqual(rt, off, time.Second/20)
		default:
			assert.LessOrEqual(rt, off, time.Second/2)
		}
		assert.Equal(rt, d.Rounded(), d.Rounded().Rounded(), "what is round stays so")
	})
}

func TestThingsAreCounted(t *testing.T) {
	for n, text := range map[int]string{0: "0 testers", 1: "1 tester", 2: "2 testers", 100: "100 testers"} {
		assert.Equal(t, text, lifecycle.Count(n, "tester"))
	}
}

// The golden vectors are in cohort_test.go; these hold for whatever host apps send.
func TestACohortIsTheSameEverywhereAndGrowsWithItsPercentage(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		id, version, user := rapid.String().Draw(rt, "id"), rapid.String().Draw(rt, "version"), rapid.String().Draw(rt, "user")
		bucket := lifecycle.Bucket(id, version, user)
		assert.Equal(rt, bucket, lifecycle.Bucket(id, version, user))
		assert.True(rt, bucket >= 0 && bucket < lifecycle.Everyone, "%d", bucket)
		for _, percent := range []lifecycle.Percent{0, bucket, bucket + 1, lifecycle.Everyone} {
			assert.Equal(rt, bucket < percent, lifecycle.InCohort(id, version, user, percent), "%s", percent)
		}
		assert.False(rt, lifecycle.InCohort(id, version, user, 0))
		assert.True(rt, lifecycle.InCohort(id, version, user, lifecycle.Everyone))
	})
}

func TestTheNamesOfACohortDoNotRunIntoEachOther(t *testing.T) {
	assert.NotEqual(t, lifecycle.Bucket("ab", "1.0.0", "u"), lifecycle.Bucket("a", "b1.0.0", "u"))
	assert.NotEqual(t, lifecycle.Bucket("a", "1.0.0", "1u"), lifecycle.Bucket("a", "1.0.01", "u"))
}

func TestUsersAreSpreadEvenlyOverAllBuckets(t *testing.T) {
	const users, tenths = 200_000, 10
	var found [tenths]int
	for i := range users {
		found[int(lifecycle.Bucket("weather", "1.0.0", fmt.Sprintf("8f%06x", i)))*tenths/int(lifecycle.Everyone)]++
	}
	squares := 0.0
	for _, n := range found {
		off := float64(n) - users/tenths
		squares += off * off / (users / tenths)
	}
	assert.Less(t, squares, 27.9, "chi-squared with 9 degrees of freedom: once in a thousand, and these users are always the same")
}
