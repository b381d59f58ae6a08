package catalog_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

func TestWhatPreviewsShowIsFollowedWithoutChangingWhatUsersGet(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		_, _, err := c.Previewed(t.Context(), "weather")
		require.ErrorIs(t, err, catalog.ErrNotFound)
		_, _, err = c.Previewed(t.Context(), "nowhere")
		require.ErrorIs(t, err, catalog.ErrNotFound)
		created := releases(t, c, 0)["weather"].Change

		commit(t, c, p.upload("1.0.0"))
		uploaded := lastChange(t, c)
		commit(t, c, p.do(developer, lifecycle.RequestPublishing))
		candidate, since, err := c.Previewed(t.Context(), "weather")
		require.NoError(t, err)
		assert.Equal(t, "1.0.0", candidate.Version)
		assert.Equal(t, uploaded, since, "a review changes nothing")
		changed := releases(t, c, uploaded-1)["weather"]
		assert.Equal(t, created, changed.Change, "users get what they got")
		assert.Equal(t, uploaded, changed.CandidateSince)
		assert.Equal(t, &candidate, changed.Candidate)
		assert.Empty(t, releases(t, c, uploaded))

		commit(t, c, p.do(reviewer, lifecycle.ApprovePublishing), p.do(developer, lifecycle.Publish))
		commit(t, c, p.publish()...)
		_, _, err = c.Previewed(t.Context(), "weather")
		assert.ErrorIs(t, err, catalog.ErrNotFound, "it is live for everyone")
	})
}

func TestAnIDIsKnownOnceSomebodyAskedForIt(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		weather(t, c)
		for id, known := range map[string]bool{"weather": true, "maps": false} {
			knows, err := c.Knows(t.Context(), id)
			require.NoError(t, err)
			assert.Equal(t, known, knows, id)
		}
	})
}

func TestAReleaseThatIsWrittenInAnotherWayIsReadAllTheSame(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		commit(t, c, p.release("1.0.0")...)
		commit(t, c, p.publish()...)
		before := releases(t, c, 0)
		require.NotNil(t, before["weather"].Serving.Live)
		assert.Nil(t, before["weather"].Candidate, "it is published")
		alter(t, c, `UPDATE releases SET serving = replace(serving, ',', ' , ')`)
		assert.Equal(t, before, releases(t, c, 0))
	})
}

func TestCandidatesOfBeforeCanBePreviewed(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		old := readBefore(t)
		require.NoError(t, catalog.AtVersion(t.Context(), databaseURL, 6, old.write))
		c := catalogtest.Open(t, databaseURL)
		found := 0
		for id := range old.Statuses {
			status, _, err := c.Status(t.Context(), id)
			require.NoError(t, err)
			candidate, since, err := c.Previewed(t.Context(), id)
			if status.Candidate == nil || status.State == lifecycle.SuspendedByOp {
				assert.ErrorIs(t, err, catalog.ErrNotFound, id)
				continue
			}
			require.NoError(t, err, id)
			assert.Equal(t, status.Candidate.SHA256, candidate.SHA256)
			assert.Positive(t, since)
			found++
		}
		assert.Positive(t, found)
	})
}
