package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
	"slipway/lifecycle/lifecycletest"
	"slipway/packages"
)

// script leaves an attribute, a text field, a title and a script, and runs.
const script = `" onfocus="evil()" '></textarea></title></script><script>evil()</script><img src=x onerror=evil()>`

// theirs are people who are called like a script.
func theirs(roles ...string) lifecycletest.Person {
	return lifecycletest.Person{User: script, Roles: roles, Teams: []string{lifecycletest.OwnTeam}}
}

// packed is an app whose names and files are scripts.
func packed(t testing.TB, code string) []byte {
	var archive bytes.Buffer
	files := zip.NewWriter(&archive)
	quoted, err := json.Marshal(script)
	require.NoError(t, err)
	for name, content := range map[string]string{
		"app.json": fmt.Sprintf(`{"pages": ["pages/index", %s], "window": {"navigationBarTitleText": %s}, "permission": {%s: {"desc": %s}}, "plugins": {%s: {"version": %s, "provider": %s}}}`,
			quoted, quoted, quoted, quoted, quoted, quoted, quoted),
		"app.js": code, "pages/index.js": "Page({})", "pages/index.wxml": "<view/>", strings.ReplaceAll(script, "/", "|") + ".js": code,
	} {
		file, err := files.Create(name)
		require.NoError(t, err)
		_, err = file.Write([]byte(content))
		require.NoError(t, err)
	}
	require.NoError(t, files.Close())
	return archive.Bytes()
}

// fill writes the script into every text of a value that is not empty by its type.
func fill(value reflect.Value) {
	switch value.Kind() {
	case reflect.String:
		value.SetString(script)
	case reflect.Struct:
		for i := range value.NumField() {
			fill(value.Field(i))
		}
	case reflect.Slice:
		value.Set(reflect.MakeSlice(value.Type(), 1, 1))
		fill(value.Index(0))
	case reflect.Int, reflect.Int64:
		value.SetInt(1)
	}
}

// stored is a mini-program of which each step wrote the script wherever something can be written.
func (s trusting) stored(id string, steps ...lifecycle.Command) {
	creation := lifecycle.Creation{ID: id, Title: script, Description: script, Comment: script, Team: lifecycletest.OwnTeam, Actor: actorOf(theirs("developer")), RequestID: script}
	m, record, refusal := lifecycle.NewMiniProgram(creation, time.Now(), lifecycle.DefaultSettings())
	require.Nil(s.t, refusal)
	s.commit("life", m, record)
	for _, command := range steps {
		command.Actor = actorOf(theirs("developer", "release-manager", "operator"))
		if rule, _ := lifecycle.RuleFor(command.Action); rule.Decides {
			command.Actor = lifecycle.Actor{User: script + "2", Roles: []lifecycle.Role{lifecycle.Reviewer}}
		}
		command.Comment, command.RequestID = script, fmt.Sprint(m.Sequence)
		m, record, refusal = m.Decide(command, lifecycle.Facts{Format: "app-json"}, time.Now(), lifecycle.DefaultSettings())
		require.Nil(s.t, refusal, command.Action)
		s.commit("life", m, record)
	}
}

func (s trusting) storedInManyStates() (ids []string) {
	put := func(code string) string {
		sha256, _, err := s.app.store.Put(s.t.Context(), bytes.NewReader(packed(s.t, code)))
		require.NoError(s.t, err)
		return sha256
	}
	upload := func(version, sha256 string) lifecycle.Command {
		return lifecycle.Command{Action: lifecycle.UploadCode, Notes: script, Package: &lifecycle.Package{Version: version, SHA256: sha256}}
	}
	step := func(action lifecycle.Action) lifecycle.Command { return lifecycle.Command{Action: action} }
	plan := &lifecycle.Plan{Grayscale: lifecycle.Grayscale{Percent: lifecycle.WholePercent(5), Testers: []string{script}, Bake: lifecycle.Duration(time.Hour)},
		Production: []lifecycle.Stage{{Percent: lifecycle.WholePercent(100)}}}
	publish := lifecycle.Command{Action: lifecycle.Publish, Plan: plan}
	sha256 := put("evil()")
	created := []lifecycle.Command{step(lifecycle.ApproveCreation), upload("1.0.0", sha256), step(lifecycle.RequestPublishing)}
	ready := append(created[:3:3], step(lifecycle.ApprovePublishing))
	released := append(ready[:4:4], publish, lifecycle.Command{Action: lifecycle.LeaveFeedback, Rating: 1, Text: script})
	released[5].Comment = ""
	live := append(released[:5:5], step(lifecycle.Promote), step(lifecycle.Advance))
	s.stored("script-asked")
	s.stored("script-review", created...)
	s.stored("script-refused", append(created[:3:3], step(lifecycle.RejectPublishing))...)
	s.stored("script-ready", append(ready[:4:4], lifecycle.Command{Action: lifecycle.Publish, Plan: plan, At: new(time.Now().Add(time.Hour))})...)
	s.stored("script-grayscale", released...)
	s.stored("script-paused", append(released[:5:5], step(lifecycle.Pause))...)
	s.stored("script-suspended", append(live[:7:7], step(lifecycle.Suspend))...)
	s.stored("script-compared", append(live[:7:7], upload("1.1.0", put("worse()")), step(lifecycle.RequestPublishing))...)
	var report packages.Report
	fill(reflect.ValueOf(&report).Elem())
	report.SHA256, report.Version = sha256, "1.0.0"
	text, err := json.Marshal(report)
	require.NoError(s.t, err)
	require.NoError(s.t, s.app.catalog.KeepReport(s.t.Context(), sha256, "1.0.0", text))
	return []string{"script-asked", "script-review", "script-refused", "script-ready", "script-grayscale", "script-paused", "script-suspended", "script-compared"}
}

