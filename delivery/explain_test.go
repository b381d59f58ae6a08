package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

func TestAnExplanationSaysWhatAUserGotAtAnyMomentAndWhy(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := requested(t, c, "weather")
		p.minPlatform = 12
		moment := map[string]time.Time{"requested": p.now}
		in, out := someone("weather", "1.1.0", 50, true), someone("weather", "1.1.0", 50, false)
		p.publishes("1.0.0")
		moment["published"] = p.now
		p.minPlatform = 13
		p.rollsOut("1.1.0", 50, "tester")
		moment["rollout"] = p.now.Add(30 * time.Second)
		p.does(operator, lifecycle.Suspend)
		moment["suspended"] = p.now
		p.rollsOut("1.1.0", 50)
		moment["again"] = p.now
		for i := range trailPage { // what happened before is some pages back
			p.does(developer, []lifecycle.Action{lifecycle.Pause, lifecycle.Resume}[i%2])
		}
		for _, each := range []struct {
			at, user string
			platform int
			because  string
		}{
			{"requested", in, AnyPlatform, "nothing is served in state CodeUnavailable"},
			{"published", in, AnyPlatform, "1.0.0 is live for everyone"},
			{"published", in, 11, "1.0.0 needs platform version 12, more than 11; no other version runs there"},
			{"rollout", "tester", AnyPlatform, "tester is a tester of the candidate 1.1.0"},
			{"rollout", in, 13, fmt.Sprintf("the candidate 1.1.0 is for 50 %% of the users, and the place of %s among them, %s, is below that", in, lifecycle.Bucket("weather", "1.1.0", in))},
			{"rollout", in, 12, "1.1.0 needs platform version 13, more than 12; 1.0.0 is the newest live version that does"},
			{"rollout", out, 11, "1.0.0 needs platform version 12, more than 11; no other version runs there"},
			{"rollout", out, 13, fmt.Sprintf("1.0.0 is live for all whom the candidate 1.1.0 is not for: it is for 50 %% of the users, and the place of %s among them, %s, is not below that", out, lifecycle.Bucket("weather", "1.1.0", out))},
			{"suspended", in, AnyPlatform, "nothing is served in state SuspendedByOp"},
			{"again", out, AnyPlatform, fmt.Sprintf("no version is live yet, the candidate 1.1.0 is for 50 %% of the users, and the place of %s among them, %s, is not below that", out, lifecycle.Bucket("weather", "1.1.0", out))},
			{"again", in, 12, "1.1.0 needs platform version 13, more than 12; no other version runs there"},
		} {
			record, err := RecordAt(t.Context(), c, "weather", moment[each.at])
			require.NoError(t, err)
			e, err := Explain("weather", record, each.user, each.platform)
			require.NoError(t, err)
			assert.Equal(t, each.because, e.Because, "%s %s", each.at, each.user)
		}
	})
}

func TestBeforeItsFirstRecordThereIsNothingToExplain(t *testing.T) {
	c := emptyCatalogue(t)
	requested(t, c, "weather")
	for id, at := range map[string]time.Time{"weather": newYear.Add(-time.Second), "nowhere": newYear} {
		_, err := RecordAt(t.Context(), c, id, at)
		assert.ErrorIs(t, err, catalog.ErrNotFound)
		assert.ErrorContains(t, err, id)
	}
}

func TestWhatUsersWillGetIsNotKnown(t *testing.T) {
	c := emptyCatalogue(t)
	requested(t, c, "weather").publishes("1.0.0")
	_, err := ExplainAt(t.Context(), c, "weather", time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC), "u1", AnyPlatform)
	refusal, ok := errors.AsType[*lifecycle.Refusal](err)
	require.True(t, ok, err)
	assert.Equal(t, lifecycle.InvalidInput, refusal.Code)
	assert.Contains(t, refusal.Message, "2999-01-01T00:00:00Z is in the future")
	for _, at := range []time.Time{{}, time.Now().Truncate(time.Second)} {
		e, err := ExplainAt(t.Context(), c, "weather", at, "u1", AnyPlatform)
		require.NoError(t, err)
		assert.Equal(t, "1.0.0", e.Version)
	}
}

func TestARecordThatCannotBeReadIsAnError(t *testing.T) {
	databaseURL := catalogtest.SQLite(t)
	c := catalogtest.Open(t, databaseURL)
	requested(t, c, "weather")
	spoil(t, databaseURL, `UPDATE changes SET record = '{' WHERE number = 2`)
	_, err := RecordAt(t.Context(), c, "weather", newYear.Add(time.Hour))
	assert.ErrorContains(t, err, "change 2")
}

