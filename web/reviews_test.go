package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/accounts"
	"slipway/lifecycle"
)

// does commits an action as the workflow would.
func (s standing) does(account string, command lifecycle.Command) {
	s.t.Helper()
	s.decided(account, command, lifecycle.Facts{})
}

// decides is does by the reviewer, with what was found out.
func (s standing) decides(command lifecycle.Command, facts lifecycle.Facts) {
	s.t.Helper()
	s.decided("reviewer", command, facts)
}

func (s standing) decided(account string, command lifecycle.Command, facts lifecycle.Facts) {
	s.t.Helper()
	stored, err := s.app.catalog.Stored(s.t.Context(), "weather")
	require.NoError(s.t, err)
	command.Actor, command.RequestID = accounts.Dev()[account], fmt.Sprint("request ", stored.Step)
	after, record, refusal := stored.MiniProgram.Decide(command, facts, time.Now(), lifecycle.DefaultSettings())
	require.Nil(s.t, refusal)
	s.commit(stored.Life, after, record)
}

func sum(letter string) string { return strings.Repeat(letter, 64) }

// submits uploads a version, whose report says what its package was called, and asks for its publication.
func (s standing) submits(version, letter, comment string) {
	s.t.Helper()
	report := fmt.Sprintf(`{"version": %q, "name": "package %s", "findings": [{"code": "odd", "severity": "warning", "message": "warning %s"}]}`, version, letter, letter)
	require.NoError(s.t, s.app.catalog.KeepReport(s.t.Context(), sum(letter), version, json.RawMessage(report)))
	s.does("developer", lifecycle.Command{Action: lifecycle.UploadCode, Package: &lifecycle.Package{Version: version, SHA256: sum(letter)}, Notes: "notes " + letter})
	if comment != "" {
		s.does("developer", lifecycle.Command{Action: lifecycle.RequestPublishing, Comment: comment})
	}
}

// reviewed is the weather after more than its timeline shows: 1.0.0 was rejected long ago, 1.1.0 is under review.
func (s standing) reviewed() (longComment string) {
	longComment = strings.Repeat("see the map, ", 40) + "please"
	s.welcomed()
	s.submits("1.0.0", "a", "")
	s.submits("1.0.0", "b", "the first one")
	s.does("reviewer", lifecycle.Command{Action: lifecycle.RejectPublishing, Comment: "the map is upside down"})
	for range lifecycle.MaxTransitions {
		s.submits("1.0.1", "c", "")
	}
	s.submits("1.1.0", "d", longComment)
	return longComment
}

func TestAReviewerSeesTheRequestAndAllThatWasDecidedBefore(t *testing.T) {
	s := stand(t)
	long := s.reviewed()
	_, body := s.ask(http.MethodGet, "/mini-programs/weather/versions/1.1.0", as("reviewer"))
	decide := body[strings.Index(body, "<h2>Decide</h2>"):strings.Index(body, "<h2>Release notes</h2>")]
	assert.Contains(t, decide, long, "all of it")
	assert.Contains(t, body, "the map is upside down")
	assert.Contains(t, body, "the first one")
	assert.Contains(t, body, "approve-creation")
}

func TestAVersionThatWasRejectedLongAgoIsShownWithItsReport(t *testing.T) {
	s := stand(t)
	s.reviewed()
	_, body := s.ask(http.MethodGet, "/mini-programs/weather/versions/1.0.0", as("developer"))
	assert.Contains(t, body, "warning b", "the newest of that version")
	assert.Contains(t, body, "notes b")
	assert.Contains(t, body, "the map is upside down")
	assert.NotContains(t, body, "<h2>Decide</h2>", "another version is under review")
	assert.Contains(t, body, "/mini-programs/weather/versions/1.0.0?sha256="+sum("a"))
	_, body = s.ask(http.MethodGet, "/mini-programs/weather/versions/1.0.0?sha256="+sum("a"), as("developer"))
	assert.Contains(t, body, "warning a")
	assert.Contains(t, body, "/mini-programs/weather/versions/1.0.0?sha256="+sum("b"))
	for _, path := range []string{"/versions/0.9.0", "/versions/1.0.0?sha256=" + sum("f"), "/versions/1.%25", "/versions/1.0._"} {
		response, body := s.ask(http.MethodGet, "/mini-programs/weather"+path, as("developer"))
		assert.Equal(t, http.StatusNotFound, response.StatusCode, path)
		assert.Contains(t, body, "No such version was ever uploaded", path)
	}
	response, _ := s.ask(http.MethodGet, "/mini-programs/weather/versions/1.0.0", as("other-developer"))
	assert.Equal(t, http.StatusForbidden, response.StatusCode)
}

func TestTheAPIHasTheReportOfAVersionThatWasRejectedLongAgo(t *testing.T) {
	s := stand(t)
	s.reviewed()
	report := func(path string) (int, string) {
		response, body := s.ask(http.MethodGet, "/api/v1/mini-programs/weather/packages/"+path, as("developer"))
		return response.StatusCode, body
	}
	status, body := report("1.0.0/report")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, "package b")
	status, body = report("1.0.0/report?sha256=" + sum("a"))
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, "package a")
	status, _ = report("1.0.0/report?sha256=" + sum("f"))
	assert.Equal(t, http.StatusNotFound, status)
	status, _ = report("0.9.0/report")
	assert.Equal(t, http.StatusNotFound, status)

	s.does("developer", lifecycle.Command{Action: lifecycle.CancelPublishing})
	s.does("developer", lifecycle.Command{Action: lifecycle.UploadCode, Package: &lifecycle.Package{Version: "2.0.0", SHA256: sum("e")}})
	status, body = report("2.0.0/report")
	assert.Equal(t, http.StatusNotFound, status)
	assert.Contains(t, body, "no longer kept", "it was swept away")
}

func TestWhatWasDecidedInAnEarlierLifeIsNotForAnotherTeam(t *testing.T) {
	s := stand(t)
	s.reborn()
	s.does("reviewer", lifecycle.Command{Action: lifecycle.ApproveCreation, Comment: "welcome"})
	s.does("other-developer", lifecycle.Command{Action: lifecycle.UploadCode, Package: &lifecycle.Package{Version: "1.0.0", SHA256: sum("a")}})
	_, body := s.ask(http.MethodGet, "/mini-programs/weather/versions/1.0.0", as("other-developer"))
	assert.Contains(t, body, "welcome")
	assert.NotContains(t, body, "acme")
	_, body = s.ask(http.MethodGet, "/mini-programs/weather/versions/1.0.0", as("reviewer"))
	assert.Contains(t, body, "acme&#39;s secret")
}
