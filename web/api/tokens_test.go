package api_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
	"slipway/tokens"
)

// madeToken is what the API says of a token that it has just made.
type madeToken struct {
	tokens.Token
	Secret string `json:"token"`
}

// bearer is the header of a program that has the token.
func (m madeToken) bearer() string { return "Authorization: Bearer " + m.Secret }

func makeToken(t *testing.T, account, body string) (made madeToken) {
	t.Helper()
	as(t, account).send("/tokens", body).is(http.StatusCreated).into(&made)
	return made
}

// pipeline is a token of team acme that may take these actions.
func pipeline(t *testing.T, name string, actions ...lifecycle.Action) madeToken {
	t.Helper()
	list, err := json.Marshal(actions)
	require.NoError(t, err)
	return makeToken(t, "developer", fmt.Sprintf(`{"name": %q, "kind": "pipeline", "team": "acme", "actions": %s}`, name, list))
}

func hostApp(t *testing.T) madeToken {
	return makeToken(t, "operator", `{"name": "wallet", "kind": "host-app"}`)
}

func revoke(t *testing.T, account, id string) answer {
	t.Helper()
	return as(t, account).call(http.MethodDelete, "/tokens/"+id, nil)
}

func tokensSeen(t *testing.T, account, query string) (names []string, next string) {
	t.Helper()
	var page struct {
		Tokens     []tokens.Token
		NextCursor string `json:"next_cursor"`
	}
	found := as(t, account).get("/tokens" + query).is(http.StatusOK)
	found.into(&page)
	assert.NotContains(t, string(found.body), tokens.Prefix)
	for _, token := range page.Tokens {
		names = append(names, token.Name)
	}
	return names, page.NextCursor
}

func TestATokenIsMadeListedAndRevoked(t *testing.T) {
	made := makeToken(t, "developer", fmt.Sprintf(`{"name": "mlr", "kind": "pipeline", "team": "acme", "actions": ["publish", "upload-code"], "ends_at": %q}`,
		time.Now().AddDate(0, 0, 7).Format(time.RFC3339)))
	assert.Regexp(t, `^slp_[A-Z2-7]{33}$`, made.Secret)
	assert.Equal(t, "developer", made.MadeBy)
	assert.Equal(t, []lifecycle.Action{lifecycle.UploadCode, lifecycle.Publish}, made.Actions)
	assert.WithinDuration(t, time.Now().AddDate(0, 0, 7), made.EndsAt, time.Hour)
	for account, sees := range map[string]bool{"developer": true, "operator": true, "other-developer": false} {
		names, _ := tokensSeen(t, account, "")
		assert.Equal(t, sees, assert.ObjectsAreEqual("mlr", first(names)), account)
	}
	revoke(t, "other-developer", made.ID).refuses(http.StatusNotFound, tokens.UnknownToken)
	revoke(t, "developer", "unknown").refuses(http.StatusNotFound, tokens.UnknownToken)
	var revoked tokens.Token
	revoke(t, "operator", made.ID).is(http.StatusOK).into(&revoked)
	assert.Equal(t, "operator", revoked.RevokedBy)
	assert.NotNil(t, revoked.RevokedAt)
	var again tokens.Token
	revoke(t, "developer", made.ID).is(http.StatusOK).into(&again)
	assert.Equal(t, revoked, again, "once more changes nothing")
	names, _ := tokensSeen(t, "developer", "")
	assert.Equal(t, "mlr", first(names), "it stays in the list")
}

func first(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return names[0]
}

func TestTheListOfTokensHasPages(t *testing.T) {
	for i := range 3 {
		pipeline(t, fmt.Sprint("page-", i), lifecycle.UploadCode)
	}
	names, next := tokensSeen(t, "developer", "?limit=2")
	assert.Equal(t, []string{"page-2", "page-1"}, names)
	link := as(t, "developer").get("/tokens?limit=2").header.Get("Link")
	assert.Equal(t, `</api/v1/tokens?cursor=`+next+`&limit=2>; rel="next"`, link)
	names, _ = tokensSeen(t, "developer", "?limit=1&cursor="+next)
	assert.Equal(t, []string{"page-0"}, names)
	as(t, "developer").get("/tokens?cursor="+hostApp(t).ID).refuses(http.StatusUnprocessableEntity, lifecycle.InvalidInput, "cursor")
}

