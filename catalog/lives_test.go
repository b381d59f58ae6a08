package catalog_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

func TestOfTwoLivesTheLaterOneCountsAndTheAuditKeepsBoth(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p, first := requested(t, "weather", "Sunshine", "life-1", newYear)
		rejected := p.do(reviewer, lifecycle.RejectCreation)
		_, again := requested(t, "weather", "Rain", "life-2", newYear.Add(time.Hour))
		commit(t, c, first, rejected, again, rejected)

		status, _, err := c.Status(t.Context(), "weather")
		require.NoError(t, err)
		assert.Equal(t, lifecycle.CreationPending, status.State)
		assert.Equal(t, "Rain", status.Title)
		for title, want := range map[string]string{"rain": "weather", "sunshine": ""} {
			page, err := c.List(t.Context(), catalog.Filter{Query: title})
			require.NoError(t, err)
			assert.Equal(t, want, ids(page))
		}
		entries := audit(t, c, "weather")
		require.Len(t, entries, 3)
		assert.Equal(t, "life-2", entries[0].Life)
		assert.Equal(t, "life-1", entries[1].Life)
	})
}

func TestALifeThatBeginsAfterAClockWasPutRightIsTheLaterOne(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p, first := requested(t, "weather", "Sunshine", "life-1", newYear)
		again, second := requested(t, "weather", "Rain", "life-2", newYear.Add(-time.Hour))
		commit(t, c, first, p.do(reviewer, lifecycle.RejectCreation), second)
		status, _, err := c.Status(t.Context(), "weather")
		require.NoError(t, err)
		assert.Equal(t, "Rain", status.Title)
		assert.Equal(t, lifecycle.CreationPending, status.State)
		gap, err := c.Commit(t.Context(), again.do(reviewer, lifecycle.ApproveCreation))
		require.NoError(t, err)
		assert.Equal(t, catalog.Gap{}, gap, "nothing was lost")
	})
}

func TestWhatAnEarlierLifeTellsLateChangesNothingOfWhatUsersGet(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		lifeOf := func(life string, begins time.Time, version, name string) []catalog.Commit {
			p, first := requested(t, "weather", "Weather", life, begins)
			return append([]catalog.Commit{first, p.do(reviewer, lifecycle.ApproveCreation)}, p.released(version, name)...)
		}
		earlier := lifeOf("life-1", newYear, "0.9.0", "a")
		commit(t, c, lifeOf("life-2", newYear.AddDate(0, 1, 0), "1.0.0", "b")...)
		before := releases(t, c, 0)
		commit(t, c, earlier[len(earlier)-1])
		assert.Equal(t, before, releases(t, c, 0))
		assert.Equal(t, "1.0.0", before["weather"].Serving.Live.Version)
	})
}
