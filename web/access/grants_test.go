package access

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/accounts"
	"slipway/lifecycle"
)

// grantsInMemory is a store in which nobody else renews.
type grantsInMemory map[string]accounts.Grant

func (g grantsInMemory) FindGrant(_ context.Context, session string) (grant accounts.Grant, found bool, err error) {
	grant, found = g[session]
	return grant, found, nil
}

func (g grantsInMemory) PutGrant(_ context.Context, session string, grant accounts.Grant, _ time.Time) error {
	g[session] = grant
	return nil
}

func (g grantsInMemory) ClaimGrant(_ context.Context, session string, checkedAt, _ time.Time) (bool, error) {
	return g[session].CheckedAt.Equal(checkedAt), nil
}

func (g grantsInMemory) TouchGrant(_ context.Context, session string, usedAt time.Time) error {
	grant := g[session]
	grant.UsedAt = usedAt
	g[session] = grant
	return nil
}

func (g grantsInMemory) DeleteGrant(_ context.Context, session string) error {
	delete(g, session)
	return nil
}

// grantedTo is a session of dora's, who did something last so long ago.
func grantedTo(t *testing.T, idle time.Duration) (grants, grantsInMemory) {
	kept := grantsInMemory{}
	of := grants{store: kept, pace: UsualPace}
	require.NoError(t, of.begin(t.Context(), "session", Identity{Actor: lifecycle.Actor{User: "dora"}}, Tokens{ID: "proof"}))
	require.NoError(t, kept.TouchGrant(t.Context(), rowOf("session"), time.Now().Add(-idle)))
	return of, kept
}

func TestWhatWasGrantedForASessionEndsWithIt(t *testing.T) {
	of, kept := grantedTo(t, 0)
	tokens, err := of.end(t.Context(), "session")
	require.NoError(t, err)
	assert.Equal(t, "proof", tokens.ID, "the provider is told whose session ends")
	assert.Empty(t, kept)
	tokens, err = of.end(t.Context(), "session")
	require.NoError(t, err, "it has ended")
	assert.Zero(t, tokens)
}

func TestASessionGoesOnForWhatItsPersonDoesNotForWhatTheirPageFetches(t *testing.T) {
	for _, each := range []struct {
		idle          time.Duration
		active, noted bool
	}{{2 * noteUse, true, true}, {2 * noteUse, false, false}, {noteUse / 2, true, false}} {
		of, kept := grantedTo(t, each.idle)
		before := kept[rowOf("session")].UsedAt
		identity, err := of.identify(t.Context(), "session", each.active)
		require.NoError(t, err)
		assert.Equal(t, "dora", identity.User)
		assert.Equal(t, each.noted, kept[rowOf("session")].UsedAt.After(before), "idle for %s, active: %v", each.idle, each.active)
	}
	of, kept := grantedTo(t, 2*UsualPace.Idle)
	_, err := of.identify(t.Context(), "session", true)
	require.ErrorIs(t, err, ErrNotSignedIn)
	assert.Empty(t, kept)
}

// away is a provider that does not answer.
type away struct{ devAccounts }

func (away) Renew(context.Context, Tokens) (Identity, Tokens, error) {
	return Identity{}, Tokens{}, errors.Join(ErrProviderAway, errors.New("no route"))
}

func TestAProviderThatIsAwayIsTrustedForAWhile(t *testing.T) {
	for age, known := range map[time.Duration]bool{UsualPace.Check + time.Second: true, UsualPace.Trust + time.Second: false} {
		of, kept := grantedTo(t, 0)
		of.provider = away{}
		grant := kept[rowOf("session")]
		grant.CheckedAt = time.Now().Add(-age)
		kept[rowOf("session")] = grant
		_, err := of.identify(t.Context(), "session", true)
		assert.Equal(t, known, err == nil, "%s: %v", age, err)
	}
}

// halfway is a provider that renews each token once, and then does not say whose it is.
type halfway struct {
	devAccounts
	used map[string]bool
}

func (h halfway) Renew(_ context.Context, tokens Tokens) (Identity, Tokens, error) {
	if h.used[tokens.Refresh] {
		return Identity{}, Tokens{}, ErrNotSignedIn
	}
	h.used[tokens.Refresh] = true
	return Identity{}, Tokens{Refresh: tokens.Refresh + "+"}, ErrProviderAway
}

func TestWhoeverReadTheTokensBeforeTheyWereUsedUpDoesNotSendThemAgain(t *testing.T) {
	of, kept := grantedTo(t, 0)
	of.provider = halfway{used: map[string]bool{}}
	grant := kept[rowOf("session")]
	grant.CheckedAt = time.Now().Add(-UsualPace.Check)
	kept[rowOf("session")] = grant
	before, err := of.find(t.Context(), "session")
	require.NoError(t, err)
	for range 2 {
		identity, err := of.identify(t.Context(), "session", true)
		require.NoError(t, err)
		assert.Equal(t, "dora", identity.User)
	}
	identity, known, err := of.current(t.Context(), "session", before)
	require.NoError(t, err)
	assert.True(t, known)
	assert.Equal(t, "dora", identity.User)
	after, err := of.find(t.Context(), "session")
	require.NoError(t, err, "the session goes on")
	assert.Equal(t, "++", after.Tokens.Refresh)
}

