// Package oidctest is a real OpenID provider for tests: zitadel's, with people of its own, in the process of the test.
package oidctest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// The client that the provider knows.
const (
	ClientID     = "slipway"
	ClientSecret = "a secret of both"
	Password     = "verysecure"
	// CLIClientID is a public client, which signs people in on loopback and on other devices.
	CLIClientID = "slipway-cli"
)

// Claims are what the provider says of somebody besides their name.
type Claims map[string]any

// Provider is a running provider.
type Provider struct {
	URL string

	t        *testing.T
	storage  *store
	server   *httptest.Server
	mu       sync.Mutex
	awayAt   string
	requests int
}

// Start runs a provider until the test ends. People who signed in come back to the address.
func Start(t *testing.T, redirect func() string) *Provider {
	t.Helper()
	p := &Provider{t: t}
	var handler http.Handler
	p.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.isAway(r.URL.Path) {
			panic(http.ErrAbortHandler)
		}
		handler.ServeHTTP(w, r)
	}))
	p.server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(p.server.Close)
	p.URL = p.server.URL
	users := people{}
	client, native := storage.WebClient(ClientID, ClientSecret), storage.NativeClient(CLIClientID, "http://127.0.0.1/callback")
	p.storage = &store{
		Storage: storage.NewStorageWithClients(users, map[string]*storage.Client{ClientID: client, CLIClientID: native}),
		clients: map[string]op.Client{ClientID: jwtClient{storage.RedirectGlobsClient(client), redirect}, CLIClientID: nativeClient{native}},
		people:  users, keys: []key{newKey(t)},
	}
	provider, err := op.NewProvider(&op.Config{
		CryptoKey: [32]byte{1}, CodeMethodS256: true, AuthMethodPost: true, GrantTypeRefreshToken: true, RequestObjectSupported: true,
		DeviceAuthorization: op.DeviceAuthorizationConfig{
			Lifetime: time.Hour, PollInterval: time.Second, UserFormPath: "/device", UserCode: op.UserCodeBase20,
		},
	}, p.storage, op.StaticIssuer(p.URL), op.WithAllowInsecure(), op.WithLogger(slog.New(slog.DiscardHandler)))
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle("/", provider)
	mux.Handle("/login/username", p.login(op.AuthCallbackURL(provider)))
	handler = mux
	return p
}

// login asks for a password, as the real one's page does; tests post the form at once.
func (p *Provider) login(callback func(context.Context, string) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.FormValue("authRequestID")
		if r.Method == http.MethodGet {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, `<form method="post"><input type="hidden" name="authRequestID" value="`+id+`"><input name="username">`+
				`<input name="password" type="password"><button>Sign in</button></form>`)
			return
		}
		if err := p.storage.CheckUsernamePassword(r.FormValue("username"), r.FormValue("password"), id); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		ctx := op.ContextWithIssuer(r.Context(), p.URL)
		http.Redirect(w, r, callback(ctx, id), http.StatusFound)
	})
}

// Person makes somebody known to the provider, or changes what it says of them; nil forgets them.
func (p *Provider) Person(user string, said Claims) {
	p.storage.mu.Lock()
	defer p.storage.mu.Unlock()
	if said == nil {
		delete(p.storage.people, user)
		return
	}
	p.storage.people[user] = said
}

// Away makes the provider break every connection, or answer again.
func (p *Provider) Away(away bool) {
	if away {
		p.AwayAt("/")
	} else {
		p.AwayAt("")
	}
}

// AwayAt makes the provider break every connection to an address that begins with the path; "" is none.
func (p *Provider) AwayAt(path string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.awayAt = path
}

func (p *Provider) isAway(path string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests++
	return p.awayAt != "" && strings.HasPrefix(path, p.awayAt)
}

// Requests is how often the provider was asked something.
func (p *Provider) Requests() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests
}

// Refreshes is how often somebody asked for new tokens with a refresh token, in vain or not.
func (p *Provider) Refreshes() int {
	p.storage.mu.Lock()
	defer p.storage.mu.Unlock()
	return p.storage.refreshes
}

// Approve is what somebody does who types the code of a device and signs in.
func (p *Provider) Approve(code, user string) {
	require.NoError(p.t, p.storage.CompleteDeviceAuthorization(p.t.Context(), code, user))
}

// Deny is what somebody does who finds that the code is none of theirs.
func (p *Provider) Deny(code string) {
	require.NoError(p.t, p.storage.DenyDeviceAuthorization(p.t.Context(), code))
}

// RotateKeys signs with a new key; the former one is forgotten.
func (p *Provider) RotateKeys() {
	p.storage.mu.Lock()
	defer p.storage.mu.Unlock()
	p.storage.keys = []key{newKey(p.t)}
}

// Sign makes a token of the claims as the provider would, with its newest key.
func (p *Provider) Sign(said Claims) string {
	p.storage.mu.Lock()
	defer p.storage.mu.Unlock()
	newest := p.storage.keys[len(p.storage.keys)-1]
	return SignWith(p.t, jose.RS256, newest.id, newest.private, said)
}

// Key is the newest key, with its name.
func (p *Provider) Key() (id string, private *rsa.PrivateKey) {
	p.storage.mu.Lock()
	defer p.storage.mu.Unlock()
	newest := p.storage.keys[len(p.storage.keys)-1]
	return newest.id, newest.private
}

// SignIn goes through a whole sign-in in the browser: from the address that leads to the provider until the browser is back.
func (p *Provider) SignIn(browser *http.Client, begin, user string) *http.Response {
	p.t.Helper()
	page := p.ask(browser, http.MethodGet, begin, nil)
	require.Equal(p.t, "/login/username", page.Request.URL.Path, "the browser was led to %s", page.Request.URL)
	form := url.Values{"authRequestID": page.Request.URL.Query()["authRequestID"], "username": {user}, "password": {Password}}
	return p.ask(browser, http.MethodPost, page.Request.URL.String(), form)
}

