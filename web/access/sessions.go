package access

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"

	"slipway/lifecycle"
	"slipway/tokens"
)

// SignedInPath is where the identity provider sends people back to.
const SignedInPath = "/sign-in/callback"

const (
	sessionPerson = "person"
	sessionLength = 12 * time.Hour
)

// Sessions knows who is signed in: in a browser by a session kept on the server, over the API by a bearer token.
type Sessions struct {
	manager  *scs.SessionManager
	provider Provider
	accounts map[string]lifecycle.Actor
	// grants are there when a provider signs people in; else a session itself says whose it is.
	grants *grants
	// Tokens knows the access tokens of programs; nil when there are none.
	Tokens *tokens.Known

	followers followers
	lookEvery time.Duration
}

// Store keeps sessions, and knows whose they are.
type Store interface {
	scs.CtxStore
	CommitOf(ctx context.Context, person, token string, data []byte, expiry time.Time) error
}

// ProviderStore keeps grants besides.
type ProviderStore interface {
	Store
	GrantStore
}

// store tells the store whose session it keeps.
type store struct{ Store }

// CommitCtx keeps the data of a session.
func (s store) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	_, values, err := scs.GobCodec{}.Decode(data)
	if err != nil {
		return err
	}
	person, err := personOf(values[sessionPerson])
	if err != nil {
		return s.Store.CommitCtx(ctx, token, data, expiry)
	}
	return s.CommitOf(ctx, person.User, token, data, expiry)
}

func personOf(kept any) (person lifecycle.Actor, err error) {
	data, _ := kept.([]byte)
	return person, json.Unmarshal(data, &person)
}

// NewSessions keeps sessions in the store and offers the accounts of a development machine (AUTH=dev).
func NewSessions(kept Store, people map[string]lifecycle.Actor, failed func(http.ResponseWriter, *http.Request, error)) *Sessions {
	manager := scs.New()
	manager.Store = store{kept}
	manager.HashTokenInStore = true
	manager.Lifetime = sessionLength
	manager.ErrorFunc = failed
	manager.Cookie.Name = "slipway_session"
	return &Sessions{manager: manager, provider: devAccounts(people), accounts: people, lookEvery: sessionLook}
}

// NewProviderSessions keeps sessions of people who were signed in by the provider. secure says that they come by HTTPS.
func NewProviderSessions(
	kept ProviderStore, provider Provider, pace Pace, secure bool, failed func(http.ResponseWriter, *http.Request, error),
) *Sessions {
	sessions := NewSessions(kept, nil, failed)
	sessions.provider, sessions.grants = provider, &grants{kept, provider, pace}
	sessions.manager.Lifetime = pace.Length
	if secure {
		sessions.manager.Cookie.Secure = true
		sessions.manager.Cookie.Name = "__Host-" + sessions.manager.Cookie.Name // RFC 6265bis, 4.1.3.2: set by this host and nobody else
	}
	return sessions
}

// Wrap makes the session of a browser known to the handler.
func (s *Sessions) Wrap(handler http.Handler) http.Handler {
	withSession := s.manager.LoadAndSave(handler)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := r.Cookie(s.manager.Cookie.Name)
		changes := strings.HasPrefix(r.URL.Path, "/sign-") // it begins or ends one
		needless := err != nil && r.Method == http.MethodGet || r.Header.Get("Authorization") != ""
		if needless && !changes {
			handler.ServeHTTP(w, r) // programs need no session
			return
		}
		withSession.ServeHTTP(w, r)
	})
}

// Accounts are those of a development machine, by name.
func (s *Sessions) Accounts() map[string]lifecycle.Actor { return s.accounts }

// SignIn begins a session of the person; the token is new, so that one planted before is worth nothing.
func (s *Sessions) SignIn(ctx context.Context, person lifecycle.Actor) error {
	former := s.manager.Token(ctx)
	if err := s.manager.RenewToken(ctx); err != nil {
		return fmt.Errorf("begin a session: %w", err)
	}
	s.followers.end(former)
	data, err := json.Marshal(person)
	if err != nil {
		return fmt.Errorf("begin a session: %w", err)
	}
	s.manager.Put(ctx, sessionPerson, data)
	return nil
}

// SignInGranted begins a session of somebody whom the provider signed in.
func (s *Sessions) SignInGranted(ctx context.Context, identity Identity, tokens Tokens) error {
	if err := s.SignIn(ctx, lifecycle.Actor{User: identity.User}); err != nil {
		return err
	}
	return s.grants.begin(ctx, s.manager.Token(ctx), identity, tokens)
}

// SignOut ends the session and what follows events in it, and returns what the provider had granted for it.
func (s *Sessions) SignOut(ctx context.Context) (Tokens, error) {
	var tokens Tokens
	if s.grants != nil {
		var err error
		if tokens, err = s.grants.end(ctx, s.manager.Token(ctx)); err != nil {
			return Tokens{}, err
		}
	}
	token := s.manager.Token(ctx)
	err := s.manager.Destroy(ctx)
	s.followers.end(token)
	return tokens, err
}

// Identify finds out who sends the request; ErrNotSignedIn when nobody does.
func (s *Sessions) Identify(r *http.Request) (Identity, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ") // what follows the one blank is the token, other blanks included
		if !strings.EqualFold(scheme, "Bearer") {
			return Identity{}, ErrNotSignedIn
		}
		if tokens.IsOne(token) {
			return s.byAccessToken(r.Context(), token)
		}
		return s.provider.ByToken(r.Context(), token)
	}
	if _, err := r.Cookie(s.manager.Cookie.Name); err != nil {
		return Identity{}, ErrNotSignedIn
	}
	person, err := personOf(s.manager.Get(r.Context(), sessionPerson))
	if err != nil {
		return Identity{}, ErrNotSignedIn
	}
	if s.grants == nil {
		return Identity{Actor: person}, nil
	}
	// What a page fetches by itself is not its person's doing.
	return s.grants.identify(r.Context(), s.manager.Token(r.Context()), r.Header.Get("Sec-Fetch-Dest") != "empty")
}

// byAccessToken finds who acts with an access token. The errors are those of tokens.Known.
func (s *Sessions) byAccessToken(ctx context.Context, presented string) (Identity, error) {
	if s.Tokens == nil {
		return Identity{}, ErrNotSignedIn
	}
	token, err := s.Tokens.Find(ctx, presented)
	if err != nil {
		return Identity{}, err
	}
	return Identity{Actor: token.Actor(), Token: &token}, nil
}