// taken is a provider that has taken the person's role away since.
type taken struct{ devAccounts }

func (taken) Renew(context.Context, Tokens) (Identity, Tokens, error) {
	return Identity{}, Tokens{}, ErrNotSignedIn
}

func TestWhatAWebWhoseClockIsAheadWasToldIsNotBelievedForThatLong(t *testing.T) {
	for ahead, known := range map[time.Duration]bool{time.Second: true, clockSkew + time.Second: false, UsualPace.Idle: false} {
		for _, provider := range []Provider{taken{}, away{}} {
			of, kept := grantedTo(t, 0)
			of.provider = provider
			grant := kept[rowOf("session")]
			grant.CheckedAt = time.Now().Add(ahead)
			kept[rowOf("session")] = grant
			_, err := of.identify(t.Context(), "session", true)
			assert.Equal(t, known, err == nil, "%s ahead, %T: %v", ahead, provider, err)
		}
	}
}

func TestAWebWhoseClockIsAheadKeepsNoIdleSessionAliveForThatLong(t *testing.T) {
	for ahead, noted := range map[time.Duration]bool{time.Second: false, UsualPace.Idle / 2: true} {
		of, kept := grantedTo(t, -ahead)
		_, err := of.identify(t.Context(), "session", false)
		require.NoError(t, err)
		assert.Equal(t, noted, !kept[rowOf("session")].UsedAt.After(time.Now()), "%s ahead", ahead)
	}
	of, kept := grantedTo(t, -2*UsualPace.Idle)
	_, err := of.identify(t.Context(), "session", true)
	require.ErrorIs(t, err, ErrNotSignedIn, "nobody knows when its person did something last")
	assert.Empty(t, kept)
}

// claimed is a store whose claims last for as long as they are made for, by the clock of a web.
type claimed struct {
	grantsInMemory
	until *time.Time
	ahead time.Duration
}

func (c claimed) PutGrant(ctx context.Context, session string, grant accounts.Grant, expiry time.Time) error {
	*c.until = time.Time{}
	return c.grantsInMemory.PutGrant(ctx, session, grant, expiry)
}

func (c claimed) ClaimGrant(ctx context.Context, session string, checkedAt, until time.Time) (bool, error) {
	same, err := c.grantsInMemory.ClaimGrant(ctx, session, checkedAt, until)
	if !same || err != nil || c.until.After(time.Now().Add(c.ahead)) {
		return false, err
	}
	*c.until = until
	return true, nil
}

// asking is a provider that gives a new token and does not say whose it is; meanwhile is what happens before it answers.
type asking struct {
	devAccounts
	meanwhile func()
	used      *[]string
}

func (a asking) Renew(_ context.Context, tokens Tokens) (Identity, Tokens, error) {
	*a.used = append(*a.used, tokens.Refresh)
	a.meanwhile()
	return Identity{}, Tokens{Refresh: tokens.Refresh + "+"}, ErrProviderAway
}

func TestTwoWebsWhoseClocksDifferUseEachRefreshTokenOnce(t *testing.T) {
	of, kept := grantedTo(t, 0)
	grant := kept[rowOf("session")]
	grant.CheckedAt = time.Now().Add(-UsualPace.Check)
	kept[rowOf("session")] = grant
	var until time.Time
	var used []string
	other := of
	other.store, other.provider = claimed{kept, &until, clockSkew - time.Second}, asking{used: &used, meanwhile: func() {}}
	looks := func() {
		identity, err := other.identify(t.Context(), "session", true)
		require.NoError(t, err)
		assert.Equal(t, "dora", identity.User)
	}
	of.store, of.provider = claimed{kept, &until, 0}, asking{used: &used, meanwhile: looks}
	_, err := of.identify(t.Context(), "session", true)
	require.NoError(t, err)
	assert.Equal(t, []string{""}, used, "nobody else asks at the same time")
	looks()
	assert.Equal(t, []string{"", "+"}, used)
}

func TestAProviderThatIsBackIsAskedSoon(t *testing.T) {
	of, kept := grantedTo(t, 0)
	var until time.Time
	of.store, of.provider, of.pace.Check = claimed{kept, &until, 0}, away{}, 0
	_, err := of.identify(t.Context(), "session", true)
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now().Add(UsualPace.Renewal), until, time.Second, "one try was enough to learn that it is away")
}

func TestAGrantSaysWhoseItIsSoThatItGoesWithThem(t *testing.T) {
	_, kept := grantedTo(t, 0)
	assert.Equal(t, "dora", kept[rowOf("session")].Person)
}