func (p *Provider) ask(browser *http.Client, method, address string, form url.Values) *http.Response {
	request, err := http.NewRequestWithContext(p.t.Context(), method, address, strings.NewReader(form.Encode()))
	require.NoError(p.t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := browser.Do(request)
	require.NoError(p.t, err)
	_ = response.Body.Close()
	return response
}

// people are known by their names; the library wants more of them.
type people map[string]Claims

func (p people) GetUserByID(id string) *storage.User {
	if _, ok := p[id]; !ok {
		return nil
	}
	return &storage.User{ID: id, Username: id, Password: Password, FirstName: "The", LastName: id}
}

func (p people) GetUserByUsername(name string) *storage.User { return p.GetUserByID(name) }
func (p people) ExampleClientID() string                     { return ClientID }

// jwtClient gets access tokens that can be read, and sends people where the test says.
type jwtClient struct {
	op.Client
	redirect func() string
}

func (c jwtClient) AccessTokenType() op.AccessTokenType { return op.AccessTokenTypeJWT }
func (c jwtClient) RedirectURIs() []string              { return []string{c.redirect()} }
func (c jwtClient) PostLogoutRedirectURIs() []string {
	return []string{strings.TrimSuffix(c.redirect(), "/callback")}
}
func (c jwtClient) LoginURL(id string) string { return "/login/username?authRequestID=" + id }

// nativeClient is on the machines of people and has no secret.
type nativeClient struct{ *storage.Client }

func (c nativeClient) AccessTokenType() op.AccessTokenType { return op.AccessTokenTypeJWT }
func (c nativeClient) LoginURL(id string) string           { return "/login/username?authRequestID=" + id }
func (c nativeClient) GrantTypes() []oidc.GrantType {
	return []oidc.GrantType{oidc.GrantTypeCode, oidc.GrantTypeRefreshToken, oidc.GrantTypeDeviceCode}
}

// store says more of people than the library's own, and changes its keys.
type store struct {
	*storage.Storage
	clients map[string]op.Client

	mu        sync.Mutex
	people    people
	keys      []key
	refreshes int
}

func (s *store) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	if client, ok := s.clients[id]; ok {
		return client, nil
	}
	return s.Storage.GetClientByClientID(ctx, id)
}

func (s *store) CheckUsernamePassword(user, password, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Storage.CheckUsernamePassword(user, password, id)
}

func (s *store) SetUserinfoFromRequest(ctx context.Context, info *oidc.UserInfo, request op.IDTokenRequest, scopes []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Storage.SetUserinfoFromRequest(ctx, info, request, scopes)
}

// SetUserinfoFromToken is what the userinfo endpoint says.
func (s *store) SetUserinfoFromToken(ctx context.Context, info *oidc.UserInfo, token, subject, origin string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.Storage.SetUserinfoFromToken(ctx, info, token, subject, origin); err != nil {
		return err
	}
	for name, value := range s.people[subject] {
		info.AppendClaims(name, value)
	}
	return nil
}

// CreateAccessAndRefreshTokens knows whose tokens those of a device are, too.
func (s *store) CreateAccessAndRefreshTokens(
	ctx context.Context, request op.TokenRequest, current string,
) (string, string, time.Time, error) {
	if device, ok := request.(*op.DeviceAuthorizationState); ok {
		request = storage.RefreshTokenRequestFromBusiness(&storage.RefreshToken{
			ApplicationID: device.ClientID, UserID: device.Subject, Audience: device.GetAudience(), Scopes: device.Scopes, AuthTime: device.AuthTime,
		})
	}
	return s.Storage.CreateAccessAndRefreshTokens(ctx, request, current)
}

// TokenRequestByRefreshToken refuses people who are not known any more, as the usual providers do.
func (s *store) TokenRequestByRefreshToken(ctx context.Context, token string) (op.RefreshTokenRequest, error) {
	request, err := s.Storage.TokenRequestByRefreshToken(ctx, token)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refreshes++
	if err == nil && s.people[request.GetSubject()] == nil {
		err = op.ErrInvalidRefreshToken
	}
	return request, err
}

// GetPrivateClaimsFromScopes is what access tokens say.
func (s *store) GetPrivateClaimsFromScopes(_ context.Context, user, _ string, _ []string) (map[string]any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.people[user], nil
}

func (s *store) SigningKey(context.Context) (op.SigningKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys[len(s.keys)-1], nil
}

func (s *store) KeySet(context.Context) ([]op.Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var public []op.Key
	for _, each := range s.keys {
		public = append(public, publicKey{each})
	}
	return public, nil
}

type key struct {
	id      string
	private *rsa.PrivateKey
}

func newKey(t *testing.T) key {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	return key{rand.Text(), private}
}

func (k key) ID() string                                  { return k.id }
func (k key) Key() any                                    { return k.private }
func (k key) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }

type publicKey struct{ key }

func (k publicKey) Key() any                           { return &k.private.PublicKey }
func (k publicKey) Algorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (k publicKey) Use() string                        { return "sig" }

// Usual are claims of a token that is worth something for the client, for the next hour.
func (p *Provider) Usual(user string) Claims {
	now := time.Now()
	return Claims{
		"iss": p.URL, "sub": user, "aud": ClientID, "exp": now.Add(time.Hour).Unix(), "iat": now.Unix(),
		"roles": []string{"reviewer"}, "teams": []string{},
	}
}
