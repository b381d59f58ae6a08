package access

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"slipway/accounts"
)

// GrantStore keeps what a provider granted for sessions, for all processes.
type GrantStore interface {
	FindGrant(ctx context.Context, session string) (grant accounts.Grant, found bool, err error)
	PutGrant(ctx context.Context, session string, grant accounts.Grant, expiry time.Time) error
	ClaimGrant(ctx context.Context, session string, checkedAt, until time.Time) (bool, error)
	TouchGrant(ctx context.Context, session string, usedAt time.Time) error
	DeleteGrant(ctx context.Context, session string) error
}

// Pace says how long a session of a provider lasts, and how often the provider is asked about it.
type Pace struct {
	// Length ends every session, Idle one whose person does nothing.
	Length, Idle time.Duration
	// Check is how old the provider's word may be before it is asked again, Trust how old at most: a provider that does not answer locks
	// nobody out before that.
	Check, Trust time.Duration
	// Renewal is what the provider has to answer.
	Renewal time.Duration
}

// UsualPace lets nobody keep a role for more than five minutes after it was taken away.
var UsualPace = Pace{Length: sessionLength, Idle: time.Hour, Check: 2 * time.Minute, Trust: 5 * time.Minute, Renewal: 10 * time.Second}

// grants know who the people of sessions are by asking their provider from time to time.
type grants struct {
	store    GrantStore
	provider Provider
	pace     Pace
}

// granted is the content of a grant.
type granted struct {
	Identity Identity
	Tokens   Tokens
	Expiry   time.Time

	row   string
	state accounts.Grant
}

const (
	// waitForRenewal is how often one looks whether somebody else has renewed the grant.
	waitForRenewal = 50 * time.Millisecond
	// noteUse is how exactly it is known when a person did something last.
	noteUse = time.Minute
	// clockSkew is how far the clock of another web may be ahead of ours. What it noted beyond that says nothing about when it was.
	clockSkew = 30 * time.Second
)

// begin keeps what was granted for the session that has the token.
func (g grants) begin(ctx context.Context, session string, identity Identity, tokens Tokens) error {
	now := time.Now()
	kept := granted{
		Identity: identity, Tokens: tokens, Expiry: now.Add(g.pace.Length),
		row: rowOf(session), state: accounts.Grant{CheckedAt: now, UsedAt: now},
	}
	return g.put(ctx, session, kept)
}

// identify says whose session it is. active tells that the person does something, not only their open page.
func (g grants) identify(ctx context.Context, session string, active bool) (Identity, error) {
	for {
		kept, err := g.find(ctx, session)
		if err != nil {
			return Identity{}, err
		}
		if time.Since(kept.state.UsedAt).Abs() > g.pace.Idle {
			return Identity{}, errors.Join(ErrNotSignedIn, g.store.DeleteGrant(ctx, kept.row))
		}
		identity, known, err := g.current(ctx, session, kept)
		if err != nil {
			return Identity{}, err
		}
		if known {
			return identity, g.touch(ctx, kept, active)
		}
		select {
		case <-ctx.Done():
			return Identity{}, ErrProviderAway
		case <-time.After(waitForRenewal):
		}
	}
}

// current is what is known, asked anew when it is old. known is false while somebody else asks and what is known is too old.
func (g grants) current(ctx context.Context, session string, kept granted) (identity Identity, known bool, err error) {
	age := g.age(kept)
	if age < g.pace.Check {
		return kept.Identity, true, nil
	}
	// By the clock of every web the claim lasts until the provider has answered.
	claimed, err := g.store.ClaimGrant(ctx, kept.row, kept.state.CheckedAt, time.Now().Add(g.pace.Renewal+clockSkew))
	if err != nil {
		return Identity{}, false, err
	}
	if !claimed {
		return kept.Identity, age < g.pace.Trust, nil
	}
	// Whoever asked may be gone before the provider answers; the refresh token is used up then all the same.
	renewing, cancel := context.WithTimeout(context.WithoutCancel(ctx), g.pace.Renewal)
	defer cancel()
	identity, err = g.renew(renewing, session, kept)
	if errors.Is(err, ErrProviderAway) && age < g.pace.Trust {
		return kept.Identity, true, nil
	}
	return identity, err == nil, err
}

