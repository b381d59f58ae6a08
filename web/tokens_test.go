package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"slipway/accounts"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
	"slipway/lifecycle/lifecycletest"
	"slipway/tokens"
	"slipway/web/oidc/oidctest"
)

var tokenIn = regexp.MustCompile(`slp_[A-Z2-7]{33}`)

// token makes one as the account would.
func (s standing) token(account string, draft tokens.Draft) (secret string, made tokens.Token) {
	s.t.Helper()
	secret, made, err := s.app.service.MakeToken(s.t.Context(), accounts.Dev()[account], draft)
	require.NoError(s.t, err)
	return secret, made
}

// oneOfEach is a token of each kind.
func (s standing) oneOfEach() map[tokens.Kind]string {
	all := map[tokens.Kind]string{}
	all[tokens.Pipeline], _ = s.token("developer", tokens.Draft{Name: "ci", Kind: tokens.Pipeline, Team: "acme", Actions: tokens.Actions()})
	all[tokens.HostApp], _ = s.token("operator", tokens.Draft{Name: "wallet", Kind: tokens.HostApp})
	all[tokens.Edge], _ = s.token("operator", tokens.Draft{Name: "bangkok", Kind: tokens.Edge})
	return all
}

func bearing(secret string) asked { return header("Authorization", "Bearer "+secret) }

// pipelineForm is what the page sends.
func pipelineForm(change ...string) url.Values {
	values := url.Values{
		"request_id": {"00000000-0000-4000-8000-000000000001"}, "name": {"ci"}, "kind": {"pipeline"}, "team": {"acme"}, "days": {"30"}, "may-upload-code": {"yes"},
	}
	for i := 0; i+1 < len(change); i += 2 {
		values.Set(change[i], change[i+1])
	}
	return values
}

func TestAPageMakesATokenShowsItOnceAndRevokesIt(t *testing.T) {
	s := stand(t)
	response, body := s.ask(http.MethodPost, "/tokens", as("developer"), form(pipelineForm()))
	require.Equal(t, http.StatusOK, response.StatusCode, body)
	assert.Equal(t, "no-store", response.Header.Get("Cache-Control"))
	secret := tokenIn.FindString(body)
	require.NotEmpty(t, secret, body)
	response, _ = s.ask(http.MethodGet, "/api/v1/me", bearing(secret))
	assert.Equal(t, http.StatusOK, response.StatusCode)

	response, body = s.ask(http.MethodPost, "/tokens", as("developer"), form(pipelineForm()))
	assert.Equal(t, http.StatusUnprocessableEntity, response.StatusCode, "it counts once")
	assert.Contains(t, body, "shown only once")
	assert.NotRegexp(t, tokenIn, body)
	_, body = s.ask(http.MethodGet, "/tokens", as("developer"))
	assert.NotRegexp(t, tokenIn, body)
	assert.Contains(t, body, "00000000-0000-4000-8000-000000000001/revoke")
	response, _ = s.ask(http.MethodPost, "/tokens/00000000-0000-4000-8000-000000000001/revoke", as("other-developer"))
	assert.Equal(t, http.StatusNotFound, response.StatusCode)
	response, _ = s.ask(http.MethodPost, "/tokens/00000000-0000-4000-8000-000000000001/revoke", as("developer"))
	assert.Equal(t, "/tokens", response.Header.Get("Location"))
	response, _ = s.ask(http.MethodGet, "/api/v1/me", bearing(secret))
	assert.Equal(t, http.StatusUnauthorized, response.StatusCode)
	_, body = s.ask(http.MethodGet, "/tokens", as("operator"))
	assert.Contains(t, body, "revoked")
}

func TestWhatIsWrongWithATokenIsShownWithWhatWasTyped(t *testing.T) {
	s := stand(t)
	for sentence, change := range map[string][]string{
		"The name": {"name", "My build"}, "number of days": {"days", "a year"}, "is not in team": {"team", "globex"}, "cannot be allowed": {"may-suspend", "yes"},
	} {
		response, body := s.ask(http.MethodPost, "/tokens", as("developer"), form(pipelineForm(change...)))
		assert.GreaterOrEqual(t, response.StatusCode, 400, sentence)
		assert.Contains(t, body, sentence)
		assert.Contains(t, body, `name="may-upload-code" value="yes" checked`, "what was chosen stays chosen")
		assert.NotRegexp(t, tokenIn, body)
	}
	response, body := s.ask(http.MethodPost, "/tokens", as("operator"), form(pipelineForm("kind", "host-app", "team", "", "name", "<b>")))
	assert.Equal(t, http.StatusUnprocessableEntity, response.StatusCode)
	assert.Contains(t, body, "&lt;b&gt;")
}

