package catalog_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
)

func TestASessionIsFoundUntilItExpiresOrIsDeleted(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		sessions, data := c.Sessions(), []byte("\x00\xffrita")
		require.NoError(t, sessions.CommitCtx(t.Context(), "a", data, time.Now().Add(time.Hour)))
		require.NoError(t, sessions.CommitCtx(t.Context(), "old", data, time.Now().Add(-time.Second)))
		require.NoError(t, sessions.CommitCtx(t.Context(), "a", append(data, '2'), time.Now().Add(time.Hour)), "the newest data counts")

		found, ok, err := sessions.FindCtx(t.Context(), "a")
		require.NoError(t, err)
		assert.True(t, ok)
		assert.Equal(t, "\x00\xffrita2", string(found))
		for _, gone := range []string{"old", "unknown", "\x00"} {
			_, ok, err = sessions.FindCtx(t.Context(), gone)
			require.NoError(t, err)
			assert.False(t, ok, gone)
		}

		require.NoError(t, sessions.DeleteCtx(t.Context(), "a"))
		_, ok, err = sessions.FindCtx(t.Context(), "a")
		require.NoError(t, err)
		assert.False(t, ok)
	})
}
