package delivery

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"slipway/catalog"
	"slipway/tokens"
)

// withAccessTokens follows the tokens of the catalogue.
func withAccessTokens(needed bool) func(*Handlers) {
	return func(h *Handlers) {
		source := tokens.NewStore(h.History.(*catalog.Catalog).Database())
		h.Access = tokens.NewKnown(func(context.Context) (tokens.Source, error) { return source, nil }, zap.NewNop())
		h.NeedToken = needed
	}
}

func (p *platform) accessToken(kind tokens.Kind) string {
	p.t.Helper()
	draft, by := tokens.Draft{Name: "wallet", Kind: kind}, operator
	if kind == tokens.Pipeline {
		draft.Team, draft.Actions, by = "acme", tokens.Actions(), developer
	}
	secret, made, err := draft.Make(by, time.Now())
	require.NoError(p.t, err)
	require.NoError(p.t, tokens.NewStore(p.catalogue.Database()).Add(p.t.Context(), made, tokens.MaxOfTeam))
	return secret
}

func TestAHostAppAsksWithItsAccessToken(t *testing.T) {
	p := running(t, withAccessTokens(true))
	p.stores("weather", "1.0.0")
	requested(t, p.catalogue, "weather").publishes("1.0.0")
	p.knows()
	wallet, pipeline, edge := p.accessToken(tokens.HostApp), p.accessToken(tokens.Pipeline), p.accessToken(tokens.Edge)
	for path, method := range map[string]string{
		flagsPath: http.MethodPost, flagsPath + "/weather": http.MethodPost, "/packages/" + sumOf(content("weather", "1.0.0")): http.MethodGet,
	} {
		for header, expected := range map[string]struct {
			status    int
			challenge string
		}{
			"": {401, "Bearer"}, wallet: {401, "Bearer"}, "Basic " + wallet: {401, "Bearer"}, "Bearer": {401, "Bearer"},
			"Bearer " + wallet[:12]: {401, `Bearer error="invalid_token"`}, "Bearer  " + wallet: {401, "Bearer"}, "Bearer " + wallet + "x": {401, `Bearer error="invalid_token"`},
			"Bearer " + pipeline: {403, `Bearer error="insufficient_scope"`}, "Bearer " + edge: {403, `Bearer error="insufficient_scope"`},
		} {
			response, text := p.ask(method, path, http.NoBody, "Authorization", header)
			assert.Equal(t, expected.status, response.StatusCode, "%s %q", path, header)
			assert.Equal(t, expected.challenge, response.Header.Get("WWW-Authenticate"), header)
			assert.Equal(t, "application/problem+json", response.Header.Get("Content-Type"))
			assert.NotContains(t, text, "1.0.0")
			assert.NotContains(t, text, tokens.Prefix)
		}
	}
	response, _ := p.post(flagsPath+"/weather", about("u1"), "Authorization", "bearer "+wallet)
	assert.Equal(t, http.StatusOK, response.StatusCode)
	response, _ = p.ask(http.MethodGet, "/packages/"+sumOf(content("weather", "1.0.0")), http.NoBody, "Authorization", "Bearer "+wallet)
	assert.Equal(t, "private, no-cache", response.Header.Get("Cache-Control"), "no shared cache gives it to those without a token")
}

func TestTokensOfTheConfigurationGoOnBesideAccessTokens(t *testing.T) {
	p := running(t, withAccessTokens(true), withTokens(t))
	requested(t, p.catalogue, "weather").publishes("1.0.0")
	p.knows()
	for _, token := range []string{"s3cret", p.accessToken(tokens.HostApp)} {
		response, _ := p.post(flagsPath+"/weather", about("u1"), "Authorization", "Bearer "+token)
		assert.Equal(t, http.StatusOK, response.StatusCode)
	}
}

