package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/accounts"
	"slipway/database"
	"slipway/lifecycle"
)

// signIn returns the cookie of a new session.
func (s standing) signIn(account string, how ...asked) *http.Cookie {
	response, body := s.ask(http.MethodPost, "/sign-in", append(how, form(url.Values{"account": {account}, "next": {"/mini-programs"}}))...)
	require.Equal(s.t, http.StatusSeeOther, response.StatusCode, body)
	require.Equal(s.t, "/mini-programs", response.Header.Get("Location"))
	require.Len(s.t, response.Cookies(), 1)
	return response.Cookies()[0]
}

func cookie(c *http.Cookie) asked { return func(r *http.Request) { r.AddCookie(c) } }

func TestASessionLastsUntilItsPersonSignsOut(t *testing.T) {
	s := stand(t)
	session := s.signIn("reviewer")
	assert.True(t, session.HttpOnly)
	assert.Equal(t, http.SameSiteLaxMode, session.SameSite)
	_, body := s.ask(http.MethodGet, "/", cookie(session))
	assert.Contains(t, body, "Requests that wait for a decision")

	response, _ := s.ask(http.MethodPost, "/sign-out", cookie(session))
	assert.Equal(t, http.StatusSeeOther, response.StatusCode)
	response, _ = s.ask(http.MethodGet, "/", cookie(session))
	assert.Equal(t, "/sign-in?next=%2F", response.Header.Get("Location"))
}

func TestSigningInBeginsANewSession(t *testing.T) {
	s := stand(t)
	first := s.signIn("developer")
	second := s.signIn("operator", cookie(first))
	assert.NotEqual(t, first.Value, second.Value)
	response, _ := s.ask(http.MethodGet, "/", cookie(first))
	assert.Equal(t, http.StatusSeeOther, response.StatusCode, "the old session is over")
}

func TestAProgramThatSignsInAndOutIsAnsweredLikeABrowser(t *testing.T) {
	s := stand(t)
	for path, next := range map[string]string{"/sign-in": "/", "/sign-out": "/sign-in"} {
		response, body := s.ask(http.MethodPost, path, as("developer"), form(url.Values{"account": {"developer"}}))
		assert.Equal(t, http.StatusSeeOther, response.StatusCode, body)
		assert.Equal(t, next, response.Header.Get("Location"))
	}
}

func TestMadeUpCredentialsAreWorthNothing(t *testing.T) {
	s := stand(t)
	for _, how := range []asked{
		cookie(&http.Cookie{Name: "slipway_session", Value: "made-up"}), header("Authorization", "Bearer dev-root"), header("Authorization", "Bearer developer"),
		header("Authorization", "Basic dev-developer"), header("Authorization", "Bearer dev-"),
	} {
		response, _ := s.ask(http.MethodGet, "/api/v1/mini-programs", how)
		assert.Equal(t, http.StatusUnauthorized, response.StatusCode)
	}
	response, body := s.ask(http.MethodPost, "/sign-in", form(url.Values{"account": {"root"}}))
	assert.Equal(t, http.StatusUnprocessableEntity, response.StatusCode)
	assert.Contains(t, body, "There is no account &#34;root&#34;")
}

func TestSigningInNeverLeadsToAnotherSite(t *testing.T) {
	s := stand(t)
	for _, next := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "javascript:alert(1)", "/\t/evil.example", ""} {
		response, _ := s.ask(http.MethodPost, "/sign-in", form(url.Values{"account": {"developer"}, "next": {next}}))
		assert.Equal(t, "/", response.Header.Get("Location"), next)
	}
}

func TestTheSessionsAreInTheDatabaseButNotTheirTokens(t *testing.T) {
	s := stand(t)
	session := s.signIn("developer")
	_, found, err := accounts.NewSessions(s.app.catalog.Database()).FindCtx(t.Context(), session.Value)
	require.NoError(t, err)
	assert.False(t, found)
}

func TestHealthIsPublicAndReadinessNamesWhatIsMissing(t *testing.T) {
	s := stand(t)
	response, body := s.ask(http.MethodGet, "/healthz")
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Equal(t, "ok\n", body)
	response, body = s.ask(http.MethodGet, "/readyz")
	assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	assert.True(t, strings.HasPrefix(body, "temporal: "), body)
	_, body = s.ask(http.MethodGet, "/metrics")
	assert.Contains(t, body, `slipway_http_request_seconds_count{method="GET",route="/readyz",status="503"} 1`)
}

func TestWhatIsNotThereIsSaidInTheFormThatItsSenderUnderstands(t *testing.T) {
	s := stand(t)
	response, body := s.ask(http.MethodGet, "/nowhere", as("developer"))
	assert.Equal(t, http.StatusNotFound, response.StatusCode)
	assert.Contains(t, body, "There is nothing at this address.")
	response, body = s.ask(http.MethodGet, "/api/v1/nowhere")
	assert.Equal(t, http.StatusNotFound, response.StatusCode)
	assert.Equal(t, "application/problem+json", response.Header.Get("Content-Type"), body)
	response, _ = s.ask(http.MethodDelete, "/api/v1/mini-programs", as("developer"))
	assert.Equal(t, http.StatusMethodNotAllowed, response.StatusCode)
}

// signInAgain signs in so many times and tells how often that was possible.
func (s standing) signInAgain(times int) (begun int) {
	for range times {
		response, body := s.ask(http.MethodPost, "/sign-in", form(url.Values{"account": {"developer"}}))
		if response.StatusCode == http.StatusSeeOther {
			begun++
			continue
		}
		waits(s.t, response, body, "Too many sign-ins from your address; wait a second and try again")
		assert.Empty(s.t, response.Cookies())
	}
	return begun
}

func TestAnAddressSignsInTenTimesAtOnceThenOnceASecond(t *testing.T) {
	s := stand(t, func(s *settings) { s.RateLimit = 100 })
	begin := time.Now()
	begun := s.signInAgain(50)
	assert.GreaterOrEqual(t, begun, 10)
	assert.LessOrEqual(t, float64(begun), 10+time.Since(begin).Seconds())
}

func TestWithoutALimitOfRequestsThereIsNoneOfSignIns(t *testing.T) {
	assert.Equal(t, 30, stand(t).signInAgain(30))
}

func TestAPersonHasOnlySoManySessions(t *testing.T) {
	s := stand(t)
	first, other := s.signIn("developer"), s.signIn("operator")
	in := func(session *http.Cookie) bool {
		response, _ := s.ask(http.MethodGet, "/", cookie(session))
		return response.StatusCode == http.StatusOK
	}
	require.True(t, in(first))
	for range 50 {
		require.True(t, in(s.signIn("developer")), "who signs in is in")
	}
	assert.False(t, in(first), "the oldest session is over")
	assert.True(t, in(other), "others keep theirs")
}

func TestWhatTheProviderGrantedGoesWithThePersonsName(t *testing.T) {
	s := trust(t)
	s.signedIn("rita")
	dana := s.signedIn("dana")
	_, err := s.app.catalog.EraseUser(t.Context(), "rita", lifecycle.Actor{User: "otto", Roles: []lifecycle.Role{lifecycle.Operator}})
	require.NoError(t, err)
	var left int
	require.NoError(t, database.One(t.Context(), s.app.catalog.Database().Select(`SELECT count(*) FROM grants`), []any{&left}))
	assert.Equal(t, 1, left)
	assert.Equal(t, "developer", s.roles(dana), "nobody else is signed out")
}
