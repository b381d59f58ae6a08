package access

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2/memstore"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
	"slipway/tokens"
)

// counted counts how often a session is looked for.
type counted struct {
	inMemory
	finds int
}

func (c *counted) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	c.finds++
	return c.inMemory.FindCtx(ctx, token)
}

func newCounted() *counted { return &counted{inMemory: inMemory{memstore.NewWithCleanupInterval(0)}} }

// answering has a handler of the sessions' answer a request, and tells what they answered.
func answering(s *Sessions, r *http.Request, do func(*http.Request)) *http.Response {
	answer := httptest.NewRecorder()
	s.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		do(r)
		w.WriteHeader(http.StatusNoContent)
	})).ServeHTTP(answer, r)
	return answer.Result()
}

// signIn begins a session of dora's, and returns requests of her browser.
func signIn(t *testing.T, s *Sessions, begin func(context.Context) error) func(method string) *http.Request {
	answer := answering(s, httptest.NewRequest(http.MethodPost, "/", nil), func(r *http.Request) { require.NoError(t, begin(r.Context())) })
	require.Len(t, answer.Cookies(), 1)
	return func(method string) *http.Request {
		r := httptest.NewRequest(method, "/", nil)
		r.AddCookie(answer.Cookies()[0])
		return r
	}
}

func signInDora(t *testing.T, s *Sessions) func(method string) *http.Request {
	return signIn(t, s, func(ctx context.Context) error { return s.SignIn(ctx, lifecycle.Actor{User: "dora"}) })
}

func TestASessionIsLookedForOnlyWhereItCounts(t *testing.T) {
	kept := newCounted()
	sessions := NewSessions(kept, nil, nil)
	browser := signInDora(t, sessions)
	program := browser(http.MethodPost)
	program.Header.Set("Authorization", "Bearer dev-dora")
	reader := browser(http.MethodGet)
	reader.Header.Set("Authorization", "Bearer dev-dora")
	for _, each := range []struct {
		what  string
		r     *http.Request
		finds int
	}{
		{"a program that looks", reader, 0}, {"a program that acts", program, 0},
		{"a stranger who looks", httptest.NewRequest(http.MethodGet, "/", nil), 0},
		{"a browser that looks", browser(http.MethodGet), 1}, {"a browser that acts", browser(http.MethodPost), 1},
	} {
		before := kept.finds
		answer := answering(sessions, each.r, func(*http.Request) {})
		assert.Equal(t, http.StatusNoContent, answer.StatusCode, each.what)
		assert.Equal(t, each.finds, kept.finds-before, each.what)
	}
}

func TestASessionSaysWhoseItIsUntilItEnds(t *testing.T) {
	sessions := NewSessions(newCounted(), nil, nil)
	sessions.lookEvery = time.Hour
	browser := signInDora(t, sessions)
	answering(sessions, browser(http.MethodPost), func(r *http.Request) {
		identity, err := sessions.Identify(r)
		require.NoError(t, err)
		assert.Equal(t, "dora", identity.User)
		stopped, stop := sessions.While(r)
		stop()
		require.ErrorIs(t, stopped.Err(), context.Canceled)
		lasts, stop := sessions.While(r)
		defer stop()
		require.NoError(t, lasts.Err())
		_, err = sessions.SignOut(r.Context())
		require.NoError(t, err)
		assert.ErrorIs(t, lasts.Err(), context.Canceled, "at once")
	})
	answering(sessions, browser(http.MethodPost), func(r *http.Request) {
		_, err := sessions.Identify(r)
		assert.ErrorIs(t, err, ErrNotSignedIn)
	})
}

func TestACookieOfHTTPSIsSentByNothingElse(t *testing.T) {
	for _, secure := range []bool{true, false} {
		cookie := NewProviderSessions(nil, nil, UsualPace, secure, nil).manager.Cookie
		assert.Equal(t, secure, cookie.Secure)
		assert.Equal(t, secure, cookie.Name == "__Host-slipway_session")
	}
}

// What a page fetches by itself, such as an overview that is left open, does not keep its person signed in.
func TestOnlyWhatAPersonDoesKeepsASessionAlive(t *testing.T) {
	kept := grantsInMemory{}
	sessions := NewProviderSessions(struct {
		*counted
		grantsInMemory
	}{newCounted(), kept}, nil, UsualPace, false, nil)
	browser := signIn(t, sessions, func(ctx context.Context) error {
		return sessions.SignInGranted(ctx, Identity{Actor: lifecycle.Actor{User: "dora"}}, Tokens{ID: "proof"})
	})
	for destination, keepsAlive := range map[string]bool{"empty": false, "document": true, "": true} {
		for session := range kept {
			require.NoError(t, kept.TouchGrant(t.Context(), session, time.Now().Add(-10*time.Minute)))
		}
		r := browser(http.MethodGet)
		r.Header.Set("Sec-Fetch-Dest", destination)
		answering(sessions, r, func(r *http.Request) {
			identity, err := sessions.Identify(r)
			require.NoError(t, err)
			assert.Equal(t, "dora", identity.User)
		})
		for _, grant := range kept {
			assert.Equal(t, keepsAlive, time.Since(grant.UsedAt) < time.Minute, destination)
		}
	}
}

func TestWhereThereAreNoAccessTokensNobodyHasOne(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+tokens.Prefix+"something")
	_, err := NewSessions(nil, nil, nil).Identify(r)
	assert.ErrorIs(t, err, ErrNotSignedIn)
}
