package main

import (
	"maps"

	"slipway/lifecycle"
	"slipway/web/access"
	"slipway/web/api"
)

// permissions say who may call which route. A route that is not here is open to nobody.
var permissions = withAPI(map[string]access.Permission{
	"GET /sign-in":               access.Public,
	"POST /sign-in":              access.SignIn,
	"GET /sign-in/begin":         access.SignIn,
	"GET " + access.SignedInPath: access.SignIn,
	"POST /sign-out":             access.Public, // also when it is not known whose session it is
	"GET /me":                    access.SignedIn,
	"GET /assets/*file":          access.Public,
	"GET " + discoveryPath:       access.Public,

	"GET /":                                           access.SignedIn,
	"GET /live":                                       access.Stream,
	"GET /mini-programs":                              access.SignedIn,
	"GET /request-creation":                           access.Only(lifecycle.Developer),
	"POST /request-creation":                          access.Only(lifecycle.Developer),
	"GET /mini-programs/:id":                          access.SignedIn,
	"GET /mini-programs/:id/audit":                    access.SignedIn,
	"GET /mini-programs/:id/rollout":                  access.SignedIn,
	"GET /mini-programs/:id/versions/:version":        access.SignedIn,
	"POST /mini-programs/:id/packages":                access.Only(lifecycle.Developer),
	"POST /mini-programs/:id/recover":                 access.Only(lifecycle.Operator),
	"GET /mini-programs/:id/actions/:action":          access.ByAction,
	"POST /mini-programs/:id/actions/:action":         access.ByAction,
	"POST /mini-programs/:id/actions/:action/preview": access.ByAction,

	"GET /healthz": access.Health,
	"GET /readyz":  access.Health,
	"GET /metrics": access.Health,
})

func withAPI(pages map[string]access.Permission) map[string]access.Permission {
	maps.Copy(pages, api.Permissions)
	return pages
}
