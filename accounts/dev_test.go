package accounts_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"slipway/accounts"
	"slipway/lifecycle"
)

func TestTheDevelopmentAccountsCoverEveryRoleOfPeople(t *testing.T) {
	people := accounts.Dev()
	for _, role := range []lifecycle.Role{lifecycle.Developer, lifecycle.Reviewer, lifecycle.ReleaseManager, lifecycle.Operator} {
		assert.Equal(t, []lifecycle.Role{role}, people[string(role)].Roles)
	}
	assert.Equal(t, []string{"acme"}, people["developer"].Teams)
	assert.Equal(t, []string{"globex"}, people["other-developer"].Teams)
	for name, account := range people {
		assert.Equal(t, name, account.User)
		assert.NotContains(t, account.Roles, lifecycle.System, "no person is the system")
	}
}