// asksWith is the name that a host app is known by which sends the header, and the answer when it is refused.
func asksWith(h *Handlers, header string) (name string, answer *httptest.ResponseRecorder) {
	answer = httptest.NewRecorder()
	c, _ := gin.CreateTestContext(answer)
	c.Request, _ = http.NewRequest(http.MethodGet, "/", http.NoBody)
	c.Request.Header.Set("Authorization", header)
	h.identify(c)
	return c.GetString(HostApp), answer
}

func TestTheNameOfTheTokenIsKnownToWhatFollows(t *testing.T) {
	p := running(t, withAccessTokens(false))
	name, _ := asksWith(p.handlers, "Bearer "+p.accessToken(tokens.HostApp))
	assert.Equal(t, "wallet", name)
	name, answer := asksWith(p.handlers, "Bearer whatever")
	assert.Empty(t, name)
	assert.Equal(t, http.StatusOK, answer.Code, "none is needed")
}

type nothingKnown struct{}

func (nothingKnown) Find(context.Context, string) (tokens.Token, error) {
	return tokens.Token{}, tokens.ErrNotKnownYet
}

func TestBeforeTokensAreKnownHostAppsAreToldToTryAgain(t *testing.T) {
	_, answer := asksWith(&Handlers{Access: nothingKnown{}, NeedToken: true}, "Bearer slp_x")
	assert.Equal(t, http.StatusServiceUnavailable, answer.Code)
	assert.Equal(t, "1", answer.Header().Get("Retry-After"))
}

// So a web that starts without its database serves the host apps that its configuration names.
func TestAnAccessTokenInTheConfigurationCountsOnlyWhileItIsNotKnownWhichThereAre(t *testing.T) {
	p := running(t, withAccessTokens(true))
	secret := p.accessToken(tokens.HostApp)
	var err error
	p.handlers.Tokens, err = ParseTokens("configured=" + sumOf(secret) + ",stranger=" + sumOf("slp_made-elsewhere"))
	require.NoError(t, err)
	name, _ := asksWith(&Handlers{Access: nothingKnown{}, Tokens: p.handlers.Tokens}, "Bearer "+secret)
	assert.Equal(t, "configured", name)
	name, _ = asksWith(p.handlers, "Bearer "+secret)
	assert.Equal(t, "wallet", name)
	made, err := tokens.NewStore(p.catalogue.Database()).Working(t.Context())
	require.NoError(t, err)
	require.NoError(t, tokens.NewStore(p.catalogue.Database()).Revoke(t.Context(), made[0].ID, "otto", time.Now()))
	require.NoError(t, p.handlers.Access.(*tokens.Known).Load(t.Context()))
	for _, worthless := range []string{secret, "slp_made-elsewhere"} {
		_, answer := asksWith(p.handlers, "Bearer "+worthless)
		assert.Equal(t, http.StatusUnauthorized, answer.Code)
	}
}

func TestARevokedTokenInTheConfigurationDoesNotComeBackWhileTheDatabaseIsAway(t *testing.T) {
	p := running(t)
	secret, source := p.accessToken(tokens.HostApp), tokens.NewStore(p.catalogue.Database())
	away := false
	known := tokens.NewKnown(func(context.Context) (tokens.Source, error) {
		if away {
			return nil, errDown
		}
		return source, nil
	}, zap.NewNop())
	configured, err := ParseTokens("configured=" + sumOf(secret))
	require.NoError(t, err)
	h := &Handlers{Access: known, Tokens: configured}
	made, err := source.Working(t.Context())
	require.NoError(t, err)
	require.NoError(t, source.Revoke(t.Context(), made[0].ID, "otto", time.Now()))
	require.NoError(t, known.Load(t.Context()))
	away = true
	require.ErrorIs(t, known.Load(t.Context()), errDown)
	for _, presented := range []string{secret, p.accessToken(tokens.HostApp)} {
		name, answer := asksWith(h, "Bearer "+presented)
		assert.Empty(t, name)
		assert.Equal(t, http.StatusServiceUnavailable, answer.Code, "it cannot be told from one that is new")
		assert.Equal(t, "1", answer.Header().Get("Retry-After"))
	}
}
