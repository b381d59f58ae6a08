package accounts

import (
	"maps"
	"slices"

	"slipway/lifecycle"
)

// Dev are the people of a development machine, by the name of their account.
func Dev() map[string]lifecycle.Actor {
	person := func(user string, role lifecycle.Role, teams ...string) lifecycle.Actor {
		return lifecycle.Actor{User: user, Roles: []lifecycle.Role{role}, Teams: teams}
	}
	return map[string]lifecycle.Actor{
		"developer":         person("developer", lifecycle.Developer, "acme"),
		"other-developer":   person("other-developer", lifecycle.Developer, "globex"),
		"reviewer":          person("reviewer", lifecycle.Reviewer),
		"security-reviewer": person("security-reviewer", lifecycle.Reviewer+":security"),
		"release-manager":   person("release-manager", lifecycle.ReleaseManager),
		"operator":          person("operator", lifecycle.Operator),
	}
}

// DevOf names the development account that acts in a role; of several the first by name.
func DevOf(role lifecycle.Role) string {
	people := Dev()
	for _, name := range slices.Sorted(maps.Keys(people)) {
		if slices.Contains(people[name].Roles, role) {
			return name
		}
	}
	return ""
}
