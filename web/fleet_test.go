package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/accounts"
	"slipway/catalog"
	"slipway/lifecycle"
	"slipway/web/service"
)

// orders posts a fleet act over the API.
func (s standing) orders(who, body string) (status int, report service.FleetReport, answer string) {
	s.t.Helper()
	response, answer := s.ask(http.MethodPost, "/api/v1/fleet", as(who), filledIn(body), header("Content-Type", "application/json"))
	if response.StatusCode < http.StatusMultipleChoices {
		require.NoError(s.t, json.Unmarshal([]byte(answer), &report))
	}
	return response.StatusCode, report, answer
}

// acted is an act of an account on the mini-programs of keptInManyStates, of which one has accepted and one refused.
func (s standing) acted(id, account string) {
	s.t.Helper()
	act := catalog.FleetAct{ID: id, BegunAt: time.Now(), FleetRequest: catalog.FleetRequest{
		Action:  lifecycle.Comment,
		Command: lifecycle.Command{Action: lifecycle.Comment, Actor: accounts.Dev()[account], Text: "Please <hurry>."},
		Where:   lifecycle.Selection{Teams: lifecycle.OneOrMore[string]{"acme"}, WaitingLongerThan: lifecycle.Duration(time.Hour)},
	}}
	require.NoError(s.t, s.app.catalog.BeginFleet(s.t.Context(), act, []catalog.FleetAnswer{
		{MiniProgram: "kept-one", Team: "acme"}, {MiniProgram: "kept-six", Team: "acme"}, {MiniProgram: "kept-two", Team: "acme"},
	}))
	require.NoError(s.t, s.app.catalog.AnswerFleet(s.t.Context(), id, []catalog.FleetAnswer{
		{MiniProgram: "kept-one", Standing: catalog.FleetAccepted, Outcome: &lifecycle.Outcome{Accepted: true, State: lifecycle.CreationPending, At: time.Now()}},
		{MiniProgram: "kept-six", Standing: catalog.FleetRefused, Outcome: &lifecycle.Outcome{
			Code: lifecycle.IllegalInState, Message: "comment is not possible: the lifecycle of kept-six is over", At: time.Now(),
		}},
	}))
}

func TestADryRunTellsWhatEachWouldAnswerAndChangesNothing(t *testing.T) {
	s := stand(t)
	s.keptInManyStates()
	before, err := s.app.catalog.LastChange(t.Context())
	require.NoError(t, err)
	status, report, answer := s.orders("operator", `{"action": "suspend", "fields": {"comment": "because"}, "where": {"team": "acme"}, "dry_run": true}`)
	require.Equal(t, http.StatusOK, status, answer)
	assert.Equal(t, catalog.FleetCounts{Accepted: 1, Refused: 2, ByCode: map[lifecycle.Code]int{lifecycle.IllegalInState: 2}}, report.FleetCounts)
	require.Len(t, report.Results, 3)
	assert.Equal(t, []string{"kept-one", "kept-two", "kept-six"},
		[]string{report.Results[0].MiniProgram, report.Results[1].MiniProgram, report.Results[2].MiniProgram}, "refusals come first")
	assert.Contains(t, report.Results[0].Message, "suspend is not possible in state CreationPending")
	assert.Equal(t, lifecycle.GrayscaleRelease, report.Results[2].State)
	_, report, _ = s.orders("operator", `{"action": "suspend", "fields": {"comment": "because"}, "dry_run": true, "limit": 1}`)
	assert.Equal(t, 3, report.Matched)
	assert.Len(t, report.Results, 1)
	after, err := s.app.catalog.LastChange(t.Context())
	require.NoError(t, err)
	assert.Equal(t, before, after)
}

