package catalog_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

func countOf(t *testing.T, c *catalog.Catalog, filter catalog.Filter) catalog.Counts {
	counts, err := c.Count(t.Context(), filter)
	require.NoError(t, err)
	return counts
}

func TestTheCountsOfASearchFollowEveryChange(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		worker, web := catalogtest.Open(t, databaseURL), catalogtest.Open(t, databaseURL)
		for i := range 5 {
			p, first := requested(t, fmt.Sprintf("weather-%d", i), "Title", "life-1", newYear)
			commit(t, worker, first)
			assert.Equal(t, i+1, countOf(t, web, catalog.Filter{Query: "weather"}).ByState[lifecycle.CreationPending])
			assert.Equal(t, 1, countOf(t, web, catalog.Filter{Query: fmt.Sprint("weather-", i)}).ByState[lifecycle.CreationPending], "another search")
			commit(t, worker, p.escalate())
			assert.Equal(t, i+1, countOf(t, web, catalog.Filter{Query: "weather"}).Overdue)
		}
	})
}

func TestASearchFindsNothingWhereThereIsNothing(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		assert.Empty(t, countOf(t, c, catalog.Filter{Query: "weather"}).ByState)
	})
}

func TestASearchThatCouldNotBeCountedIsCountedAgain(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		shelf(t, c)
		rename := func(from, to string) {
			_, err := c.Database().Exec(t.Context(), "ALTER TABLE "+from+" RENAME TO "+to)
			require.NoError(t, err)
		}
		rename("mini_programs", "hidden")
		_, err := c.Count(t.Context(), catalog.Filter{Query: "bakery"})
		require.Error(t, err)
		rename("hidden", "mini_programs")
		assert.Equal(t, 1, countOf(t, c, catalog.Filter{Query: "bakery"}).ByState[lifecycle.CreationPending])
	})
}

func TestSearchesAreCountedByFilterAndForEachToKeep(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		shelf(t, c)
		clear(countOf(t, c, catalog.Filter{Query: "a"}).ByState) // what somebody does to theirs is nobody else's
		assert.Equal(t, 2, countOf(t, c, catalog.Filter{Query: "a"}).ByState[lifecycle.CreationPending])
		assert.Empty(t, countOf(t, c, catalog.Filter{Query: "a", Teams: []string{"globex"}}).ByState[lifecycle.CreationPending])
		assert.Equal(t, 1, countOf(t, c, catalog.Filter{Query: "a", Overdue: new(true)}).ByState[lifecycle.CreationPending])
	})
}

func TestWhoeverGivesUpOnASearchSpoilsItForNobody(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		shelf(t, c)
		for i := range 150 { // more than are remembered
			ctx, cancel := context.WithCancel(t.Context())
			var all sync.WaitGroup
			all.Go(func() { _, _ = c.Count(ctx, catalog.Filter{Query: fmt.Sprint(i)}) })
			all.Go(cancel)
			counts, err := c.Count(t.Context(), catalog.Filter{Query: fmt.Sprint(i)})
			assert.NoError(t, err)
			assert.Empty(t, counts.ByState[lifecycle.Published])
			all.Wait()
		}
	})
}

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
