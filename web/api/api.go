// Package api is the JSON API for programs. Its OpenAPI document is made from the same types that the handlers work with.
package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"slipway/lifecycle"
	"slipway/problem"
	"slipway/web/access"
	"slipway/web/events"
	"slipway/web/service"
)

// Prefix is where the API begins.
const Prefix = "/api/v1"

// Has tells whether a path is one of the API, whether there is something or not.
func Has(path string) bool { return path == Prefix || strings.HasPrefix(path, Prefix+"/") }

// API answers programs.
type API struct {
	service *service.Service
	feed    *events.Feed
}

// New is an API on the service.
func New(service *service.Service, feed *events.Feed) *API { return &API{service, feed} }

// Register adds the routes, each with who may call it, and the document that describes them.
func (a *API) Register(router *access.Router) {
	useOurProblems()
	api := huma.NewAPI(newConfig(), adapter{router})
	api.UseMiddleware(saidOnce)
	a.registerMe(api)
	a.registerMiniPrograms(api)
	a.registerActions(api)
	a.registerUpload(api)
	a.registerRecover(api)
	a.registerHistory(api)
	a.registerExport(api)
	a.registerFiles(api)
	a.registerSubmissions(api)
	a.registerConversation(api)
	a.registerEvents(api)
	a.registerExplain(api)
	a.registerFeedback(api)
	a.registerPreviews(api)
	a.registerTokens(api)
	a.registerPlatform(api)
	a.registerRehearsals(api)
	a.registerFleet(api)
	a.registerSubscriptions(api)
	allowNull(api.OpenAPI().Components.Schemas)
	document, err := json.Marshal(api.OpenAPI())
	if err != nil {
		panic(err) // only for types of ours that cannot be described, which every test would notice
	}
	router.GET(Prefix+"/openapi.json", access.Public, func(c *gin.Context) { c.Data(http.StatusOK, "application/openapi+json", document) })
}

// Refuse answers with a problem (RFC 9457).
func (a *API) Refuse(c *gin.Context, err error) { problem.Write(c.Writer, a.problem(err)) }

// adapter adds the operations of huma to the router.
type adapter struct{ router *access.Router }

// permissionKey is where an operation has its permission; without one the router takes no route.
const permissionKey = "permission"

// Handle adds an operation.
func (a adapter) Handle(operation *huma.Operation, handle func(huma.Context)) {
	pattern := Prefix + strings.NewReplacer("{path}", "*path", "{", ":", "}", "").Replace(operation.Path) // the path of a file has slashes
	permission, _ := operation.Metadata[permissionKey].(access.Permission)
	a.router.Handle(operation.Method, pattern, permission, func(c *gin.Context) { handle(humagin.NewContext(operation, c)) })
}

// ServeHTTP is for tests of huma's.
func (a adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.router.Handler().ServeHTTP(w, r)
}

// register adds an operation with who may call it; its errors are answered with problems.
func register[In, Out any](
	a *API, api huma.API, permission access.Permission, operation huma.Operation, handle func(context.Context, *In) (*Out, error),
) {
	operation.Metadata = map[string]any{permissionKey: permission}
	huma.Register(api, operation, func(ctx context.Context, in *In) (*Out, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, a.problem(err)
		}
		return out, nil
	})
}

// saidOnce refuses a parameter that is there twice, of which huma would take the first, and one that cannot be read, which it would not see
// at all. Lists may be repeated.
func saidOnce(ctx huma.Context, next func(huma.Context)) {
	address := ctx.URL()
	given, err := url.ParseQuery(address.RawQuery)
	if err != nil {
		detail := fmt.Sprintf("query: %.100q cannot be read; write each parameter as name=value with %% escapes, and & between them",
			address.RawQuery)
		refuseInput(ctx, http.StatusUnprocessableEntity, lifecycle.InvalidInput, detail)
		return
	}
	for _, parameter := range ctx.Operation().Parameters {
		if parameter.In == "query" && parameter.Schema.Type != huma.TypeArray && len(given[parameter.Name]) > 1 {
			detail := "query." + parameter.Name + ": is given twice; give it once"
			refuseInput(ctx, http.StatusUnprocessableEntity, lifecycle.InvalidInput, detail)
			return
		}
	}
	next(ctx)
}
