package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/accounts"
	"slipway/lifecycle"
)

// inSteps commits an action of a deployment whose publications are reviewed in two steps.
func (s standing) inSteps(account string, command lifecycle.Command) {
	s.t.Helper()
	stored, err := s.app.catalog.Stored(s.t.Context(), "weather")
	require.NoError(s.t, err)
	settings := lifecycle.DefaultSettings()
	settings.Review = &lifecycle.ReviewPolicy{Publishing: []lifecycle.StepPolicy{
		{Name: "content", Role: lifecycle.Reviewer}, {Name: "<security>", Role: "reviewer:security"},
	}}
	command.Actor, command.RequestID = accounts.Dev()[account], string(command.Action)
	after, record, refusal := stored.MiniProgram.Decide(command, lifecycle.Facts{}, time.Now(), settings)
	require.Nil(s.t, refusal)
	s.commit(stored.Life, after, record)
}

func TestAReviewerWithANameSeesAndDecidesWhatIsTheirs(t *testing.T) {
	s := stand(t)
	s.welcomed()
	s.submits("1.0.0", "a", "")
	s.blocked()
	s.inSteps("developer", lifecycle.Command{Action: lifecycle.RequestPublishing})
	page := func(account, path string) string {
		response, body := s.ask(http.MethodGet, path, as(account))
		require.Equal(t, http.StatusOK, response.StatusCode, path)
		return body
	}
	const version, decidable = "/mini-programs/weather/versions/1.0.0", "/api/v1/mini-programs?decidable=true"
	for _, account := range []string{"reviewer", "security-reviewer"} {
		assert.Contains(t, page(account, "/"), "content, &lt;security&gt;")
		assert.Contains(t, page(account, version), "your decision counts for this step")
		assert.NotContains(t, page(account, version), `name="waiver odd " rows="2" required`, "it may be left to the other step")
		assert.Contains(t, page(account, decidable), `"id":"weather"`)
	}
	for _, account := range []string{"developer", "operator"} {
		assert.NotContains(t, page(account, version), "your decision counts")
		assert.NotContains(t, page(account, decidable), `"id":"weather"`)
	}
	assert.Contains(t, page("reviewer", "/mini-programs?decidable=true"), "/mini-programs/weather")

	s.inSteps("reviewer", lifecycle.Command{Action: lifecycle.ApprovePublishing, Comment: "all <fine>"})
	assert.Contains(t, page("reviewer", "/"), "No request waits")
	assert.NotContains(t, page("reviewer", "/mini-programs?decidable=true"), "/mini-programs/weather")
	assert.NotContains(t, page("reviewer", decidable), `"id":"weather"`)
	shown := page("security-reviewer", version)
	for _, part := range []string{"all &lt;fine&gt;", "reviewer (security)", "Step content", `name="waiver odd " rows="2" required`} {
		assert.Contains(t, shown, part)
	}
	assert.Contains(t, page("reviewer", version), "There is nothing for you to do now.")
	status := page("developer", "/api/v1/mini-programs/weather")
	assert.Contains(t, status, `"decided_by":"reviewer"`)
	assert.Contains(t, status, `"roles":["reviewer:security"]`)
}
