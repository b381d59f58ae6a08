package catalog_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/database"
	"slipway/lifecycle"
)

func TestTheFirstOutcomeOfARequestStays(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		again := func(c *lifecycle.Command) { c.RequestID = "r1" }
		commit(t, c, p.refuse("r1"), p.upload("1.0.0"), p.do(developer, lifecycle.RequestPublishing, again))
		outcome, _, err := c.Outcome(t.Context(), "weather", developer.User, "r1")
		require.NoError(t, err)
		assert.Equal(t, lifecycle.ForbiddenRole, outcome.Code)
		assert.Equal(t, lifecycle.RequestPublishing, audit(t, c, "weather")[0].Record.Action, "but what was done is recorded")
	})
}

// planOf is how SQLite goes about a question.
func planOf(t *testing.T, c *catalog.Catalog, question string, arguments ...any) []string {
	plan, err := database.Collect(t.Context(), c.Database().Select("EXPLAIN QUERY PLAN "+question), func(row *sql.Rows) (step string, err error) {
		return step, row.Scan(new(int), new(int), new(int), &step)
	}, arguments...)
	require.NoError(t, err)
	return plan
}

// By any other index all that ever happened to a mini-program would be read for each of its actions.
func TestARequestIsFoundByItsIDHoweverMuchHappened(t *testing.T) {
	c := catalogtest.Open(t, catalogtest.SQLite(t))
	for question, arguments := range catalog.RequestQuestions {
		plan := planOf(t, c, question, []any{"weather", "r1", "ann", "life-1", 7}[:arguments]...)
		for _, step := range plan {
			if strings.Contains(step, "SEARCH changes") || strings.Contains(step, "SEARCH latest") || strings.Contains(step, "SCAN") {
				assert.Contains(t, step, "changes_answers (mini_program=? AND request_id=? AND actor=?)", question)
			}
		}
		assert.Contains(t, strings.Join(plan, "\n"), "SEARCH changes", question)
	}
}

func TestAnOutcomeIsThatOfTheLatestLife(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p, first := requested(t, "weather", "Weather", "life-1", newYear)
		commit(t, c, first, p.refuse("r1"), p.do(reviewer, lifecycle.RejectCreation))
		second, again := requested(t, "weather", "Weather", "life-2", newYear.Add(time.Hour))
		commit(t, c, again)
		outcome, _, err := c.Outcome(t.Context(), "weather", developer.User, "r1")
		require.NoError(t, err)
		assert.Equal(t, newYear.Add(time.Minute), outcome.At)

		commit(t, c, second.refuse("r1"))
		outcome, _, err = c.Outcome(t.Context(), "weather", developer.User, "r1")
		require.NoError(t, err)
		assert.Equal(t, newYear.Add(time.Hour+time.Minute), outcome.At)
	})
}

func TestARequestIsFinishedBeforeLaterStepsOfItsLifeOnly(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		weather(t, c)
		life, err := c.Life(t.Context(), "weather")
		require.NoError(t, err)
		assert.Equal(t, "life-1", life)
		none, err := c.Life(t.Context(), "whether")
		require.NoError(t, err)
		assert.Empty(t, none)
		for before, expected := range map[int]bool{1: false, 2: true, 9: true} {
			record, finished, err := c.Finished(t.Context(), "weather", "life-1", developer.User, "life-1/request-creation", before)
			require.NoError(t, err)
			assert.Equal(t, expected, finished, before)
			assert.Equal(t, expected, record != nil, before)
		}
		_, finished, err := c.Finished(t.Context(), "weather", "life-2", developer.User, "life-1/request-creation", 9)
		require.NoError(t, err)
		assert.False(t, finished)
	})
}

func TestOldOutcomesAreForgottenButTheAuditTrailStays(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p, first := requested(t, "weather", "Weather", "life-1", newYear)
		commit(t, c, first, p.refuse("old"), p.escalate(), p.do(reviewer, lifecycle.ApproveCreation))
		edge := p.now.Add(time.Minute)
		for range 700 { // more than one batch
			commit(t, c, p.refuse("young"))
		}
		before, status := audit(t, c, "weather"), snapshot(t, c, "weather")

		forgotten, err := c.SweepOutcomes(t.Context(), edge)
		require.NoError(t, err)
		assert.EqualValues(t, 3, forgotten, "the outcomes of three requests")
		_, _, err = c.Outcome(t.Context(), "weather", developer.User, "old")
		assert.ErrorIs(t, err, catalog.ErrNotFound)
		_, _, err = c.Outcome(t.Context(), "weather", developer.User, first.Outcome.RequestID)
		assert.ErrorIs(t, err, catalog.ErrNotFound)
		_, _, err = c.Outcome(t.Context(), "weather", developer.User, "young")
		assert.NoError(t, err)

		forgotten, err = c.SweepOutcomes(t.Context(), p.now.Add(time.Hour))
		require.NoError(t, err)
		assert.EqualValues(t, 700, forgotten)
		assert.Equal(t, before, audit(t, c, "weather"))
		assert.Equal(t, status, snapshot(t, c, "weather"))
		commit(t, c, first)
		assert.Equal(t, before, audit(t, c, "weather"), "a commit whose outcome is forgotten is still known")
	})
}
