package lifecycle

import "slices"

// Role is what a person, or the system itself, may act as.
type Role string

const (
	// Developer acts only on mini-programs of a team that the person belongs to.
	Developer Role = "developer"
	// Reviewer decides on requests for creation and for publishing.
	Reviewer Role = "reviewer"
	// ReleaseManager watches over rollouts.
	ReleaseManager Role = "release-manager"
	// Operator runs the platform and may take a mini-program offline.
	Operator Role = "operator"
	// Auditor reads everything and does nothing.
	Auditor Role = "auditor"
	// System is held by timers and health gates only; nobody can claim it in a command.
	System Role = "system"
)

// Roles lists every role.
var Roles = []Role{Developer, Reviewer, ReleaseManager, Operator, Auditor, System}

// Actor is who acts. The caller (web, starter, Temporal UI) vouches for it.
type Actor struct {
	User  string   `json:"user"`
	Roles []Role   `json:"roles,omitempty"`
	Teams []string `json:"teams,omitempty"`
	// OnBehalfOf is who made the access token that acts; "" when a person acts themselves.
	OnBehalfOf string `json:"on_behalf_of,omitempty"`
}

// TokenUser begins how the audit trail names an access token; nobody can sign in as such a user.
const TokenUser = "token:"

// Timers is the actor of everything that happens because its time has come.
var Timers = Actor{User: "system", Roles: []Role{System}}

// HealthGate is the actor of what happens because a release turned out to be unhealthy.
var HealthGate = Actor{User: "health-gate", Roles: []Role{System}}

// OnlyReads tells whether all that the actor may do is to look.
func (a Actor) OnlyReads() bool {
	return len(a.Roles) > 0 && !slices.ContainsFunc(a.Roles, func(role Role) bool { return role != Auditor })
}

// isOneOf tells whether the actor is one of these users, or acts for one. "" is nobody.
func (a Actor) isOneOf(users ...string) bool {
	return slices.ContainsFunc(users, func(user string) bool { return user != "" && (user == a.User || user == a.OnBehalfOf) })
}

func (a Actor) isSystem() bool { return slices.Contains(a.Roles, System) }

// actsAs returns the first of the allowed roles that the actor may use on a mini-program of the team. Without one it
// tells why: the role is missing, or it is held in another team only.
func (a Actor) actsAs(allowed []Role, team string) (Role, Code) {
	code := ForbiddenRole
	for _, role := range allowed {
		if !slices.Contains(a.Roles, role) {
			continue
		}
		if role == Developer && !slices.Contains(a.Teams, team) {
			code = NotYourTeam
			continue
		}
		return role, ""
	}
	return "", code
}
