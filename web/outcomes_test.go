package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/accounts"
	"slipway/catalog"
	"slipway/lifecycle"
)

// waitsFor notes that a request of the developer was recorded and is not answered yet.
func (s standing) waitsFor(id, requestID string) {
	waiters := &s.app.feed.Waiters
	s.app.service.Workflows.Waiters = waiters
	require.True(s.t, waiters.Expect(catalog.Request{MiniProgram: id, User: accounts.Dev()["developer"].User, ID: requestID}, 10, 10))
}

func TestOfAMadeUpRequestNothingIsSaidThatIsNotKnown(t *testing.T) {
	s := stand(t)
	s.weather()
	for _, path := range []string{"/mini-programs/weather?answer=made-up", "/mini-programs/weather/rollout?answer=made-up"} {
		response, body := s.ask(http.MethodGet, path, as("developer"))
		assert.Equal(t, http.StatusOK, response.StatusCode, path)
		assert.Contains(t, body, "No answer is known", path)
		assert.NotContains(t, body, "Recorded", path)
	}
	for _, path := range []string{"/mini-programs/nothing?answer=made-up", "/mini-programs/No%20Id?answer=made-up", "/mini-programs/nothing/rollout?answer=made-up"} {
		response, body := s.ask(http.MethodGet, path, as("developer"))
		assert.Equal(t, http.StatusNotFound, response.StatusCode, path)
		assert.Contains(t, body, "There is no mini-program", path)
		assert.NotContains(t, body, "Recorded", path)
	}
}

func TestARequestThatWaitsForItsAnswerIsSaidToBeRecorded(t *testing.T) {
	s := stand(t)
	s.weather()
	s.waitsFor("weather", "an-action")
	s.waitsFor("maps", "a-creation")
	for path, said := range map[string]string{
		"/mini-programs/weather?answer=an-action": "The action is safe and will be applied",
		"/mini-programs/maps?answer=a-creation":   "The request for creation is safe",
	} {
		_, body := s.ask(http.MethodGet, path, as("developer"))
		assert.Contains(t, body, said, path)
		_, body = s.ask(http.MethodGet, path, as("reviewer"))
		assert.NotContains(t, body, said, "%s is somebody else's", path)
	}
}

func TestAScheduledPublicationSaysWhenItWillHappen(t *testing.T) {
	s := stand(t)
	at := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	m := s.requested("life", "developer", "acme")
	m.State, m.Schedule = lifecycle.ReadyToPublish, &lifecycle.Schedule{At: at, By: "developer"}
	m.Revision, m.Sequence = m.Revision+1, m.Sequence+1
	publish := lifecycle.Command{Action: lifecycle.Publish, Actor: accounts.Dev()["developer"], RequestID: "later"}
	s.commit("life", m, lifecycle.Record{Transition: lifecycle.Transition{Sequence: m.Sequence, Revision: m.Revision, Action: publish.Action, At: time.Now()}, Command: publish})
	_, body := s.ask(http.MethodGet, "/mini-programs/weather?answer=later", as("developer"))
	assert.Contains(t, body, "Done: Publish, scheduled for")
	assert.Contains(t, body, "1 Mar 2027, 09:00 UTC")
}

func TestTheMenuMarksThePageAndNoMiniProgramOfThatName(t *testing.T) {
	s := stand(t)
	m := s.requested("life", "developer", "acme")
	m.Title = "Overview"
	m.Revision, m.Sequence = m.Revision+1, m.Sequence+1
	s.commit("life", m, lifecycle.Record{Transition: lifecycle.Transition{Sequence: m.Sequence, Revision: m.Revision, Action: lifecycle.Reminded, At: time.Now()}})
	_, body := s.ask(http.MethodGet, "/mini-programs/weather", as("developer"))
	assert.NotContains(t, body, "aria-current")
	for _, path := range []string{"/", "/mini-programs", "/request-creation"} {
		_, body := s.ask(http.MethodGet, path, as("developer"))
		assert.Contains(t, body, `href="`+path+`" aria-current="page"`)
	}
}
