package catalog_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

func TestAReviewersQueueHasOnlyWhatTheyCanStillDecide(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		reviewing := func(user string, roles ...lifecycle.Role) lifecycle.Actor {
			return lifecycle.Actor{User: user, Roles: roles}
		}
		const security = lifecycle.Role("reviewer:security")
		p, first := requested(t, "weather", "Weather", "life-1", newYear)
		p.review = &lifecycle.ReviewPolicy{Publishing: []lifecycle.StepPolicy{
			{Name: "content", Role: lifecycle.Reviewer}, {Name: "security", Role: security},
		}}
		commit(t, c, first)
		expect := func(what string, who ...lifecycle.Actor) {
			t.Helper()
			may := map[string]bool{}
			for _, each := range who {
				may[each.User] = true
			}
			for _, each := range []lifecycle.Actor{
				reviewer, reviewing("Rita", lifecycle.Reviewer), reviewing("sam", security), reviewing("both", lifecycle.Reviewer, security),
				reviewing("lena", "reviewer:legal"), reviewing("dora", lifecycle.Reviewer, security), developer,
				{User: "token:ci", Roles: []lifecycle.Role{lifecycle.Reviewer, security}, OnBehalfOf: "dora"},
			} {
				filter := catalog.Filter{Decider: &each, Order: catalog.DueFirst}
				page, err := c.List(t.Context(), filter)
				require.NoError(t, err)
				assert.Equal(t, may[each.User], len(page.Items) == 1, "%s: %s", what, each.User)
				counts, err := c.Count(t.Context(), filter)
				require.NoError(t, err)
				assert.Equal(t, counted(page), counts)
			}
		}
		rita, namesake, sam, both := reviewer, reviewing("Rita", lifecycle.Reviewer), reviewing("sam", security), reviewing("both", lifecycle.Reviewer, security)
		expect("a creation without steps", rita, namesake, both)
		commit(t, c, p.do(reviewer, lifecycle.ApproveCreation), p.upload("1.0.0"))
		expect("nothing to decide")
		commit(t, c, p.do(developer, lifecycle.RequestPublishing))
		expect("both steps", rita, namesake, sam, both)
		page, err := c.List(t.Context(), catalog.Filter{Decider: &sam})
		require.NoError(t, err)
		assert.Equal(t, []string{"content", "security"}, page.Items[0].StepsLeft)
		assert.Equal(t, lifecycle.Reviewer, page.Items[0].Turn, "all reviewers are those, for others")
		commit(t, c, p.do(both, lifecycle.ApprovePublishing))
		expect("who decided one step decides no other", sam)
		commit(t, c, p.do(developer, lifecycle.CancelPublishing))
		expect("withdrawn")
		commit(t, c, p.do(developer, lifecycle.RequestPublishing))
		expect("a new request begins them anew", rita, namesake, sam, both)
	})
}
