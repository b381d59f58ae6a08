package main

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"slipway/web/access"
)

// discoveryPath is where a command line asks how people sign in here (RFC 8615).
const discoveryPath = "/.well-known/slipway"

// discovery is how people sign in at this web, for programs of theirs that have no browser session. Nothing of it is secret.
type discovery struct {
	// Auth is dev or oidc; with dev there is nothing to sign in to.
	Auth string `json:"auth"`
	// Issuer is the OpenID provider, ClientID the public client of command lines there; empty when none is registered.
	Issuer   string `json:"issuer,omitempty"`
	ClientID string `json:"client_id,omitempty"`
	// Scopes are to be asked for; Audiences are those of the tokens that are taken here.
	Scopes    []string `json:"scopes,omitempty"`
	Audiences []string `json:"audiences,omitempty"`
}

func (s settings) discovery() discovery {
	if s.Auth != authOIDC {
		return discovery{Auth: s.Auth}
	}
	return discovery{Auth: s.Auth, Issuer: s.OIDC.Issuer, ClientID: s.OIDC.CLIClientID, Scopes: s.OIDC.Scopes, Audiences: s.OIDC.Audiences()}
}

func (a application) registerDiscovery(router *access.Router) {
	answer := a.settings.discovery()
	router.GET(discoveryPath, access.Public, func(c *gin.Context) { c.JSON(http.StatusOK, answer) })
}
