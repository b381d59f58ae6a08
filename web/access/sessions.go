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
)

const (
	cookieName     = "slipway_session"
	sessionPerson  = "person"
	sessionLength  = 12 * time.Hour
	devTokenPrefix = "dev-"
)

// Sessions knows who is signed in: in a browser by a session kept on the server, over the API by a bearer token.
type Sessions struct {
	manager  *scs.SessionManager
	accounts map[string]lifecycle.Actor

	followers followers
	lookEvery time.Duration
}

// Store keeps sessions, and knows whose they are.
type Store interface {
	scs.CtxStore
	CommitOf(ctx context.Context, person, token string, data []byte, expiry time.Time) error
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
func NewSessions(kept Store, accounts map[string]lifecycle.Actor, failed func(http.ResponseWriter, *http.Request, error)) *Sessions {
	manager := scs.New()
	manager.Store = store{kept}
	manager.HashTokenInStore = true
	manager.Lifetime = sessionLength
	manager.ErrorFunc = failed
	manager.Cookie.Name = cookieName
	return &Sessions{manager: manager, accounts: accounts, lookEvery: sessionLook}
}

// Wrap makes the session of a browser known to the handler.
func (s *Sessions) Wrap(handler http.Handler) http.Handler {
	withSession := s.manager.LoadAndSave(handler)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie(cookieName); err != nil && r.Method == http.MethodGet || r.Header.Get("Authorization") != "" {
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

// SignOut ends the session, and what follows events in it.
func (s *Sessions) SignOut(ctx context.Context) error {
	token := s.manager.Token(ctx)
	err := s.manager.Destroy(ctx)
	s.followers.end(token)
	return err
}

// Identify finds out who sends the request; ErrNotSignedIn when nobody does.
func (s *Sessions) Identify(r *http.Request) (lifecycle.Actor, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		return s.byToken(header)
	}
	if _, err := r.Cookie(cookieName); err != nil {
		return lifecycle.Actor{}, ErrNotSignedIn
	}
	person, err := personOf(s.manager.Get(r.Context(), sessionPerson))
	if err != nil {
		return lifecycle.Actor{}, ErrNotSignedIn
	}
	return person, nil
}

func (s *Sessions) byToken(header string) (lifecycle.Actor, error) {
	scheme, token, _ := strings.Cut(header, " ") // what follows the one blank is the token, other blanks included
	account, dev := strings.CutPrefix(token, devTokenPrefix)
	person, known := s.accounts[account]
	if !strings.EqualFold(scheme, "Bearer") || !dev || !known {
		return lifecycle.Actor{}, ErrNotSignedIn
	}
	return person, nil
}
