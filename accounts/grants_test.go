package accounts_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/accounts"
	"slipway/catalog"
	"slipway/catalog/catalogtest"
)

func TestAGrantIsFoundUntilItExpiresOrIsDeleted(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		sessions, now := accounts.NewSessions(c.Database()), time.Now().UTC().Truncate(time.Microsecond)
		grant := accounts.Grant{Data: []byte("\x00sealed"), CheckedAt: now, UsedAt: now}
		require.NoError(t, sessions.PutGrant(t.Context(), "old", grant, now.Add(-time.Second)))
		require.NoError(t, sessions.PutGrant(t.Context(), "a", grant, now.Add(time.Hour)))
		require.NoError(t, sessions.TouchGrant(t.Context(), "a", now.Add(time.Minute)))
		renewed := accounts.Grant{Data: []byte("renewed"), CheckedAt: now.Add(time.Second), UsedAt: now}
		require.NoError(t, sessions.PutGrant(t.Context(), "a", renewed, now.Add(time.Hour)))

		found, ok, err := sessions.FindGrant(t.Context(), "a")
		require.NoError(t, err)
		require.True(t, ok)
		assert.Equal(t, "renewed", string(found.Data))
		assert.True(t, found.CheckedAt.Equal(renewed.CheckedAt))
		assert.True(t, found.UsedAt.Equal(now.Add(time.Minute)), "a renewal is nothing that the person did")
		require.NoError(t, sessions.DeleteGrant(t.Context(), "a"))
		for _, gone := range []string{"a", "old", "unknown", "\x00"} {
			_, ok, err = sessions.FindGrant(t.Context(), gone)
			require.NoError(t, err)
			assert.False(t, ok, gone)
		}
	})
}

func TestOnlyOneRenewsAGrant(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		sessions, now := accounts.NewSessions(c.Database()), time.Now()
		claim := func(checkedAt, until time.Time) bool {
			claimed, err := sessions.ClaimGrant(t.Context(), "a", checkedAt, until)
			require.NoError(t, err)
			return claimed
		}
		require.NoError(t, sessions.PutGrant(t.Context(), "a", accounts.Grant{CheckedAt: now, UsedAt: now}, now.Add(time.Hour)))
		assert.True(t, claim(now, now.Add(-time.Second)))
		assert.True(t, claim(now, now.Add(time.Minute)), "who did not finish in time has lost it")
		assert.False(t, claim(now, now.Add(time.Minute)), "somebody is at it")

		later := now.Add(time.Second)
		require.NoError(t, sessions.PutGrant(t.Context(), "a", accounts.Grant{CheckedAt: later, UsedAt: now}, now.Add(time.Hour)))
		assert.False(t, claim(now, now.Add(time.Minute)), "it was renewed since")
		assert.True(t, claim(later, now.Add(time.Minute)))
	})
}
