package oidc

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/oauth2"

	"slipway/web/access"
)

// granted reads who somebody is out of what the provider granted. nonce is that of a sign-in, "" when tokens are renewed, whose
// answer need not have an ID token: then the endpoint for it says who it is.
// The tokens come with an error, too.
func (p *Provider) granted(
	ctx context.Context, found *discovered, token *oauth2.Token, before access.Tokens, nonce string,
) (access.Identity, access.Tokens, error) {
	tokens := access.Tokens{
		Access: token.AccessToken, AccessEnds: token.Expiry, Refresh: cmp.Or(token.RefreshToken, before.Refresh), ID: before.ID,
	}
	raw, _ := token.Extra("id_token").(string)
	var said claims
	var subject string
	if raw != "" {
		verified, err := p.verify(ctx, found.signIns, raw)
		if err != nil {
			return access.Identity{}, tokens, err
		}
		if nonce != "" && verified.Nonce != nonce || verified.Claims(&said) != nil {
			return access.Identity{}, tokens, access.ErrSignInFailed
		}
		tokens.ID, subject = raw, verified.Subject
	} else if nonce != "" {
		return access.Identity{}, tokens, access.ErrSignInFailed
	}
	said, err := p.complete(ctx, found, token, said, subject)
	if err != nil {
		return access.Identity{}, tokens, err
	}
	identity, err := p.settings.identity(said)
	return identity, tokens, err
}

// complete asks the provider for claims that the ID token lacks: many keep groups and names out of it.
func (p *Provider) complete(ctx context.Context, found *discovered, token *oauth2.Token, said claims, subject string) (claims, error) {
	whole := said.at(p.settings.RolesClaim) != nil && said.at(p.settings.TeamsClaim) != nil && said.at(p.settings.NameClaim) != nil
	if whole || found.provider.UserInfoEndpoint() == "" && said != nil {
		return said, nil
	}
	info, err := found.provider.UserInfo(p.context(ctx), oauth2.StaticTokenSource(token))
	if err != nil {
		return nil, p.infoRefused(err)
	}
	if subject != "" && info.Subject != subject { // OpenID Connect Core 1.0, 5.3.2
		return nil, access.ErrSignInFailed
	}
	all := claims{}
	if err := info.Claims(&all); err != nil {
		return nil, p.away(err)
	}
	maps.Copy(all, said) // what is signed counts
	return all, nil
}

// infoRefused tells a token that is worth nothing any more from a provider that does not answer; the library has only the text.
func (p *Provider) infoRefused(err error) error {
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		if strings.HasPrefix(err.Error(), strconv.Itoa(status)) {
			return access.ErrNotSignedIn
		}
	}
	return p.away(err)
}