func TestAnExplanationAsJSON(t *testing.T) {
	c := emptyCatalogue(t)
	p := requested(t, c, "weather")
	p.rollsOut("1.0.0", 0, "tester")
	record, err := RecordAt(t.Context(), c, "weather", p.now)
	require.NoError(t, err)
	e, err := Explain("weather", record, "tester", 3)
	require.NoError(t, err)
	text, err := json.Marshal(e)
	require.NoError(t, err)
	assert.JSONEq(t, fmt.Sprintf(`{"mini_program": "weather", "user": "tester", "platform_version": 3,
		"available": true, "version": "1.0.0", "sha256": "%s", "variant": "candidate", "reason": "TARGETING_MATCH", "rule": "tester",
		"because": "tester is a tester of the candidate 1.0.0",
		"rollout": {"candidate": "1.0.0", "percent": 0, "bucket": %v, "tester": true},
		"record": {"sequence": 6, "revision": 6, "at": "2026-01-01T00:05:00Z", "action": "publish", "actor": "dora", "role": "developer",
			"from": "ReadyToPublish", "to": "GrayscaleRelease", "version": "1.0.0", "comment": "because", "details": "own plan: 0 %% for 1h, 100 %%"}}`,
		sumOf(content("weather", "1.0.0")), lifecycle.Bucket("weather", "1.0.0", "tester").Float()), string(text))
}

func TestAnExplanationAgreesWithTheAnswer(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		serving := lifecycle.Serving{Percent: lifecycle.Percent(rapid.IntRange(0, 10000).Draw(rt, "percent"))}
		need := rapid.IntRange(0, 3)
		if rapid.Bool().Draw(rt, "candidate") {
			serving.Candidate, serving.Testers = new(version("1.2.0", need.Draw(rt, "needs"))), []string{"tester"}
		}
		if rapid.Bool().Draw(rt, "live") {
			serving.Live = new(version("1.1.0", need.Draw(rt, "live needs")))
			serving.Previous = []lifecycle.Version{version("1.0.0", need.Draw(rt, "previous needs"))}
		}
		user := rapid.SampledFrom([]string{"tester", "u1", "u2", "u3"}).Draw(rt, "user")
		platform := rapid.SampledFrom([]int{AnyPlatform, 0, 1, 2, 3}).Draw(rt, "platform")
		r, err := newRelease("weather", 1, serving)
		require.NoError(rt, err)
		d := r.decide(user, platform)
		e, err := Explain("weather", lifecycle.Record{Serving: serving}, user, platform)
		require.NoError(rt, err)
		assert.Equal(rt, []any{versionOf(d), d.Variant, d.Rule, d.Rule.Reason()}, []any{e.Version, e.Variant, e.Rule, e.Reason})
		assert.NotEmpty(rt, e.Because)
		assert.Contains(rt, e.Because, e.Version)
	})
}

// oneRecord is a trail of a single record.
type oneRecord struct{ lifecycle.Record }

func (o oneRecord) Audit(context.Context, string, int64, int) ([]catalog.AuditEntry, error) {
	return []catalog.AuditEntry{{ID: "weather", Record: o.Record}}, nil
}

// A record that was filled in after the catalogue had lost it says nothing of what users got, unless that is known all the same.
func TestOnlyAFilledInRecordThatServesNothingIsNotExplained(t *testing.T) {
	version := &lifecycle.Version{Version: "1.0.0", SHA256: sumOf(content("weather", "1.0.0"))}
	for _, each := range []struct {
		restored  bool
		serving   lifecycle.Serving
		explained bool
	}{
		{true, lifecycle.Serving{}, false},
		{true, lifecycle.Serving{Live: version}, true},
		{true, lifecycle.Serving{Candidate: version}, true},
		{false, lifecycle.Serving{}, true},
	} {
		record := lifecycle.Record{Serving: each.serving}
		record.At, record.Restored = newYear, each.restored
		_, err := ExplainAt(t.Context(), oneRecord{record}, "weather", newYear, "u1", AnyPlatform)
		if each.explained {
			assert.NoError(t, err, "%+v", each)
			continue
		}
		refusal, refused := errors.AsType[*lifecycle.Refusal](err)
		require.True(t, refused, "%+v: %v", each, err)
		assert.Contains(t, refusal.Message, "the catalogue had lost it")
	}
}