// What goes on waits for windows and for the line, of many as of one.
func TestADryRunKnowsOfFreezesAndOfAStopOfTheLine(t *testing.T) {
	s := stand(t)
	s.keptInManyStates()
	answers := func(fields string) (lifecycle.Code, string) {
		status, report, answer := s.orders("release-manager",
			`{"action": "promote", "fields": `+fields+`, "where": {"state": "GrayscaleRelease"}, "dry_run": true}`)
		require.Equal(t, http.StatusOK, status, answer)
		require.Len(t, report.Results, 1)
		return report.Results[0].Code, report.Results[0].Message
	}
	const plain, override = `{}`, `{"override": true, "comment": "because"}`
	code, _ := answers(plain)
	assert.Empty(t, code, "it would be accepted")
	s.freezes("a fair")
	code, message := answers(plain)
	assert.Equal(t, lifecycle.Frozen, code)
	assert.Contains(t, message, "a fair")
	code, _ = answers(override)
	assert.Empty(t, code)
	s.stops("a bad library")
	for _, fields := range []string{plain, override} {
		code, message = answers(fields)
		assert.Equal(t, lifecycle.Frozen, code)
		assert.Contains(t, message, "a bad library")
	}
}

func TestDevelopersActOnlyOnWhatTheirTeamsHave(t *testing.T) {
	s := stand(t)
	s.keptInManyStates()
	order := `{"action": "rollback", "fields": {"comment": "because"}, "dry_run": true}`
	_, report, _ := s.orders("developer", order)
	assert.Equal(t, 3, report.Matched)
	status, _, answer := s.orders("other-developer", order)
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Contains(t, answer, "no mini-program that you may see matches")
	status, _, _ = s.orders("other-developer", `{"action": "rollback", "fields": {"comment": "because"}, "where": {"team": "acme"}, "dry_run": true}`)
	assert.Equal(t, http.StatusUnprocessableEntity, status, "nor when they name it")
}

func TestAnOrderThatCannotBeMeantIsRefusedBeforeAnyMiniProgramIsAsked(t *testing.T) {
	s := stand(t)
	s.keptInManyStates()
	for _, test := range []struct {
		who, order string
		status     int
		said       string
	}{
		{"reviewer", `{"action": "suspend", "fields": {"comment": "because"}}`, http.StatusForbidden, "suspend requires one of these roles: operator"},
		{"operator", `{"action": "suspend"}`, http.StatusUnprocessableEntity, "comment_required"},
		{"operator", `{"action": "upload-code"}`, http.StatusForbidden, "forbidden_role"},
		{"reviewer", `{"action": "approve-publishing"}`, http.StatusUnprocessableEntity, "cannot be taken on many at once"},
		{"operator", `{"action": "explode"}`, http.StatusUnprocessableEntity, "explode"},
		{"operator", `{"action": "pause", "where": {"colour": "blue"}}`, http.StatusUnprocessableEntity, `\"where.colour\": there is no such member`},
		{"operator", `{"action": "pause", "where": {"state": "Nowhere"}}`, http.StatusUnprocessableEntity, "there is no state"},
		{"operator", `{"action": "pause", "where": {"waiting_longer_than": "soon"}}`, http.StatusUnprocessableEntity, "waiting_longer_than must be a duration"},
		{"operator", `{"action": "pause", "fields": {"if_revision": 3}}`, http.StatusUnprocessableEntity, "is about one mini-program"},
		{"operator", `{"action": "pause", "fields": {"rating": 3}}`, http.StatusUnprocessableEntity, "has no use for"},
		{"operator", `{"action": "pause", "fields": {"actor": {"user": "mia"}}}`, http.StatusUnprocessableEntity, "fields: actor: leave it out"},
		{"operator", `{"action": "pause", "fields": {"request_id": "fleet/a/b"}}`, http.StatusUnprocessableEntity, "those of fleet acts"},
		{"operator", `{"action": "pause", "dry_run": true, "limit": 10001}`, http.StatusUnprocessableEntity, "limit is 10001"},
		{"operator", `{"action": "pause", "dry_run": true, "where": {"version": "9.9.9"}}`, http.StatusUnprocessableEntity, "no mini-program that you may see matches"},
		{"operator", `{"action": "pause"}`, http.StatusServiceUnavailable, "Temporal does not answer"},
	} {
		status, _, answer := s.orders(test.who, test.order)
		assert.Equal(t, test.status, status, "%s: %s", test.order, answer)
		assert.Contains(t, answer, test.said, test.order)
	}
	acts, err := s.app.catalog.Fleets(t.Context(), "", "", 10)
	require.NoError(t, err)
	assert.Empty(t, acts)
}

