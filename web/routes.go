package main

import (
	"slipway/lifecycle"
	"slipway/web/access"
)

// permissions say who may call which route. A route that is not here is open to nobody.
var permissions = map[string]access.Permission{
	"GET /sign-in":      access.Public,
	"POST /sign-in":     access.Public,
	"POST /sign-out":    access.SignedIn,
	"GET /assets/*file": access.Public,

	"GET /":                                                  access.SignedIn,
	"GET /live":                                              access.SignedIn,
	"GET /mini-programs":                                     access.SignedIn,
	"GET /request-creation":                                  access.Only(lifecycle.Developer),
	"POST /request-creation":                                 access.Only(lifecycle.Developer),
	"GET /mini-programs/:id":                                 access.SignedIn,
	"GET /mini-programs/:id/audit":                           access.SignedIn,
	"GET /mini-programs/:id/rollout":                         access.SignedIn,
	"GET /mini-programs/:id/versions/:version":               access.SignedIn,
	"POST /mini-programs/:id/packages":                       access.Only(lifecycle.Developer),
	"GET /mini-programs/:id/actions/:action":                 access.ByAction,
	"POST /mini-programs/:id/actions/:action":                access.ByAction,
	"POST /mini-programs/:id/actions/:action/preview":        access.ByAction,
	"GET /api/v1/openapi.json":                               access.Public,
	"GET /api/v1/mini-programs":                              access.SignedIn,
	"POST /api/v1/mini-programs":                             access.Only(lifecycle.Developer),
	"GET /api/v1/mini-programs/:id":                          access.SignedIn,
	"GET /api/v1/mini-programs/:id/audit":                    access.SignedIn,
	"GET /api/v1/mini-programs/:id/events":                   access.SignedIn,
	"GET /api/v1/events":                                     access.SignedIn,
	"GET /api/v1/mini-programs/:id/explain":                  access.SignedIn,
	"POST /api/v1/mini-programs/:id/packages":                access.Only(lifecycle.Developer),
	"GET /api/v1/mini-programs/:id/packages/:version/report": access.SignedIn,
	"POST /api/v1/mini-programs/:id/actions/:action":         access.ByAction,

	"GET /healthz": access.Public,
	"GET /readyz":  access.Public,
	"GET /metrics": access.Public,
}
