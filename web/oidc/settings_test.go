package oidc

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
	"slipway/web/access"
)

func TestOnlyAVerifiedAddressIsMailed(t *testing.T) {
	settings := Settings{UserClaim: "sub", NameClaim: "name", RolesClaim: "roles", TeamsClaim: "teams"}
	for said, want := range map[string]string{
		`{"sub": "u", "email": "rita@example.com", "email_verified": true}`:   "rita@example.com",
		`{"sub": "u", "email": "rita@example.com", "email_verified": "true"}`: "rita@example.com",
		`{"sub": "u", "email": "rita@example.com", "email_verified": false}`:  "",
		`{"sub": "u", "email": "rita@example.com"}`:                           "",
		`{"sub": "u", "email": "Rita <r@x>, a@b", "email_verified": true}`:    "",
		`{"sub": "u", "email_verified": true}`:                                "",
	} {
		var c claims
		require.NoError(t, json.Unmarshal([]byte(said), &c))
		identity, err := settings.identity(c)
		require.NoError(t, err)
		assert.Equal(t, want, identity.Email, said)
	}
}

func TestClaimsSayWhoSomebodyIsHoweverTheProviderWritesThem(t *testing.T) {
	both := []lifecycle.Role{lifecycle.Reviewer, lifecycle.Operator}
	for name, each := range map[string]struct {
		change func(*Settings)
		said   string
		want   access.Identity
	}{
		"lists": {func(*Settings) {}, `{"sub": "u1", "name": "Rita", "roles": ["operator", "reviewer"], "teams": ["acme", "acme"]}`,
			access.Identity{Actor: lifecycle.Actor{User: "u1", Roles: both, Teams: []string{"acme"}}, Name: "Rita"}},
		"a path": {func(s *Settings) { s.RolesClaim = "realm_access.roles" }, `{"sub": "u1", "realm_access": {"roles": ["reviewer", "operator", "uma"]}}`,
			access.Identity{Actor: lifecycle.Actor{User: "u1", Roles: both}}},
		"a name with dots": {func(s *Settings) { s.RolesClaim = "https://acme.example/roles" }, `{"sub": "u1", "https://acme.example/roles": "operator reviewer"}`,
			access.Identity{Actor: lifecycle.Actor{User: "u1", Roles: both}}},
		"keys": {func(*Settings) {}, `{"sub": "u1", "roles": {"operator": {"1": "x"}, "reviewer": {}}}`,
			access.Identity{Actor: lifecycle.Actor{User: "u1", Roles: both}}},
		"a map": {func(s *Settings) {
			require.NoError(t, s.RoleMap.UnmarshalText([]byte("Shop Reviewers=reviewer, ops=operator,ops=release-manager")))
		},
			`{"sub": "u1", "roles": ["Shop Reviewers", "developer"]}`, access.Identity{Actor: lifecycle.Actor{User: "u1", Roles: []lifecycle.Role{lifecycle.Reviewer}}}},
		"reviewers with a name": {func(*Settings) {}, `{"sub": "u1", "roles": ["operator", "reviewer:security", "reviewer:Law", "operator:night", "reviewer:law"]}`,
			access.Identity{Actor: lifecycle.Actor{User: "u1", Roles: []lifecycle.Role{"reviewer:law", "reviewer:security", lifecycle.Operator}}}},
		"a map to a name": {func(s *Settings) { require.NoError(t, s.RoleMap.UnmarshalText([]byte("infosec=reviewer:security"))) },
			`{"sub": "u1", "roles": ["infosec", "reviewer"]}`, access.Identity{Actor: lifecycle.Actor{User: "u1", Roles: []lifecycle.Role{"reviewer:security"}}}},
		"nothing, and what is no text": {func(s *Settings) { s.UserClaim = "email" }, `{"sub": "u1", "email": "u@x.example", "roles": [1, null, "system"], "teams": 7}`,
			access.Identity{Actor: lifecycle.Actor{User: "u@x.example"}}},
	} {
		settings := Settings{UserClaim: "sub", NameClaim: "name", RolesClaim: "roles", TeamsClaim: "teams"}
		each.change(&settings)
		var said claims
		require.NoError(t, json.Unmarshal([]byte(each.said), &said))
		identity, err := settings.identity(said)
		require.NoError(t, err, name)
		assert.Equal(t, each.want, identity, name)
	}
}

func TestWhoCannotBeNamedIsNobody(t *testing.T) {
	settings := Settings{UserClaim: "sub", NameClaim: "name", RolesClaim: "roles", TeamsClaim: "teams"}
	for _, said := range []claims{
		{}, {"sub": ""}, {"sub": 7}, {"sub": "system"}, {"sub": "health-gate"}, {"sub": "token:ci"}, {"sub": "a\nb"}, {"sub": "u1", "teams": manyTeams(101)},
	} {
		_, err := settings.identity(said)
		var refusal *lifecycle.Refusal
		require.ErrorAs(t, err, &refusal, "%v", said)
		assert.Equal(t, lifecycle.ForbiddenRole, refusal.Code)
	}
}

func manyTeams(n int) []any {
	teams := make([]any, n)
	for i := range teams {
		teams[i] = fmt.Sprint("team-", i)
	}
	return teams
}

func TestWrongSettingsAreNamedAllAtOnce(t *testing.T) {
	err := Settings{Issuer: "http://login.example.com"}.Validate()
	for _, variable := range []string{"OIDC_ISSUER=http://login.example.com", "OIDC_CLIENT_ID", "OIDC_SCOPES"} {
		assert.ErrorContains(t, err, variable)
	}
	for _, address := range []string{"", "login.example.com", "https://", "https://a@b.example", "ftp://localhost", "https://a.example/?q"} {
		assert.Error(t, CheckPublicURL(address), address)
	}
	for _, address := range []string{"https://login.example.com", "https://login.example.com/realms/a", "http://localhost:8080", "http://127.0.0.1:1"} {
		assert.NoError(t, CheckPublicURL(address), address)
	}
	for _, wrong := range []string{"", "a", "=reviewer", "a=boss", "a=system"} {
		assert.Error(t, new(RoleMap).UnmarshalText([]byte(wrong)), wrong)
	}
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", Settings{ClientSecret: "hush"}, Settings{ClientSecret: "hush"}, Settings{ClientSecret: "hush"}), "hush")
}
