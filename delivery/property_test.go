package delivery

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"slipway/lifecycle"
)

// version is one with a sha256 of its own.
func version(name string, minPlatform int) lifecycle.Version {
	return lifecycle.Version{Version: name, SHA256: sumOf(name), MinPlatform: minPlatform}
}

// rollout is a release of a candidate beside the live version 1.0.0.
func rollout(t require.TestingT, id, candidate string, percent lifecycle.Percent, testers ...string) *release {
	r, err := newRelease(id, 1, lifecycle.Serving{
		Live: new(version("1.0.0", 0)), Candidate: new(version(candidate, 0)), Percent: percent, Testers: testers,
	})
	require.NoError(t, err)
	return r
}

func TestAUserStaysWithTheCandidateWhileThePercentageRises(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		user, candidate := rapid.String().Draw(rt, "user"), rapid.StringMatching(`1\.[1-9]\.[0-9]`).Draw(rt, "candidate")
		low := lifecycle.Percent(rapid.IntRange(0, 10000).Draw(rt, "low"))
		high := lifecycle.Percent(rapid.IntRange(int(low), 10000).Draw(rt, "high"))
		before := rollout(rt, "weather", candidate, low).decide(user, AnyPlatform)
		after := rollout(rt, "weather", candidate, high).decide(user, AnyPlatform)
		if before.Variant == Candidate {
			assert.Equal(rt, before, after)
		}
		assert.Equal(rt, Live, rollout(rt, "weather", candidate, 0).decide(user, AnyPlatform).Variant)
		assert.Equal(rt, Candidate, rollout(rt, "weather", candidate, lifecycle.Everyone).decide(user, AnyPlatform).Variant)
	})
}

func TestATesterGetsTheCandidateAtAnyPercentage(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		testers := rapid.SliceOfNDistinct(rapid.String(), 1, 20, rapid.ID).Draw(rt, "testers")
		percent := lifecycle.Percent(rapid.IntRange(0, 10000).Draw(rt, "percent"))
		r := rollout(rt, "weather", "1.1.0", percent, testers...)
		for _, tester := range testers {
			assert.Equal(rt, Tester, r.decide(tester, AnyPlatform).Rule)
		}
		other := rapid.String().Filter(func(s string) bool {
			for _, tester := range testers {
				if s == tester {
					return false
				}
			}
			return true
		}).Draw(rt, "other")
		assert.NotEqual(rt, Tester, r.decide(other, AnyPlatform).Rule)
	})
}

func TestNobodyGetsWhatTheirPlatformCannotRun(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		needs := rapid.SliceOfN(rapid.IntRange(0, 5), 2, 8).Draw(rt, "minimum platform of each version, newest first")
		serving := lifecycle.Serving{
			Candidate: new(version("1.9.0", needs[0])), Percent: lifecycle.Percent(rapid.IntRange(0, 10000).Draw(rt, "percent")),
			Live: new(version("1.8.0", needs[1])),
		}
		for i, need := range needs[2:] {
			serving.Previous = append(serving.Previous, version(fmt.Sprintf("1.%d.0", 7-i), need))
		}
		r, err := newRelease("weather", 1, serving)
		require.NoError(rt, err)
		user, platform := rapid.String().Draw(rt, "user"), rapid.IntRange(0, 5).Draw(rt, "platform")

		expected := ""
		for i := len(needs) - 1; i >= 0; i-- {
			mine := i > 0 || lifecycle.InCohort("weather", "1.9.0", user, serving.Percent)
			if mine && needs[i] <= platform {
				expected = fmt.Sprintf("1.%d.0", 9-i)
			}
		}
		assert.Equal(rt, expected, versionOf(r.decide(user, platform)))
	})
}

// Of n independent users with the chance p, this many are expected, give or take five standard deviations.
func assertShare(t *testing.T, p float64, n, actual int, what string) {
	t.Helper()
	assert.InDelta(t, float64(n)*p, actual, 5*math.Sqrt(float64(n)*p*(1-p))+1e-9, what)
}

