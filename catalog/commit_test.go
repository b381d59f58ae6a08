package catalog_test

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"slipway/accounts"
	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

func TestReadersSeeWhatWasCommitted(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		commit(t, c, p.release("1.0.0")...)
		commit(t, c, p.publish()...)
		commit(t, c, p.release("1.1.0")...)
		last := p.do(developer, lifecycle.SetGrayscale, func(c *lifecycle.Command) {
			c.Percent, c.Testers = new(lifecycle.Percent(1)), &[]string{"tess"}
		})
		commit(t, c, last)

		status, change, err := c.Status(t.Context(), "weather")
		require.NoError(t, err)
		assertSameJSON(t, last.MiniProgram.Status(), status)
		assert.EqualValues(t, last.Record.Revision, change, "every action was one change")

		outcome, _, err := c.Outcome(t.Context(), "weather", developer.User, last.Outcome.RequestID)
		require.NoError(t, err)
		assertSameJSON(t, last.Outcome, outcome)

		audit, err := c.Audit(t.Context(), "weather", 0, 1)
		require.NoError(t, err)
		require.Len(t, audit, 1)
		assertSameJSON(t, last.Record, audit[0].Record)
		assert.Equal(t, "life-1", audit[0].Life)

		release := releases(t, c, 0)["weather"]
		assert.Equal(t, change, release.Change)
		assert.Equal(t, lifecycle.Percent(1), release.Serving.Percent)
		assert.Equal(t, []string{"tess"}, release.Serving.Testers)
		sha256 := strings.Repeat("ab", 32)
		assert.Equal(t, &lifecycle.Version{Version: "1.1.0", SHA256: sha256, MinPlatform: 3}, release.Serving.Candidate)
		assert.Equal(t, &lifecycle.Version{Version: "1.0.0", SHA256: sha256, MinPlatform: 3}, release.Serving.Live)
	})
}

func TestTheSameCommitAgainChangesNothing(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		for _, each := range []catalog.Commit{p.upload("1.0.0"), p.refuse("r1"), p.do(developer, lifecycle.RequestPublishing), p.escalate()} {
			commit(t, c, each)
			before, last := snapshot(t, c, "weather", each), lastChange(t, c)
			commit(t, c, each)
			assert.Equal(t, before, snapshot(t, c, "weather", each))
			assert.Equal(t, last, lastChange(t, c))
		}
	})
}

func TestTheSameCommitManyTimesAtOnceIsOneChange(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		_, first := requested(t, "weather", "Weather", "life-1", newYear)
		var attempts sync.WaitGroup
		for range 8 {
			attempts.Go(func() { commit(t, c, first) })
		}
		attempts.Wait()
		assert.EqualValues(t, 1, lastChange(t, c))
		assert.Len(t, audit(t, c, "weather"), 1)
	})
}

func TestAStepThatTheCatalogueKnowsStaysWhateverComesUnderItsNumber(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		other := *p
		commit(t, c, p.upload("1.0.0"), p.refuse("r1"), p.do(developer, lifecycle.RequestPublishing))
		before, last := snapshot(t, c, "weather"), lastChange(t, c)

		behind := []catalog.Commit{other.upload("2.0.0"), other.refuse("r2"), other.do(developer, lifecycle.RequestPublishing)}
		for _, each := range behind {
			_, err := c.Commit(t.Context(), each)
			assert.ErrorIs(t, err, catalog.ErrStepTaken)
		}
		assert.Equal(t, before, snapshot(t, c, "weather"))
		assert.Equal(t, last, lastChange(t, c))

		stored, err := c.Stored(t.Context(), "weather")
		require.NoError(t, err)
		assert.Equal(t, p.life, stored.Life)
		assert.Equal(t, p.step, stored.Step)
		assertSameJSON(t, p.MiniProgram, stored.MiniProgram)
		require.Len(t, stored.Outcomes, 5)
		assert.Equal(t, "r1", stored.Outcomes[3].RequestID)
		record, outcome, err := c.Step(t.Context(), "weather", p.life, behind[0].Step)
		require.NoError(t, err)
		assert.Equal(t, "1.0.0", record.Version, "what is stored under the number")
		assert.Equal(t, record.Command.RequestID, outcome.RequestID)
	})
}

func TestAStepBehindForgottenRefusalsIsKnownAllTheSame(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		behind := *p
		commit(t, c, p.refuse("r1"))
		_, err := c.SweepOutcomes(t.Context(), p.now.Add(time.Hour))
		require.NoError(t, err)
		_, err = c.Commit(t.Context(), behind.upload("1.0.0"))
		assert.ErrorIs(t, err, catalog.ErrStepTaken)
	})
}

