package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/accounts"
)

// The file is what a person reads to see who may do what; it changes only on purpose.
func TestEveryRouteSaysWhoMayCallIt(t *testing.T) {
	var lines []string
	for _, route := range stand(t).router.Routes() {
		assert.NotEmpty(t, route.Permission.String(), "%s %s", route.Method, route.Pattern)
		lines = append(lines, fmt.Sprintf("%-4s %-52s %s\n", route.Method, route.Pattern, route.Permission))
	}
	listed, err := os.ReadFile(filepath.Join("testdata", "routes.txt"))
	require.NoError(t, err)
	assert.Equal(t, string(listed), strings.Join(lines, ""), "testdata/routes.txt lists other routes or roles: change it on purpose")
}

// concrete is an address of a route.
func concrete(route string) string {
	return strings.NewReplacer(":id", "weather", ":version", "1.0.0", ":action", "suspend", ":sha256", strings.Repeat("a", 64), "*file", "x", "*path", "x").Replace(route)
}

func TestNobodyGetsAnywhereWithoutSigningIn(t *testing.T) {
	s := stand(t)
	for _, route := range s.router.Routes() {
		if route.Permission.IsPublic() {
			continue
		}
		response, body := s.ask(route.Method, concrete(route.Pattern))
		switch {
		case strings.HasPrefix(route.Pattern, "/api/"):
			assert.Equal(t, http.StatusUnauthorized, response.StatusCode, route.Pattern)
			assert.Equal(t, "application/problem+json", response.Header.Get("Content-Type"))
			assert.Contains(t, response.Header.Get("WWW-Authenticate"), "Bearer")
		case route.Method == http.MethodGet:
			assert.Equal(t, http.StatusSeeOther, response.StatusCode, route.Pattern)
			assert.Equal(t, "/sign-in?next="+url.QueryEscape(concrete(route.Pattern)), response.Header.Get("Location"))
		default:
			assert.Equal(t, http.StatusUnauthorized, response.StatusCode, "%s: %s", route.Pattern, body)
		}
	}
}

func TestARoleGetsOnlyWhereItMay(t *testing.T) {
	s := stand(t)
	s.weather()
	for account := range accounts.Dev() {
		for _, route := range []string{"POST /mini-programs/weather/actions/", "POST /api/v1/mini-programs/weather/actions/"} {
			for action, may := range map[string][]string{
				"suspend": {"operator"}, "approve-creation": {"reviewer", "security-reviewer"}, "advance": {"release-manager", "operator"}, // who may override a freeze
				"promote": {"developer", "other-developer", "release-manager", "operator"}, "cancel-creation": {"developer", "other-developer"},
			} {
				method, path, _ := strings.Cut(route, " ")
				response, body := s.ask(method, path+action, as(account))
				refused := response.StatusCode == http.StatusForbidden && strings.Contains(body, " may do this; ")
				assert.Equal(t, !slices.Contains(may, account), refused, "%s as %s: %d %s", action, account, response.StatusCode, body)
			}
		}
	}
}

func TestAnotherTeamsDeveloperSeesNothing(t *testing.T) {
	s := stand(t)
	s.weather()
	for _, path := range []string{"/mini-programs/weather", "/mini-programs/weather/audit", "/mini-programs/weather/rollout", "/mini-programs/weather/versions/1.0.0",
		"/mini-programs/weather/actions/cancel-creation", "/api/v1/mini-programs/weather", "/api/v1/mini-programs/weather/audit",
		"/api/v1/mini-programs/weather/events", "/api/v1/mini-programs/weather/packages/1.0.0/report", "/api/v1/mini-programs/weather/explain?user=u1"} {
		response, body := s.ask(http.MethodGet, path, as("other-developer"))
		assert.Equal(t, http.StatusForbidden, response.StatusCode, path)
		assert.NotContains(t, body, "Weather", "the title")
		assert.NotContains(t, body, "CreationPending")
	}
	for _, path := range []string{"/", "/mini-programs", "/api/v1/mini-programs"} {
		_, body := s.ask(http.MethodGet, path, as("other-developer"))
		assert.NotContains(t, strings.ToLower(body), "weather", path)
		_, body = s.ask(http.MethodGet, path, as("developer"))
		assert.Contains(t, strings.ToLower(body), "weather", path)
	}
}

func TestPagesShowDevelopersNothingOfAnEarlierLife(t *testing.T) {
	s := stand(t)
	s.reborn()
	for account, everything := range map[string]bool{"other-developer": false, "reviewer": true} {
		_, body := s.ask(http.MethodGet, "/mini-programs/weather/audit", as(account))
		assert.Contains(t, body, "other-developer")
		assert.Equal(t, everything, strings.Contains(body, "acme&#39;s secret"), account)
		_, body = s.ask(http.MethodGet, "/mini-programs/weather?answer=denial", as(account))
		assert.Equal(t, everything, strings.Contains(body, "Done: Reject"), account)
		assert.NotContains(t, body, "No worker has answered yet", account)
		_, body = s.ask(http.MethodGet, "/mini-programs/weather?answer=second-begins", as(account))
		assert.Equal(t, account == "other-developer", strings.Contains(body, "Done: Request creation"), "whose request it was: %s", account)
		assert.Equal(t, account != "other-developer", strings.Contains(body, "No answer is known"), account)
	}
	response, _ := s.ask(http.MethodGet, "/mini-programs/weather/audit", as("developer"))
	assert.Equal(t, http.StatusForbidden, response.StatusCode, "the team that had it before")
}

