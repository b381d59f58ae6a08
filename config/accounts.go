package config

import (
	"maps"
	"slices"

	"slipway/lifecycle"
)

// DevAccounts are the people of a development machine (interfaces.md, "Sign-in"), by the name of their account.
func DevAccounts() map[string]lifecycle.Actor {
	person := func(user string, role lifecycle.Role, teams ...string) lifecycle.Actor {
		return lifecycle.Actor{User: user, Roles: []lifecycle.Role{role}, Teams: teams}
	}
	return map[string]lifecycle.Actor{
		"developer":       person("developer", lifecycle.Developer, "acme"),
		"other-developer": person("other-developer", lifecycle.Developer, "globex"),
		"reviewer":        person("reviewer", lifecycle.Reviewer),
		"release-manager": person("release-manager", lifecycle.ReleaseManager),
		"operator":        person("operator", lifecycle.Operator),
	}
}

// DevAccountOf is the account that acts in a role; of several the first by name.
func DevAccountOf(role lifecycle.Role) string {
	accounts := DevAccounts()
	for _, name := range slices.Sorted(maps.Keys(accounts)) {
		if slices.Contains(accounts[name].Roles, role) {
			return name
		}
	}
	return ""
}
