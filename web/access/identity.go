package access

import (
	"context"
	"strings"
	"time"

	"slipway/lifecycle"
	"slipway/tokens"
)

// Identity is who somebody is, as whoever vouches for them says.
type Identity struct {
	lifecycle.Actor
	// Name is for people to read; "" when none is known.
	Name string `json:"name,omitempty"`
	// Email is an address that the provider has verified; "" when there is none.
	Email string `json:"email,omitempty"`
	// Token is the access token that was presented; nil when a person asks themselves.
	Token *tokens.Token `json:"-"`
}

// key is whose allowance a request uses up. Tokens of several teams may have the same name.
func (i Identity) key() string {
	if i.Token != nil {
		return lifecycle.TokenUser + i.Token.ID
	}
	return i.User
}

// Tokens are what an identity provider granted for a session.
type Tokens struct {
	Access, Refresh, ID string
	AccessEnds          time.Time
}

// Provider vouches for people.
type Provider interface {
	// ByToken finds whose bearer token it is. ErrNotSignedIn says that it is worth nothing, ErrProviderAway that this cannot be known now.
	ByToken(ctx context.Context, token string) (Identity, error)
	// Renew finds what the person of a session may do now, with the tokens for the next time. Errors are those of ByToken; with one there
	// are tokens when those before may be used up.
	Renew(ctx context.Context, tokens Tokens) (Identity, Tokens, error)
}

// devAccounts are people who need no password, each with the bearer token dev-NAME.
type devAccounts map[string]lifecycle.Actor

const devTokenPrefix = "dev-"

func (a devAccounts) ByToken(_ context.Context, token string) (Identity, error) {
	account, isDev := strings.CutPrefix(token, devTokenPrefix)
	person, known := a[account]
	if !isDev || !known {
		return Identity{}, ErrNotSignedIn
	}
	return Identity{Actor: person}, nil
}

// Renew is not asked: accounts are granted nothing.
func (a devAccounts) Renew(context.Context, Tokens) (Identity, Tokens, error) {
	return Identity{}, Tokens{}, ErrNotSignedIn
}

type identityKey struct{}

// WithIdentity puts whoever asks into the context.
func WithIdentity(ctx context.Context, identity Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, identity)
}

// IdentityOf is who asks; empty when nobody is signed in.
func IdentityOf(ctx context.Context) Identity {
	identity, _ := ctx.Value(identityKey{}).(Identity)
	return identity
}

// Person is who asks, as the lifecycle knows them; empty when nobody is signed in.
func Person(ctx context.Context) lifecycle.Actor { return IdentityOf(ctx).Actor }
