package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/lifecycle"
	"slipway/lifecycle/lifecycletest"
	"slipway/web/service"
)

// discussed is the weather under review, about which the platform talks among itself and with the team.
func (s standing) discussed() {
	s.reviewed()
	say := func(account, text string, about func(*lifecycle.Command)) {
		command := lifecycle.Command{Action: lifecycle.Comment, Text: text}
		if about != nil {
			about(&command)
		}
		s.does(account, command)
	}
	say("developer", "the map was <turned>", nil)
	say("reviewer", "between-us", func(c *lifecycle.Command) { c.PlatformOnly, c.File = true, "between-us.js" })
	say("operator", "what about line seven?", func(c *lifecycle.Command) { c.File, c.Line = "pages/map.js", 7 })
}

// What is for the platform only is on no page, in no answer and in no list of the team's; the platform has it where it reads what was said.
func TestWhatIsForThePlatformOnlyIsNotToldToTheTeam(t *testing.T) {
	t.Run("under review", func(t *testing.T) {
		s := stand(t)
		s.discussed()
		s.tellsThePlatformOnly("between-us", "1.1.0")
	})
	t.Run("while it is rolled out", func(t *testing.T) {
		s := stand(t)
		s.rolledOut()
		s.does("reviewer", lifecycle.Command{Action: lifecycle.Comment, Text: "hold it", PlatformOnly: true, File: "between-us.js", Line: 12})
		s.tellsThePlatformOnly("between-us", "1.0.0", "/mini-programs/weather/rollout", "/api/v1/mini-programs/weather/explain?user=ann")
	})
	s := stand(t)
	s.discussed()
	response, _ := s.ask(http.MethodGet, "/api/v1/mini-programs/weather/comments", as("other-developer"))
	assert.Equal(t, http.StatusForbidden, response.StatusCode)
}

// tellsThePlatformOnly looks for a text at every address of the weather: the team finds it nowhere, the platform in the trail, among the
// comments, on the page of the mini-program and of its version, and where else it is said to be.
func (s standing) tellsThePlatformOnly(text, version string, elsewhere ...string) {
	var told []string
	for _, route := range s.router.Routes() {
		if route.Method != http.MethodGet || route.Permission.IsStream() {
			continue
		}
		path := strings.ReplaceAll(strings.ReplaceAll(questions.Replace(route.Pattern), ":id", "weather"), "1.0.0", version)
		_, body := s.ask(http.MethodGet, path, as("developer"))
		assert.NotContains(s.t, body, text, path)
		_, body = s.ask(http.MethodGet, path, as("reviewer"))
		if strings.Contains(body, text) {
			told = append(told, path)
		}
	}
	assert.ElementsMatch(s.t, append(elsewhere,
		"/mini-programs/weather", "/mini-programs/weather/audit", "/mini-programs/weather/versions/"+version,
		"/api/v1/mini-programs/weather/audit", "/api/v1/mini-programs/weather/comments",
	), told)
}

func TestTheTeamsStreamsLeaveOutWhatIsForThePlatformOnly(t *testing.T) {
	s := stand(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	go s.app.feed.Run(ctx)
	s.discussed()
	read := func(account, path string) (seen string) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+path, nil)
		require.NoError(t, err)
		as(account)(request)
		request.Header.Set("Last-Event-ID", "0")
		response, err := s.Client().Do(request)
		require.NoError(t, err)
		defer func() { _ = response.Body.Close() }()
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			seen += lines.Text() + "\n"
			if strings.Contains(lines.Text(), "line 7") { // the last of them
				return seen
			}
		}
		require.Fail(t, "the stream ended before the last comment", seen)
		return seen
	}
	for _, path := range []string{"/api/v1/events", "/api/v1/mini-programs/weather/events"} {
		team, platform := read("developer", path), read("reviewer", path)
		assert.NotContains(t, team, "platform_only", path)
		assert.NotContains(t, team, "between-us", path)
		assert.Equal(t, strings.Count(team, "data: ")+1, strings.Count(platform, "data: "), path)
	}
	hidden := catalog.Change{ID: "weather", Team: "acme", Transition: &lifecycle.Transition{PlatformOnly: true}}
	assert.False(t, service.SeesChange(lifecycle.Actor{Roles: []lifecycle.Role{lifecycle.Developer}, Teams: []string{"acme"}}, hidden))
	assert.True(t, service.SeesChange(lifecycle.Actor{Roles: []lifecycle.Role{lifecycle.Auditor}}, hidden))
}

