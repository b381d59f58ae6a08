package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"slipway/catalog/catalogtest"
	"slipway/config"
	"slipway/packages"
	"slipway/web/access"
	"slipway/web/events"
	"slipway/web/service"
	"slipway/workflows"
)

// newSite is a site without Temporal, on an empty catalogue.
func newSite(t *testing.T, rateLimit uint16) site {
	t.Helper()
	var err error
	w := world{namespace: "default", catalog: catalogtest.Open(t, catalogtest.SQLite(t))}
	w.temporal, err = client.NewLazyClient(client.Options{HostPort: "127.0.0.1:1"})
	require.NoError(t, err)
	t.Cleanup(w.temporal.Close)
	w.store, err = packages.OpenStore(t.Context(), "mem://")
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.store.Close() })
	w.metrics, err = newMetrics()
	require.NoError(t, err)
	feed, err := events.NewFeed(t.Context(), w.catalog, zap.NewNop())
	require.NoError(t, err)
	return site{
		settings: settings{Common: config.Common{PackageMax: 1}, Auth: authDev, RateLimit: rateLimit}, world: w, feed: feed, logger: zap.NewNop(),
		service: &service.Service{
			Workflows: workflows.Client{Temporal: w.temporal}, Catalog: w.catalog, Store: w.store,
			Temporal: service.NewMonitor(t.Context(), w.temporal), Logger: zap.NewNop(), AnswerWait: time.Second,
		},
	}
}

func serveSite(t *testing.T, s site) *httptest.Server {
	t.Helper()
	handler, err := s.handler()
	require.NoError(t, err)
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

// call sends a request as an account; "" is nobody.
func call(t *testing.T, server *httptest.Server, account, method, path string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, nil)
	require.NoError(t, err)
	if account != "" {
		request.Header.Set("Authorization", "Bearer dev-"+account)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response, string(body)
}

func TestEveryRouteHasItsPermissionAndEveryPermissionItsRoute(t *testing.T) {
	s := newSite(t, 0)
	engine, err := s.engine(access.NewSessions(s.world.catalog.Sessions(), config.DevAccounts(), nil))
	require.NoError(t, err)
	routes := map[string]bool{}
	for _, route := range engine.Routes() {
		name := route.Method + " " + route.Path
		routes[name] = true
		assert.Contains(t, permissions, name)
	}
	for name := range permissions {
		assert.True(t, routes[name], "there is no route %s", name)
	}
}

func TestTheAPIIsForThoseWhoAreSignedIn(t *testing.T) {
	server := serveSite(t, newSite(t, 0))
	for name, permission := range permissions {
		method, path, _ := strings.Cut(name, " ")
		if !strings.HasPrefix(path, "/api/") || permission.String() == access.Public.String() {
			continue
		}
		response, body := call(t, server, "", method, strings.NewReplacer(":id", "weather", ":version", "1.0.0", ":action", "publish").Replace(path))
		assert.Equal(t, http.StatusUnauthorized, response.StatusCode, name)
		assert.Equal(t, "Bearer", response.Header.Get("WWW-Authenticate"), name)
		assert.Equal(t, "application/problem+json", response.Header.Get("Content-Type"), name)
		assert.Contains(t, body, "sign in", name)
	}
	response, body := call(t, server, "", http.MethodGet, "/api/v1/openapi.json")
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.True(t, json.Valid([]byte(body)))
}

func TestWhatTheAPIDoesNotHaveIsAProblem(t *testing.T) {
	server := serveSite(t, newSite(t, 0))
	for route, status := range map[string]int{
		"GET /api/v1/nonsense":              http.StatusNotFound,
		"GET /api/v1/openapi.yaml":          http.StatusNotFound,
		"GET /api/v1/docs":                  http.StatusNotFound,
		"DELETE /api/v1/mini-programs":      http.StatusMethodNotAllowed,
		"PUT /api/v1/mini-programs/weather": http.StatusMethodNotAllowed,
		"GET /api/v1/mini-programs/weather": http.StatusNotFound,
	} {
		method, path, _ := strings.Cut(route, " ")
		response, body := call(t, server, "reviewer", method, path)
		assert.Equal(t, status, response.StatusCode, route)
		assert.Equal(t, "application/problem+json", response.Header.Get("Content-Type"), route)
		assert.Contains(t, body, `"status":`, route)
	}
}

func TestWhoAsksTooOftenIsToldToWait(t *testing.T) {
	server := serveSite(t, newSite(t, 1))
	var statuses []int
	for range 4 {
		response, _ := call(t, server, "reviewer", http.MethodGet, "/api/v1/mini-programs")
		statuses = append(statuses, response.StatusCode)
		if response.StatusCode == http.StatusTooManyRequests {
			assert.Equal(t, "1", response.Header.Get("Retry-After"))
			assert.Equal(t, "application/problem+json", response.Header.Get("Content-Type"))
		}
	}
	assert.Equal(t, []int{200, 200}, statuses[:2])
	assert.Contains(t, statuses, http.StatusTooManyRequests)
	response, _ := call(t, server, "operator", http.MethodGet, "/api/v1/mini-programs")
	assert.Equal(t, http.StatusOK, response.StatusCode, "others may ask on")
}