func TestEverybodySeesOnlyTheFormsAndTokensThatAreTheirs(t *testing.T) {
	s := stand(t)
	s.oneOfEach()
	for account, sees := range map[string][]string{
		"developer": {`value="pipeline"`, "ci"}, "operator": {`value="host-app"`, `value="edge"`, "ci", "wallet", "bangkok"}, "other-developer": {`value="pipeline"`},
	} {
		response, body := s.ask(http.MethodGet, "/tokens", as(account))
		assert.Equal(t, http.StatusOK, response.StatusCode)
		for _, text := range []string{`value="pipeline"`, `value="host-app"`, `value="edge"`, "<bdi>ci</bdi>", "<bdi>wallet</bdi>", "<bdi>bangkok</bdi>"} {
			bare := strings.TrimSuffix(strings.TrimPrefix(text, "<bdi>"), "</bdi>")
			assert.Equal(t, slices.Contains(sees, bare), strings.Contains(body, text), "%s sees %s", account, text)
		}
	}
	for account, may := range map[string]bool{"developer": true, "operator": true, "reviewer": false, "release-manager": false} {
		response, _ := s.ask(http.MethodGet, "/tokens", as(account))
		assert.Equal(t, may, response.StatusCode == http.StatusOK, account)
		_, body := s.ask(http.MethodGet, "/me", as(account))
		assert.Equal(t, may, strings.Contains(body, `href="/tokens"`), account)
	}
}

func TestAnAuditorLooksAtTokensAndMakesAndRevokesNone(t *testing.T) {
	s := trust(t)
	_, made := s.token("developer", tokens.Draft{Name: "ci", Kind: tokens.Pipeline, Team: "acme", Actions: tokens.Actions()})
	audrey := lifecycletest.Person{User: "audrey", Roles: []string{"auditor"}}
	both := lifecycletest.Person{User: "bo", Roles: []string{"auditor", "developer"}, Teams: []string{lifecycletest.OtherTeam}}
	for _, who := range []lifecycletest.Person{audrey, both} {
		token := bearer(tokenOf(s, who))
		response, page := s.ask(http.MethodGet, "/tokens", token)
		assert.Equal(t, http.StatusOK, response.StatusCode, who.User)
		assert.Contains(t, page, "<bdi>ci</bdi>", who.User)
		assert.NotContains(t, page, "/revoke", who.User)
		response, list := s.ask(http.MethodGet, "/api/v1/tokens", token)
		assert.Equal(t, http.StatusOK, response.StatusCode, who.User)
		assert.Contains(t, list, made.ID, who.User)
		response, _ = s.ask(http.MethodDelete, "/api/v1/tokens/"+made.ID, token)
		assert.Equal(t, http.StatusForbidden, response.StatusCode, who.User)
	}
	response, _ := s.ask(http.MethodPost, "/api/v1/tokens", bearer(tokenOf(s, audrey)), filledIn(`{"name": "ci", "kind": "host-app"}`), header("Content-Type", "application/json"))
	assert.Equal(t, http.StatusForbidden, response.StatusCode)
	kept, err := tokens.NewStore(s.app.catalog.Database()).Token(t.Context(), made.ID)
	require.NoError(t, err)
	assert.Nil(t, kept.RevokedAt)
}

// Whatever route there will be: a token gets only to those that say so.
func TestNoTokenGetsToARouteThatIsNotForIt(t *testing.T) {
	s := stand(t)
	s.weather()
	all := s.oneOfEach()
	for _, way := range s.router.Routes() {
		route, permission := way.Method+" "+way.Pattern, way.Permission
		if permission.IsPublic() {
			continue
		}
		forPipelines := strings.Contains(permission.String(), "pipelines")
		assert.True(t, !forPipelines || strings.Contains(route, " /api/v1/"), "%s is no page", route)
		method, path, how := sendable(route)
		for kind, secret := range all {
			if kind == tokens.Pipeline && forPipelines {
				continue
			}
			response, body := s.ask(method, path, append(how, bearing(secret))...)
			assert.Equal(t, http.StatusForbidden, response.StatusCode, "%s with a %s", route, kind)
			assert.NotContains(t, body, "Weather", route)
			if strings.Contains(route, " /api/") {
				assert.Contains(t, body, tokens.InsufficientScope, route)
			}
		}
	}
}

