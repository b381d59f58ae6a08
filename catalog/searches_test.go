package catalog_test

import (
	"context"
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

func TestSearchesAreCountedByFilterAndForEachToKeep(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		shelf(t, c)
		clear(countOf(t, c, catalog.Filter{Query: "a"}).ByState) // what somebody does to theirs is nobody else's
		assert.Equal(t, 2, countOf(t, c, catalog.Filter{Query: "a"}).ByState[lifecycle.CreationPending])
		assert.Empty(t, countOf(t, c, catalog.Filter{Query: "a", Teams: []string{"globex"}}).ByState[lifecycle.CreationPending])
		assert.Equal(t, 1, countOf(t, c, catalog.Filter{Query: "a", Overdue: new(true)}).ByState[lifecycle.CreationPending])
	})
}

func TestWhoGivesUpOnASearchSpoilsItForNobody(t *testing.T) {
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
