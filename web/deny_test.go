package main

import (
	"database/sql"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"slipway/catalog/catalogtest"
	"slipway/web/api"
)

// isProblem requires an answer to be what RFC 9457 and docs/api.md say.
func isProblem(t *testing.T, response *http.Response, body string, status int) {
	t.Helper()
	assert.Equal(t, status, response.StatusCode, body)
	assert.Equal(t, "application/problem+json", response.Header.Get("Content-Type"), body)
	assert.Equal(t, "no-store", response.Header.Get("Cache-Control"))
	var problem api.Problem
	strict := json.NewDecoder(strings.NewReader(body))
	strict.DisallowUnknownFields()
	require.NoError(t, strict.Decode(&problem), body)
	assert.False(t, strict.More(), body)
	assert.Equal(t, []any{"about:blank", http.StatusText(status), status}, []any{problem.Type, problem.Title, problem.Status})
	assert.NotEmpty(t, problem.Detail)
	wait := map[int]string{http.StatusTooManyRequests: "1", http.StatusServiceUnavailable: "1"}[status]
	assert.Equal(t, wait, response.Header.Get("Retry-After"))
}

func TestWhateverGoesWrongUnderTheAPIIsAProblem(t *testing.T) {
	s := stand(t)
	s.weather()
	const list, act = "/api/v1/mini-programs", "/api/v1/mini-programs/weather/actions/suspend"
	large := form(url.Values{"comment": {strings.Repeat("x", 2<<20)}})
	for name, sent := range map[string]struct {
		method, path string
		how          []asked
		status       int
	}{
		"nobody":               {http.MethodGet, list, nil, http.StatusUnauthorized},
		"another role":         {http.MethodPost, act, []asked{as("developer")}, http.StatusForbidden},
		"another team":         {http.MethodGet, list + "/weather", []asked{as("other-developer")}, http.StatusForbidden},
		"no such address":      {http.MethodGet, "/api/v1/nowhere", []asked{as("operator")}, http.StatusNotFound},
		"the API itself":       {http.MethodGet, "/api/v1", []asked{as("operator")}, http.StatusNotFound},
		"no such mini-program": {http.MethodGet, list + "/maps", []asked{as("operator")}, http.StatusNotFound},
		"no such method":       {http.MethodDelete, list, []asked{as("operator")}, http.StatusMethodNotAllowed},
		"no such parameter":    {http.MethodGet, list + "?limits=1", []asked{as("operator")}, http.StatusUnprocessableEntity},
		"no JSON":              {http.MethodPost, act, []asked{as("operator"), form(url.Values{})}, http.StatusUnsupportedMediaType},
		"a large body":         {http.MethodPost, act, []asked{as("operator"), large, header("Content-Type", "application/json")}, http.StatusRequestEntityTooLarge},
		"another site":         {http.MethodPost, act, []asked{as("operator"), header("Sec-Fetch-Site", "cross-site")}, http.StatusForbidden},
		"another name":         {http.MethodGet, list, []asked{as("operator"), func(r *http.Request) { r.Host = "evil.example" }}, http.StatusMisdirectedRequest},
		"Temporal away":        {http.MethodPost, act, []asked{as("operator")}, http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			response, body := s.ask(sent.method, sent.path, sent.how...)
			isProblem(t, response, body, sent.status)
		})
	}
}

func TestAPanicEndsItsRequestWithAProblem(t *testing.T) {
	s := stand(t)
	s.app.service.Catalog = nil // the first use panics
	response, body := s.ask(http.MethodGet, "/api/v1/mini-programs", as("operator"))
	isProblem(t, response, body, http.StatusInternalServerError)
	response, body = s.ask(http.MethodGet, "/mini-programs", as("operator"))
	assert.Equal(t, http.StatusInternalServerError, response.StatusCode)
	assert.Contains(t, response.Header.Get("Content-Type"), "text/html")
	assert.Contains(t, body, "Something went wrong on our side")
}

func TestAPanicOfTheGuardOpensNothing(t *testing.T) {
	s := stand(t)
	s.Server = httptest.NewServer(s.router.Handler()) // without what makes sessions known, the guard panics when it looks for one
	defer s.Close()
	response, body := s.ask(http.MethodGet, "/api/v1/mini-programs", cookie(&http.Cookie{Name: "slipway_session", Value: "any"}))
	isProblem(t, response, body, http.StatusInternalServerError)
}

func TestWhoseSessionCannotBeReadIsToldInTheirForm(t *testing.T) {
	s := stand(t)
	session := s.signIn("reviewer")
	db, err := sql.Open("sqlite", s.database)
	require.NoError(t, err)
	defer func() { _ = db.Close() }()
	_, err = db.ExecContext(t.Context(), "DROP TABLE sessions")
	require.NoError(t, err)
	response, body := s.ask(http.MethodGet, "/api/v1/mini-programs", cookie(session))
	isProblem(t, response, body, http.StatusInternalServerError)
	response, body = s.ask(http.MethodGet, "/", cookie(session))
	assert.Equal(t, http.StatusInternalServerError, response.StatusCode)
	assert.Equal(t, "something went wrong on our side; it was logged, try again in a moment\n", body)
}

func TestWhileTheDatabaseDoesNotAnswerEverybodyIsAskedToTryAgain(t *testing.T) {
	database := catalogtest.Postgres(t)
	s := standOn(t, database)
	session := s.signIn("reviewer")
	catalogtest.CutOff(t, database)
	response, body := s.ask(http.MethodGet, "/api/v1/mini-programs", as("operator"))
	isProblem(t, response, body, http.StatusServiceUnavailable)
	assert.Contains(t, body, "the database does not answer")
	response, body = s.ask(http.MethodGet, "/", cookie(session))
	assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	assert.Contains(t, body, "the database does not answer")
}

func TestUntilTheDatabaseAnswersEverybodyIsAskedToWaitInTheirForm(t *testing.T) {
	s := stand(t)
	web := newDispatcher(s.app.settings, s.app.dependencies, zap.NewNop())
	s.Server = httptest.NewServer(web)
	defer s.Close()
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		response, body := s.ask(method, "/api/v1/mini-programs", as("operator"))
		isProblem(t, response, body, http.StatusServiceUnavailable)
		assert.Contains(t, body, "the database does not answer")
	}
	response, body := s.ask(http.MethodGet, "/")
	assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	assert.Equal(t, "text/plain; charset=utf-8", response.Header.Get("Content-Type"))
	assert.Equal(t, "1", response.Header.Get("Retry-After"))
	assert.True(t, strings.HasPrefix(body, "the database does not answer"), body)
	response, _ = s.ask(http.MethodGet, "/healthz")
	assert.Equal(t, http.StatusOK, response.StatusCode)

	people, err := s.app.handler()
	require.NoError(t, err)
	web.people.Store(&people)
	response, _ = s.ask(http.MethodGet, "/api/v1/mini-programs", as("operator"))
	assert.Equal(t, http.StatusOK, response.StatusCode)
}