func TestAsManyUsersGetTheCandidateAsThePercentageSays(t *testing.T) {
	const users = 100_000
	for _, percent := range []lifecycle.Percent{0, 1, 50, 100, 500, 2500, 5000, 9999, 10000} {
		r, in := rollout(t, "weather", "1.1.0", percent), 0
		for i := range users {
			if r.decide(fmt.Sprintf("user-%d", i), AnyPlatform).Rule == Cohort {
				in++
			}
		}
		assertShare(t, percent.Float()/100, users, in, percent.String())
	}
}

func TestCohortsOfMiniProgramsAndVersionsAreIndependent(t *testing.T) {
	const users = 100_000
	first := rollout(t, "weather", "1.1.0", lifecycle.WholePercent(20))
	for _, other := range []*release{rollout(t, "weather", "1.2.0", lifecycle.WholePercent(30)), rollout(t, "maps", "1.1.0", lifecycle.WholePercent(30))} {
		both := 0
		for i := range users {
			user := fmt.Sprintf("user-%d", i)
			if first.decide(user, AnyPlatform).Rule == Cohort && other.decide(user, AnyPlatform).Rule == Cohort {
				both++
			}
		}
		assertShare(t, 0.06, users, both, other.ID+" "+other.Candidate.Version)
	}
}

// The protocol lets members come in any order, and whatever else a host app knows about the user come along.
func TestTheQuestionIsReadAsEncodingJSONReadsIt(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		context := rapid.MapOf(
			rapid.OneOf(rapid.SampledFrom([]string{"targetingKey", "platform_version", "target", `quoted"Key`}), rapid.String()), anything(2),
		).Draw(rt, "context")
		body, err := json.MarshalIndent(map[string]any{"context": context, "more": context}, "", rapid.SampledFrom([]string{"", " ", "\t\r\n"}).Draw(rt, "indent"))
		require.NoError(rt, err)
		q, wrong := parseRequest(body)

		var asked struct {
			Context map[string]any `json:"context"`
		}
		require.NoError(rt, json.Unmarshal(body, &asked))
		user, isText := asked.Context["targetingKey"].(string)
		platform, isNumber := asked.Context["platform_version"].(float64)
		switch {
		case !isText && asked.Context["targetingKey"] != nil:
			assert.Equal(rt, "INVALID_CONTEXT", wrong.Code)
		case user == "":
			assert.Equal(rt, "TARGETING_KEY_MISSING", wrong.Code)
		case !isNumber && asked.Context["platform_version"] != nil:
			assert.Equal(rt, "INVALID_CONTEXT", wrong.Code)
		case isNumber:
			assert.Equal(rt, evaluationRequest{user, int(max(0, platform)), ""}, q)
		default:
			assert.Equal(rt, evaluationRequest{user, AnyPlatform, ""}, q)
		}
	})
}

func TestAPlatformVersionIsAWholeNumber(t *testing.T) {
	for number, expected := range map[string]int{
		"12": 12, "12.9": 12, "1.2e1": 12, "0": 0, "-5": 0, "-1e400": 0, "1e400": AnyPlatform, "9223372036854775807": AnyPlatform,
	} {
		q, wrong := parseRequest([]byte(`{"context":{"targetingKey":"u1","platform_version":` + number + `}}`))
		assert.Nil(t, wrong)
		assert.Equal(t, evaluationRequest{"u1", expected, ""}, q, number)
	}
}

// anything is a value that JSON can write, nested at most this deep.
func anything(depth int) *rapid.Generator[any] {
	plain := rapid.OneOf(
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.String().AsAny(), rapid.Float64Range(-1e6, 1e6).AsAny(), rapid.SampledFrom([]any{"u1", 12, 1.5}))
	if depth == 0 {
		return plain
	}
	return rapid.OneOf(plain, rapid.SliceOf(anything(depth-1)).AsAny(), rapid.MapOf(rapid.String(), anything(depth-1)).AsAny())
}
