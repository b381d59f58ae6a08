package catalog_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

func TestWhatAnOlderCatalogueHasLostIsFilledInFromTheTimeline(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		lost := p.release("1.0.0")
		gap, err := c.Commit(t.Context(), p.do(developer, lifecycle.Promote))
		require.NoError(t, err)
		assert.Equal(t, catalog.Gap{Restored: 4}, gap)

		entries := audit(t, c, "weather")
		require.Len(t, entries, 7)
		for i, entry := range entries {
			assert.Equal(t, 7-i, entry.Record.Sequence)
			assert.Equal(t, i >= 1 && i <= 4, entry.Record.Restored, entry.Record.Action)
		}
		assertSameJSON(t, lost[3].Record.Actor, entries[1].Record.Actor)
		assert.Equal(t, lifecycle.ProductionRelease, releasedState(t, c))
		assert.Len(t, follow(t, c, 0, 7), 7, "those who follow see each")
	})
}

func TestNothingIsFilledInTwiceWhereRefusalsWereLostToo(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		p.refuse("lost")
		p.upload("1.0.0")
		commit(t, c, p.do(developer, lifecycle.RequestPublishing))
		var sequences []int
		for _, entry := range audit(t, c, "weather") {
			sequences = append(sequences, entry.Record.Sequence)
		}
		assert.Equal(t, []int{4, 3, 2, 1}, sequences)
	})
}

func TestOnlyOfTheNewestThatIsFilledInItIsKnownWhatUsersGot(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		p.release("1.0.0")
		p.publish()
		commit(t, c, p.refuse("no"))
		entries := audit(t, c, "weather")
		assertSameJSON(t, p.Serving(), entries[0].Record.Serving)
		require.NotNil(t, entries[0].Record.Serving.Live)
		assert.Zero(t, entries[1].Record.Serving)
	})
}

func TestWhatTheTimelineNoLongerHasIsLostAndSaid(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		p.release("1.0.0")
		for range lifecycle.MaxTransitions {
			p.do(developer, pauseOrResume(p))
		}
		gap, err := c.Commit(t.Context(), p.do(developer, pauseOrResume(p)))
		require.NoError(t, err)
		assert.Equal(t, catalog.Gap{Restored: lifecycle.MaxTransitions - 1, Lost: 5}, gap)
	})
}
