package access

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

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
	// Packages is what requests that bring a package may bring.
	Packages Body

	engine      *gin.Engine
	permissions map[string]Permission
}

// NewRouter is a router of an engine that has no routes yet.
func NewRouter(engine *gin.Engine) *Router {
	engine.Use(headAsGET)
	return &Router{engine: engine, permissions: map[string]Permission{}}
}

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
	if method == http.MethodGet && !permission.IsStream() && permission.name != SignIn.name { // those have no end, or begin something
		r.engine.HEAD(pattern, handler)
	}
}

// headAsGET has HEAD answered as GET, from the permission to the log: net/http leaves out the body.
func headAsGET(c *gin.Context) {
	if c.Request.Method == http.MethodHead && c.FullPath() != "" {
		asked := *c.Request
		asked.Method = http.MethodGet
		c.Request = &asked
	}
}

// Handler answers requests. It panics when the engine was given a route past this router.
func (r *Router) Handler() http.Handler {
	for _, route := range r.engine.Routes() {
		method := strings.Replace(route.Method, http.MethodHead, http.MethodGet, 1)
		if _, ok := r.permissions[method+" "+route.Path]; !ok {
			panic(fmt.Sprintf("the route %s %s has no permission: add it by the router", route.Method, route.Path))
		}
	}
	return r.engine
}

// Routes are all routes of the engine, in the order of their patterns. HEAD goes without saying.
func (r *Router) Routes() []Route {
	var routes []Route
	for _, route := range r.engine.Routes() {
		if route.Method != http.MethodHead {
			routes = append(routes, Route{route.Method, route.Path, r.permissions[route.Method+" "+route.Path]})
		}
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

// Body bounds what a request may bring: how many bytes, and how long they may take to arrive.
type Body struct {
	Bytes  int64
	Within time.Duration
}

// UsualBody leaves room for the longest comment and the longest list of testers, as a form encodes them.
var UsualBody = Body{1 << 20, 30 * time.Second}

// PackageBody is that of a form with a package of so many bytes.
func PackageBody(bytes int64) Body { return Body{bytes + UsualBody.Bytes, 15 * time.Minute} }

func (r *Router) body(permission Permission) Body {
	if permission.upload {
		return r.Packages
	}
	return cmp.Or(permission.body, UsualBody)
}

// Limit bounds what a request may bring, as its route says, and how long it may take: first to arrive, then to be answered. Streams go on
// for as long as somebody listens. late is why a request ends that takes too long.
func (r *Router) Limit(answer time.Duration, late error) gin.HandlerFunc {
	return func(c *gin.Context) {
		permission := r.Permission(c)
		body := r.body(permission)
		bounded := *c.Request // a copy: net/http looks at the body of its own request to see whether the connection can be used again
		bounded.Body = http.MaxBytesReader(c.Writer, c.Request.Body, body.Bytes)
		c.Request = &bounded
		ReadWithin(c.Writer, c.Request, body.Within)
		if permission.IsStream() {
			return
		}
		within := answer
		if c.Request.ContentLength != 0 {
			within += body.Within
		}
		ctx, cancel := context.WithTimeoutCause(c.Request.Context(), within, late)
		defer cancel()
		c.Request = c.Request.WithContext(ctx)
		c.Next()
	}
}
