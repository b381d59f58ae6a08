package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"slipway/accounts"
	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/delivery"
	"slipway/lifecycle"
	"slipway/monitoring"
	"slipway/notify"
	"slipway/packages"
	"slipway/tokens"
	"slipway/web/access"
	"slipway/web/events"
	"slipway/web/oidc"
	"slipway/web/service"
	"slipway/workflows"
)

// standing is a web with a database of its own, whose Temporal is away unless its ground has one.
type standing struct {
	*httptest.Server
	t        *testing.T
	app      application
	router   *access.Router
	database string
}

// ground is what a web stands on.
type ground struct {
	database string
	// temporal is nil for one that is away, store for one of its own.
	temporal client.Client
	store    *packages.Store
}

func stand(t *testing.T, change ...func(*settings)) standing {
	return standOn(t, catalogtest.SQLite(t), change...)
}

func standOn(t *testing.T, database string, change ...func(*settings)) standing {
	return ground{database: database}.stand(t, change...)
}

func (g ground) stand(t *testing.T, change ...func(*settings)) standing {
	nothingSet(t)
	settings, err := load()
	require.NoError(t, err)
	settings.RateLimit = 0
	for _, each := range change {
		each(&settings)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	t.Cleanup(cancel)
	common, err := monitoring.NewMetrics()
	require.NoError(t, err)
	with := dependencies{temporal: g.temporal, store: g.store, metrics: newMetrics(common)}
	if with.temporal == nil {
		with.temporal, err = client.NewLazyClient(client.Options{HostPort: "127.0.0.1:1"})
		require.NoError(t, err)
	}
	with.catalog = catalogtest.Open(t, g.database)
	with.snapshot, err = delivery.Open(ctx, with.catalog, delivery.Options{})
	require.NoError(t, err)
	tokenStore := tokens.NewStore(with.catalog.Database())
	with.tokens = tokens.NewKnown(func(context.Context) (tokens.Source, error) { return tokenStore, nil }, zap.NewNop())
	following := make(chan struct{})
	go func() { with.tokens.Run(ctx); close(following) }()
	t.Cleanup(func() { cancel(); <-following })
	if with.store == nil {
		with.store, err = packages.OpenStore(ctx, t.TempDir())
		require.NoError(t, err)
	}
	feed, err := events.NewFeed(ctx, with.catalog, zap.NewNop())
	require.NoError(t, err)
	s := application{settings: settings, dependencies: with, logger: zap.NewNop(), feed: feed, service: &service.Service{
		Workflows: workflows.Client{Temporal: with.temporal}, Catalog: with.catalog, Store: with.store,
		Sessions: accounts.NewSessions(with.catalog.Database()), Filters: accounts.NewFilters(with.catalog.Database()), People: accounts.NewPeople(with.catalog.Database()),
		Notifications: notify.NewStore(with.catalog.Database(), settings.PayloadKeys), TokenStore: tokenStore,
		Previews: delivery.Previews{Keys: settings.PreviewKeys}, PublicURL: settings.PublicURL,
		Temporal: service.NewMonitor(ctx, with.temporal), Tokens: with.tokens, Logger: zap.NewNop(), Settings: settings.inForce.Settings, AnswerWait: time.Second,
	}}
	server := httptest.NewUnstartedServer(nil)
	t.Cleanup(server.Close)
	if settings.Auth == authOIDC {
		s.settings.PublicURL = "http://" + server.Listener.Addr().String()
		s.provider = oidc.New(settings.OIDC, s.settings.PublicURL, zap.NewNop())
	}
	handler, err := s.handler()
	require.NoError(t, err)
	router, err := s.router(s.sessions())
	require.NoError(t, err)
	server.Config.Handler = handler
	server.Start()
	server.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return standing{server, t, s, router, g.database}
}

// weather is a mini-program of team acme.
func (s standing) weather() { s.requested("life", "developer", "acme") }

// requested is a life of the weather, as the workflow would have committed it.
func (s standing) requested(life, account, team string) lifecycle.MiniProgram {
	creation := lifecycle.Creation{ID: "weather", Title: "Weather", Team: team, Actor: accounts.Dev()[account], RequestID: life + "-begins"}
	m, record, refusal := lifecycle.NewMiniProgram(creation, time.Now(), lifecycle.DefaultSettings())
	require.Nil(s.t, refusal)
	s.commit(life, m, record)
	return m
}

func (s standing) commit(life string, m lifecycle.MiniProgram, record lifecycle.Record) {
	outcome := m.Outcome(record.Command, nil, record.At)
	_, err := s.app.catalog.Commit(s.t.Context(), catalog.Commit{Life: life, Step: m.Sequence, MiniProgram: m, Record: &record, Outcome: &outcome})
	require.NoError(s.t, err)
}

// welcomed is the weather as soon as its creation was approved.
func (s standing) welcomed() {
	approve := lifecycle.Command{Action: lifecycle.ApproveCreation, Actor: accounts.Dev()["reviewer"], RequestID: "approval"}
	approved, record, refusal := s.requested("life", "developer", "acme").Decide(approve, lifecycle.Facts{}, time.Now(), lifecycle.DefaultSettings())
	require.Nil(s.t, refusal)
	s.commit("life", approved, record)
}

// reborn is the weather of team globex, after its creation was denied to team acme.
func (s standing) reborn() {
	reject := lifecycle.Command{Action: lifecycle.RejectCreation, Actor: accounts.Dev()["reviewer"], RequestID: "denial", Comment: "acme's secret"}
	denied, record, refusal := s.requested("first", "developer", "acme").Decide(reject, lifecycle.Facts{}, time.Now(), lifecycle.DefaultSettings())
	require.Nil(s.t, refusal)
	s.commit("first", denied, record)
	s.requested("second", "other-developer", "globex")
}

// asked is a request on its way.
type asked func(*http.Request)

func as(account string) asked {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer dev-"+account) }
}

func header(name, value string) asked {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func form(values url.Values) asked {
	return func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(values.Encode())), -1
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
}

// ask sends a request and returns the answer with its body.
func (s standing) ask(method, path string, how ...asked) (*http.Response, string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+path, nil)
	require.NoError(s.t, err)
	for _, each := range how {
		each(request)
	}
	response, err := s.Client().Do(request)
	require.NoError(s.t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	return response, string(body)
}