func TestOnlyWhoMayMakesTokens(t *testing.T) {
	const acme = `{"name": "x", "kind": "pipeline", "team": "acme", "actions": ["upload-code"]}`
	for _, each := range []struct {
		account, body string
		status        int
		code          lifecycle.Code
	}{
		{"reviewer", acme, http.StatusForbidden, lifecycle.ForbiddenRole},
		{"release-manager", `{"name": "x", "kind": "host-app"}`, http.StatusForbidden, lifecycle.ForbiddenRole},
		{"other-developer", acme, http.StatusForbidden, lifecycle.NotYourTeam},
		{"operator", acme, http.StatusForbidden, lifecycle.ForbiddenRole},
		{"developer", `{"name": "x", "kind": "edge"}`, http.StatusForbidden, lifecycle.ForbiddenRole},
		{"developer", `{"name": "x", "kind": "pipeline", "team": "acme", "actions": ["suspend"]}`, http.StatusUnprocessableEntity, lifecycle.InvalidInput},
		{"developer", `{"name": "x", "kind": "pipeline", "team": "acme", "action": ["upload-code"]}`, http.StatusUnprocessableEntity, lifecycle.InvalidInput},
		{"developer", `{"name": "x", "kind": "pipeline", "team": "acme", "actions": ["upload-code"], "ends_at": "2020-01-01T00:00:00Z"}`, http.StatusUnprocessableEntity, lifecycle.InvalidInput},
		{"", acme, http.StatusUnauthorized, ""},
	} {
		as(t, each.account).send("/tokens", each.body).refuses(each.status, each.code)
	}
	for _, account := range []string{"reviewer", "release-manager"} {
		as(t, account).get("/tokens").refuses(http.StatusForbidden, lifecycle.ForbiddenRole)
	}
}

func TestAPipelineActsWithItsTokenAndTheAuditTrailNamesIt(t *testing.T) {
	ci := pipeline(t, "ci", lifecycle.RequestCreation, lifecycle.UploadCode, lifecycle.RequestPublishing)
	nobody := as(t, "")
	nobody.send("/mini-programs", `{"id": "by-token", "title": "By token", "team": "acme"}`, ci.bearer()).is(http.StatusCreated)
	act(t, "reviewer", "by-token", "approve-creation", "")
	nobody.send("/mini-programs/by-token/actions/upload-code", uploadedCode(t), ci.bearer()).is(http.StatusOK)
	var outcome lifecycle.Outcome
	nobody.send("/mini-programs/by-token/actions/request-publishing", "", ci.bearer(), "Idempotency-Key: once").is(http.StatusOK).into(&outcome)
	assert.Equal(t, "token:ci", outcome.Actor)
	var again lifecycle.Outcome
	nobody.send("/mini-programs/by-token/actions/request-publishing", "", ci.bearer(), "Idempotency-Key: once").is(http.StatusOK).into(&again)
	assert.Equal(t, outcome, again)

	var status lifecycle.Status
	nobody.get("/mini-programs/by-token", ci.bearer()).is(http.StatusOK).into(&status)
	assert.Equal(t, []string{"token:ci", "developer"}, []string{status.Review.RequestedBy, status.Review.OnBehalfOf})
	var trail struct{ Entries []lifecycle.Record }
	nobody.get("/mini-programs/by-token/audit", ci.bearer()).is(http.StatusOK).into(&trail)
	require.Len(t, trail.Entries, 4)
	for _, i := range []int{0, 1, 3} {
		entry := trail.Entries[i]
		assert.Equal(t, []string{"token:ci", "developer"}, []string{entry.Actor, entry.OnBehalfOf}, entry.Action)
		assert.Equal(t, lifecycle.Developer, entry.Role)
		assert.Equal(t, "developer", entry.Command.Actor.OnBehalfOf)
	}
	var who struct {
		User       string
		OnBehalfOf string `json:"on_behalf_of"`
		Teams      []string
		Token      tokens.Token
	}
	nobody.get("/me", ci.bearer()).is(http.StatusOK).into(&who)
	assert.Equal(t, "token:ci", who.User)
	assert.Equal(t, "developer", who.OnBehalfOf)
	assert.Equal(t, []string{"acme"}, who.Teams)
	assert.Equal(t, ci.Actions, who.Token.Actions)
}

