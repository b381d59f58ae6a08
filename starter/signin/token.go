package signin

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// margin is how long before its end a token is renewed, for the time that a request takes.
const margin = 20 * time.Second

// Token is a bearer token for the server, renewed where the former one has expired. ErrNone says that nobody is signed in.
func (k Kept) Token(ctx context.Context) (string, error) {
	grant, err := k.read()
	if err != nil || grant.lasts() {
		return grant.Token, err
	}
	err = k.alone(ctx, func() error {
		if grant, err = k.read(); err != nil || grant.lasts() { // somebody else has renewed it
			return err
		}
		if grant, err = grant.renewed(ctx); err != nil {
			return err
		}
		return k.write(grant)
	})
	return grant.Token, err
}

func (g Grant) lasts() bool { return g.Expiry.IsZero() || time.Now().Add(margin).Before(g.Expiry) }

// isFor tells whether a token is a JWT for one of the audiences.
func isFor(token string, audiences []string) bool {
	parts := strings.Split(token, ".")
	if len(parts) != 3 { // header, claims, signature
		return false
	}
	decoded, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Audience any `json:"aud"` // a text, or a list of them
	}
	if err != nil || json.Unmarshal(decoded, &claims) != nil {
		return false
	}
	return slices.ContainsFunc(audiences, func(audience string) bool {
		list, _ := claims.Audience.([]any)
		return claims.Audience == audience || slices.Contains(list, any(audience))
	})
}

func (g Grant) place() Place {
	return Place{Issuer: g.Issuer, ClientID: g.ClientID, Audiences: g.Audiences}
}

func (g Grant) renewed(ctx context.Context) (Grant, error) {
	expired := fmt.Errorf("the sign-in at %s has expired; sign in again with starter login", g.Server)
	if g.RefreshToken == "" {
		return g, expired
	}
	found, err := g.place().discover(ctx)
	if err != nil {
		return g, err
	}
	token, err := found.oauth.TokenSource(withClient(ctx), &oauth2.Token{RefreshToken: g.RefreshToken}).Token()
	if answer, ok := errors.AsType[*oauth2.RetrieveError](err); ok && answer.ErrorCode == "invalid_grant" {
		return g, expired
	}
	if err != nil {
		return g, found.said(ctx, err)
	}
	return found.granted(ctx, token, g.RefreshToken, "")
}

// Forget removes what is kept, and asks the provider to end it where that offers it. ErrNone says that there was nothing. The file is gone
// whatever the provider answers.
func (k Kept) Forget(ctx context.Context) error {
	return k.alone(ctx, func() error {
		grant, unreadable := k.read()
		if errors.Is(unreadable, ErrNone) {
			return ErrNone
		}
		if err := os.Remove(k.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if unreadable == nil {
			return grant.revoke(ctx)
		}
		return nil // there is nothing to end
	})
}

// revoke ends a grant at the provider (RFC 7009), where it has a place for that.
func (g Grant) revoke(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("you are signed out on this machine, but the grant may live on: %w", err)
		}
	}()
	found, err := g.place().discover(ctx)
	if err != nil || found.revocation == "" {
		return err
	}
	kind, token := "refresh_token", g.RefreshToken
	if token == "" {
		kind, token = "access_token", g.Token
	}
	form := url.Values{"token": {token}, "token_type_hint": {kind}, "client_id": {g.ClientID}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, found.revocation, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := client.Do(request)
	if err != nil {
		return away(ctx, g.Issuer, err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the identity provider answered %s when it was asked to end it", response.Status)
	}
	return nil
}
