package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"slipway/lifecycle"
	"slipway/tokens"
	"slipway/web/access"
)

// me is who one is here.
type me struct {
	User  string           `json:"user" doc:"How the audit trail names you"`
	Name  string           `json:"name,omitempty" doc:"Your name for people, when it is known"`
	Roles []lifecycle.Role `json:"roles"`
	Teams []string         `json:"teams"`
	// The rest is there for an access token.
	OnBehalfOf string   `json:"on_behalf_of,omitempty" doc:"Who made the access token"`
	Token      *meToken `json:"token,omitempty" doc:"What the access token is"`
}

// meToken is the access token that asks.
type meToken struct {
	Name    string             `json:"name"`
	Kind    tokens.Kind        `json:"kind"`
	Actions []lifecycle.Action `json:"actions" doc:"What it may do, besides reading"`
	EndsAt  time.Time          `json:"ends_at"`
}

func newMe(identity access.Identity) me {
	said := me{
		User: identity.User, Name: identity.Name,
		Roles:      append([]lifecycle.Role{}, identity.Roles...),
		Teams:      append([]string{}, identity.Teams...),
		OnBehalfOf: identity.OnBehalfOf,
	}
	if t := identity.Token; t != nil {
		said.Token = &meToken{t.Name, t.Kind, t.Actions, t.EndsAt}
	}
	return said
}

type meOutput struct {
	Status int
	Body   me
}

func (a *API) registerMe(api huma.API) {
	register(a, api, access.SignedIn.ForPipelines(), describeResponses(api, huma.Operation{
		OperationID: "me", Method: http.MethodGet, Path: "/me", Summary: "Who one is here, with which roles and teams",
	}, nil, response{http.StatusOK, "Who one is", me{}, nil}), func(ctx context.Context, _ *struct{}) (*meOutput, error) {
		return &meOutput{http.StatusOK, newMe(access.IdentityOf(ctx))}, nil
	})
}
