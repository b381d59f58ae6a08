package main

import (
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog/catalogtest"
	"slipway/web/access"
	"slipway/web/oidc/oidctest"
)

// trusting is a web whose people a real provider signs in.
type trusting struct {
	standing
	issuer *oidctest.Provider
}

func trust(t *testing.T, change ...func(*settings)) trusting {
	return ground{database: catalogtest.SQLite(t)}.trust(t, change...)
}

func (g ground) trust(t *testing.T, change ...func(*settings)) trusting {
	var s standing
	issuer := oidctest.Start(t, func() string { return s.URL + access.SignedInPath })
	issuer.Person("rita", oidctest.Claims{"roles": []string{"reviewer"}, "teams": []string{}})
	issuer.Person("dana", oidctest.Claims{"roles": []string{"developer"}, "teams": []string{"acme"}})
	configured := func(s *settings) {
		s.Auth, s.OIDC.Issuer, s.OIDC.ClientID, s.OIDC.ClientSecret = authOIDC, issuer.URL, oidctest.ClientID, oidctest.ClientSecret
		s.OIDC.Scopes = append(s.OIDC.Scopes, "offline_access")
	}
	s = g.stand(t, append([]func(*settings){configured}, change...)...)
	return trusting{s, issuer}
}

// impatient asks the provider about everybody each time.
func impatient(s *settings) { s.pace.Check = 0 }

// browser keeps cookies and follows where it is led.
func (s trusting) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	require.NoError(s.t, err)
	return &http.Client{Jar: jar}
}

func (s trusting) signedIn(user string) *http.Client {
	browser := s.browser()
	response := s.issuer.SignIn(browser, s.URL+"/sign-in/begin?next=/me", user)
	require.Equal(s.t, s.URL+"/me", response.Request.URL.String())
	require.Equal(s.t, http.StatusOK, response.StatusCode)
	return browser
}

