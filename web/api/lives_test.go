package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/delivery"
	"slipway/lifecycle"
)

// reborn is a mini-program of team globex whose id was denied to team acme before; its requests have ids of its own.
func reborn(t *testing.T, id string) {
	t.Helper()
	request := func(account, team, key string) answer {
		body := fmt.Sprintf(`{"id": %q, "title": "Title", "team": %q}`, id, team)
		return as(t, account).send("/mini-programs", body, "Idempotency-Key: "+key)
	}
	request("developer", "acme", id+"-first").is(http.StatusCreated)
	act(t, "reviewer", id, "reject-creation", `{"comment": "acme's secret"}`, "Idempotency-Key: "+id+"-no")
	require.Eventually(t, func() bool {
		return request("other-developer", "globex", id+"-second").status == http.StatusCreated
	}, patience, glance, "the first workflow ends")
	act(t, "reviewer", id, "approve-creation", "")
}

func (c caller) trailOf(id, query string) (page trail) {
	c.t.Helper()
	c.get("/mini-programs/" + id + "/audit" + query).is(http.StatusOK).into(&page)
	return page
}

func TestADeveloperSeesNoAuditTrailOfAnEarlierLife(t *testing.T) {
	reborn(t, "reborn-audited")
	for _, query := range []string{"", "?limit=2"} {
		page := as(t, "other-developer").trailOf("reborn-audited", query)
		require.Len(t, page.Entries, 2)
		assert.Equal(t, "other-developer", page.Entries[1].Actor)
		assert.Empty(t, page.NextCursor, "nothing is said to be left")
	}
	page := as(t, "operator").trailOf("reborn-audited", "")
	require.Len(t, page.Entries, 4, "people of the platform see everything")
	assert.Equal(t, "acme's secret", page.Entries[2].Comment)
	end := fmt.Sprint("?cursor=", page.Entries[1].Change)
	assert.Empty(t, as(t, "other-developer").trailOf("reborn-audited", end).Entries)
}

func TestADeveloperHearsNoEventsOfAnEarlierLife(t *testing.T) {
	reborn(t, "reborn-watched")
	later := httptest.NewServer(home.engine(t.Context(), home.temporal, patience)) // it remembers nothing, and reads the catalogue
	defer later.Close()
	for _, server := range []*httptest.Server{home.server, later} {
		for account, expected := range map[string]string{
			"other-developer": "[request-creation by other-developer approve-creation by reviewer]",
			"operator":        "[request-creation by developer reject-creation by reviewer request-creation by other-developer approve-creation by reviewer]",
		} {
			events, stop := as(t, account).at(server).watch("/mini-programs/reborn-watched/events", "Last-Event-ID: 0")
			var heard []string
			for len(heard) == 0 || heard[len(heard)-1] != "approve-creation by reviewer" {
				event := take(t, events, 1)[0]
				heard = append(heard, fmt.Sprintf("%s by %s", event.data.Action, event.data.Actor))
			}
			assert.Equal(t, expected, fmt.Sprint(heard), account)
			stop()
		}
	}
}

func TestADeveloperGetsNoExplanationOfAnEarlierLife(t *testing.T) {
	reborn(t, "reborn-explained")
	denied := as(t, "operator").trailOf("reborn-explained", "").Entries[2].At
	path := "/mini-programs/reborn-explained/explain?user=u1&at=" + url.QueryEscape(denied.Format(time.RFC3339Nano))
	as(t, "other-developer").get(path).refuses(http.StatusNotFound, lifecycle.UnknownMiniProgram)
	var then delivery.Explanation
	as(t, "operator").get(path).is(http.StatusOK).into(&then)
	assert.Equal(t, lifecycle.CreationRejected, then.Record.To)
}

func TestARequestIDIsThePersonsWhoUsedIt(t *testing.T) {
	reborn(t, "reborn-answered")
	upload := "/mini-programs/reborn-answered/actions/upload-code"
	for _, used := range []string{"reborn-answered-first", "reborn-answered-no", "reborn-answered-third"} {
		var own lifecycle.Outcome
		as(t, "other-developer").send(upload, uploadedCode(t), "Idempotency-Key: "+used).is(http.StatusOK).into(&own)
		assert.Equal(t, lifecycle.UploadCode, own.Action, "an answer of their own, whoever used the id before")
	}
	first := act(t, "reviewer", "reborn-answered", "reject-creation", `{"comment": "acme's secret"}`, "Idempotency-Key: reborn-answered-no")
	assert.Equal(t, lifecycle.CreationRejected, first.State, "who asked gets the first answer")
}

func TestARefusedActionTellsDevelopersOfOtherTeamsNothing(t *testing.T) {
	created(t, "silent")
	act(t, "developer", "silent", "upload-code", uploadedCode(t), "Idempotency-Key: guessed")
	for _, sent := range []struct{ action, body, key string }{
		{"unpublish", "", "own"}, {"publish", `{"percent": 101}`, "own-too"}, {"cancel-creation", "", "guessed"}, {"leave-feedback", `{"rating": 5}`, "guessed"},
	} {
		answered := as(t, "other-developer").send("/mini-programs/silent/actions/"+sent.action, sent.body, "Idempotency-Key: "+sent.key)
		assert.GreaterOrEqual(t, answered.status, http.StatusBadRequest)
		assert.NotContains(t, string(answered.body), "CodeAvailable", sent.action)
		assert.NotContains(t, string(answered.body), "revision", sent.action)
	}
}
