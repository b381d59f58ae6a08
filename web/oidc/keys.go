package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/coreos/go-oidc/v3/oidc"
	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"slipway/web/access"
)

// signatures are those that only the provider can make. With a secret that both know, or none, anybody could.
var signatures = []string{
	oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA,
}

// verify checks a token. access.ErrSignInFailed says that it is worth nothing, access.ErrProviderAway that the keys to check it cannot be
// had.
func (p *Provider) verify(ctx context.Context, verifier *oidc.IDTokenVerifier, token string) (*oidc.IDToken, error) {
	var noKeys error
	verified, err := verifier.Verify(context.WithValue(ctx, noKeysKey{}, &noKeys), token)
	if noKeys != nil {
		return nil, p.away(noKeys)
	}
	if err != nil {
		p.logger.Info("a token of the identity provider is worth nothing", zap.Error(err))
		return nil, access.ErrSignInFailed
	}
	return verified, nil
}

// keys are those that the provider signs with, fetched anew when a token names one that is not among them.
type keys struct{ oidc.KeySet }

type noKeysKey struct{}

func newKeys(address string) keys {
	client := &http.Client{Timeout: patience, Transport: sparing{rate.NewLimiter(keysPerSecond, keysAtOnce)}}
	return keys{oidc.NewRemoteKeySet(oidc.ClientContext(context.Background(), client), address)}
}

// VerifySignature keeps apart what the library words alike: a signature that is wrong, and keys that cannot be had.
func (k keys) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	payload, err := k.KeySet.VerifySignature(ctx, token)
	if _, unreachable := errors.AsType[*url.Error](err); unreachable || ctx.Err() != nil {
		*ctx.Value(noKeysKey{}).(*error) = err //nolint:forcetypeassert // verify put it there
	}
	return payload, err
}

// Whoever sends made-up tokens makes us look for their keys; the provider is not to notice.
const (
	keysPerSecond = 1
	keysAtOnce    = 5
)

type sparing struct{ limiter *rate.Limiter }

// RoundTrip fetches the keys, unless that was done a moment ago.
func (s sparing) RoundTrip(r *http.Request) (*http.Response, error) {
	if !s.limiter.Allow() {
		return nil, errors.New("the keys were fetched a moment ago")
	}
	return http.DefaultTransport.RoundTrip(r)
}
