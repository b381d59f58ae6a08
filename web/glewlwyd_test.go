package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"slipway/web/access"
	"slipway/web/oidc/oidctest"
)

// trustGlewlwyd is a web whose people another provider signs in.
func trustGlewlwyd(t *testing.T, change ...func(*settings)) (trusting, *oidctest.Glewlwyd) {
	issuer := oidctest.StartGlewlwyd(t)
	configured := func(s *settings) {
		s.Auth, s.OIDC.Issuer, s.OIDC.ClientID, s.OIDC.ClientSecret = authOIDC, issuer.Issuer(), oidctest.ClientID, oidctest.ClientSecret
		s.OIDC.Scopes, s.OIDC.UserClaim = []string{"openid"}, "login"
		s.pace.Check = 0
	}
	s := trusting{standing: stand(t, append([]func(*settings){configured}, change...)...)}
	issuer.Client(s.URL+access.SignedInPath, s.URL+"/sign-in")
	issuer.Person("rita", []string{"reviewer", "operator"}, []string{"acme", "globex"})
	return s, issuer
}

func TestASecondProviderSignsPeopleInAndOut(t *testing.T) {
	s, issuer := trustGlewlwyd(t)
	browser := s.browser()
	response := issuer.SignIn(browser, s.URL+"/sign-in/begin?next=/me", "rita")
	require.Equal(t, s.URL+"/me", response.Request.URL.String())
	_, body := s.get(browser, "/api/v1/me")
	assert.JSONEq(t, `{"user": "rita", "name": "The rita", "roles": ["reviewer", "operator"], "teams": ["acme", "globex"]}`, body)

	issuer.Change("rita", []string{"release-manager"}, []string{})
	assert.Equal(t, "release-manager", s.roles(browser), "at the next check")

	cookies := browser.Jar.Cookies(must(url.Parse(s.URL)))
	response, err := browser.Post(s.URL+"/sign-out", "", nil)
	require.NoError(t, err)
	page := string(must(io.ReadAll(response.Body)))
	require.NoError(t, response.Body.Close())
	for _, stolen := range cookies {
		assert.Empty(t, s.me(cookie(stolen)))
	}
	there := regexp.MustCompile(`<a href="(http[^"]+)"`).FindStringSubmatch(page)
	require.NotNil(t, there, page)
	assert.Equal(t, s.URL+"/sign-in", issuer.SignOut(browser, strings.ReplaceAll(there[1], "&amp;", "&")))
	assert.Empty(t, s.roles(browser))
}

// granted is what a program of the client gets that goes through a sign-in by itself.
func (s trusting) granted(issuer *oidctest.Glewlwyd) (access, id string) {
	found, err := oidc.NewProvider(s.t.Context(), issuer.Issuer())
	require.NoError(s.t, err)
	config := oauth2.Config{ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret, Endpoint: found.Endpoint(), Scopes: []string{"openid"},
		RedirectURL: s.URL + "/sign-in/callback"}
	verifier := oauth2.GenerateVerifier()
	jar := must(cookiejar.New(nil))
	var back url.Values
	browser := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if back = r.URL.Query(); r.URL.Path == "/sign-in/callback" {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	issuer.SignIn(browser, config.AuthCodeURL("state", oidc.Nonce("a nonce of some length"), oauth2.S256ChallengeOption(verifier)), "rita")
	token, err := config.Exchange(s.t.Context(), back.Get("code"), oauth2.VerifierOption(verifier))
	require.NoError(s.t, err)
	id, _ = token.Extra("id_token").(string)
	return token.AccessToken, id
}

func TestBearerTokensOfASecondProviderAreTakenWhenTheyAreForThisWeb(t *testing.T) {
	s, issuer := trustGlewlwyd(t)
	access, id := s.granted(issuer)
	assert.Equal(t, "rita", s.me(bearer(id)))
	assert.Empty(t, s.me(bearer(access)), "it is for whoever knows the scope openid")
	assert.Empty(t, s.me(bearer(id[:len(id)-6]+"AAAAAA")))

	s, issuer = trustGlewlwyd(t, func(s *settings) { s.OIDC.Audience = "openid" })
	access, id = s.granted(issuer)
	assert.Equal(t, "rita", s.me(bearer(access)))
	assert.Empty(t, s.me(bearer(id)))
}
