package api

import (
	"slipway/lifecycle"
	"slipway/web/access"
)

// Permissions say who may call which route of the API.
var Permissions = map[string]access.Permission{
	"GET /api/v1/openapi.json":                               access.Public,
	"GET /api/v1/me":                                         access.SignedIn,
	"GET /api/v1/mini-programs":                              access.SignedIn,
	"POST /api/v1/mini-programs":                             access.Only(lifecycle.Developer),
	"GET /api/v1/mini-programs/:id":                          access.SignedIn,
	"GET /api/v1/mini-programs/:id/audit":                    access.SignedIn,
	"GET /api/v1/mini-programs/:id/events":                   access.Stream,
	"GET /api/v1/events":                                     access.Stream,
	"GET /api/v1/mini-programs/:id/explain":                  access.SignedIn,
	"POST /api/v1/mini-programs/:id/packages":                access.Only(lifecycle.Developer),
	"GET /api/v1/mini-programs/:id/packages/:version/report": access.SignedIn,
	"POST /api/v1/mini-programs/:id/actions/:action":         access.ByAction,
	"POST /api/v1/mini-programs/:id/recover":                 access.Only(lifecycle.Operator),
}
