package access

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"slipway/lifecycle"
	"slipway/tokens"
)

// Permission says who may call a route, how often, and what a request may bring. The zero value lets nobody in.
type Permission struct {
	name  string
	roles func(*gin.Context, lifecycle.Actor) (roles []lifecycle.Role, anyone bool)
	// admitAddress is for routes that are open to everybody.
	admitAddress         func(*Guard, string) error
	stream, upload, file bool
	// body is what a request may bring; UsualBody when it is empty.
	body Body
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
	// ByAction routes are open to those whom the lifecycle may let take the action in the path.
	ByAction = Permission{name: "by action", roles: rolesOfAction}
	// ActsOnMany routes are open to those who act at all: fleet acts are taken by the permissions of the person.
	ActsOnMany = Only(lifecycle.Developer, lifecycle.Reviewer, lifecycle.ReleaseManager, lifecycle.Operator)
	// SeesFleet routes are open to those who see fleet acts: their own, or all on the platform's side.
	SeesFleet = Only(lifecycle.Developer, lifecycle.Reviewer, lifecycle.ReleaseManager, lifecycle.Operator, lifecycle.Auditor)
	// MakesTokens routes are open to those who make and revoke access tokens.
	MakesTokens = Only(lifecycle.Developer, lifecycle.Operator)
	// SeesTokens routes are open to those who see access tokens.
	SeesTokens = Only(lifecycle.Developer, lifecycle.Operator, lifecycle.Auditor)
	// RunsSubscriptions routes are open to those who say who is told of what happens.
	RunsSubscriptions = Only(lifecycle.Operator)
	// SeesSubscriptions routes are open to those who look at that.
	SeesSubscriptions = Only(lifecycle.Operator, lifecycle.Auditor)
)

// Only lets those in who hold one of the roles.
func Only(roles ...lifecycle.Role) Permission {
	return Permission{name: names(roles), roles: func(*gin.Context, lifecycle.Actor) ([]lifecycle.Role, bool) { return roles, false }}
}

func anyRole(*gin.Context, lifecycle.Actor) (roles []lifecycle.Role, anyone bool) { return nil, true }

// rolesOfAction leaves an action that does not exist to the handler, which says so, and who may override to the lifecycle, which knows
// whether there is something to override.
func rolesOfAction(c *gin.Context, person lifecycle.Actor) ([]lifecycle.Role, bool) {
	rule, ok := lifecycle.RuleFor(lifecycle.Action(c.Param("action")))
	if rule.Anyone || lifecycle.MayTakeOverriding(rule.Action, person) {
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

// WithBody lets requests bring something else than the usual.
func (p Permission) WithBody(body Body) Permission {
	p.body = body
	return p
}

// AnsweringWithFile is for routes whose answer is in memory until whoever asked has taken the whole of it: a file of a package.
func (p Permission) AnsweringWithFile() Permission {
	p.name, p.file = p.name+", a file", true
	return p
}

// IsStream tells whether an answer goes on for as long as somebody listens.
func (p Permission) IsStream() bool { return p.stream }

// admit refuses who is signed in but holds none of the roles.
func (p Permission) admit(c *gin.Context, person lifecycle.Actor) error {
	if p.roles == nil {
		return lifecycle.Refuse(lifecycle.ForbiddenRole, "nobody may call %s %s", c.Request.Method, c.FullPath())
	}
	roles, anyone := p.roles(c, person)
	if anyone || slices.ContainsFunc(roles, person.Holds) {
		return nil
	}
	held := cmp.Or(names(person.Roles), "without a role")
	return lifecycle.Refuse(lifecycle.ForbiddenRole, "only %s may do this; %s is %s", names(roles), person.User, held)
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

// ForPipelines lets the access tokens of pipelines call a route, too: to read, or to take the action, which the token must be allowed.
// Without it a route is for people only.
func (p Permission) ForPipelines(action ...lifecycle.Action) Permission {
	p.pipelines, p.action = true, func(*gin.Context) lifecycle.Action { return "" }
	p.name += ", pipelines"
	if len(action) > 0 {
		p.action = func(*gin.Context) lifecycle.Action { return action[0] }
		p.name += " that may " + string(action[0])
	}
	return p
}

// ForPipelinesByAction is ForPipelines with the action in the path.
func (p Permission) ForPipelinesByAction() Permission {
	p = p.ForPipelines()
	p.action = func(c *gin.Context) lifecycle.Action { return lifecycle.Action(c.Param("action")) }
	p.name += " by action"
	return p
}

// purposes say what a kind of token is good for.
var purposes = map[tokens.Kind]string{
	tokens.HostApp: "it works only below /ofrep/ and /packages/", tokens.Edge: "it only follows what is delivered",
}

// admitToken refuses a token that was not made for this; nil is none.
func (p Permission) admitToken(c *gin.Context, token *tokens.Token) error {
	switch {
	case token == nil:
		return nil
	case token.Kind != tokens.Pipeline:
		return lifecycle.Refuse(tokens.InsufficientScope, "this token is of kind %s: %s", token.Kind, purposes[token.Kind])
	case !p.pipelines:
		return lifecycle.Refuse(tokens.InsufficientScope,
			"%s %s does not accept access tokens; a person has to do this", c.Request.Method, c.FullPath())
	}
	if action := p.action(c); action != "" && !slices.Contains(token.Actions, action) {
		return lifecycle.Refuse(tokens.InsufficientScope,
			"this token may not %.100s; it may %s, on the mini-programs of team %s",
			action, cmp.Or(actionNames(token.Actions), "only read"), token.Team)
	}
	return nil
}

func actionNames(actions []lifecycle.Action) string {
	texts := make([]string, len(actions))
	for i, action := range actions {
		texts[i] = string(action)
	}
	return strings.Join(texts, ", ")
}
