package main

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"slipway/monitoring"
)

// dispatchers are a web whose database answers, and one whose database is away.
func dispatchers(t *testing.T, s standing) map[string]standing {
	away, there := newDispatcher(s.app.settings, s.app.dependencies, zap.NewNop()), newDispatcher(s.app.settings, again(t, s), zap.NewNop())
	people, err := s.app.handler()
	require.NoError(t, err)
	there.people.Store(&people)
	all := map[string]standing{}
	for name, web := range map[string]*dispatcher{"away": away, "there": there} {
		server := httptest.NewServer(web)
		t.Cleanup(server.Close)
		server.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		one := s
		one.Server = server
		all[name] = one
	}
	return all
}

// again has the same dependencies, with metrics of its own, as of another process.
func again(t *testing.T, s standing) dependencies {
	w := s.app.dependencies
	common, err := monitoring.NewMetrics()
	require.NoError(t, err)
	w.metrics = newMetrics(common)
	return w
}

func TestNoAnswerIsTakenForSomethingElse(t *testing.T) {
	s := stand(t)
	for state, web := range dispatchers(t, s) {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete, http.MethodOptions} {
			for _, path := range []string{
				"/", "/sign-in", "/sign-in/", "/assets/none.js", "/live", "/mini-programs", "/mini-programs/", "/nowhere", "//evil.example/x", "/healthz", "/healthz/", "/readyz", "/metrics",
				"/api/v1", "/api/v1/openapi.json", "/api/v1/mini-programs", "/api/v1/mini-programs/", "/api/v1/nowhere", "/api/v1/events",
				"/ofrep", "/ofrep/", "/ofrep/v1/evaluate/flags", "/ofrep/v1/evaluate/flags/", "/ofrep/v1/evaluate/flags/a%2Fb", "/packages", "/packages/", "/packages/none",
			} {
				for _, host := range []string{"localhost", "evil.example"} {
					response, _ := web.ask(method, path, func(r *http.Request) { r.Host = host })
					assert.Equal(t, "nosniff", response.Header.Get("X-Content-Type-Options"), "%s %s at %s, database %s", method, path, host, state)
					assert.Equal(t, host != "localhost", response.StatusCode == http.StatusMisdirectedRequest, "%s %s at %s", method, path, host)
				}
			}
		}
	}
}

func TestAPathIsNeverSentToAnotherHost(t *testing.T) {
	for _, web := range dispatchers(t, stand(t)) {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			for _, path := range []string{
				"/mini-programs/", "/mini-programs/weather/", "//", "//evil.example", "//evil.example/", "///evil.example/", "//evil.example/mini-programs/", "/%2Fevil.example/", `/%5Cevil.example/`, "//mini-programs/", "/mini-programs//evil.example/",
				"//ofrep/v1/evaluate/flags/", "/ofrep//evil.example/", "/packages//evil.example/", "//api/v1/mini-programs/", "/assets//evil.example/", "/.//evil.example/", "//sign-in/",
			} {
				for _, how := range [][]asked{nil, {as("developer")}, {as("developer"), header("X-Forwarded-Prefix", "//evil.example")}} {
					response, _ := web.ask(method, path, how...)
					leads := response.Header.Get("Location")
					assert.False(t, leads != "" && !strings.HasPrefix(leads, "/sign-in?next="), "%s %s leads to %s", method, path, leads)
					parsed, err := url.Parse(leads)
					require.NoError(t, err)
					again, _ := web.ask(http.MethodPost, "/sign-in", form(url.Values{"account": {"developer"}, "next": {parsed.Query().Get("next")}}))
					assert.NotContains(t, again.Header.Get("Location"), "//")
				}
			}
		}
	}
}

func TestHostAppsAreRefusedAsJSON(t *testing.T) {
	for _, web := range dispatchers(t, stand(t)) {
		for _, path := range []string{"/ofrep/v1/evaluate/flags", "/ofrep/v1/evaluate/flags/weather", "/packages/none"} {
			response, body := web.ask(http.MethodPost, path, func(r *http.Request) { r.Host = "evil.example" })
			isProblem(t, response, body, http.StatusMisdirectedRequest)
		}
	}
}

func TestAQuestionToTheServerItselfIsAnsweredByUs(t *testing.T) {
	l := listen(t, unlimited(), newDispatcher(settings{}, stand(t).app.dependencies, zap.NewNop()))
	response, err := http.ReadResponse(bufio.NewReader(l.send("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n")), nil)
	require.NoError(t, err)
	defer response.Body.Close()
	assert.Equal(t, "nosniff", response.Header.Get("X-Content-Type-Options"))
}

func TestAPanicBehindAHostAppsQuestionIsLoggedLikeEverythingElse(t *testing.T) {
	logged, logs := observer.New(zap.ErrorLevel)
	s := stand(t)
	s.app.snapshot = nil // the first use panics
	server := httptest.NewServer(newDispatcher(s.app.settings, s.app.dependencies, zap.New(logged)))
	defer server.Close()
	response, err := server.Client().Post(server.URL+"/ofrep/v1/evaluate/flags/weather", "application/json", strings.NewReader(`{"context": {"targetingKey": "u1"}}`))
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	assert.Equal(t, http.StatusInternalServerError, response.StatusCode)
	assert.Equal(t, "application/problem+json", response.Header.Get("Content-Type"))
	assert.NotContains(t, string(body), "nil")
	require.Equal(t, 1, logs.Len())
	assert.Contains(t, logs.All()[0].ContextMap()["stack"], "evaluate")
}