func TestAnActIsSeenByWhoBeganItAndByThePlatform(t *testing.T) {
	s := stand(t)
	s.keptInManyStates()
	s.acted("a1", "developer")
	s.acted("a2", "reviewer")
	for who, want := range map[string]map[string]int{
		"developer": {"a1": http.StatusOK, "a2": http.StatusNotFound}, "other-developer": {"a1": http.StatusNotFound, "a2": http.StatusNotFound},
		"reviewer": {"a1": http.StatusOK, "a2": http.StatusOK}, "release-manager": {"a1": http.StatusOK, "a2": http.StatusOK},
	} {
		_, list := s.ask(http.MethodGet, "/api/v1/fleet", as(who))
		_, page := s.ask(http.MethodGet, "/fleet", as(who))
		for id, status := range want {
			response, body := s.ask(http.MethodGet, "/api/v1/fleet/"+id, as(who))
			assert.Equal(t, status, response.StatusCode, "%s: %s", who, body)
			response, _ = s.ask(http.MethodGet, "/fleet/"+id, as(who))
			assert.Equal(t, status, response.StatusCode, who)
			for _, text := range []string{list, page} {
				assert.Equal(t, status == http.StatusOK, containsID(text, id), "%s sees %s in the list", who, id)
			}
		}
	}
	for cursor, status := range map[string]int{"a1": http.StatusOK, "a2": http.StatusUnprocessableEntity, "nonsense": http.StatusUnprocessableEntity} {
		response, body := s.ask(http.MethodGet, "/api/v1/fleet?cursor="+cursor, as("developer"))
		assert.Equal(t, status, response.StatusCode, body)
		response, _ = s.ask(http.MethodGet, "/fleet?cursor="+cursor, as("developer"))
		assert.Equal(t, status, response.StatusCode, cursor)
	}
	response, body := s.ask(http.MethodPost, "/api/v1/fleet/a1/cancel", as("reviewer"))
	assert.Equal(t, http.StatusForbidden, response.StatusCode, body)
	assert.Contains(t, body, "only developer, release managers and operators may steer")
	response, _ = s.ask(http.MethodPost, "/api/v1/fleet/a1/cancel", as("other-developer"))
	assert.Equal(t, http.StatusNotFound, response.StatusCode)
	response, body = s.ask(http.MethodPost, "/api/v1/fleet/a1/cancel", as("operator"))
	assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode, body)
}

func containsID(text, id string) bool {
	return strings.Contains(text, `"id":"`+id+`"`) || strings.Contains(text, `href="/fleet/`+id+`"`)
}

func TestTheResultsOfAnActAreReadInPages(t *testing.T) {
	s := stand(t)
	s.keptInManyStates()
	s.acted("a1", "operator")
	var report service.FleetReport
	response, body := s.ask(http.MethodGet, "/api/v1/fleet/a1?limit=2", as("operator"))
	require.NoError(t, json.Unmarshal([]byte(body), &report))
	assert.Equal(t, service.FleetRunning, report.State)
	assert.Equal(t, []int{3, 1, 1, 1}, []int{report.Matched, report.Accepted, report.Refused, report.Waiting})
	assert.Equal(t, "Please <hurry>.", report.Fields["text"])
	assert.NotContains(t, report.Fields, "actor")
	assert.Equal(t, `</api/v1/fleet/a1?cursor=kept-six&limit=2>; rel="next"`, response.Header.Get("Link"))
	_, body = s.ask(http.MethodGet, "/api/v1/fleet/a1?limit=2&cursor=kept-six", as("operator"))
	require.NoError(t, json.Unmarshal([]byte(body), &report))
	require.Len(t, report.Results, 1)
	assert.Equal(t, "kept-two", report.Results[0].MiniProgram)
	_, body = s.ask(http.MethodGet, "/api/v1/fleet/a1?standing=refused", as("operator"))
	assert.Contains(t, body, "the lifecycle of kept-six is over")
	assert.NotContains(t, body, "kept-one")
	response, _ = s.ask(http.MethodGet, "/api/v1/fleet/a1?standing=upright", as("operator"))
	assert.Equal(t, http.StatusUnprocessableEntity, response.StatusCode)
}

