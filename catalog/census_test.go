package catalog_test

import (
	"database/sql"
	"encoding/json"
	"testing"

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

func census(t *testing.T, c *catalog.Catalog) catalog.Census {
	t.Helper()
	counted, err := c.Census(t.Context())
	require.NoError(t, err)
	return counted
}

func TestACensusCountsWhatThereIs(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		assert.Empty(t, census(t, c).Rollouts)
		weather(t, c)
		releasing := func(id string) *program {
			p, first := requested(t, id, id, "life-1", newYear)
			commit(t, c, first, p.do(reviewer, lifecycle.ApproveCreation))
			commit(t, c, p.submitted("1.0.0", "a")...)
			commit(t, c, p.do(developer, lifecycle.Publish))
			return p
		}
		releasing("one")
		two := releasing("two")
		commit(t, c, two.do(developer, lifecycle.Pause))
		counted := census(t, c)
		assert.ElementsMatch(t, []catalog.Rollouts{{Standing: catalog.Running, Number: 1}, {Standing: catalog.Paused, Number: 1}}, counted.Rollouts)
		assert.Equal(t, 2, counted.ByState[lifecycle.GrayscaleRelease])
		assert.Zero(t, counted.Overdue)
		assert.Equal(t, lastChange(t, c), counted.LastChange)
		commit(t, c, two.do(developer, lifecycle.Resume), two.do(developer, lifecycle.Promote))
		assert.ElementsMatch(t, []catalog.Rollouts{{Standing: catalog.Running, Number: 1}, {Stage: 1, Standing: catalog.Running, Number: 1}}, census(t, c).Rollouts)
		commit(t, c, two.do(developer, lifecycle.Rollback))
		assert.Equal(t, []catalog.Rollouts{{Standing: catalog.Running, Number: 1}}, census(t, c).Rollouts)
	})
}

func TestACensusKnowsWhatIsOverdueAndHeld(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p, first := requested(t, "late", "Late", "life-1", newYear)
		commit(t, c, first, p.escalate())
		assert.Equal(t, 1, census(t, c).Overdue)
		commit(t, c, p.do(reviewer, lifecycle.ApproveCreation))
		assert.Zero(t, census(t, c).Overdue)
		commit(t, c, p.submitted("1.0.0", "a")...)
		commit(t, c, p.do(developer, lifecycle.Publish), p.do(lifecycle.Timers, lifecycle.Held, func(c *lifecycle.Command) { c.RequestID = "" }))
		assert.Equal(t, []catalog.Rollouts{{Standing: catalog.Held, Number: 1}}, census(t, c).Rollouts)
	})
}

// Rollouts that were under way before they were counted are counted after the upgrade; one that cannot be read is none.
func TestAnUpgradeCountsTheRolloutsThatAreUnderWay(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		p, _ := requested(t, "weather", "Weather", "life-1", newYear)
		p.do(reviewer, lifecycle.ApproveCreation)
		p.submitted("1.0.0", "a")
		p.do(developer, lifecycle.Publish)
		document, err := json.Marshal(p.MiniProgram)
		require.NoError(t, err)
		require.NoError(t, catalog.AtVersion(t.Context(), databaseURL, 12, func(tx *sql.Tx) error {
			for id, text := range map[string]string{"weather": string(document), "spoilt": "{"} {
				if _, err := tx.Exec(`INSERT INTO mini_programs (id, life, revision, sequence, step, change, title, team, state, candidate_version,
						candidate_sha256, live_version, percent, due_at, overdue, updated_at, search, document)
					VALUES ($1, 'life-1', 6, 6, 6, 1, 'T', 'acme', 'GrayscaleRelease', '1.0.0', '', '', 100, $2, FALSE, $2, '', $3)`, id, newYear, text); err != nil {
					return err
				}
			}
			return nil
		}))
		assert.Equal(t, []catalog.Rollouts{{Standing: catalog.Running, Number: 1}}, census(t, catalogtest.Open(t, databaseURL)).Rollouts)
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

func TestQuestionsHaveSpansWhereWhoeverAsksHasOne(t *testing.T) {
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
