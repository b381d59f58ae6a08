package oidc

import (
	"cmp"
	"maps"
	"net/mail"
	"slices"
	"strings"

	"slipway/lifecycle"
	"slipway/web/access"
)

// claims are what the provider says of somebody.
type claims map[string]any

// identity reads the person out of the claims, or refuses whoever cannot be one.
func (s Settings) identity(said claims) (access.Identity, error) {
	user, _ := said.at(s.UserClaim).(string)
	name, _ := said.at(s.NameClaim).(string)
	person := lifecycle.Actor{User: user, Roles: s.roles(said.list(s.RolesClaim)), Teams: said.list(s.TeamsClaim)}
	if user == "" {
		return access.Identity{}, lifecycle.Refuse(lifecycle.ForbiddenRole,
			"the identity provider does not say who you are: its claim %q (OIDC_USER_CLAIM) is missing", s.UserClaim)
	}
	if user == lifecycle.Timers.User || user == lifecycle.HealthGate.User || strings.HasPrefix(user, lifecycle.TokenUser) {
		return access.Identity{}, lifecycle.Refuse(lifecycle.ForbiddenRole,
			"nobody can sign in as %q, which stands for timers, health gates or access tokens", user)
	}
	if refusal := person.Validate(); refusal != nil {
		return access.Identity{}, lifecycle.Refuse(lifecycle.ForbiddenRole,
			"what the identity provider says of you cannot be accepted: %s", refusal.Message)
	}
	return access.Identity{Actor: person, Name: name, Email: said.email()}, nil
}

// email is the address that mail may go to: only one that the provider has verified, for another might be somebody else's.
func (c claims) email() string {
	address, _ := c["email"].(string)
	verified := c["email_verified"] == true || c["email_verified"] == "true" // some providers write it as text
	if parsed, err := mail.ParseAddress(address); !verified || err != nil || parsed.Address != address {
		return ""
	}
	return address
}

// roles are those that the names stand for, in the order of the lifecycle; what stands for none is left out.
func (s Settings) roles(said []string) []lifecycle.Role {
	var roles []lifecycle.Role
	for _, name := range said {
		meant := s.RoleMap[name]
		if s.RoleMap == nil {
			meant = []lifecycle.Role{lifecycle.Role(name)}
		}
		for _, role := range meant {
			if isForPeople(role) && !slices.Contains(roles, role) {
				roles = append(roles, role)
			}
		}
	}
	slices.SortFunc(roles, func(a, b lifecycle.Role) int {
		return cmp.Or(cmp.Compare(slices.Index(people, a.Base()), slices.Index(people, b.Base())), cmp.Compare(a, b))
	})
	return roles
}

// at finds a claim by its name, which may have dots of its own, or else by its path.
func (c claims) at(path string) any {
	if value, ok := c[path]; ok {
		return value
	}
	first, rest, deeper := strings.Cut(path, ".")
	inner, ok := c[first].(map[string]any)
	if !deeper || !ok {
		return nil
	}
	return claims(inner).at(rest)
}

// list reads a claim that is a list of texts, a text of words, or an object whose keys are meant, as providers write roles. What is
// neither is left out.
func (c claims) list(path string) []string {
	switch value := c.at(path).(type) {
	case string:
		return strings.Fields(value)
	case []any:
		var texts []string
		for _, entry := range value {
			if text, ok := entry.(string); ok && !slices.Contains(texts, text) {
				texts = append(texts, text)
			}
		}
		return texts
	case map[string]any:
		return slices.Sorted(maps.Keys(value))
	default:
		return nil
	}
}