func (s trusting) get(browser *http.Client, path string) (*http.Response, string) {
	s.t.Helper()
	response, err := browser.Get(s.URL + path)
	require.NoError(s.t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	return response, string(body)
}

// me is what the API says of whoever asks; "" when nobody is signed in.
func (s trusting) me(how ...asked) string {
	response, body := s.ask(http.MethodGet, "/api/v1/me", how...)
	if response.StatusCode != http.StatusOK {
		require.Equal(s.t, http.StatusUnauthorized, response.StatusCode, body)
		return ""
	}
	var known struct{ User string }
	require.NoError(s.t, json.Unmarshal([]byte(body), &known))
	return known.User
}

func (s trusting) roles(browser *http.Client) string {
	_, body := s.get(browser, "/api/v1/me")
	var known struct{ Roles []string }
	_ = json.Unmarshal([]byte(body), &known)
	return strings.Join(known.Roles, " ")
}

func bearer(token string) asked { return header("Authorization", "Bearer "+token) }

func TestAProviderSignsPeopleInAndSaysWhatTheyMayDo(t *testing.T) {
	s := trust(t)
	browser := s.signedIn("dana")
	_, body := s.get(browser, "/me")
	for _, known := range []string{"The dana", "developer", "acme"} {
		assert.Contains(t, body, known)
	}
	response, body := s.get(browser, "/api/v1/me")
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.JSONEq(t, `{"user": "dana", "name": "The dana", "roles": ["developer"], "teams": ["acme"]}`, body)

	cookies := browser.Jar.Cookies(must(url.Parse(s.URL + "/sign-in")))
	require.Len(t, cookies, 1, "the flow's cookie is gone")
	assert.Empty(t, s.me(cookie(&http.Cookie{Name: cookies[0].Name, Value: cookies[0].Value + "x"})))
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func TestSomebodyWithoutARoleIsToldWhomToAsk(t *testing.T) {
	s := trust(t, func(s *settings) { s.Contact = "platform@acme.example" })
	s.issuer.Person("nobody", oidctest.Claims{"roles": []string{"cleaner"}})
	_, body := s.get(s.signedIn("nobody"), "/me")
	assert.Contains(t, body, "Ask <bdi>platform@acme.example</bdi>")
}

// returning is a browser that the provider has just sent back, to the path.
func (s trusting) returning(user string) (browser *http.Client, back string) {
	browser = s.browser()
	browser.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == access.SignedInPath {
			back = r.URL.RequestURI()
			return http.ErrUseLastResponse
		}
		return nil
	}
	s.issuer.SignIn(browser, s.URL+"/sign-in/begin", user)
	require.NotEmpty(s.t, back)
	return browser, back
}

func TestASignInIsBoundToItsNonceAndItsSecret(t *testing.T) {
	s := trust(t)
	for _, changed := range []string{"", "state", "nonce", "verifier"} {
		browser, back := s.returning("rita")
		address := must(url.Parse(s.URL + "/sign-in"))
		flow := browser.Jar.Cookies(address)[0]
		kept := map[string]string{}
		require.NoError(t, json.Unmarshal(must(base64.RawURLEncoding.DecodeString(flow.Value)), &kept))
		kept[changed] = strings.Repeat("a", 43)
		flow.Value, flow.Path = base64.RawURLEncoding.EncodeToString(must(json.Marshal(kept))), "/sign-in"
		browser.Jar.SetCookies(address, []*http.Cookie{flow})
		response, _ := s.get(browser, back)
		assert.Equal(t, changed == "", response.StatusCode == http.StatusOK, "%q: %d", changed, response.StatusCode)
	}
}

func TestASignInEndsOnlyInTheBrowserThatBeganIt(t *testing.T) {
	s := trust(t)
	other := s.browser()
	stopped, back := s.returning("rita")
	response, body := s.get(other, back)
	assert.Equal(t, http.StatusForbidden, response.StatusCode)
	assert.Contains(t, body, "start again")
	assert.Empty(t, other.Jar.Cookies(must(url.Parse(s.URL))))
	for _, wrong := range []string{"", "?state=abc", "?code=x&state=" + strings.Repeat("a", 26), "?error=access_denied"} {
		response, _ := s.get(s.browser(), access.SignedInPath+wrong)
		assert.Equal(t, http.StatusForbidden, response.StatusCode, wrong)
	}
	response, _ = s.get(stopped, back)
	assert.Equal(t, http.StatusOK, response.StatusCode, "its own browser ends it")
	response, _ = s.get(stopped, back)
	assert.Equal(t, http.StatusForbidden, response.StatusCode, "once")
}

func TestSigningInAtTheProviderLeadsToNoOtherSite(t *testing.T) {
	s := trust(t)
	for _, next := range []string{"//evil.example", "https://evil.example/", `/\evil.example`} {
		response := s.issuer.SignIn(s.browser(), s.URL+"/sign-in/begin?next="+url.QueryEscape(next), "rita")
		assert.Equal(t, s.URL+"/", response.Request.URL.String(), next)
	}
}

func TestATokenPlantedBeforeASignInIsWorthNothingAfterIt(t *testing.T) {
	s := trust(t)
	browser := s.signedIn("dana")
	planted := browser.Jar.Cookies(must(url.Parse(s.URL)))[0]
	s.issuer.SignIn(browser, s.URL+"/sign-in/begin?next=/me", "rita")
	assert.Equal(t, "reviewer", s.roles(browser))
	assert.Empty(t, s.me(cookie(planted)))
}

func TestSigningOutEndsTheSessionHereAndAtTheProvider(t *testing.T) {
	s := trust(t)
	browser := s.signedIn("rita")
	stolen := browser.Jar.Cookies(must(url.Parse(s.URL)))[0]
	s.issuer.Away(true)
	response, err := browser.Post(s.URL+"/sign-out", "", nil)
	require.NoError(t, err)
	body := string(must(io.ReadAll(response.Body)))
	require.NoError(t, response.Body.Close())
	s.issuer.Away(false)
	assert.Empty(t, s.me(cookie(stolen)), "whoever stole the cookie has nothing")

	there := regexp.MustCompile(`<a href="(http[^"]+)"`).FindStringSubmatch(body)
	require.NotNil(t, there, body)
	response, err = browser.Get(strings.ReplaceAll(there[1], "&amp;", "&"))
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, s.URL+"/sign-in", response.Request.URL.String(), "the provider ended it and sent the browser back")
}

func TestWhoseRolesChangedHasTheNewOnesAtTheNextCheck(t *testing.T) {
	for name, scopes := range map[string][]string{"with a refresh token": {"openid", "profile", "offline_access"}, "without": {"openid", "profile"}} {
		t.Run(name, func(t *testing.T) {
			s := trust(t, impatient, func(s *settings) { s.OIDC.Scopes = scopes })
			browser := s.signedIn("rita")
			assert.Equal(t, "reviewer", s.roles(browser))
			s.issuer.Person("rita", oidctest.Claims{"roles": []string{"operator"}})
			assert.Equal(t, "operator", s.roles(browser))
			s.issuer.Person("rita", nil)
			assert.Empty(t, s.roles(browser), "the provider knows them no longer")
		})
	}
}

