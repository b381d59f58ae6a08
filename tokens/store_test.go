package tokens_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
	"slipway/tokens"
)

// made is a token that somebody made.
func made(t *testing.T, s *tokens.Store, name string, by lifecycle.Actor) (secret string, token tokens.Token) {
	t.Helper()
	draft := tokens.Draft{Name: name, Kind: tokens.HostApp}
	if len(by.Teams) > 0 {
		draft = tokens.Draft{Name: name, Kind: tokens.Pipeline, Team: by.Teams[0], Actions: []lifecycle.Action{lifecycle.RequestPublishing, lifecycle.UploadCode}}
	}
	secret, token, err := draft.Make(by, time.Now().Truncate(time.Microsecond))
	require.NoError(t, err)
	require.NoError(t, s.Add(t.Context(), token, 3))
	return secret, token
}

var developer = lifecycle.Actor{User: "dora", Roles: []lifecycle.Role{lifecycle.Developer}, Teams: []string{"acme"}}

// eachStore runs the test twice, on an empty store in SQLite and on one in PostgreSQL.
func eachStore(t *testing.T, test func(*testing.T, *tokens.Store)) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) { test(t, tokens.NewStore(c.Database())) })
}

func TestATokenIsKeptAsItWasMadeWithoutItself(t *testing.T) {
	eachStore(t, func(t *testing.T, s *tokens.Store) {
		before, err := s.Change(t.Context())
		require.NoError(t, err)
		secret, token := made(t, s, "ci", developer)
		kept, err := s.Token(t.Context(), token.ID)
		require.NoError(t, err)
		assert.Equal(t, token, kept)
		assert.Equal(t, tokens.HashOf(secret), kept.Hash)
		assert.Equal(t, []lifecycle.Action{lifecycle.UploadCode, lifecycle.RequestPublishing}, kept.Actions)
		after, err := s.Change(t.Context())
		require.NoError(t, err)
		assert.Greater(t, after, before)
		require.ErrorIs(t, s.Add(t.Context(), token, 3), tokens.ErrExists)
		_, err = s.Token(t.Context(), "unknown")
		assert.ErrorIs(t, err, tokens.ErrNotFound)
	})
}

func TestARevokedTokenWorksNoMoreAndStaysInTheList(t *testing.T) {
	eachStore(t, func(t *testing.T, s *tokens.Store) {
		_, first := made(t, s, "first", developer)
		_, second := made(t, s, "second", developer)
		_, app := made(t, s, "wallet", operator)
		at := time.Now().UTC().Truncate(time.Microsecond)
		require.NoError(t, s.Revoke(t.Context(), first.ID, "dora", at))
		require.NoError(t, s.Revoke(t.Context(), first.ID, "somebody else", at.Add(time.Hour)))
		revoked, err := s.Token(t.Context(), first.ID)
		require.NoError(t, err)
		assert.Equal(t, "dora", revoked.RevokedBy, "the first one counts")
		assert.Equal(t, at, *revoked.RevokedAt)

		working, err := s.Working(t.Context())
		require.NoError(t, err)
		assert.ElementsMatch(t, []tokens.Token{second, app}, working)
		listed := func(teams []string, before string, limit int) (names []string) {
			found, err := s.List(t.Context(), teams, before, limit)
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
	eachStore(t, func(t *testing.T, s *tokens.Store) {
		_, one := made(t, s, "a", developer)
		made(t, s, "b", developer)
		made(t, s, "c", developer)
		made(t, s, "wallet", operator)
		_, more, err := tokens.Draft{Name: "d", Kind: tokens.Pipeline, Team: "acme", Actions: []lifecycle.Action{lifecycle.UploadCode}}.Make(developer, time.Now())
		require.NoError(t, err)
		require.ErrorIs(t, s.Add(t.Context(), more, 3), tokens.ErrTooMany)
		require.NoError(t, s.Revoke(t.Context(), one.ID, "dora", time.Now()))
		require.NoError(t, s.Add(t.Context(), more, 3))
	})
}

func TestTwoWebsMayNoteAtOnceWhichTokensWereUsed(t *testing.T) {
	s := tokens.NewStore(catalogtest.Open(t, catalogtest.Postgres(t)).Database())
	var ids []string
	for range 50 {
		_, token, err := tokens.Draft{Name: "wallet", Kind: tokens.HostApp}.Make(operator, time.Now())
		require.NoError(t, err)
		require.NoError(t, s.Add(t.Context(), token, 50))
		ids = append(ids, token.ID)
	}
	var webs errgroup.Group
	for range 2 {
		webs.Go(func() error {
			for round := range 20 {
				used := map[string]time.Time{}
				for _, id := range ids {
					used[id] = time.Now().Add(time.Duration(round) * time.Minute)
				}
				if err := s.NoteUsed(t.Context(), used); err != nil {
					return err
				}
			}
			return nil
		})
	}
	assert.NoError(t, webs.Wait())
}

func TestTheLastUseOfATokenIsNoted(t *testing.T) {
	eachStore(t, func(t *testing.T, s *tokens.Store) {
		_, token := made(t, s, "ci", developer)
		before, err := s.Change(t.Context())
		require.NoError(t, err)
		at := time.Now().UTC().Truncate(time.Second)
		require.NoError(t, s.NoteUsed(t.Context(), map[string]time.Time{token.ID: at, "unknown": at}))
		require.NoError(t, s.NoteUsed(t.Context(), map[string]time.Time{token.ID: at.Add(-time.Minute)}))
		kept, err := s.Token(t.Context(), token.ID)
		require.NoError(t, err)
		assert.Equal(t, at, *kept.UsedAt, "another process knew an earlier use")
		after, err := s.Change(t.Context())
		require.NoError(t, err)
		assert.Equal(t, before, after, "which is nothing that others have to read")
	})
}
