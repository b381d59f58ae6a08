package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/accounts"
	"slipway/lifecycle"
	"slipway/lifecycle/lifecycletest"
)

// secret is in everything that people wrote about the mini-programs of team acme in these tests.
const secret = "Umbrella"

// kept is a mini-program of team acme of which other teams may learn that it exists, and nothing else.
func (s standing) kept(id string, steps ...lifecycle.Command) {
	creation := lifecycle.Creation{ID: id, Title: secret, Description: secret, Comment: secret, Team: lifecycletest.OwnTeam, Actor: accounts.Dev()["developer"], RequestID: id}
	m, record, refusal := lifecycle.NewMiniProgram(creation, time.Now(), lifecycle.DefaultSettings())
	require.Nil(s.t, refusal)
	s.commit("life", m, record)
	for _, command := range steps {
		command.Comment = secret
		m, record, refusal = m.Decide(command, lifecycle.Facts{Format: "app-json"}, time.Now(), lifecycle.DefaultSettings())
		require.Nil(s.t, refusal, command.Action)
		s.commit("life", m, record)
	}
}

// keptInManyStates are one that has just been requested, one with a version in review and one that is live.
func (s standing) keptInManyStates() (ids []string) {
	account := accounts.Dev()
	upload := lifecycle.Command{Action: lifecycle.UploadCode, Actor: account["developer"], Package: &lifecycle.Package{Version: "1.0.0", SHA256: strings.Repeat("a", 64)}}
	submitted := []lifecycle.Command{
		{Action: lifecycle.ApproveCreation, Actor: account["reviewer"]}, upload, {Action: lifecycle.RequestPublishing, Actor: account["developer"]},
	}
	released := append(slices.Clone(submitted), lifecycle.Command{Action: lifecycle.ApprovePublishing, Actor: account["reviewer"]},
		lifecycle.Command{Action: lifecycle.Publish, Actor: account["developer"]})
	s.kept("kept-one")
	s.kept("kept-two", submitted...)
	s.kept("kept-six", released...)
	return []string{"kept-one", "kept-two", "kept-six"}
}

// sees is the rule of the contract: a team sees its own, the people of the platform, auditors among them, see all.
func sees(person lifecycletest.Person) bool {
	platform := []string{"reviewer", "release-manager", "operator", "auditor"}
	return slices.Contains(person.Teams, lifecycletest.OwnTeam) || slices.ContainsFunc(person.Roles, func(role string) bool { return slices.Contains(platform, kindOf(role)) })
}

// kindOf is a role without the name that some reviewers have.
func kindOf(role string) string {
	kind, _, _ := strings.Cut(role, ":")
	return kind
}

// readers are walkers, and two more who see nothing of team acme.
var readers = append(slices.Clone(walkers),
	lifecycletest.Person{User: "noa"}, lifecycletest.Person{User: "gil", Roles: []string{"developer"}, Teams: []string{lifecycletest.OtherTeam, "acm", "acme2"}})

// questions make addresses of patterns.
var questions = strings.NewReplacer("/explain", "/explain?user=ann", ":version", "1.0.0", ":action", "leave-feedback", "*file", "style.css", "*path", "app.js")

// lists show all mini-programs that somebody may see.
var lists = []string{"/mini-programs", "/api/v1/mini-programs"}

// silent are looks at a mini-program without what people wrote about it: its stream, a form, what is kept of a package that is in no store, and
// submissions where there are none.
var silent = []string{
	"/events", "/actions/:action", "/report", "/explain", "/versions/:version", "/files", "/*path", "/package", "/submissions",
	"/api/v1/mini-programs/:id/feedback", "/previews",
}

// Every page and every call that only looks, by everybody.
func TestWhatSomebodyReadsIsTheirs(t *testing.T) {
	s := trust(t)
	ids := s.keptInManyStates()
	for _, who := range readers {
		token := bearer(tokenOf(s, who))
		for _, route := range s.router.Routes() {
			if strings.Contains(route.Pattern, "/fleet") { // fleet_test.go: they are about many
				continue
			}
			if route.Method != http.MethodGet || route.Permission.IsPublic() || route.Permission.IsStream() && !strings.Contains(route.Pattern, ":id") {
				continue
			}
			path := questions.Replace(route.Pattern)
			if strings.Contains(path, ":id") {
				s.looksAt(who, token, route.Pattern, path, ids)
				continue
			}
			_, body := s.ask(http.MethodGet, path, token)
			if !sees(who) || slices.Contains(lists, path) {
				assert.Equal(t, sees(who), strings.Contains(body, secret), "%s: %s", who.User, path)
			}
		}
	}
}

// looksAt looks at one mini-program after the other, and at one that does not exist.
func (s trusting) looksAt(who lifecycletest.Person, token asked, pattern, path string, ids []string) {
	told := map[string]bool{}
	for _, id := range ids {
		response, body := s.look(strings.Replace(path, ":id", id, 1), token)
		what := who.User + ": " + path + " of " + id
		if sees(who) {
			mayAnswer := response.StatusCode == http.StatusOK || response.StatusCode == http.StatusNotFound // when it has no version yet
			mayAnswer = mayAnswer || response.StatusCode == http.StatusForbidden && (strings.Contains(path, "/actions/") || strings.HasSuffix(path, "/previews")) && len(who.Roles) == 1 && who.Roles[0] == "auditor"
			mayAnswer = mayAnswer || response.StatusCode == http.StatusForbidden && strings.HasSuffix(pattern, "/package") && !downloads(who)
			assert.True(s.t, mayAnswer, "%s: %d %s", what, response.StatusCode, body)
			speaks := !slices.ContainsFunc(silent, func(end string) bool { return strings.HasSuffix(pattern, end) })
			assert.True(s.t, !speaks || strings.Contains(body, secret), what)
			continue
		}
		assert.Equal(s.t, http.StatusForbidden, response.StatusCode, what)
		told[strings.ReplaceAll(body, id, "ID")] = true
		assert.NotContains(s.t, body, secret, what)
	}
	assert.LessOrEqual(s.t, len(told), 1, "%s: %s says the same of each, wherever it stands", who.User, path)
	response, _ := s.look(strings.Replace(path, ":id", "nowhere", 1), token)
	if !strings.Contains(path, "/actions/") {
		assert.Equal(s.t, http.StatusNotFound, response.StatusCode, "%s: %s", who.User, path)
	}
}

// downloads is the rule of the contract: reviewers, operators and the team have packages as files.
func downloads(person lifecycletest.Person) bool {
	reviews := func(role string) bool { return kindOf(role) == "reviewer" || role == "operator" }
	return slices.Contains(person.Teams, lifecycletest.OwnTeam) || slices.ContainsFunc(person.Roles, reviews)
}

// look reads an answer, of a stream only how it begins.
func (s trusting) look(path string, how ...asked) (*http.Response, string) {
	if !strings.HasSuffix(path, "/events") {
		return s.ask(http.MethodGet, path, how...)
	}
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.URL+path, nil)
	require.NoError(s.t, err)
	for _, each := range how {
		each(request)
	}
	response, err := s.Client().Do(request)
	require.NoError(s.t, err)
	require.NoError(s.t, response.Body.Close())
	return response, ""
}

func tokenOf(s trusting, person lifecycletest.Person) string {
	said := s.issuer.Usual(person.User)
	said["roles"], said["teams"] = orNone(person.Roles), orNone(person.Teams)
	return s.issuer.Sign(said)
}