func TestTheTeamReadsOnBehindWhatItDoesNotSee(t *testing.T) {
	s := stand(t)
	s.welcomed()
	for i := range 60 { // more than is read at a time
		s.does("reviewer", lifecycle.Command{Action: lifecycle.Comment, Text: fmt.Sprint("hidden ", i), PlatformOnly: true})
	}
	s.does("developer", lifecycle.Command{Action: lifecycle.Comment, Text: "seen"})
	for path, last := range map[string]string{"/audit": "request-creation", "/comments": "request-creation"} {
		var actions []string
		for cursor := ""; ; {
			_, body := s.ask(http.MethodGet, "/api/v1/mini-programs/weather"+path+"?limit=1"+cursor, as("developer"))
			var page struct {
				Entries    []struct{ Action string }
				NextCursor string `json:"next_cursor"`
			}
			require.NoError(t, json.Unmarshal([]byte(body), &page))
			require.Len(t, page.Entries, 1)
			actions = append(actions, page.Entries[0].Action)
			if page.NextCursor == "" {
				break
			}
			cursor = "&cursor=" + page.NextCursor
		}
		assert.Equal(t, []string{"comment", "approve-creation", last}, actions, path)
	}
}

func TestTheConversationIsOneThread(t *testing.T) {
	s := stand(t)
	s.discussed()
	_, body := s.ask(http.MethodGet, "/mini-programs/weather/versions/1.1.0", as("reviewer"))
	thread := body[strings.Index(body, `id="conversation"`):]
	at := 0
	for _, text := range []string{
		"the first one", "the map is upside down", "the map was &lt;turned&gt;", "for the platform only", "between-us", "what about line seven?",
	} {
		next := strings.Index(thread[at:], text)
		require.GreaterOrEqual(t, next, 0, "%q comes next", text)
		at += next
	}
	assert.Contains(t, thread, "/mini-programs/weather/versions/1.1.0/files/pages/map.js?sha256="+sum("d")+"#L7")
	assert.Contains(t, thread, `name="platform_only"`)
	_, body = s.ask(http.MethodGet, "/mini-programs/weather", as("developer"))
	assert.NotContains(t, body, `name="platform_only"`, "who would not see it cannot write it")
	_, body = s.ask(http.MethodGet, "/mini-programs/weather/actions/comment?file=pages/map.js&line=7", as("reviewer"))
	assert.Contains(t, body, `value="pages/map.js"`, "a link may name the place")
	assert.Contains(t, body, `value="7"`)

	var page struct {
		Entries []struct {
			Text, File   string
			Line         int
			PlatformOnly bool `json:"platform_only"`
			Package      struct{ Version string }
		}
	}
	_, body = s.ask(http.MethodGet, "/api/v1/mini-programs/weather/comments", as("operator"))
	require.NoError(t, json.Unmarshal([]byte(body), &page))
	assert.Equal(t, []any{"what about line seven?", "pages/map.js", 7, false, "1.1.0"},
		[]any{page.Entries[0].Text, page.Entries[0].File, page.Entries[0].Line, page.Entries[0].PlatformOnly, page.Entries[0].Package.Version})
	assert.True(t, page.Entries[1].PlatformOnly)
}