func TestManyTabsRenewASessionOnce(t *testing.T) {
	s := trust(t, func(s *settings) { s.pace.Check, s.pace.Trust = 0, 0 })
	browser := s.signedIn("rita")
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { assert.Equal(t, "reviewer", s.roles(browser)) })
	}
	all.Wait()
}

func TestAProviderThatIsAwayLocksNobodyOutAtOnceButNotForLong(t *testing.T) {
	s := trust(t, impatient)
	browser := s.signedIn("rita")
	s.issuer.Away(true)
	assert.Equal(t, "reviewer", s.roles(browser))
	s.issuer.Away(false)

	s = trust(t, func(s *settings) { s.pace.Check, s.pace.Trust, s.pace.Renewal = 0, 0, time.Second })
	browser = s.signedIn("rita")
	s.issuer.Away(true)
	response, body := s.get(browser, "/api/v1/me")
	assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	assert.Contains(t, body, "the identity provider does not answer")
	s.issuer.Away(false)
	require.Eventually(t, func() bool { return s.roles(browser) == "reviewer" }, 10*time.Second, 50*time.Millisecond, "it goes on when the provider is back")
}

func TestAProviderThatRenewsButDoesNotSayWhoSomebodyIsSignsNobodyOut(t *testing.T) {
	s := trust(t, impatient, func(s *settings) { s.pace.Renewal = time.Second })
	browser := s.signedIn("rita")
	before := s.issuer.Refreshes()
	s.issuer.AwayAt("/userinfo")
	require.Eventually(t, func() bool {
		assert.Equal(t, "reviewer", s.roles(browser))
		return s.issuer.Refreshes() == before+2
	}, 10*time.Second, 50*time.Millisecond, "each time with the tokens of the time before")
	s.issuer.AwayAt("")
	s.issuer.Person("rita", oidctest.Claims{"roles": []string{"operator"}})
	require.Eventually(t, func() bool { return s.roles(browser) == "operator" }, 10*time.Second, 50*time.Millisecond, "the session goes on")

	s = trust(t, impatient)
	browser = s.signedIn("rita")
	before = s.issuer.Refreshes()
	s.issuer.AwayAt("/userinfo")
	for range 5 {
		assert.Equal(t, "reviewer", s.roles(browser))
	}
	assert.Equal(t, before+1, s.issuer.Refreshes(), "it is not asked again at once")
}

func TestASessionEndsWhenNothingIsDoneAndAfterItsTime(t *testing.T) {
	s := trust(t, func(s *settings) { s.pace.Idle = time.Nanosecond })
	browser := s.browser()
	response := s.issuer.SignIn(browser, s.URL+"/sign-in/begin?next=/me", "rita")
	assert.Equal(t, "/sign-in", response.Request.URL.Path, "nothing was done for longer than that")

	s = trust(t, func(s *settings) { s.pace.Length = time.Nanosecond })
	browser = s.browser()
	response = s.issuer.SignIn(browser, s.URL+"/sign-in/begin?next=/me", "rita")
	assert.Equal(t, "/sign-in", response.Request.URL.Path)
}

func TestTheWebStartsWhileTheProviderIsAway(t *testing.T) {
	s := trust(t)
	s.issuer.Away(true)
	response, body := s.get(s.browser(), "/sign-in/begin")
	assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	assert.Contains(t, body, "The identity provider does not answer")
	assert.NotContains(t, body, s.issuer.URL)
	s.issuer.Away(false)
	s.signedIn("rita")
}

func TestWhatTheProviderGrantedIsUnreadableInTheDatabase(t *testing.T) {
	s := trust(t)
	s.signedIn("rita")
	database, err := sql.Open("sqlite", s.database)
	require.NoError(t, err)
	defer func() { _ = database.Close() }()
	var kept string
	require.NoError(t, database.QueryRow(`SELECT data FROM grants`).Scan(&kept))
	data := string(must(base64.StdEncoding.DecodeString(kept)))
	assert.Greater(t, len(data), 500)
	for _, known := range []string{"rita", "reviewer", "eyJ", "Refresh"} {
		assert.NotContains(t, data, known)
	}
}
