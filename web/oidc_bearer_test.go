package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/web/oidc/oidctest"
)

func TestABearerTokenOfTheProviderSaysWhoseItIs(t *testing.T) {
	s := trust(t)
	said := s.issuer.Usual("robot")
	assert.Equal(t, "robot", s.me(bearer(s.issuer.Sign(said))))
	assert.Equal(t, "robot", s.me(header("Authorization", "bearer "+s.issuer.Sign(said))))
	said["aud"] = []string{"somebody", oidctest.ClientID}
	assert.Equal(t, "robot", s.me(bearer(s.issuer.Sign(said))))
	said["exp"] = time.Now().Add(-10 * time.Second).Unix()
	assert.Equal(t, "robot", s.me(bearer(s.issuer.Sign(said))), "clocks differ by some seconds")

	s.issuer.RotateKeys()
	assert.Equal(t, "robot", s.me(bearer(s.issuer.Sign(said))), "a new key is found")
}

func TestACommandLineIsToldHowPeopleSignInAndItsTokensAreTaken(t *testing.T) {
	s := trust(t, func(s *settings) { s.OIDC.CLIClientID = oidctest.CLIClientID })
	response, body := s.ask(http.MethodGet, discoveryPath)
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.JSONEq(t, `{"auth": "oidc", "issuer": "`+s.issuer.URL+`", "client_id": "slipway-cli", "scopes": ["openid", "profile", "email", "offline_access"], "audiences": ["slipway", "slipway-cli"]}`, body)
	said := s.issuer.Usual("robot")
	said["aud"] = oidctest.CLIClientID
	assert.Equal(t, "robot", s.me(bearer(s.issuer.Sign(said))))

	s = trust(t)
	said["iss"] = s.issuer.URL
	assert.Empty(t, s.me(bearer(s.issuer.Sign(said))), "nobody said that there is such a client")
	_, body = s.ask(http.MethodGet, discoveryPath)
	assert.NotContains(t, body, "client_id")

	_, body = stand(t).ask(http.MethodGet, discoveryPath)
	assert.JSONEq(t, `{"auth": "dev"}`, body)
}

func TestATokenThatIsNotTheProvidersIsWorthNothing(t *testing.T) {
	s := trust(t)
	usual := func(change func(oidctest.Claims)) oidctest.Claims {
		said := s.issuer.Usual("robot")
		change(said)
		return said
	}
	none := func(said oidctest.Claims) string {
		part := base64.RawURLEncoding.EncodeToString
		return part([]byte(`{"alg":"none"}`)) + "." + part(must(json.Marshal(said))) + "."
	}
	id, private := s.issuer.Key()
	other := must(rsa.GenerateKey(rand.Reader, 2048))
	public := must(x509.MarshalPKIXPublicKey(&private.PublicKey))
	same := func(oidctest.Claims) {}
	good := s.issuer.Sign(usual(same))
	require.Equal(t, "robot", s.me(bearer(good)))
	for name, token := range map[string]string{
		"alg none":                      none(usual(same)),
		"signed by another key":         oidctest.SignWith(t, jose.RS256, id, other, usual(same)),
		"the public key as a secret":    oidctest.SignWith(t, jose.HS256, id, public, usual(same)),
		"the client's secret as key":    oidctest.SignWith(t, jose.HS256, id, []byte(strings.Repeat(oidctest.ClientSecret, 4)), usual(same)),
		"expired":                       s.issuer.Sign(usual(func(c oidctest.Claims) { c["exp"] = time.Now().Add(-time.Hour).Unix() })),
		"without an end":                s.issuer.Sign(usual(func(c oidctest.Claims) { delete(c, "exp") })),
		"not valid yet":                 s.issuer.Sign(usual(func(c oidctest.Claims) { c["nbf"] = time.Now().Add(time.Hour).Unix() })),
		"for somebody else":             s.issuer.Sign(usual(func(c oidctest.Claims) { c["aud"] = "another" })),
		"for nobody":                    s.issuer.Sign(usual(func(c oidctest.Claims) { delete(c, "aud") })),
		"of another provider":           s.issuer.Sign(usual(func(c oidctest.Claims) { c["iss"] = "https://evil.example" })),
		"with a blank behind it":        good + " x",
		"cut short":                     good[:len(good)-4],
		"no token":                      "dev-operator",
		"nothing":                       "",
		"of an unknown and a known key": oidctest.SignWith(t, jose.RS256, "made-up", private, usual(same)),
	} {
		assert.Empty(t, s.me(bearer(token)), name)
	}
}

func TestMadeUpTokensDoNotMakeTheProviderWork(t *testing.T) {
	s := trust(t)
	other := must(rsa.GenerateKey(rand.Reader, 2048))
	require.Equal(t, "robot", s.me(bearer(s.issuer.Sign(s.issuer.Usual("robot")))))
	before := s.issuer.Requests()
	for i := range 50 {
		token := oidctest.SignWith(t, jose.RS256, fmt.Sprint("made-up-", i), other, s.issuer.Usual("robot"))
		response, _ := s.ask(http.MethodGet, "/api/v1/me", bearer(token))
		assert.Contains(t, []int{http.StatusUnauthorized, http.StatusServiceUnavailable}, response.StatusCode)
	}
	assert.Less(t, s.issuer.Requests()-before, 20)
	assert.Equal(t, "robot", s.me(bearer(s.issuer.Sign(s.issuer.Usual("robot")))), "others are not held up")
}

func TestATokenThatBringsItsOwnKeyIsWorthNothing(t *testing.T) {
	s := trust(t)
	known, _ := s.issuer.Key()
	own := must(rsa.GenerateKey(rand.Reader, 2048))
	payload := must(json.Marshal(s.issuer.Usual("mallory")))
	for _, id := range []string{known, "mine", ""} {
		options := (&jose.SignerOptions{EmbedJWK: true}).WithHeader("jku", "https://evil.example/keys").WithHeader("x5u", "https://evil.example/cert")
		signer := must(jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: own, KeyID: id}}, options))
		token := must(must(signer.Sign(payload)).CompactSerialize())
		assert.Empty(t, s.me(bearer(token)), id)
	}
}
