package access

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"slipway/lifecycle"
)

// Permission says who may call a route, how often, and what a request may bring. The zero value lets nobody in.
type Permission struct {
	name  string
	roles func(*gin.Context, lifecycle.Actor) (roles []lifecycle.Role, anyone bool)
	// admitAddress is for routes that are open to everybody.
	admitAddress   func(*Guard, string) error
	stream, upload bool
	// pipelines lets their access tokens in, too; action is what they have to be allowed for it: "" for reading, or the one in the path.
	pipelines bool
	action    func(*gin.Context) lifecycle.Action
}

var (
	// Public routes are open to everybody, signed in or not.
	Public = Permission{name: "public", admitAddress: (*Guard).admitRequest}
	// SignIn is open to everybody, but each address begins only few sessions.
	SignIn = Permission{name: "public, slowly", admitAddress: (*Guard).admitSignIn}
	// Health is open to everybody at any time: who watches over this process must not be told to wait.
	Health = Permission{name: "public, unlimited", admitAddress: func(*Guard, string) error { return nil }}
	// SignedIn routes are open to whoever is signed in; what they see of it is decided by the mini-program's team.
	SignedIn = Permission{name: "signed in", roles: anyRole}
	// Stream routes are SignedIn and answer with events for as long as somebody listens.
	Stream = Permission{name: "signed in, a stream", roles: anyRole, stream: true}
	// ByAction routes are open to those whom the transition table lets take the action in the path.
	ByAction = Permission{name: "by action", roles: rolesOfAction}
)

// Only lets those in who hold one of the roles.
func Only(roles ...lifecycle.Role) Permission {
	return Permission{name: names(roles), roles: func(*gin.Context, lifecycle.Actor) ([]lifecycle.Role, bool) { return roles, false }}
}

func anyRole(*gin.Context, lifecycle.Actor) (roles []lifecycle.Role, anyone bool) { return nil, true }

// rolesOfAction leaves an action that does not exist to the handler, which says so.
func rolesOfAction(c *gin.Context, person lifecycle.Actor) ([]lifecycle.Role, bool) {
	rule, ok := lifecycle.RuleFor(lifecycle.Action(c.Param("action")))
	if rule.Anyone {
		return []lifecycle.Role{lifecycle.Developer, lifecycle.Reviewer, lifecycle.ReleaseManager, lifecycle.Operator}, !person.OnlyReads()
	}
	return rule.Roles, !ok
}

func (p Permission) String() string { return p.name }

// IsPublic tells whether nobody needs to be signed in.
func (p Permission) IsPublic() bool { return p.admitAddress != nil }

// WithPackage lets requests bring a code package, which is larger and slower than what people type.
func (p Permission) WithPackage() Permission {
	p.name, p.upload = p.name+", with a package", true
	return p
}

// BringsPackage tells whether a request may be as large and as slow as a package.
func (p Permission) BringsPackage() bool { return p.upload }

// IsStream tells whether an answer goes on for as long as somebody listens.
func (p Permission) IsStream() bool { return p.stream }

// admit refuses who is signed in but holds none of the roles.
func (p Permission) admit(c *gin.Context, person lifecycle.Actor) error {
	if p.roles == nil {
		return lifecycle.Refuse(lifecycle.ForbiddenRole, "nobody may call %s %s", c.Request.Method, c.FullPath())
	}
	roles, anyone := p.roles(c, person)
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

// Guard lets requests through to those routes that its router knows, and nobody to any other.
type Guard struct {
	Router   *Router
	Sessions *Sessions
	// Limits are those of people, and of addresses where nobody is signed in; SignIns are those of addresses.
	Limits, SignIns *Limits
	// Requests and Streams bound what is under way at the same time.
	Requests, Streams *Underway
	// Refuse answers a request that goes no further, in the form that its sender understands.
	Refuse func(*gin.Context, error)
}

// Check is the middleware. It says who the person is to whatever comes after it.
func (g *Guard) Check(c *gin.Context) {
	closed, err := g.admit(c)
	if err != nil {
		g.Refuse(c, err)
		c.Abort()
		return
	}
	defer closed()
	c.Next()
}

// admit lets a request in; closed is called when it is over.
func (g *Guard) admit(c *gin.Context) (closed func(), err error) {
	permission := g.Router.Permission(c)
	if permission.IsPublic() {
		return func() {}, permission.admitAddress(g, c.ClientIP())
	}
	identity, err := g.identify(c)
	if err != nil {
		return nil, err
	}
	c.Request = c.Request.WithContext(WithIdentity(c.Request.Context(), identity))
	if err := permission.admitToken(c, identity.Token); err != nil {
		return nil, err
	}
	if err := permission.admit(c, identity.Actor); err != nil {
		return nil, err
	}
	if permission.stream {
		return g.admitStream(c, identity.key())
	}
	return g.Requests.Begin(identity.key())
}

// admitStream lets in what lasts as long as the session of its sender.
func (g *Guard) admitStream(c *gin.Context, who string) (closed func(), err error) {
	ended, err := g.Streams.Begin(who)
	if err != nil {
		return nil, err
	}
	ctx, end := g.Sessions.While(c.Request)
	c.Request = c.Request.WithContext(ctx)
	return func() {
		end()
		ended()
	}, nil
}

func (g *Guard) identify(c *gin.Context) (Identity, error) {
	identity, err := g.Sessions.Identify(c.Request)
	if err != nil {
		return Identity{}, cmp.Or(g.admitRequest(c.ClientIP()), err)
	}
	return identity, g.admitRequest(identity.key())
}

func (g *Guard) admitRequest(who string) error {
	if !g.Limits.Allow(who) {
		return ErrTooMany
	}
	return nil
}

func (g *Guard) admitSignIn(address string) error {
	if !g.SignIns.Allow(address) {
		return ErrTooManySignIns
	}
	return nil
}
