package tokens_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
	"slipway/tokens"
)

// patience is when a test gives up on something that should have come about.
const patience = time.Minute

var operator = lifecycle.Actor{User: "otto", Roles: []lifecycle.Role{lifecycle.Operator}}

func hostApp(t *testing.T, c *tokens.Store, change ...func(*tokens.Token)) (secret string, token tokens.Token) {
	t.Helper()
	secret, token, err := tokens.Draft{Name: "wallet", Kind: tokens.HostApp}.Make(operator, time.Now())
	require.NoError(t, err)
	for _, each := range change {
		each(&token)
	}
	require.NoError(t, c.Add(t.Context(), token, tokens.MaxOfTeam))
	return secret, token
}

func open(t *testing.T, databaseURL string) *tokens.Store {
	t.Helper()
	return tokens.NewStore(catalogtest.Open(t, databaseURL).Database())
}

// opened is a source whose database has answered.
func opened(source tokens.Source) func(context.Context) (tokens.Source, error) {
	return func(context.Context) (tokens.Source, error) { return source, nil }
}

// following is a process that follows the catalogue until the test ends.
func following(t *testing.T, source tokens.Source) *tokens.Known {
	t.Helper()
	known := tokens.NewKnown(opened(source), zap.NewNop())
	require.NoError(t, known.Load(t.Context()))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { known.Run(ctx); close(ended) }()
	t.Cleanup(func() { stop(); <-ended })
	return known
}

func isInvalid(t *testing.T, err error) (sentence string) {
	t.Helper()
	var refusal *lifecycle.Refusal
	require.ErrorAs(t, err, &refusal)
	assert.Equal(t, tokens.InvalidToken, refusal.Code)
	return refusal.Message
}

func TestEveryProcessKnowsANewTokenAtOnceAndRefusesARevokedOne(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, url string) {
		one, other := open(t, url), open(t, url)
		here, there := following(t, one), following(t, other)
		secret, token := hostApp(t, one)
		for _, known := range []*tokens.Known{here, there} {
			found, err := known.Find(t.Context(), secret)
			require.NoError(t, err, "also before it was looked for")
			assert.Equal(t, token.ID, found.ID)
		}
		require.NoError(t, one.Revoke(t.Context(), token.ID, "otto", time.Now()))
		for _, known := range []*tokens.Known{here, there} {
			require.Eventually(t, func() bool {
				_, err := known.Find(t.Context(), secret)
				return err != nil
			}, patience, time.Millisecond)
		}
	})
}

func TestNothingTellsAnUnknownTokenFromOneThatEndedOrWasRevoked(t *testing.T) {
	eachStore(t, func(t *testing.T, c *tokens.Store) {
		unknown, _, err := tokens.Draft{Name: "x", Kind: tokens.HostApp}.Make(operator, time.Now())
		require.NoError(t, err)
		ended, _ := hostApp(t, c, func(token *tokens.Token) { token.EndsAt = time.Now().Add(-time.Second) })
		revoked, token := hostApp(t, c)
		require.NoError(t, c.Revoke(t.Context(), token.ID, "otto", time.Now()))
		known := following(t, c)
		sentences := map[string]bool{}
		for _, secret := range []string{unknown, ended, revoked} {
			_, err := known.Find(t.Context(), secret)
			sentences[isInvalid(t, err)] = true
		}
		assert.Len(t, sentences, 1)
		_, err = known.Find(t.Context(), revoked[:20])
		assert.NotContains(t, isInvalid(t, err), revoked[:20])
	})
}

func TestATokenEndsByItself(t *testing.T) {
	c := open(t, catalogtest.SQLite(t))
	known := following(t, c)
	secret, token := hostApp(t, c, func(token *tokens.Token) { token.EndsAt = time.Now().Add(time.Second) })
	ctx, stop := known.While(t.Context(), token)
	defer stop()
	require.Eventually(t, func() bool { _, err := known.Find(t.Context(), secret); return err != nil }, patience, time.Millisecond)
	<-ctx.Done() // or the test does not end
}

func TestWhatLastsEndsWithItsToken(t *testing.T) {
	eachStore(t, func(t *testing.T, c *tokens.Store) {
		known := following(t, c)
		_, other := hostApp(t, c)
		_, token := hostApp(t, c)
		require.NoError(t, known.Load(t.Context()))
		ending, stop := known.While(t.Context(), token)
		defer stop()
		lasting, stopOther := known.While(t.Context(), other)
		defer stopOther()
		require.NoError(t, c.Revoke(t.Context(), token.ID, "otto", time.Now()))
		<-ending.Done() // or the test does not end
		assert.NoError(t, lasting.Err())
	})
}

func TestTokensThatAreKnownWorkWhileTheDatabaseIsSilent(t *testing.T) {
	proxy := catalogtest.NewProxy(t, catalogtest.Postgres(t))
	catalogue, err := catalog.Open(t.Context(), proxy.URL)
	require.NoError(t, err)
	t.Cleanup(func() { proxy.Become(catalogtest.Talks); proxy.Cut(true); _ = catalogue.Close() })
	c := tokens.NewStore(catalogue.Database())
	secret, token := hostApp(t, c)
	known := following(t, c)
	unknown, _, err := tokens.Draft{Name: "x", Kind: tokens.HostApp}.Make(operator, time.Now())
	require.NoError(t, err)
	proxy.Become(catalogtest.SwallowsAll)
	for range 3 {
		found, err := known.Find(t.Context(), secret)
		require.NoError(t, err)
		assert.Equal(t, token.ID, found.ID)
		_, err = known.Find(t.Context(), unknown)
		require.ErrorIs(t, err, tokens.ErrNotKnownNow, "it may have been made elsewhere: a host app that is refused asks no more")
	}
	proxy.Become(catalogtest.Talks)
	require.Eventually(t, func() bool {
		_, err := known.Find(t.Context(), unknown)
		return !errors.Is(err, tokens.ErrNotKnownNow)
	}, patience, 10*time.Millisecond)
	_, err = known.Find(t.Context(), unknown)
	isInvalid(t, err)
	require.Eventually(t, func() bool { return c.Revoke(t.Context(), token.ID, "otto", time.Now()) == nil }, patience, 10*time.Millisecond)
	require.Eventually(t, func() bool { _, err := known.Find(t.Context(), secret); return err != nil }, patience, 10*time.Millisecond)
}