// releasedState is where the catalogue says that the weather stands.
func releasedState(t tester, c *catalog.Catalog) lifecycle.State {
	status, _, err := c.Status(t.Context(), "weather")
	require.NoError(t, err)
	return status.State
}

func TestAnEscalationShowsWithinItsRevisionAndStays(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p, first := requested(t, "weather", "Weather", "life-1", newYear)
		commit(t, c, first, p.escalate(), p.refuse("r1"))

		status, change, err := c.Status(t.Context(), "weather")
		require.NoError(t, err)
		assert.True(t, status.Review.Overdue)
		assert.Equal(t, 1, status.Revision)
		assert.Equal(t, 2, status.Sequence)
		assert.EqualValues(t, 2, change)
		page, err := c.List(t.Context(), catalog.Filter{Overdue: new(true)})
		require.NoError(t, err)
		assert.Len(t, page.Items, 1)
		entries := audit(t, c, "weather")
		require.Len(t, entries, 2, "what was observed is in the audit trail")
		assert.Equal(t, lifecycle.Escalated, entries[0].Record.Action)
		assert.Equal(t, lifecycle.KindNote, entries[0].Record.Kind)
	})
}

func TestARefusalThatShowsNothingNewLeavesTheReadModelAlone(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		before, change, err := c.Status(t.Context(), "weather")
		require.NoError(t, err)
		commit(t, c, p.refuse("r1"))

		after, changeAfter, err := c.Status(t.Context(), "weather")
		require.NoError(t, err)
		assert.Equal(t, before, after)
		assert.Equal(t, change, changeAfter)
		assert.Equal(t, change+1, lastChange(t, c), "but those who follow see the outcome")
	})
}

func TestOnlyARequestWithAnIDOfUsualLengthIsFoundByIt(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		for id, found := range map[string]bool{
			strings.Repeat("a", lifecycle.MaxName): true, strings.Repeat("b", lifecycle.MaxName+1): false, strings.Repeat("c", 100_000): false, "": false,
		} {
			commit(t, c, p.refuse(id))
			_, _, err := c.Outcome(t.Context(), "weather", developer.User, id)
			if found {
				assert.NoError(t, err)
			} else {
				assert.ErrorIs(t, err, catalog.ErrNotFound, "%.5s of %d", id, len(id))
			}
		}
	})
}

func TestAnIDWhoseLifeHasNotEndedIsTaken(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		commit(t, c, p.release("1.0.0")...)
		before := snapshot(t, c, "weather")
		_, again := requested(t, "weather", "Mine now", "life-2", p.now.Add(time.Hour))
		_, err := c.Commit(t.Context(), again)
		assert.ErrorIs(t, err, catalog.ErrLifeGoesOn)
		assert.Equal(t, before, snapshot(t, c, "weather"))
	})
}

func TestARefusedCreationLeavesOnlyItsOutcome(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		nobody := &program{MiniProgram: lifecycle.MiniProgram{ID: "weather"}, life: "life-1", now: newYear}
		commit(t, c, nobody.refuse("r1"))

		outcome, _, err := c.Outcome(t.Context(), "weather", developer.User, "r1")
		require.NoError(t, err)
		assert.False(t, outcome.Accepted)
		_, _, err = c.Status(t.Context(), "weather")
		assert.ErrorIs(t, err, catalog.ErrNotFound)
		assert.Empty(t, releases(t, c, 0))
	})
}

func TestCommitsThatCannotBeRightAreInvalid(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		_, first := requested(t, "weather", "Weather", "life-1", newYear)
		for _, test := range []struct {
			name  string
			wrong func(*catalog.Commit)
		}{
			{"bad id", func(c *catalog.Commit) { c.MiniProgram.ID = "BAD\x00" }},
			{"no life", func(c *catalog.Commit) { c.Life = "" }},
			{"no step", func(c *catalog.Commit) { c.Step = 0 }},
			{"record of another revision", func(c *catalog.Commit) { c.MiniProgram.Revision = 2 }},
			{"record of another sequence", func(c *catalog.Commit) { c.MiniProgram.Sequence = 2 }},
			{"what JSON cannot say", func(c *catalog.Commit) { c.MiniProgram.UpdatedAt = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }},
		} {
			wrong := first
			test.wrong(&wrong)
			_, err := c.Commit(t.Context(), wrong)
			assert.ErrorIs(t, err, catalog.ErrInvalid, test.name)
		}
		assert.Zero(t, lastChange(t, c))
	})
}

