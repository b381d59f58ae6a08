package oidc

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"

	"github.com/coreos/go-oidc/v3/oidc"
	"go.uber.org/zap"
	"golang.org/x/oauth2"

	"slipway/monitoring/logkey"
	"slipway/web/access"
)

// Flow is a sign-in under way, which only the browser that began it can end.
type Flow struct {
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
	// Next is the path that the person wanted to see.
	Next string `json:"next"`
}

// Begin starts a sign-in and returns where the browser has to go.
func (p *Provider) Begin(ctx context.Context, next string) (Flow, string, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return Flow{}, "", err
	}
	flow := Flow{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Next: next}
	return flow, found.oauth.AuthCodeURL(flow.State, oidc.Nonce(flow.Nonce), oauth2.S256ChallengeOption(flow.Verifier)), nil
}

// Complete ends a sign-in with what the browser brought back. access.ErrSignInFailed says that it is none of this flow, or that the
// provider refused it.
func (p *Provider) Complete(ctx context.Context, flow Flow, brought url.Values) (access.Identity, access.Tokens, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return access.Identity{}, access.Tokens{}, err
	}
	if flow.State == "" || brought.Get("state") != flow.State || brought.Get("code") == "" {
		p.logger.Info("a sign-in was not completed", zap.String(logkey.Error, brought.Get("error")),
			zap.String(logkey.Description, brought.Get("error_description")))
		return access.Identity{}, access.Tokens{}, access.ErrSignInFailed
	}
	token, err := found.oauth.Exchange(p.context(ctx), brought.Get("code"), oauth2.VerifierOption(flow.Verifier))
	if err = p.refused(err); errors.Is(err, access.ErrNotSignedIn) {
		err = access.ErrSignInFailed
	}
	if err != nil {
		return access.Identity{}, access.Tokens{}, err
	}
	return p.granted(ctx, found, token, access.Tokens{}, flow.Nonce)
}

// EndSession is where the person signs out of the provider, too; "" when it has no such place. They come back to the address.
func (p *Provider) EndSession(ctx context.Context, tokens access.Tokens, back string) string {
	found, err := p.discover(ctx)
	if err != nil || found.endSession == "" {
		return ""
	}
	address, err := url.Parse(found.endSession)
	if err != nil {
		return ""
	}
	query := address.Query()
	query.Set("client_id", p.settings.ClientID)
	query.Set("post_logout_redirect_uri", back)
	if tokens.ID != "" {
		query.Set("id_token_hint", tokens.ID)
	}
	address.RawQuery = query.Encode()
	return address.String()
}
