package access

import (
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"slipway/lifecycle"
)

// Permission says who may call a route. The zero value lets nobody in.
type Permission struct {
	name  string
	roles func(*gin.Context) (roles []lifecycle.Role, anyone bool)
}

var (
	// Public routes are open to everybody, signed in or not.
	Public = Permission{name: "public"}
	// SignedIn routes are open to whoever is signed in; what they see of it is decided by the mini-program's team.
	SignedIn = Permission{name: "signed in", roles: func(*gin.Context) ([]lifecycle.Role, bool) { return nil, true }}
	// ByAction routes are open to those whom the transition table lets take the action in the path.
	ByAction = Permission{name: "by action", roles: rolesOfAction}
)

// Only lets those in who hold one of the roles.
func Only(roles ...lifecycle.Role) Permission {
	return Permission{names(roles), func(*gin.Context) ([]lifecycle.Role, bool) { return roles, false }}
}

// rolesOfAction leaves an action that does not exist to the handler, which says so.
func rolesOfAction(c *gin.Context) ([]lifecycle.Role, bool) {
	rule, ok := lifecycle.RuleFor(lifecycle.Action(c.Param("action")))
	return rule.Roles, rule.Anyone || !ok
}

func (p Permission) String() string { return p.name }

// admit refuses who is signed in but holds none of the roles.
func (p Permission) admit(c *gin.Context, person lifecycle.Actor) error {
	if p.roles == nil {
		return lifecycle.Refuse(lifecycle.ForbiddenRole, "nobody may call %s %s", c.Request.Method, c.FullPath())
	}
	roles, anyone := p.roles(c)
	holds := func(role lifecycle.Role) bool { return slices.Contains(person.Roles, role) }
	if anyone || slices.ContainsFunc(roles, holds) {
		return nil
	}
	return lifecycle.Refuse(lifecycle.ForbiddenRole, "only %s may do this; %s is %s", names(roles), person.User, names(person.Roles))
}

// names lists the roles that people hold.
func names(roles []lifecycle.Role) string {
	var held []string
	for _, role := range roles {
		if role != lifecycle.System {
			held = append(held, string(role))
		}
	}
	return strings.Join(held, ", ")
}

// Guard lets requests through to the routes that it knows, and nobody to any other.
type Guard struct {
	// Permissions are by method and pattern of the route, such as "GET /mini-programs/:id".
	Permissions map[string]Permission
	Sessions    *Sessions
	Limits      *Limits
	// Refuse answers a request that goes no further, in the form that its sender understands.
	Refuse func(*gin.Context, error)
}

// Check is the middleware. It says who the person is to whatever comes after it.
func (g *Guard) Check(c *gin.Context) {
	if err := g.check(c); err != nil {
		g.Refuse(c, err)
		c.Abort()
	}
}

func (g *Guard) check(c *gin.Context) error {
	permission := g.Permissions[c.Request.Method+" "+c.FullPath()]
	if permission.name == Public.name || c.FullPath() == "" { // where there is nothing, nothing needs to be guarded
		return nil
	}
	person, err := g.Sessions.Identify(c.Request)
	if err != nil {
		if !g.Limits.Allow(c.ClientIP()) {
			return ErrTooMany
		}
		return err
	}
	if !g.Limits.Allow(person.User) {
		return ErrTooMany
	}
	c.Request = c.Request.WithContext(WithPerson(c.Request.Context(), person))
	return permission.admit(c, person)
}
