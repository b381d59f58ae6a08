package access

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
)

// Route is one way into the web, with who may take it.
type Route struct {
	// Pattern is as gin has it, such as "/mini-programs/:id".
	Method, Pattern string
	Permission      Permission
}

// Router adds routes to an engine, each with its permission. Pages and API get this and not the engine, so that there is no other way.
type Router struct {
	engine      *gin.Engine
	permissions map[string]Permission
}

// NewRouter is a router of an engine that has no routes yet.
func NewRouter(engine *gin.Engine) *Router { return &Router{engine, map[string]Permission{}} }

// GET adds a route that only looks.
func (r *Router) GET(pattern string, permission Permission, handler gin.HandlerFunc) {
	r.Handle(http.MethodGet, pattern, permission, handler)
}

// POST adds a route that changes something.
func (r *Router) POST(pattern string, permission Permission, handler gin.HandlerFunc) {
	r.Handle(http.MethodPost, pattern, permission, handler)
}

// Handle adds a route. It panics when nobody is said to be allowed to call it.
func (r *Router) Handle(method, pattern string, permission Permission, handler gin.HandlerFunc) {
	if permission.name == "" {
		panic(fmt.Sprintf("the route %s %s has no permission", method, pattern))
	}
	r.permissions[method+" "+pattern] = permission
	r.engine.Handle(method, pattern, handler)
}

// Handler answers requests. It panics when the engine was given a route past this router.
func (r *Router) Handler() http.Handler {
	for _, route := range r.engine.Routes() {
		if _, ok := r.permissions[route.Method+" "+route.Path]; !ok {
			panic(fmt.Sprintf("the route %s %s has no permission: add it by the router", route.Method, route.Path))
		}
	}
	return r.engine
}

// Routes are all routes of the engine, in the order of their patterns.
func (r *Router) Routes() []Route {
	var routes []Route
	for _, route := range r.engine.Routes() {
		routes = append(routes, Route{route.Method, route.Path, r.permissions[route.Method+" "+route.Path]})
	}
	slices.SortFunc(routes, func(a, b Route) int {
		return cmp.Or(cmp.Compare(a.Method, b.Method), cmp.Compare(a.Pattern, b.Pattern))
	})
	return routes
}

// Permission is that of the route which a request goes to. Where there is no route, nothing needs to be guarded.
func (r *Router) Permission(c *gin.Context) Permission {
	if c.FullPath() == "" {
		return Public
	}
	return r.permissions[c.Request.Method+" "+c.FullPath()]
}
