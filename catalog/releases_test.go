package catalog_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

func TestOnlyReleasesThatChangedAreReadAgain(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		_, other := requested(t, "other", "Other", "life-1", newYear)
		commit(t, c, other)
		commit(t, c, p.release("1.0.0")...)
		loaded := lastChange(t, c)
		assert.Len(t, releases(t, c, 0), 2)
		assert.Empty(t, releases(t, c, loaded))

		commit(t, c, p.do(developer, lifecycle.Pause), p.refuse("r1"))
		assert.Empty(t, releases(t, c, loaded), "users get what they got")
		commit(t, c, p.do(developer, lifecycle.Promote))
		changed := releases(t, c, loaded)
		assert.Len(t, changed, 1)
		assert.Equal(t, lifecycle.WholePercent(10), changed["weather"].Serving.Percent)
		assert.Equal(t, lastChange(t, c), changed["weather"].Change)
	})
}

func TestARowThatCannotBeReadIsReportedAndTheOthersAreRead(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		weather(t, c)
		_, other := requested(t, "other", "Other", "life-1", newYear)
		commit(t, c, other)
		require.NoError(t, c.Spoil(t.Context(), "weather"))

		all := releases(t, c, 0)
		assert.ErrorContains(t, all["weather"].Err, "read the release of weather")
		assert.NoError(t, all["other"].Err)

		entries := audit(t, c, "weather")
		require.Len(t, entries, 2)
		assert.ErrorContains(t, entries[0].Err, "read the record of change 2")

		changes := follow(t, c, 0, 3)
		assert.ErrorContains(t, changes[0].Err, "read change 1 of weather")
		assert.Nil(t, changes[0].Outcome)
		assert.NoError(t, changes[2].Err)

		_, _, err := c.Status(t.Context(), "weather")
		assert.ErrorContains(t, err, `status of mini-program "weather"`)
		assert.NotErrorIs(t, err, catalog.ErrNotFound)
	})
}
