package catalog_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
	"slipway/tokens"
)

// made is a token that somebody made.
func made(t *testing.T, c *catalog.Catalog, name string, by lifecycle.Actor) (secret string, token tokens.Token) {
	t.Helper()
	draft := tokens.Draft{Name: name, Kind: tokens.HostApp}
	if len(by.Teams) > 0 {
		draft = tokens.Draft{Name: name, Kind: tokens.Pipeline, Team: by.Teams[0], Actions: []lifecycle.Action{lifecycle.RequestPublishing, lifecycle.UploadCode}}
	}
	secret, token, err := draft.Make(by, time.Now().Truncate(time.Microsecond))
	require.NoError(t, err)
	require.NoError(t, c.MakeToken(t.Context(), token, 3))
	return secret, token
}

var tokenOperator = lifecycle.Actor{User: "otto", Roles: []lifecycle.Role{lifecycle.Operator}}

func TestATokenIsKeptAsItWasMadeWithoutItself(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		before, err := c.TokenChange(t.Context())
		require.NoError(t, err)
		secret, token := made(t, c, "ci", developer)
		kept, err := c.Token(t.Context(), token.ID)
		require.NoError(t, err)
		assert.Equal(t, token, kept)
		assert.Equal(t, tokens.HashOf(secret), kept.Hash)
		assert.Equal(t, []lifecycle.Action{lifecycle.UploadCode, lifecycle.RequestPublishing}, kept.Actions)
		after, err := c.TokenChange(t.Context())
		require.NoError(t, err)
		assert.Greater(t, after, before)
		require.ErrorIs(t, c.MakeToken(t.Context(), token, 3), catalog.ErrTokenMade)
		_, err = c.Token(t.Context(), "unknown")
		assert.ErrorIs(t, err, catalog.ErrNotFound)
	})
}

func TestARevokedTokenWorksNoMoreAndStaysInTheList(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		_, first := made(t, c, "first", developer)
		_, second := made(t, c, "second", developer)
		_, app := made(t, c, "wallet", tokenOperator)
		at := time.Now().UTC().Truncate(time.Microsecond)
		require.NoError(t, c.RevokeToken(t.Context(), first.ID, "dora", at))
		require.NoError(t, c.RevokeToken(t.Context(), first.ID, "somebody else", at.Add(time.Hour)))
		revoked, err := c.Token(t.Context(), first.ID)
		require.NoError(t, err)
		assert.Equal(t, "dora", revoked.RevokedBy, "the first one counts")
		assert.Equal(t, at, *revoked.RevokedAt)

		working, err := c.WorkingTokens(t.Context())
		require.NoError(t, err)
		assert.ElementsMatch(t, []tokens.Token{second, app}, working)
		listed := func(teams []string, before string, limit int) (names []string) {
			found, err := c.Tokens(t.Context(), teams, before, limit)
			require.NoError(t, err)
			for _, token := range found {
				names = append(names, token.Name)
			}
			return names
		}
		assert.Equal(t, []string{"wallet", "second", "first"}, listed(nil, "", 10))
		assert.Equal(t, []string{"second", "first"}, listed([]string{"acme", "' OR 1=1 --"}, "", 10))
		assert.Equal(t, []string{"wallet", "second"}, listed(nil, "", 2))
		assert.Equal(t, []string{"first"}, listed(nil, second.ID, 2))
		assert.Empty(t, listed([]string{"globex"}, "", 10))
	})
}

func TestATeamHasOnlySoManyTokensThatWork(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		_, one := made(t, c, "a", developer)
		made(t, c, "b", developer)
		made(t, c, "c", developer)
		made(t, c, "wallet", tokenOperator)
		_, more, err := tokens.Draft{Name: "d", Kind: tokens.Pipeline, Team: "acme", Actions: []lifecycle.Action{lifecycle.UploadCode}}.Make(developer, time.Now())
		require.NoError(t, err)
		require.ErrorIs(t, c.MakeToken(t.Context(), more, 3), catalog.ErrTooManyTokens)
		require.NoError(t, c.RevokeToken(t.Context(), one.ID, "dora", time.Now()))
		require.NoError(t, c.MakeToken(t.Context(), more, 3))
	})
}

func TestTheLastUseOfATokenIsNoted(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		_, token := made(t, c, "ci", developer)
		before, err := c.TokenChange(t.Context())
		require.NoError(t, err)
		at := time.Now().UTC().Truncate(time.Second)
		require.NoError(t, c.NoteTokensUsed(t.Context(), map[string]time.Time{token.ID: at, "unknown": at}))
		require.NoError(t, c.NoteTokensUsed(t.Context(), map[string]time.Time{token.ID: at.Add(-time.Minute)}))
		kept, err := c.Token(t.Context(), token.ID)
		require.NoError(t, err)
		assert.Equal(t, at, *kept.UsedAt, "another process knew an earlier use")
		after, err := c.TokenChange(t.Context())
		require.NoError(t, err)
		assert.Equal(t, before, after, "which is nothing that others have to read")
	})
}