func TestATokenIsNoSession(t *testing.T) {
	s := stand(t)
	session := s.signIn("operator")
	for _, secret := range s.oneOfEach() {
		response, _ := s.ask(http.MethodGet, "/", cookie(&http.Cookie{Name: session.Name, Value: secret}))
		assert.Equal(t, http.StatusSeeOther, response.StatusCode)
		response, body := s.ask(http.MethodGet, "/api/v1/me", cookie(&http.Cookie{Name: session.Name, Value: secret}))
		isProblem(t, response, body, http.StatusUnauthorized)
		response, _ = s.ask(http.MethodGet, "/", cookie(session), bearing(secret))
		assert.Equal(t, http.StatusForbidden, response.StatusCode, "what is said in the header counts")
		response, _ = s.ask(http.MethodPost, "/sign-in", form(url.Values{"account": {secret}}))
		assert.Empty(t, response.Cookies())
		response, body = s.ask(http.MethodPost, "/sign-in", form(url.Values{"account": {"nobody"}}), bearing(secret))
		assert.Empty(t, response.Cookies(), body)
	}
}

func TestTokensOfTwoTeamsWithOneNameHaveLimitsOfTheirOwn(t *testing.T) {
	s := stand(t, func(s *settings) { s.RateLimit = 1 })
	one, _ := s.token("developer", tokens.Draft{Name: "ci", Kind: tokens.Pipeline, Team: "acme", Actions: tokens.Actions()})
	other, _ := s.token("other-developer", tokens.Draft{Name: "ci", Kind: tokens.Pipeline, Team: "globex", Actions: tokens.Actions()})
	var status int
	for range 3 {
		response, _ := s.ask(http.MethodGet, "/api/v1/me", bearing(one))
		status = response.StatusCode
	}
	assert.Equal(t, http.StatusTooManyRequests, status)
	response, _ := s.ask(http.MethodGet, "/api/v1/me", bearing(other))
	assert.Equal(t, http.StatusOK, response.StatusCode)
}

// asking is a web whose host apps need a token, as with AUTH=oidc.
func asking(t *testing.T, s standing) standing {
	settings := s.app.settings
	settings.Auth = authOIDC
	server := httptest.NewServer(newDispatcher(settings, again(t, s), zap.NewNop()))
	t.Cleanup(server.Close)
	s.Server = server
	return s
}

const aboutWeather = `{"context": {"targetingKey": "user-42"}}`

func TestHostAppsNeedATokenWhichWorksWhileTheDatabaseIsSilent(t *testing.T) {
	s, proxy := standBehind(t)
	all := s.oneOfEach()
	hostApps := asking(t, s)
	ask := func(how ...asked) (*http.Response, string) {
		return hostApps.ask(http.MethodPost, "/ofrep/v1/evaluate/flags/tides", append(how, filledIn(aboutWeather))...)
	}
	check := func() {
		response, body := ask(bearing(all[tokens.HostApp]))
		assert.Equal(t, http.StatusNotFound, response.StatusCode, "it is known that there is none: %s", body)
		assert.Contains(t, body, "FLAG_NOT_FOUND")
		for _, how := range []asked{header("X-None", ""), bearing("dev-operator"), bearing("none"), header("Authorization", "Basic "+all[tokens.HostApp])} {
			response, body = ask(how)
			isProblem(t, response, body, http.StatusUnauthorized)
		}
		for _, kind := range []tokens.Kind{tokens.Pipeline, tokens.Edge} {
			response, body = ask(bearing(all[kind]))
			isProblem(t, response, body, http.StatusForbidden)
			assert.Contains(t, body, tokens.InsufficientScope)
		}
		response, body = hostApps.ask(http.MethodPost, "/ofrep/v1/evaluate/flags?access_token="+all[tokens.HostApp], filledIn(aboutWeather))
		isProblem(t, response, body, http.StatusUnauthorized)
		response, body = hostApps.ask(http.MethodGet, "/packages/"+strings.Repeat("a", 64))
		isProblem(t, response, body, http.StatusUnauthorized)
	}
	check()
	proxy.Become(catalogtest.SwallowsAll)
	check()
}

