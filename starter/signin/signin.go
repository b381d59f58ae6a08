// Package signin signs a person in at a server from the command line, with the server's OpenID provider: in a browser on this machine
// (RFC 8252) or on another device (RFC 8628). What was granted is kept for the next commands.
package signin

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"slipway/plain"
)

const (
	discoveryPath = "/.well-known/slipway"
	maxAnswer     = 1 << 20 // bytes
	// patience is how long one request may take.
	patience = 15 * time.Second
)

// client asks servers and providers.
var client = &http.Client{Timeout: patience}

// Place is how people sign in at a server, as the server says.
type Place struct {
	Auth     string   `json:"auth"`
	Issuer   string   `json:"issuer"`
	ClientID string   `json:"client_id"`
	Scopes   []string `json:"scopes"`
	// Audiences are those of the tokens that the server takes.
	Audiences []string `json:"audiences"`
}

// Ask asks a server how people sign in there. The error says in words for people why nobody can from a command line.
func Ask(ctx context.Context, server string) (Place, error) {
	if !safe(server) {
		return Place{}, fmt.Errorf("%s is not https: others on the network could read the token; "+
			"give the address that begins with https://", server)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server+discoveryPath, nil)
	if err != nil {
		return Place{}, err
	}
	response, err := client.Do(request)
	if err != nil {
		return Place{}, fmt.Errorf("no answer from the server %s (--server): %w", server, errors.Unwrap(err))
	}
	defer func() { _ = response.Body.Close() }()
	var place Place
	err = json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(&place)
	if response.StatusCode != http.StatusOK || err != nil || place.Auth == "" {
		return Place{}, fmt.Errorf("the server %s does not say how people sign in (it answered %s); is it Slipway's web, and new enough?",
			server, response.Status)
	}
	return place, place.check(server)
}

func (p Place) check(server string) error {
	switch {
	case p.Auth != "oidc":
		return fmt.Errorf("nobody signs in at %s, which runs with AUTH=%q; give --as and an account instead", server, p.Auth)
	case p.ClientID == "":
		return fmt.Errorf("the server %s has no client for command lines: "+
			"its operator registers one at the identity provider and sets OIDC_CLI_CLIENT_ID; until then give --token", server)
	case !safe(p.Issuer):
		return fmt.Errorf("the server %s names %q as its identity provider, which is not an https address", server, p.Issuer)
	}
	return nil
}

// safe tells whether nobody on the way can read what is sent to an address: HTTPS, or this machine.
func safe(address string) bool {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" {
		return false
	}
	host := parsed.Hostname()
	return parsed.Scheme == "https" || parsed.Scheme == "http" && slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, host)
}

// provider is what an OpenID provider says of itself, and how we are known there.
type provider struct {
	Place
	oauth      oauth2.Config
	verifier   *oidc.IDTokenVerifier
	revocation string
}

// discover looks a provider up. A refresh token is asked for where the provider gives one for offline_access only.
func (p Place) discover(ctx context.Context) (*provider, error) {
	found, err := oidc.NewProvider(withClient(ctx), p.Issuer)
	if err != nil {
		return nil, away(ctx, p.Issuer, err)
	}
	var more struct {
		Scopes     []string `json:"scopes_supported"`
		Revocation string   `json:"revocation_endpoint"`
	}
	if err := found.Claims(&more); err != nil {
		return nil, fmt.Errorf("the identity provider %s describes itself in a way that cannot be read: %s", p.Issuer, plain.Line(err.Error()))
	}
	scopes := slices.Clone(p.Scopes)
	if slices.Contains(more.Scopes, oidc.ScopeOfflineAccess) && !slices.Contains(scopes, oidc.ScopeOfflineAccess) {
		scopes = append(scopes, oidc.ScopeOfflineAccess)
	}
	endpoint := found.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInParams // a public client has no secret
	return &provider{
		oauth:    oauth2.Config{ClientID: p.ClientID, Endpoint: endpoint, Scopes: scopes},
		verifier: found.Verifier(&oidc.Config{ClientID: p.ClientID}), Place: p, revocation: more.Revocation,
	}, nil
}

func withClient(ctx context.Context) context.Context { return oidc.ClientContext(ctx, client) }

// granted makes of what the provider granted what is kept. refresh is the token to go on with when there is no new one, nonce that of the
// request, "" when there was none.
//
// What is sent to the server is the access token. Where the server cannot read that, as with providers whose access tokens are opaque or
// for a scope instead of a client, it is the ID token, which is for this client.
func (p *provider) granted(ctx context.Context, token *oauth2.Token, refresh, nonce string) (Grant, error) {
	grant := Grant{
		Issuer: p.Issuer, ClientID: p.ClientID, Audiences: p.Audiences,
		Token: token.AccessToken, Expiry: token.Expiry, RefreshToken: cmp.Or(token.RefreshToken, refresh),
	}
	raw, _ := token.Extra("id_token").(string)
	if raw == "" && nonce != "" {
		return Grant{}, errors.New("the identity provider gave no ID token; is openid among OIDC_SCOPES of the server?")
	}
	if raw == "" {
		return grant, nil
	}
	verified, err := p.verifier.Verify(withClient(ctx), raw)
	if err == nil && nonce != "" && verified.Nonce != nonce {
		err = errors.New("its nonce is that of another sign-in")
	}
	if err != nil {
		return Grant{}, fmt.Errorf("the identity provider's ID token is not valid: %s", plain.Line(err.Error()))
	}
	if !isFor(token.AccessToken, p.Audiences) {
		grant.Token, grant.Expiry = raw, verified.Expiry
	}
	return grant, nil
}

// said words what a provider answered, or that it did not.
func (p *provider) said(ctx context.Context, err error) error {
	answer, ok := errors.AsType[*oauth2.RetrieveError](err)
	switch {
	case !ok:
		return away(ctx, p.Issuer, err)
	case answer.ErrorCode == "":
		return fmt.Errorf("the identity provider %s answered %s", p.Issuer, answer.Response.Status)
	default:
		return refused(answer.ErrorCode, answer.ErrorDescription)
	}
}

// away says that a provider does not answer; in one line, for part of it may have come from the provider.
func away(ctx context.Context, issuer string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("the identity provider %s does not answer: %s", issuer, plain.Line(err.Error()))
}

func refused(code, description string) error {
	return errors.New("the identity provider refused: " + plain.Line(strings.TrimSuffix(code+": "+description, ": ")))
}