func TestATokenMayOnlyWhatItWasMadeFor(t *testing.T) {
	created(t, "scoped")
	ci, app, edge := pipeline(t, "scoped", lifecycle.RequestPublishing), hostApp(t), makeToken(t, "operator", `{"name": "bangkok", "kind": "edge"}`)
	as(t, "other-developer").send("/mini-programs", `{"id": "globex-by-token", "title": "Globex", "team": "globex"}`).is(http.StatusCreated)
	reads := []string{
		"/mini-programs", "/mini-programs/scoped", "/mini-programs/scoped/audit", "/mini-programs/scoped/packages/1.0.0/report", "/mini-programs/scoped/explain?user=u1", "/me",
	}
	writes := []string{
		"/mini-programs", "/mini-programs/scoped/packages", "/mini-programs/scoped/recover", "/tokens", "/mini-programs/scoped/actions/upload-code",
		"/mini-programs/scoped/actions/cancel-creation", "/mini-programs/scoped/actions/approve-creation", "/mini-programs/scoped/actions/suspend",
		"/mini-programs/scoped/actions/leave-feedback", "/mini-programs/scoped/actions/nonsense",
	}
	nobody := as(t, "")
	for _, each := range []struct {
		madeToken
		reads bool
	}{{ci, true}, {app, false}, {edge, false}} {
		for _, path := range reads {
			answer := nobody.get(path, each.bearer())
			if each.reads {
				assert.NotEqual(t, http.StatusForbidden, answer.status, path)
				continue
			}
			answer.refuses(http.StatusForbidden, tokens.InsufficientScope, string(each.Kind))
			assert.Equal(t, `Bearer error="insufficient_scope"`, answer.header.Get("WWW-Authenticate"))
		}
		for _, path := range writes {
			nobody.send(path, `{"name": "x", "kind": "host-app"}`, each.bearer()).refuses(http.StatusForbidden, tokens.InsufficientScope)
		}
		nobody.get("/tokens", each.bearer()).refuses(http.StatusForbidden, tokens.InsufficientScope)
		nobody.call(http.MethodDelete, "/tokens/"+each.ID, nil, each.bearer()).refuses(http.StatusForbidden, tokens.InsufficientScope)
	}
	nobody.send("/mini-programs/globex-by-token/actions/request-publishing", "", ci.bearer()).refuses(http.StatusForbidden, lifecycle.NotYourTeam)
	nobody.get("/mini-programs/globex-by-token", ci.bearer()).refuses(http.StatusForbidden, lifecycle.NotYourTeam)
	nobody.get("/mini-programs/globex-by-token/events", ci.bearer()).refuses(http.StatusForbidden, lifecycle.NotYourTeam)
	assert.NotContains(t, string(nobody.get("/mini-programs?limit=500", ci.bearer()).body), "globex-by-token")
	foreign := pipeline(t, "founder", lifecycle.RequestCreation)
	nobody.send("/mini-programs", `{"id": "not-acme", "title": "x", "team": "globex"}`, foreign.bearer()).refuses(http.StatusForbidden, lifecycle.NotYourTeam)
}

func TestATokenIsAcceptedInTheHeaderOnlyAndNothingTellsWhyItIsWorthNothing(t *testing.T) {
	ci, revoked := pipeline(t, "header", lifecycle.UploadCode), pipeline(t, "revoked", lifecycle.UploadCode)
	revoke(t, "developer", revoked.ID).is(http.StatusOK)
	unknown, _, err := tokens.Draft{Name: "x", Kind: tokens.HostApp}.Make(lifecycle.Actor{User: "o", Roles: []lifecycle.Role{lifecycle.Operator}}, time.Now())
	require.NoError(t, err)
	nobody := as(t, "")
	sentences := map[string]bool{}
	for _, secret := range []string{revoked.Secret, unknown} {
		answer := nobody.get("/me", "Authorization: Bearer "+secret)
		sentences[answer.refuses(http.StatusUnauthorized, tokens.InvalidToken).Detail] = true
		assert.Equal(t, `Bearer error="invalid_token"`, answer.header.Get("WWW-Authenticate"))
	}
	assert.Len(t, sentences, 1)
	for _, damaged := range []string{ci.Secret[:20], ci.Secret + "A", "slp_"} {
		problem := nobody.get("/me", "Authorization: Bearer "+damaged).refuses(http.StatusUnauthorized, tokens.InvalidToken)
		assert.NotContains(t, problem.Detail, "slp_")
	}
	for _, header := range []string{"Authorization: Basic " + ci.Secret, "Authorization: " + ci.Secret, "X-Api-Key: " + ci.Secret} {
		nobody.get("/me", header).refuses(http.StatusUnauthorized, "")
	}
	for _, query := range []string{"?token=", "?access_token=", "?authorization=Bearer+"} {
		answer := nobody.get("/me" + query + ci.Secret)
		answer.refuses(http.StatusUnauthorized, "")
		assert.NotContains(t, string(answer.body), ci.Secret)
		assert.NotContains(t, string(as(t, "developer").get("/me"+query+ci.Secret).body), ci.Secret, "nor is it repeated")
	}
}

func TestEventsEndWithTheTokenThatFollowsThem(t *testing.T) {
	ci, other := pipeline(t, "follower", lifecycle.UploadCode), pipeline(t, "lasting", lifecycle.UploadCode)
	streams := map[string]*http.Response{}
	for _, token := range []madeToken{ci, other} {
		streams[token.Name] = as(t, "").open(http.MethodGet, "/events", nil, token.bearer())
		defer streams[token.Name].Body.Close()
		require.Equal(t, http.StatusOK, streams[token.Name].StatusCode)
	}
	revoke(t, "developer", ci.ID).is(http.StatusOK)
	_, err := io.Copy(io.Discard, streams["follower"].Body) // or the test does not end
	require.NoError(t, err)
	requested(t, "heard-by-token")
	lines := bufio.NewScanner(streams["lasting"].Body)
	for lines.Scan() && !strings.Contains(lines.Text(), "heard-by-token") {
		continue
	}
	assert.Contains(t, lines.Text(), "heard-by-token")
	as(t, "").get("/events", ci.bearer()).refuses(http.StatusUnauthorized, tokens.InvalidToken)
}