// Every page about every mini-program, for somebody who is called like a script, and every parameter that is shown.
func TestAScriptThatSomebodyStoredIsOnlyText(t *testing.T) {
	s := trust(t, func(s *settings) { s.Contact = script; s.TemporalUI = "https://temporal.example" })
	ids := s.storedInManyStates()
	said := s.issuer.Usual(script)
	said["name"], said["roles"], said["teams"] = script, []string{"developer", "reviewer", "release-manager", "operator"}, []string{lifecycletest.OwnTeam}
	token := bearer(s.issuer.Sign(said))
	shown := map[string]int{}
	for _, route := range s.router.Routes() {
		if route.Method != http.MethodGet || route.Permission.IsStream() {
			continue
		}
		for _, path := range addresses(route.Pattern, ids) {
			response, body := s.ask(http.MethodGet, path, token)
			assertOnlyText(t, path, response, body)
			if strings.Contains(body, "&lt;img src=x onerror=evil()&gt;") {
				shown[route.Pattern]++
			}
		}
	}
	for _, pattern := range []string{"/", "/me", "/mini-programs", "/mini-programs/:id", "/mini-programs/:id/audit", "/mini-programs/:id/rollout",
		"/mini-programs/:id/versions/:version", "/mini-programs/:id/actions/:action"} {
		assert.Positive(t, shown[pattern], "%s shows what people wrote", pattern)
	}
	for _, sent := range []url.Values{{"comment": {script}, "request_id": {script}}, {"account": {script}, "next": {script}}} {
		for _, path := range []string{"/sign-in", "/request-creation", "/mini-programs/script-review/actions/approve-publishing", "/mini-programs/script-ready/actions/publish/preview"} {
			response, body := s.ask(http.MethodPost, path, token, form(sent))
			assertOnlyText(t, path, response, body)
		}
	}
}

// addresses are those of a route for every mini-program and action, with the script in all parameters that pages have.
func addresses(pattern string, ids []string) (paths []string) {
	parameters := url.Values{}
	for _, name := range []string{"q", "team", "state", "order", "answer", "next", "cursor", "before", "sha256", "error", "error_description"} {
		parameters.Set(name, script)
	}
	for _, id := range append(ids, url.PathEscape(script)) {
		for _, action := range append(lifecycle.Actions, lifecycle.Action(url.PathEscape(script))) {
			for _, version := range []string{"1.0.0", "1.1.0", url.PathEscape(script)} {
				path := strings.NewReplacer(":id", id, ":action", string(action), ":version", version, "*file", url.PathEscape(script)).Replace(pattern)
				paths = append(paths, path, path+"?"+parameters.Encode())
				if !strings.Contains(pattern, ":version") {
					break
				}
			}
			if !strings.Contains(pattern, ":action") {
				break
			}
		}
		if !strings.Contains(pattern, ":id") {
			break
		}
	}
	return paths
}

func assertOnlyText(t *testing.T, path string, response *http.Response, body string) {
	t.Helper()
	assert.Equal(t, "nosniff", response.Header.Get("X-Content-Type-Options"), path)
	if strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") {
		for _, live := range []string{"<script>evil", "<img src=x", `" onfocus="evil`, "</title></script>"} {
			assert.NotContains(t, body, live, path)
		}
		assert.Contains(t, response.Header.Get("Content-Security-Policy"), "script-src 'self'", path)
	}
}