// stub is a database that fails, or was lost.
type stub struct {
	tokens.Source
	err    error
	change int64
}

func (s *stub) Change(context.Context) (int64, error) { return s.change, s.err }

func TestBeforeTheDatabaseHasAnsweredNobodyKnows(t *testing.T) {
	away := errors.New("away")
	secret, _, err := tokens.Draft{Name: "x", Kind: tokens.HostApp}.Make(operator, time.Now())
	require.NoError(t, err)
	for name, open := range map[string]func(context.Context) (tokens.Source, error){
		"it cannot be opened": func(context.Context) (tokens.Source, error) { return nil, away },
		"it is open":          opened(&stub{err: away}),
	} {
		known := tokens.NewKnown(open, zap.NewNop())
		for range 2 {
			_, err = known.Find(t.Context(), secret)
			assert.ErrorIs(t, err, tokens.ErrNotKnownYet, name)
		}
		assert.ErrorIs(t, known.Load(t.Context()), away, name)
	}
}

// hesitant is a database that answers once it may.
type hesitant struct {
	tokens.Source
	asked chan struct{}
	may   chan struct{}
}

func (h *hesitant) Change(ctx context.Context) (int64, error) {
	h.asked <- struct{}{}
	<-h.may
	return h.Source.Change(ctx)
}

func TestATokenIsNotRefusedWhileTheDatabaseIsStillBeingAsked(t *testing.T) {
	source := &hesitant{open(t, catalogtest.SQLite(t)), make(chan struct{}, 2), make(chan struct{})}
	known := tokens.NewKnown(opened(source), zap.NewNop())
	load := func() chan error {
		ended := make(chan error)
		go func() { ended <- known.Load(t.Context()) }()
		<-source.asked
		return ended
	}
	first := load()
	source.may <- struct{}{}
	require.NoError(t, <-first)
	unknown, _, err := tokens.Draft{Name: "x", Kind: tokens.HostApp}.Make(operator, time.Now())
	require.NoError(t, err)
	second := load()
	known.Patience = time.Millisecond
	_, err = known.Find(t.Context(), unknown)
	require.ErrorIs(t, err, tokens.ErrNotKnownNow, "it was presented after the question")
	close(source.may)
	require.NoError(t, <-second)
	known.Patience = patience
	_, err = known.Find(t.Context(), unknown)
	isInvalid(t, err)
}

func TestATokenThatHasEndedIsRefusedWhateverTheDatabaseDoes(t *testing.T) {
	c := open(t, catalogtest.SQLite(t))
	secret, token := hostApp(t, c, func(token *tokens.Token) { token.EndsAt = time.Now().Add(time.Second) })
	source := &stub{Source: c, change: 1}
	known := tokens.NewKnown(opened(source), zap.NewNop())
	require.NoError(t, known.Load(t.Context()))
	source.err = errors.New("away")
	require.ErrorIs(t, known.Load(t.Context()), source.err)
	require.Eventually(t, func() bool { return !token.Works(time.Now()) }, patience, time.Millisecond)
	_, err := known.Find(t.Context(), secret)
	isInvalid(t, err)
}

func TestADatabaseThatWasLostShutsNobodyOut(t *testing.T) {
	c := open(t, catalogtest.SQLite(t))
	secret, _ := hostApp(t, c)
	source := &stub{Source: c, change: 1}
	known := tokens.NewKnown(opened(source), zap.NewNop())
	require.NoError(t, known.Load(t.Context()))
	source.change = 0
	require.Error(t, known.Load(t.Context()))
	_, err := known.Find(t.Context(), secret)
	assert.NoError(t, err)
}

func TestTheLastUseIsWrittenNowAndThen(t *testing.T) {
	eachStore(t, func(t *testing.T, c *tokens.Store) {
		secret, token := hostApp(t, c)
		known := tokens.NewKnown(opened(c), zap.NewNop())
		known.NoteUse = time.Hour
		written := func() *time.Time {
			known.NoteUsed(t.Context())
			kept, err := c.Token(t.Context(), token.ID)
			require.NoError(t, err)
			return kept.UsedAt
		}
		use := func() {
			_, err := known.Find(t.Context(), secret)
			require.NoError(t, err)
		}
		require.NoError(t, known.Load(t.Context()))
		assert.Nil(t, written(), "never used")
		use()
		first := written()
		require.NotNil(t, first)
		assert.WithinDuration(t, time.Now(), *first, patience)
		require.Eventually(t, func() bool { return time.Now().Unix() > first.Unix() }, patience, time.Millisecond)
		use()
		assert.Equal(t, first, written(), "once an hour is enough")
		known.NoteUse = time.Second
		assert.True(t, first.Before(*written()), "and then it is time")
	})
}

func TestAFollowerWritesTheLastUseByItself(t *testing.T) {
	c := open(t, catalogtest.SQLite(t))
	known := following(t, c)
	secret, token := hostApp(t, c)
	_, err := known.Find(t.Context(), secret)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		kept, err := c.Token(t.Context(), token.ID)
		return err == nil && kept.UsedAt != nil
	}, patience, time.Millisecond)
}