// age is how old the provider's word is, too old when that cannot be told.
func (g grants) age(kept granted) time.Duration {
	age := time.Since(kept.state.CheckedAt)
	if age < -clockSkew {
		return g.pace.Trust
	}
	return age
}

func (g grants) renew(ctx context.Context, session string, kept granted) (Identity, error) {
	identity, tokens, err := g.provider.Renew(ctx, kept.Tokens)
	ctx = context.WithoutCancel(ctx) // what came of it is kept, however long it took
	switch {
	case errors.Is(err, ErrNotSignedIn):
		return Identity{}, errors.Join(err, g.store.DeleteGrant(ctx, kept.row))
	case err != nil:
		return Identity{}, errors.Join(err, g.keepTokens(ctx, session, kept, tokens))
	case identity.User != kept.Identity.User: // OpenID Connect Core 1.0, 12.2
		return Identity{}, errors.Join(ErrNotSignedIn, g.store.DeleteGrant(ctx, kept.row))
	}
	kept.Identity, kept.Tokens, kept.state.CheckedAt = identity, tokens, time.Now()
	return identity, g.put(ctx, session, kept)
}

// keepTokens keeps those of a renewal that did not come to its end, if there are any: the ones before may be used up. The time of the check
// moves on by as little as the database can tell, so that nobody who read them before can claim the grant. The provider is left alone for a
// while.
func (g grants) keepTokens(ctx context.Context, session string, kept granted, tokens Tokens) error {
	if tokens != (Tokens{}) {
		kept.Tokens = tokens
	}
	kept.state.CheckedAt = kept.state.CheckedAt.Add(time.Microsecond)
	if err := g.put(ctx, session, kept); err != nil {
		return err
	}
	_, err := g.store.ClaimGrant(ctx, kept.row, kept.state.CheckedAt, time.Now().Add(g.pace.Renewal))
	return err
}

// end forgets what was granted for the session, and returns it.
func (g grants) end(ctx context.Context, session string) (Tokens, error) {
	kept, err := g.find(ctx, session)
	if errors.Is(err, ErrNotSignedIn) {
		return Tokens{}, nil
	}
	if err != nil {
		return Tokens{}, err
	}
	return kept.Tokens, g.store.DeleteGrant(ctx, kept.row)
}

func (g grants) touch(ctx context.Context, kept granted, active bool) error {
	now := time.Now()
	ago := now.Sub(kept.state.UsedAt)
	if ago < -clockSkew || active && ago > min(noteUse, g.pace.Idle/2) {
		return g.store.TouchGrant(ctx, kept.row, now)
	}
	return nil
}

func (g grants) find(ctx context.Context, session string) (kept granted, err error) {
	row := rowOf(session)
	state, found, err := g.store.FindGrant(ctx, row)
	if err != nil {
		return granted{}, err
	}
	if !found {
		return granted{}, ErrNotSignedIn
	}
	open, err := sealOf(session).Open(nil, nil, state.Data, nil)
	if err == nil {
		err = json.Unmarshal(open, &kept)
	}
	if err != nil {
		return granted{}, fmt.Errorf("read a grant: %w", err)
	}
	kept.row, kept.state = row, state
	return kept, nil
}

func (g grants) put(ctx context.Context, session string, kept granted) error {
	data, err := json.Marshal(kept)
	if err != nil {
		return fmt.Errorf("keep a grant: %w", err)
	}
	kept.state.Person, kept.state.Data = kept.Identity.User, sealOf(session).Seal(nil, nil, data, nil)
	return g.store.PutGrant(ctx, kept.row, kept.state, kept.Expiry)
}

// rowOf names the grant of a session without giving its token away.
func rowOf(session string) string { return hex.EncodeToString(derived(session, "slipway grant row")) }

// sealOf encrypts with a key that only the session's cookie has: who reads the database can use no token of the provider.
func sealOf(session string) cipher.AEAD {
	block, err := aes.NewCipher(derived(session, "slipway grant seal"))
	if err != nil {
		panic(err) // only for a key of another length
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // only for a cipher of another block size
	}
	return seal
}

func derived(session, purpose string) []byte {
	key, err := hkdf.Key(sha256.New, []byte(session), nil, purpose, sha256.Size)
	if err != nil {
		panic(err) // only for a key of impossible length
	}
	return key
}
