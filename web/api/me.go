package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"slipway/lifecycle"
	"slipway/web/access"
)

// me is who one is here.
type me struct {
	User  string           `json:"user" doc:"How the audit trail names you"`
	Name  string           `json:"name,omitempty" doc:"Your name for people, when it is known"`
	Roles []lifecycle.Role `json:"roles"`
	Teams []string         `json:"teams"`
}

type meAnswer struct {
	Status int
	Body   me
}

func (a *API) registerMe(api huma.API) {
	register(a, api, access.SignedIn, describeAnswers(api, huma.Operation{
		OperationID: "me", Method: http.MethodGet, Path: "/me", Summary: "Who one is here, with which roles and teams",
	}, nil, answer{http.StatusOK, "Who one is", me{}, nil}), func(ctx context.Context, _ *struct{}) (*meAnswer, error) {
		identity := access.IdentityOf(ctx)
		return &meAnswer{http.StatusOK, me{
			User: identity.User, Name: identity.Name, Roles: append([]lifecycle.Role{}, identity.Roles...), Teams: append([]string{}, identity.Teams...),
		}}, nil
	})
}