func TestWithoutSignInHostAppsNeedNoTokenButAWrongOneIsRefused(t *testing.T) {
	s := stand(t)
	all := s.oneOfEach()
	open := httptest.NewServer(newDispatcher(s.app.settings, again(t, s), zap.NewNop()))
	t.Cleanup(open.Close)
	s.Server = open
	for secret, status := range map[string]int{
		"": http.StatusNotFound, "dev-operator": http.StatusNotFound, all[tokens.HostApp]: http.StatusNotFound,
		all[tokens.Pipeline]: http.StatusForbidden, "slp_wrong": http.StatusUnauthorized,
	} {
		response, body := s.ask(http.MethodPost, "/ofrep/v1/evaluate/flags/weather", bearing(secret), filledIn(aboutWeather))
		assert.Equal(t, status, response.StatusCode, "%s: %s", secret, body)
	}
}

func TestARevokedHostAppIsRefusedByEveryProcess(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, database string) {
		one, other := standOn(t, database), standOn(t, database)
		secret, token := one.token("operator", tokens.Draft{Name: "wallet", Kind: tokens.HostApp})
		for _, process := range []standing{asking(t, one), asking(t, other)} {
			response, _ := process.ask(http.MethodPost, "/ofrep/v1/evaluate/flags/weather", bearing(secret), filledIn(aboutWeather))
			assert.Equal(t, http.StatusNotFound, response.StatusCode)
		}
		_, err := one.app.service.RevokeToken(t.Context(), accounts.Dev()["operator"], token.ID)
		require.NoError(t, err)
		for _, process := range []standing{asking(t, one), asking(t, other)} {
			require.Eventually(t, func() bool {
				response, _ := process.ask(http.MethodPost, "/ofrep/v1/evaluate/flags/weather", bearing(secret), filledIn(aboutWeather))
				return response.StatusCode == http.StatusUnauthorized
			}, patience, time.Millisecond)
		}
	})
}

// With AUTH=oidc tokens of ours stand beside those of the provider.
func TestATokenOfOursIsToldFromOneOfTheProvider(t *testing.T) {
	s := trust(t)
	s.issuer.Person("bo", oidctest.Claims{"roles": []string{"developer", "reviewer"}, "teams": []string{"acme"}})
	bo := lifecycle.Actor{User: "bo", Roles: []lifecycle.Role{lifecycle.Developer, lifecycle.Reviewer}, Teams: []string{"acme"}}
	secret, _, err := s.app.service.MakeToken(t.Context(), bo, tokens.Draft{Name: "ci", Kind: tokens.Pipeline, Team: "acme", Actions: tokens.Actions()})
	require.NoError(t, err)
	response, body := s.ask(http.MethodGet, "/api/v1/me", bearing(secret))
	require.Equal(t, http.StatusOK, response.StatusCode, body)
	assert.Contains(t, body, `"user":"token:ci","roles":["developer"],"teams":["acme"],"on_behalf_of":"bo"`, "only as a developer, whatever its maker is")
	asked := s.issuer.Requests()
	response, _ = s.ask(http.MethodGet, "/api/v1/me", bearing("slp_wrong"))
	assert.Equal(t, http.StatusUnauthorized, response.StatusCode)
	assert.Equal(t, asked, s.issuer.Requests(), "the provider does not hear of it")
	response, _ = s.ask(http.MethodPost, "/api/v1/mini-programs/weather/actions/approve-publishing", bearing(secret))
	assert.Equal(t, http.StatusForbidden, response.StatusCode)
}

// The page says whose request it was, and who made the token.
func TestPagesSayWhoMadeTheTokenThatActed(t *testing.T) {
	s := stand(t)
	_, made := s.token("developer", tokens.Draft{Name: "ci", Kind: tokens.Pipeline, Team: "acme", Actions: tokens.Actions()})
	creation := lifecycle.Creation{ID: "weather", Title: "Weather", Team: "acme", Actor: made.Actor(), RequestID: "r"}
	m, record, refusal := lifecycle.NewMiniProgram(creation, time.Now(), lifecycle.DefaultSettings())
	require.Nil(t, refusal)
	s.commit("life", m, record)
	for _, path := range []string{"/mini-programs/weather", "/mini-programs/weather/audit"} {
		_, body := s.ask(http.MethodGet, path, as("reviewer"))
		assert.Contains(t, body, `<bdi>token:ci</bdi> <span class="soft">made by <bdi>developer</bdi></span>`, path)
	}
	_, body := s.ask(http.MethodGet, "/mini-programs/weather", as("reviewer"))
	assert.Contains(t, body, "Requested by <bdi>token:ci</bdi> (made by <bdi>developer</bdi>)")
}
