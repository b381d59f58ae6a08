package access

import (
	"context"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"slipway/lifecycle"
	"slipway/tokens"
)

// MakesTokens lets those in who make and revoke access tokens, SeesTokens those who see them.
var (
	MakesTokens = Only(lifecycle.Developer, lifecycle.Operator)
	SeesTokens  = Only(lifecycle.Developer, lifecycle.Operator, lifecycle.Auditor)
)

// ForPipelines lets the access tokens of pipelines call a route, too: to read, or to take the action, which the token must be allowed.
// Without it a route is for people only.
func (p Permission) ForPipelines(action ...lifecycle.Action) Permission {
	p.pipelines, p.action = true, func(*gin.Context) lifecycle.Action { return "" }
	p.name += ", pipelines"
	if len(action) > 0 {
		p.action = func(*gin.Context) lifecycle.Action { return action[0] }
		p.name += " that may " + string(action[0])
	}
	return p
}

// ForPipelinesByAction is ForPipelines with the action in the path.
func (p Permission) ForPipelinesByAction() Permission {
	p = p.ForPipelines()
	p.action = func(c *gin.Context) lifecycle.Action { return lifecycle.Action(c.Param("action")) }
	p.name += " by action"
	return p
}

// purposes say what a kind of token is good for.
var purposes = map[tokens.Kind]string{
	tokens.HostApp: "it asks below /ofrep/ and /packages/ only", tokens.Edge: "it follows what is delivered, and does nothing else",
}

// admitToken refuses a token that was not made for this; nil is none.
func (p Permission) admitToken(c *gin.Context, token *tokens.Token) error {
	switch {
	case token == nil:
		return nil
	case token.Kind != tokens.Pipeline:
		return lifecycle.Refuse(tokens.InsufficientScope, "this is the token of kind %s: %s", token.Kind, purposes[token.Kind])
	case !p.pipelines:
		return lifecycle.Refuse(tokens.InsufficientScope, "%s %s is not for access tokens; a person has to do this", c.Request.Method, c.FullPath())
	}
	if action := p.action(c); action != "" && !slices.Contains(token.Actions, action) {
		return lifecycle.Refuse(tokens.InsufficientScope, "this token may not %.100s; it may %s, on the mini-programs of team %s", action, actionNames(token.Actions), token.Team)
	}
	return nil
}

func actionNames(actions []lifecycle.Action) string {
	texts := make([]string, len(actions))
	for i, action := range actions {
		texts[i] = string(action)
	}
	return strings.Join(texts, ", ")
}

// byAccessToken finds who acts with an access token. The errors are those of tokens.Known.
func (s *Sessions) byAccessToken(ctx context.Context, presented string) (Identity, error) {
	if s.Tokens == nil {
		return Identity{}, ErrNotSignedIn
	}
	token, err := s.Tokens.Find(ctx, presented)
	if err != nil {
		return Identity{}, err
	}
	return Identity{Actor: token.Actor(), Token: &token}, nil
}
