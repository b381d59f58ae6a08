package oidc

import (
	"encoding/json"
	"net/mail"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

// FuzzClaims reads what a provider says of somebody: whoever it makes a person of is one that the rules know, and never a timer, a health gate
// or an access token.
func FuzzClaims(f *testing.F) {
	f.Add(`{"sub":"rita","name":"Rita","roles":["reviewer","reviewer:security"],"groups":"acme globex","email":"r@example.com","email_verified":"true"}`)
	f.Add(`{"sub":"system","roles":["system"]}`)
	f.Add(`{"sub":"token:ci","roles":{"operator":{}},"groups":[1,null,"acme","acme"]}`)
	f.Add(`{"sub":"x","realm":{"roles":["developer"]},"roles":"system auditor","email":"a@b, c@d"}`)
	settings := Settings{UserClaim: "sub", NameClaim: "name", RolesClaim: "roles", TeamsClaim: "groups"}
	mapped := settings
	mapped.RolesClaim, mapped.RoleMap = "realm.roles", map[string][]lifecycle.Role{"developer": {lifecycle.Developer, lifecycle.System}}
	f.Fuzz(func(t *testing.T, text string) {
		var said claims
		if json.Unmarshal([]byte(text), &said) != nil {
			return
		}
		for _, s := range []Settings{settings, mapped} {
			identity, err := s.identity(said)
			if err != nil {
				var refusal *lifecycle.Refusal
				require.ErrorAs(t, err, &refusal)
				assert.Equal(t, lifecycle.ForbiddenRole, refusal.Code)
				continue
			}
			assert.Nil(t, identity.Validate())
			assert.NotContains(t, []string{lifecycle.Timers.User, lifecycle.HealthGate.User}, identity.User)
			assert.NotRegexp(t, `^token:`, identity.User)
			assert.NotContains(t, identity.Roles, lifecycle.System)
			assert.Len(t, identity.Roles, len(slices.Compact(slices.Clone(identity.Roles))), "each role once")
			if identity.Email != "" {
				address, err := mail.ParseAddress(identity.Email)
				require.NoError(t, err)
				assert.Equal(t, identity.Email, address.Address)
			}
		}
	})
}