func TestThePageOfAnActShowsEachRefusalAndWhatWasAskedFor(t *testing.T) {
	s := stand(t)
	s.keptInManyStates()
	s.acted("a1", "operator")
	_, page := s.ask(http.MethodGet, "/fleet/a1", as("operator"))
	for _, text := range []string{
		"Comment on 3 mini-programs", "2 of 3 have answered", "1 accepted", "1 refused", "the lifecycle of kept-six is over", "illegal_in_state",
		"Please &lt;hurry&gt;.", "No action for longer than", "1 h", "acme", "data-progress", "Cancel this act",
	} {
		assert.Contains(t, page, text)
	}
	_, page = s.ask(http.MethodGet, "/fleet/a1?standing=accepted", as("reviewer"))
	assert.NotContains(t, page, "kept-six")
	assert.NotContains(t, page, "Cancel this act", "it is not theirs to cancel")
	require.NoError(t, s.app.catalog.EndFleet(t.Context(), "a1", time.Now()))
	_, page = s.ask(http.MethodGet, "/fleet/a1", as("operator"))
	assert.NotContains(t, page, "data-progress", "nothing is to come")
	assert.NotContains(t, page, "Cancel this act")
}

func TestThePageAsksForTheNumberOfManyAndForOneClickOfFew(t *testing.T) {
	s := stand(t)
	s.keptInManyStates()
	typed := url.Values{"act": {"comment"}, "text": {"Please hurry."}, "team": {"acme"}, "state-GrayscaleRelease": {"yes"}}
	response, page := s.ask(http.MethodPost, "/fleet/dry-run", as("operator"), form(typed))
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Contains(t, page, "1 mini-program matches")
	assert.Contains(t, page, `<input type="hidden" name="confirm" value="1">`)
	assert.Contains(t, page, `<input type="hidden" name="state-GrayscaleRelease" value="yes">`, "what was chosen goes on")
	assert.Contains(t, page, "Please hurry.</textarea>", "and can be changed")

	for i := range 21 {
		s.kept("many-" + string(rune('a'+i)))
	}
	_, page = s.ask(http.MethodPost, "/fleet/dry-run", as("operator"), form(url.Values{"act": {"comment"}, "text": {"Please hurry."}}))
	assert.Contains(t, page, "Type the number of mini-programs, 24, to begin")

	response, page = s.ask(http.MethodPost, "/fleet", as("operator"), form(url.Values{"act": {"comment"}, "text": {"Please hurry."}}))
	assert.Equal(t, http.StatusUnprocessableEntity, response.StatusCode)
	assert.Contains(t, page, "Type how many mini-programs the action will be taken on.")
	response, page = s.ask(http.MethodPost, "/fleet", as("operator"), form(url.Values{"act": {"comment"}, "text": {"Please hurry."}, "confirm": {"all"}}))
	assert.Equal(t, http.StatusUnprocessableEntity, response.StatusCode)
	assert.Contains(t, page, "is no number")
	response, page = s.ask(http.MethodPost, "/fleet/dry-run", as("operator"), form(url.Values{"act": {"suspend"}, "waiting": {"soon"}}))
	assert.Equal(t, http.StatusUnprocessableEntity, response.StatusCode)
	assert.Contains(t, page, "time without an action")
}

func TestThePageOffersWhatAPersonMayTakeOnMany(t *testing.T) {
	s := stand(t)
	for who, offered := range map[string]map[string]bool{
		"operator":        {"suspend": true, "pause": true, "approve-creation": false, "advance": false},
		"release-manager": {"suspend": false, "advance": true, "change-plan": true},
		"reviewer":        {"approve-creation": true, "approve-publishing": false, "pause": false},
		"developer":       {"unpublish": true, "upload-code": false, "suspend": false},
	} {
		_, page := s.ask(http.MethodGet, "/fleet", as(who))
		for action, want := range offered {
			assert.Equal(t, want, strings.Contains(page, `href="/fleet?act=`+action+`"`), "%s: %s", who, action)
		}
	}
	response, _ := s.ask(http.MethodGet, "/fleet?act=suspend", as("developer"))
	assert.Equal(t, http.StatusUnprocessableEntity, response.StatusCode)
	_, page := s.ask(http.MethodGet, "/fleet?act=change-plan", as("release-manager"))
	assert.Contains(t, page, `value="app-store"`, "named plans are offered")
	assert.NotContains(t, page, `name="action"`, "a field of that name would hide where the form is sent")
	assert.Contains(t, page, `name="state-ProductionRelease"`)
	assert.NotContains(t, page, `name="state-Published"`, "where it is never possible")
}