func TestACommentIsWrittenOnThePageThatItIsAbout(t *testing.T) {
	w := openWhole(t)
	id := w.begin(lifecycletest.Situation{State: "PublishingPending"})
	page := "/mini-programs/" + id + "/versions/1.0.0"
	send := func(action string, fields url.Values) (*http.Response, string) {
		response, body := w.accounts.ask(http.MethodPost, "/mini-programs/"+id+"/actions/"+action, as("reviewer"), form(fields))
		return response, body
	}
	response, body := send("comment", url.Values{"text": {"see there"}, "file": {" app.js "}, "line": {"x"}, "back": {page}, "platform_only": {"yes"}})
	assert.Equal(t, http.StatusUnprocessableEntity, response.StatusCode)
	for _, kept := range []string{"see there", `value="app.js"`, `value="x"`, "checked", `name="back" value="` + page + `"`} {
		assert.Contains(t, body, kept, "what was typed stays")
	}
	response, _ = send("comment", url.Values{"text": {"see there"}, "file": {" app.js "}, "line": {"3"}, "back": {page}, "if_revision": {"0"}})
	assert.Equal(t, []any{http.StatusSeeOther, page}, []any{response.StatusCode, response.Header.Get("Location")})
	older := strings.Repeat("e", 64)
	send("comment", url.Values{"text": {"of old"}, "file": {"app.js"}, "version": {"0.9.0"}, "sha256": {older}, "back": {page}})
	_, body = w.accounts.ask(http.MethodGet, "/mini-programs/"+id, as("developer"))
	assert.Contains(t, body, "/versions/0.9.0/files/app.js?sha256="+older, "it is about the package that its writer looked at")
	response, _ = send("comment", url.Values{"text": {"away"}, "back": {"//example.com"}})
	assert.Equal(t, "/", response.Header.Get("Location"), "nobody is led away from here")
	_, body = w.accounts.ask(http.MethodGet, page, as("developer"))
	assert.Contains(t, body, "see there")
	assert.Contains(t, body, "line 3")

	_, body = w.accounts.ask(http.MethodGet, page, as("reviewer"))
	assert.Contains(t, body, "<button>Take</button>")
	send("assign", url.Values{"assignee": {"reviewer"}, "back": {page}})
	_, body = w.accounts.ask(http.MethodGet, page, as("reviewer"))
	assert.Contains(t, body, "Hand back</button>")
	_, body = w.accounts.ask(http.MethodGet, "/", as("reviewer"))
	assert.Contains(t, body, "taken by <bdi>reviewer</bdi>")
	_, body = w.accounts.ask(http.MethodGet, "/mini-programs/"+id, as("developer"))
	assert.Contains(t, body, "taken by <bdi>reviewer</bdi>")
	assert.NotContains(t, body, "Take</button>")
	send("assign", url.Values{"assignee": {""}, "back": {page}})
	_, body = w.accounts.ask(http.MethodGet, page, as("reviewer"))
	assert.Contains(t, body, "Nobody has taken it")
}

func TestAPageShowsTheLatestOfAThousandPosts(t *testing.T) {
	s := stand(t)
	m := s.requested("life", "developer", "acme")
	for i := range 1000 {
		command := lifecycle.Command{Action: lifecycle.Comment, Text: fmt.Sprint("post ", i), RequestID: fmt.Sprint("post-", i)}
		m.Sequence++
		transition := lifecycle.Transition{Sequence: m.Sequence, Revision: m.Revision, Kind: lifecycle.KindRemark, Action: command.Action, At: time.Now()}
		s.commit("life", m, lifecycle.Record{Transition: transition, Command: command})
	}
	_, body := s.ask(http.MethodGet, "/mini-programs/weather", as("reviewer"))
	assert.Less(t, len(body), 200_000)
	assert.Contains(t, body, "post 999")
	assert.NotContains(t, body, "post 949")
	assert.Contains(t, body, "What was said before is in the audit trail")
}
