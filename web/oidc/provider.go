package oidc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"go.uber.org/zap"
	"golang.org/x/oauth2"

	"slipway/web/access"
)

const (
	// patience is how long one request to the provider may take.
	patience = 5 * time.Second
	// clockSkew is how far the provider's clock may be ahead of ours, or behind.
	clockSkew = 30 * time.Second
)

// Provider is an OpenID provider. It is looked up when it is needed first, so that the web starts while it is away.
type Provider struct {
	settings    Settings
	redirectURL string
	client      *http.Client
	logger      *zap.Logger

	mu    sync.Mutex
	found *discovered
}

// discovered is what the provider says of itself.
type discovered struct {
	provider *oidc.Provider
	oauth    oauth2.Config
	// signIns verifies the tokens of our own sign-ins, bearers those that programs bring.
	signIns, bearers *oidc.IDTokenVerifier
	endSession       string
}

// New is the provider of the settings; people come back to the path access.SignedInPath of publicURL.
func New(settings Settings, publicURL string, logger *zap.Logger) *Provider {
	return &Provider{
		settings: settings, redirectURL: publicURL + access.SignedInPath, logger: logger,
		client: &http.Client{Timeout: patience},
	}
}

// context makes requests to the provider go through our client.
func (p *Provider) context(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, p.client)
}

func (p *Provider) discover(ctx context.Context) (*discovered, error) {
	p.mu.Lock()
	found := p.found
	p.mu.Unlock()
	if found != nil {
		return found, nil
	}
	provider, err := oidc.NewProvider(p.context(ctx), p.settings.Issuer)
	if err != nil {
		return nil, p.away(fmt.Errorf("OIDC_ISSUER: %w", err))
	}
	var more struct {
		EndSession string `json:"end_session_endpoint"`
		Keys       string `json:"jwks_uri"`
	}
	if err := provider.Claims(&more); err != nil {
		return nil, p.away(err)
	}
	keys := newKeys(more.Keys)
	verifier := func(client string) *oidc.IDTokenVerifier { // of several audiences: see ByToken
		return oidc.NewVerifier(p.settings.Issuer, keys, &oidc.Config{
			ClientID: client, SkipClientIDCheck: client == "", SupportedSigningAlgs: signatures,
			Now: func() time.Time { return time.Now().Add(-clockSkew) },
		})
	}
	found = &discovered{
		provider: provider, endSession: more.EndSession,
		oauth: oauth2.Config{
			ClientID: p.settings.ClientID, ClientSecret: string(p.settings.ClientSecret), Endpoint: provider.Endpoint(),
			RedirectURL: p.redirectURL, Scopes: p.settings.Scopes,
		},
		signIns: verifier(p.settings.ClientID), bearers: verifier(""),
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.found = found
	return found, nil
}

// Audiences are those of the bearer tokens that this web takes: its own, and that of the command line that signs people in for it.
func (s Settings) Audiences() []string {
	audiences := []string{cmp.Or(s.Audience, s.ClientID)}
	if s.CLIClientID != "" {
		audiences = append(audiences, s.CLIClientID)
	}
	return audiences
}

// away keeps what the provider, or the network, said in the log.
func (p *Provider) away(err error) error {
	p.logger.Warn("the identity provider does not answer", zap.Error(err))
	return access.ErrProviderAway
}

// ByToken finds whose bearer token it is (RFC 9068, as far as providers keep to it): signed by the provider, for this audience, not
// expired.
func (p *Provider) ByToken(ctx context.Context, token string) (access.Identity, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return access.Identity{}, err
	}
	verified, err := p.verify(ctx, found.bearers, token)
	if errors.Is(err, access.ErrSignInFailed) {
		return access.Identity{}, access.ErrNotSignedIn
	}
	if err != nil {
		return access.Identity{}, err
	}
	var said claims
	ours := func(audience string) bool { return slices.Contains(verified.Audience, audience) }
	if err := verified.Claims(&said); err != nil || !slices.ContainsFunc(p.settings.Audiences(), ours) {
		return access.Identity{}, access.ErrNotSignedIn
	}
	return p.settings.identity(said)
}

// Renew asks for new tokens, or, without a refresh token, what the provider says now. What it refuses ends the session.
func (p *Provider) Renew(ctx context.Context, tokens access.Tokens) (access.Identity, access.Tokens, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return access.Identity{}, access.Tokens{}, err
	}
	held := &oauth2.Token{AccessToken: tokens.Access, Expiry: tokens.AccessEnds, TokenType: "Bearer"}
	if tokens.Refresh != "" {
		held = &oauth2.Token{RefreshToken: tokens.Refresh}
	} else if time.Now().After(tokens.AccessEnds) && !tokens.AccessEnds.IsZero() {
		return access.Identity{}, access.Tokens{}, access.ErrNotSignedIn
	}
	renewed, err := found.oauth.TokenSource(p.context(ctx), held).Token()
	if err != nil {
		return access.Identity{}, access.Tokens{}, p.refused(err)
	}
	return p.granted(ctx, found, renewed, tokens, "")
}

// refused tells a provider that says no from one that does not answer.
func (p *Provider) refused(err error) error {
	if err == nil {
		return nil
	}
	if answer, ok := errors.AsType[*oauth2.RetrieveError](err); ok && answer.ErrorCode == "invalid_grant" {
		return access.ErrNotSignedIn
	}
	return p.away(err)
}