func TestAccountsWithoutPasswordsAreForThisMachineOnly(t *testing.T) {
	s := stand(t)
	for host, reachable := range map[string]bool{"evil.example": false, "10.0.0.1:8080": false, "localhost:8080": true, "127.0.0.1": true, "[::1]:8080": true, "[::1]": true} {
		response, _ := s.ask(http.MethodGet, "/sign-in", func(r *http.Request) { r.Host = host })
		assert.Equal(t, reachable, response.StatusCode == http.StatusOK, host)
	}
}

func TestPagesLoadNothingButOurOwnFiles(t *testing.T) {
	s := stand(t)
	for _, path := range []string{"/sign-in", "/", "/nowhere"} {
		response, body := s.ask(http.MethodGet, path, as("developer"))
		policy := response.Header.Get("Content-Security-Policy")
		assert.Contains(t, policy, "default-src 'none'; script-src 'self'; style-src 'self'")
		assert.NotContains(t, policy, "unsafe")
		assert.Equal(t, "nosniff", response.Header.Get("X-Content-Type-Options"))
		assert.Equal(t, "no-store", response.Header.Get("Cache-Control"))
		assert.NotRegexp(t, `<script>|<script [^>]*>[^<]|<style|\sstyle=|\son[a-z]+=`, body, "nothing inline")
	}
}

func TestBodiesAreLimited(t *testing.T) {
	s := stand(t)
	large := form(url.Values{"comment": {strings.Repeat("x", 2<<20)}})
	response, _ := s.ask(http.MethodPost, "/mini-programs/weather/actions/suspend", as("operator"), large)
	assert.Equal(t, http.StatusRequestEntityTooLarge, response.StatusCode)
	json := func(r *http.Request) { large(r); r.Header.Set("Content-Type", "application/json") }
	response, _ = s.ask(http.MethodPost, "/api/v1/mini-programs/weather/actions/suspend", as("operator"), json)
	assert.Equal(t, http.StatusRequestEntityTooLarge, response.StatusCode)
}

func TestWhoAsksTooOftenWaits(t *testing.T) {
	s := stand(t, func(s *settings) { s.RateLimit = 1 })
	for range 2 {
		response, _ := s.ask(http.MethodGet, "/", as("reviewer"))
		assert.Equal(t, http.StatusOK, response.StatusCode)
	}
	for _, path := range []string{"/", "/api/v1/mini-programs"} {
		response, _ := s.ask(http.MethodGet, path, as("reviewer"))
		assert.Equal(t, http.StatusTooManyRequests, response.StatusCode)
		assert.Equal(t, "1", response.Header.Get("Retry-After"))
	}
	response, _ := s.ask(http.MethodGet, "/", as("operator"))
	assert.Equal(t, http.StatusOK, response.StatusCode, "others are not held up")
}

func TestAPageThatAsksToTryAgainSaysWhen(t *testing.T) {
	s := stand(t) // whose Temporal is away
	s.weather()
	response, body := s.ask(http.MethodPost, "/mini-programs/weather/actions/cancel-creation", as("developer"), form(url.Values{"comment": {"x"}}))
	assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	assert.Equal(t, "1", response.Header.Get("Retry-After"))
	assert.Contains(t, body, "try again in a moment")
}

func TestWhoIsNotSignedInIsLimitedByAddress(t *testing.T) {
	for _, path := range []string{"/sign-in", "/assets/style.css", "/api/v1/openapi.json", "/nowhere", "/api/v1/nowhere", "/", "/api/v1/mini-programs"} {
		s := stand(t, func(s *settings) { s.RateLimit = 1 })
		for range 2 {
			response, _ := s.ask(http.MethodGet, path)
			assert.NotEqual(t, http.StatusTooManyRequests, response.StatusCode, path)
		}
		response, body := s.ask(http.MethodGet, path)
		waits(t, response, body, "oo many requests; wait a second and try again")
		response, _ = s.ask(http.MethodGet, "/", as("reviewer"))
		assert.Equal(t, http.StatusOK, response.StatusCode, "who is signed in has a limit of their own")
		for range 3 {
			for _, health := range []string{"/healthz", "/readyz", "/metrics"} {
				response, _ = s.ask(http.MethodGet, health)
				assert.NotEqual(t, http.StatusTooManyRequests, response.StatusCode, health)
			}
		}
	}
}

// waits requires an answer that asks to wait, and says how long.
func waits(t *testing.T, response *http.Response, body, sentence string) {
	t.Helper()
	assert.Equal(t, http.StatusTooManyRequests, response.StatusCode)
	assert.Equal(t, "1", response.Header.Get("Retry-After"))
	assert.Contains(t, body, sentence)
}

func TestThePageForUploadsTakesOnlyItsOwnFieldsEachOnce(t *testing.T) {
	s := stand(t)
	s.welcomed()
	field := func(name string) string {
		return "--BB\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n1.0.0\r\n"
	}
	for body, expected := range map[string]string{
		strings.Repeat(field("version"), 20_000) + "--BB--\r\n": "was sent twice; send it once",
		field("comment") + field("file") + "--BB--\r\n":         "besides the file, the form may have request_id, if_revision, version, notes",
		field("version") + "--BB":                               "was cut off before its end",
	} {
		response, page := s.ask(http.MethodPost, "/mini-programs/weather/packages", as("developer"), func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), -1
			r.Header.Set("Content-Type", "multipart/form-data; boundary=BB")
		})
		assert.Equal(t, http.StatusUnprocessableEntity, response.StatusCode)
		assert.Contains(t, page, expected)
		assert.Equal(t, strings.HasPrefix(body, field("version")), strings.Contains(page, `name="version" value="1.0.0"`), "what arrived is shown")
	}
}
