package catalog_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

// rate is feedback, with a text that looks like a record of its own.
func (p *program) rate(ratings ...int) (commits []catalog.Commit) {
	for _, rating := range ratings {
		commits = append(commits, p.do(developer, lifecycle.LeaveFeedback, func(c *lifecycle.Command) {
			c.Comment, c.Rating, c.Text = "", rating, `{"action":"leave-feedback","version":"9.9.9","rating":1}`
		}))
	}
	return commits
}

func texts(t *testing.T, entries []catalog.AuditEntry) (found []string) {
	for _, entry := range entries {
		require.NoError(t, entry.Err)
		assert.NotEmpty(t, entry.Team)
		found = append(found, fmt.Sprintf("%s %s %d", entry.Record.Action, entry.Record.Version, entry.Record.Command.Rating))
	}
	return found
}

func TestFeedbackIsFoundAndCountedByVersion(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		none, err := c.Ratings(t.Context(), "weather")
		require.NoError(t, err)
		assert.Empty(t, none)
		commit(t, c, p.release("1.0.0")...)
		commit(t, c, p.rate(5, 4)...)
		commit(t, c, p.do(developer, lifecycle.Rollback))
		commit(t, c, p.release("1.1.0")...)
		commit(t, c, p.rate(1)...)
		paused := p.do(developer, lifecycle.Pause, func(c *lifecycle.Command) { c.Comment = `they say "action":"leave-feedback"` })
		commit(t, c, paused)
		commit(t, c, p.rate(5, 5)...)

		ratings, err := c.Ratings(t.Context(), "weather")
		require.NoError(t, err)
		require.Len(t, ratings, 2)
		assert.Equal(t, "1.1.0", ratings[0].Version, "it was rated last")
		assert.Equal(t, [5]int{1, 0, 0, 0, 2}, ratings[0].Numbers)
		assert.Equal(t, 3, ratings[0].Count())
		assert.InDelta(t, 11.0/3, ratings[0].Mean(), 1e-9)
		assert.Equal(t, [5]int{0, 0, 0, 1, 1}, ratings[1].Numbers)

		first, err := c.Feedback(t.Context(), "weather", "", 0, 3)
		require.NoError(t, err)
		assert.Equal(t, []string{"leave-feedback 1.1.0 5", "leave-feedback 1.1.0 5", "leave-feedback 1.1.0 1"}, texts(t, first))
		rest, err := c.Feedback(t.Context(), "weather", "", first[2].Change, 3)
		require.NoError(t, err)
		assert.Equal(t, []string{"leave-feedback 1.0.0 4", "leave-feedback 1.0.0 5"}, texts(t, rest))
		of, err := c.Feedback(t.Context(), "weather", "1.0.0", 0, 1)
		require.NoError(t, err)
		assert.Equal(t, []string{"leave-feedback 1.0.0 4"}, texts(t, of))

		since, err := c.RatingsSince(t.Context(), "weather", "1.1.0", first[2].Change, 9)
		require.NoError(t, err)
		assert.Equal(t, []catalog.Rating{{At: first[0].Record.At, Rating: 5}, {At: first[1].Record.At, Rating: 5}}, since)
		others, err := c.WithoutFeedback(t.Context(), "weather", 0, 2)
		require.NoError(t, err)
		assert.Equal(t, []string{"pause 1.1.0 0", "publish 1.1.0 0"}, texts(t, others))
		others, err = c.WithoutFeedback(t.Context(), "weather", others[1].Change, 99)
		require.NoError(t, err)
		assert.Len(t, others, 10)
	})
}

func TestFeedbackFromBeforeIsFoundToo(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		p, _ := requested(t, "weather", "Weather", "life-1", newYear)
		p.do(reviewer, lifecycle.ApproveCreation)
		p.release("1.0.0")
		records := []string{`{"action":"leave-feedback`, `{"action":"leave-feedback","version":"1.0.0"}`}
		for _, each := range append(p.rate(3, 4), p.do(developer, lifecycle.Pause)) {
			text, err := json.Marshal(each.Record)
			require.NoError(t, err)
			records = append(records, string(text))
		}
		require.NoError(t, catalog.AtVersion(t.Context(), databaseURL, 15, func(tx *sql.Tx) error {
			for i, record := range records {
				_, err := tx.Exec(`INSERT INTO changes (number, mini_program, life, step, at, record, actor) VALUES ($1, 'weather', 'life-1', $2, $3, $4, '')`,
					i+1, i+1, newYear, record)
				if err != nil {
					return err
				}
			}
			return nil
		}))
		c := catalogtest.Open(t, databaseURL)
		ratings, err := c.Ratings(t.Context(), "weather")
		require.NoError(t, err)
		require.Len(t, ratings, 1, "what cannot be read is not counted")
		assert.Equal(t, [5]int{0, 0, 1, 1, 0}, ratings[0].Numbers)
		found, err := c.Feedback(t.Context(), "weather", "1.0.0", 0, 9)
		require.NoError(t, err)
		assert.Len(t, found, 2)
	})
}