func TestEveryTextSurvives(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		text := strings.Repeat("👩‍🚀 Ümläut \"'\\%_<>&\u2028\t\n", 500)[:10_000]
		text = strings.ToValidUTF8(text, "")
		p, first := requested(t, "weather", "☀️ Wetter für 東京", "life-1", newYear)
		last := p.do(reviewer, lifecycle.RejectCreation, func(c *lifecycle.Command) { c.Comment = text })
		commit(t, c, first, last)

		assert.Equal(t, text, audit(t, c, "weather")[0].Record.Comment)
		page, err := c.List(t.Context(), catalog.Filter{Query: "FÜR 東京"})
		require.NoError(t, err)
		require.Len(t, page.Items, 1)
		assert.Equal(t, "☀️ Wetter für 東京", page.Items[0].Title)
	})
}

func TestARequestIDThatNoDatabaseCanKeepDoesNotStopTheCommit(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		var long [10_000]byte
		_, _ = rand.Read(long[:]) // so that no index can compress it
		for _, id := range []string{"", "nul\x00", "\xff", hex.EncodeToString(long[:])} {
			commit(t, c, p.refuse(id))
		}
		outcome, _, err := c.Outcome(t.Context(), "weather", developer.User, "nul\x00")
		require.NoError(t, err)
		assert.Equal(t, "nul\x00", outcome.RequestID)
	})
}

func assertSameJSON(t *testing.T, want, got any) {
	t.Helper()
	wantJSON, err := json.Marshal(want)
	require.NoError(t, err)
	gotJSON, err := json.Marshal(got)
	require.NoError(t, err)
	assert.JSONEq(t, string(wantJSON), string(gotJSON))
}

func TestCommitsAreMeasuredByTheirResult(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		again := p.upload("1.0.0")
		commit(t, c, again)
		_, err := c.Commit(t.Context(), again)
		require.ErrorIs(t, err, catalog.ErrStepTaken)
		_, begins := requested(t, "weather", "Weather", "life-2", newYear)
		_, err = c.Commit(t.Context(), begins)
		require.ErrorIs(t, err, catalog.ErrLifeGoesOn)
		values := measured(t, c)
		assert.EqualValues(t, 3, values["slipway_commit_seconds committed"])
		assert.EqualValues(t, 2, values["slipway_commit_seconds refused"])
		assert.EqualValues(t, 0, values["slipway_commit_seconds failed"])
		assert.EqualValues(t, 1, values["slipway_step_conflicts_total"])
	})
}

func TestStatementsHaveSpansWhereTheirCallerHasOne(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		told := tracetest.NewInMemoryExporter()
		provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(told))
		p := weather(t, c)
		require.Empty(t, told.GetSpans(), "nobody asked for it")

		ctx, asker := provider.Tracer("test").Start(t.Context(), "asker")
		next := p.upload("1.0.0")
		_, err := c.Commit(ctx, next)
		require.NoError(t, err)
		_, _, err = c.Status(ctx, "weather")
		require.NoError(t, err)
		_, err = c.Commit(ctx, next)
		require.Error(t, err)
		_, _, err = accounts.NewSessions(c.Database()).FindCtx(ctx, "token")
		require.NoError(t, err)
		var names []string
		for _, span := range told.GetSpans() {
			names = append(names, span.Name)
		}
		assert.Equal(t, []string{"COMMIT", "catalogue Commit", "catalogue Status", "catalogue Commit", "accounts FindCtx"}, names)
		spans := told.GetSpans()
		assert.Equal(t, spans[1].SpanContext.SpanID(), spans[0].Parent.SpanID())
		assert.Equal(t, asker.SpanContext().SpanID(), spans[1].Parent.SpanID())
		assert.Equal(t, codes.Unset, spans[1].Status.Code)
		assert.Equal(t, codes.Error, spans[3].Status.Code)
		assert.Empty(t, spans[3].Status.Description)
	})
}

// measured is what a catalogue tells, by name and result.
func measured(t *testing.T, c *catalog.Catalog) map[string]float64 {
	registry := prometheus.NewRegistry()
	registry.MustRegister(c.Collectors()...)
	gathered, err := registry.Gather()
	require.NoError(t, err)
	values := map[string]float64{}
	for _, family := range gathered {
		for _, metric := range family.GetMetric() {
			values[family.GetName()+resultOf(metric)] = metric.GetCounter().GetValue() + float64(metric.GetHistogram().GetSampleCount())
		}
	}
	return values
}

func resultOf(metric *dto.Metric) string {
	for _, label := range metric.GetLabel() {
		if label.GetName() == "result" {
			return " " + label.GetValue()
		}
	}
	return ""
}
