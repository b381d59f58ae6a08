package delivery

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"slipway/lifecycle"
	"slipway/tokens"
)

// HostApp is the key under which gin's context has the name of the host app that asks; "" when it need not say.
const HostApp = "host-app"

// AccessTokens knows which access tokens work: a *tokens.Known. It answers from memory.
type AccessTokens interface {
	// Find finds whose token was presented. The error is a *lifecycle.Refusal, tokens.ErrNotKnownYet or tokens.ErrNotKnownNow.
	Find(ctx context.Context, presented string) (tokens.Token, error)
}

// closed tells whether host apps need a token.
func (h *Handlers) closed() bool { return h.NeedToken || len(h.Tokens) > 0 }

// identify finds out which host app asks, and refuses whoever is none. An access token counts as what it is also where none is needed.
func (h *Handlers) identify(c *gin.Context) {
	scheme, presented, _ := strings.Cut(c.GetHeader("Authorization"), " ")
	isBearer := strings.EqualFold(scheme, "Bearer")
	name := h.Tokens.owner(presented)
	switch {
	case isBearer && tokens.IsOne(presented) && h.Access != nil:
		h.identifyByAccessToken(c, presented, name)
	case isBearer && name != "":
		c.Set(HostApp, name)
	case h.closed():
		refuse(c, http.StatusUnauthorized, "host apps identify themselves with Authorization: Bearer and their token")
	}
}

// identifyByAccessToken asks those who know which tokens work. What the configuration says of one counts only until that was known once: it
// must not outlive its revocation, nor come back while the database is away.
func (h *Handlers) identifyByAccessToken(c *gin.Context, presented, configured string) {
	token, err := h.Access.Find(c.Request.Context(), presented)
	refusal, refused := errors.AsType[*lifecycle.Refusal](err)
	switch {
	case refused:
		refuseAs(c, http.StatusUnauthorized, refusal.Code, refusal.Message)
	case errors.Is(err, tokens.ErrNotKnownYet) && configured != "":
		c.Set(HostApp, configured)
	case err != nil:
		refuse(c, http.StatusServiceUnavailable, err.Error())
	case token.Kind != tokens.HostApp:
		refuseAs(c, http.StatusForbidden, tokens.InsufficientScope, fmt.Sprintf("this is for host apps; the token is of kind %s", token.Kind))
	default:
		c.Set(HostApp, token.Name)
	}
}
