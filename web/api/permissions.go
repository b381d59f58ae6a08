package api

import (
	"slipway/lifecycle"
	"slipway/web/access"
)

// Permissions say who may call which route of the API.
var Permissions = map[string]access.Permission{
	"GET /api/v1/openapi.json":                               access.Public,
	"GET /api/v1/me":                                         access.SignedIn.ForPipelines(),
	"GET /api/v1/mini-programs":                              access.SignedIn.ForPipelines(),
	"POST /api/v1/mini-programs":                             access.Only(lifecycle.Developer).ForPipelines(lifecycle.RequestCreation),
	"GET /api/v1/mini-programs/:id":                          access.SignedIn.ForPipelines(),
	"GET /api/v1/mini-programs/:id/audit":                    access.SignedIn.ForPipelines(),
	"GET /api/v1/mini-programs/:id/events":                   access.Stream.ForPipelines(),
	"GET /api/v1/events":                                     access.Stream.ForPipelines(),
	"GET /api/v1/mini-programs/:id/explain":                  access.SignedIn.ForPipelines(),
	"POST /api/v1/mini-programs/:id/packages":                access.Only(lifecycle.Developer).ForPipelines(lifecycle.UploadCode),
	"GET /api/v1/mini-programs/:id/packages/:version/report": access.SignedIn.ForPipelines(),
	"POST /api/v1/mini-programs/:id/actions/:action":         access.ByAction.ForPipelinesByAction(),
	"POST /api/v1/mini-programs/:id/recover":                 access.Only(lifecycle.Operator),
	"GET /api/v1/tokens":                                     access.Only(lifecycle.Developer, lifecycle.Operator),
	"POST /api/v1/tokens":                                    access.Only(lifecycle.Developer, lifecycle.Operator),
	"DELETE /api/v1/tokens/:id":                              access.Only(lifecycle.Developer, lifecycle.Operator),
}
