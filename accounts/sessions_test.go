package accounts_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/accounts"
	"slipway/catalog"
	"slipway/catalog/catalogtest"
)

func TestASessionIsFoundUntilItExpiresOrIsDeleted(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		sessions, data := accounts.NewSessions(c.Database()), []byte("\x00\xffrita")
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

func TestDraftsOfAPersonAreBoundedApartFromTheirSessions(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		sessions, begin := accounts.NewSessions(c.Database()), time.Now().Add(time.Hour)
		require.NoError(t, sessions.CommitOf(t.Context(), "rita", "session", nil, begin))
		for number := range 60 {
			at := begin.Add(time.Duration(number) * time.Second)
			require.NoError(t, sessions.CommitOf(t.Context(), "rita", fmt.Sprint("draft of an upload ", number), nil, at))
		}
		require.NoError(t, sessions.CommitOf(t.Context(), "rita", "another session", nil, begin))
		found := func(token string) bool {
			_, ok, err := sessions.FindCtx(t.Context(), token)
			require.NoError(t, err)
			return ok
		}
		for number := range 60 {
			assert.Equal(t, number >= 10, found(fmt.Sprint("draft of an upload ", number)), number)
		}
		assert.True(t, found("session"), "nobody is signed out by their drafts")
		assert.True(t, found("another session"))
	})
}

func TestAPersonKeepsOnlyTheNewestSessions(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		sessions, begin := accounts.NewSessions(c.Database()), time.Now().Add(time.Hour)
		for number := range 60 {
			at := begin.Add(time.Duration(number) * time.Second)
			require.NoError(t, sessions.CommitOf(t.Context(), "rita", fmt.Sprint("rita-", number), nil, at))
			require.NoError(t, sessions.CommitCtx(t.Context(), fmt.Sprint("nobody-", number), nil, at))
		}
		require.NoError(t, sessions.CommitOf(t.Context(), "oskar", "oskar", nil, begin))
		found := func(token string) bool {
			_, ok, err := sessions.FindCtx(t.Context(), token)
			require.NoError(t, err)
			return ok
		}
		for number := range 60 {
			assert.Equal(t, number >= 10, found(fmt.Sprint("rita-", number)), number)
			assert.True(t, found(fmt.Sprint("nobody-", number)), number)
		}
		assert.True(t, found("oskar"), "others keep theirs")
	})
}
