package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/keyring"
	"slipway/lifecycle"
	"slipway/notify"
)

const (
	hookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	chatTarget = "https://chat.example/services/T0/the-chat-token"
)

func (s standing) subscribes(who, body string) (*http.Response, string) {
	return s.ask(http.MethodPost, "/api/v1/subscriptions", as(who), filledIn(body), header("Content-Type", "application/json"))
}

func TestASubscriptionIsMadeShownWithoutItsSecretsAndDeleted(t *testing.T) {
	s := stand(t)
	response, body := s.subscribes("operator", `{"name": "ci", "channel": "webhook", "to": ["https://ci.example/the-hook-token"], "secret": "`+hookSecret+`", "events": ["publish"]}`)
	require.Equal(t, http.StatusCreated, response.StatusCode, body)
	answers := body
	for _, path := range []string{"/api/v1/subscriptions", "/api/v1/subscriptions/ci", "/subscriptions", "/subscriptions/ci"} {
		response, body := s.ask(http.MethodGet, path, as("operator"))
		require.Equal(t, http.StatusOK, response.StatusCode, path)
		assert.Contains(t, body, "https://ci.example/…", path)
		answers += body
	}
	for _, secret := range []string{hookSecret, "the-hook-token"} {
		assert.NotContains(t, answers, secret)
	}
	response, body = s.subscribes("operator", `{"name": "ci", "channel": "slack", "to": ["`+chatTarget+`"]}`)
	isProblem(t, response, body, http.StatusConflict)
	assert.NotContains(t, body, "the-chat-token")

	response, body = s.ask(http.MethodDelete, "/api/v1/subscriptions/ci", as("operator"))
	require.Equal(t, http.StatusOK, response.StatusCode, body)
	for _, path := range []string{"/api/v1/subscriptions/ci", "/subscriptions/ci"} {
		response, body = s.ask(http.MethodGet, path, as("operator"))
		assert.Equal(t, http.StatusNotFound, response.StatusCode, body)
	}
}

func TestASubscriptionWhoseKeyIsMissingIsListedWithTheReason(t *testing.T) {
	s := stand(t)
	var keys keyring.Ring
	require.NoError(t, keys.UnmarshalText([]byte(keyring.Generate("k1"))))
	store := notify.NewStore(s.app.service.Catalog.Database(), keys)
	require.NoError(t, store.Add(t.Context(), lifecycle.Subscription{Name: "room", Channel: lifecycle.Slack, To: []string{chatTarget}}, "olga", time.Now()))
	for _, path := range []string{"/api/v1/subscriptions", "/api/v1/subscriptions/room", "/subscriptions", "/subscriptions/room"} {
		response, body := s.ask(http.MethodGet, path, as("operator"))
		require.Equal(t, http.StatusOK, response.StatusCode, path)
		assert.Contains(t, body, "missing from PAYLOAD_KEY_FILE", path)
		assert.NotContains(t, body, "chat.example", path)
	}
	response, body := s.ask(http.MethodDelete, "/api/v1/subscriptions/room", as("operator"))
	assert.Equal(t, http.StatusOK, response.StatusCode, body)
}

func TestASubscriptionThatCannotBeMeantIsRefusedWithTheReason(t *testing.T) {
	s := stand(t)
	for body, reason := range map[string]string{
		`{"name": "Bad Name", "channel": "slack", "to": ["https://chat.example/x"]}`:                         "lower-case letters",
		`{"name": "ci", "channel": "telex", "to": ["https://chat.example/x"]}`:                               "channel",
		`{"name": "ci", "channel": "slack", "to": ["https://chat.example/x"], "events": ["party"]}`:          `there is no event \"party\"`,
		`{"name": "ci", "channel": "slack", "to": ["ftp://chat.example/x"]}`:                                 "begins with https://",
		`{"name": "ci", "channel": "slack", "to": []}`:                                                       "needs one address",
		`{"name": "ci", "channel": "webhook", "to": ["https://ci.example/x"]}`:                               "24 to 64 random bytes",
		`{"name": "ci", "channel": "slack", "to": ["https://chat.example/x"], "secret": "s"}`:                "signs nothing",
		`{"name": "ci", "channel": "mail", "to": ["nobody"]}`:                                                "no address of mail",
		`{"name": "ci", "channel": "webhook", "to": ["https://ci.example/x"], "secret_file": "/etc/passwd"}`: "settings file",
		`{"name": "ci", "channel": "slack", "to": ["https://chat.example/x"], "language": "tlh"}`:            "language",
		`{"name": "ci", "channel": "slack", "to": ["https://chat.example/x"], "team": ["acme"]}`:             "team",
	} {
		response, answer := s.subscribes("operator", body)
		isProblem(t, response, answer, http.StatusUnprocessableEntity)
		assert.Contains(t, answer, reason, body)
	}
}

func TestOnlyOperatorsRunSubscriptions(t *testing.T) {
	s := stand(t)
	for _, who := range []string{"developer", "reviewer", "release-manager"} {
		response, body := s.subscribes(who, `{"name": "ci", "channel": "slack", "to": ["`+chatTarget+`"]}`)
		isProblem(t, response, body, http.StatusForbidden)
		response, _ = s.ask(http.MethodGet, "/subscriptions", as(who))
		assert.Equal(t, http.StatusForbidden, response.StatusCode)
		_, body = s.ask(http.MethodGet, "/", as(who))
		assert.NotContains(t, body, `href="/subscriptions"`)
	}
}

func TestThePageMakesASubscriptionAndSendsAgainWhatWasParked(t *testing.T) {
	s := stand(t)
	posted := url.Values{"name": {"room"}, "channel": {"slack"}, "to": {chatTarget}, "events": {"publish, held"}, "language": {"zh-Hans"}}
	response, body := s.ask(http.MethodPost, "/subscriptions", as("operator"), form(posted))
	require.Equal(t, http.StatusSeeOther, response.StatusCode, body)
	assert.Equal(t, "/subscriptions/room", response.Header.Get("Location"))
	posted.Set("name", "no good")
	response, body = s.ask(http.MethodPost, "/subscriptions", as("operator"), form(posted))
	assert.Equal(t, http.StatusUnprocessableEntity, response.StatusCode)
	assert.Contains(t, body, `value="no good"`)
	assert.NotContains(t, body, "the-chat-token", "what is secret is typed again")

	now := time.Now()
	store := s.app.service.Notifications
	require.NoError(t, store.SetAside(t.Context(), notify.Undelivered{Subscription: "room", Number: 7, MiniProgram: "weather", Since: now, NextAt: now, Parked: true, Error: "the target answered 400 Bad Request"}))
	_, body = s.ask(http.MethodGet, "/subscriptions/room", as("operator"))
	assert.Contains(t, body, "The target answered 400 Bad Request")
	assert.Contains(t, body, "1 parked")
	response, body = s.ask(http.MethodPost, "/api/v1/subscriptions/room/redeliver?change=8", as("operator"))
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.JSONEq(t, `{"redelivered": 0}`, body, "nothing of that change")
	response, _ = s.ask(http.MethodPost, "/subscriptions/room/redeliver", as("operator"), form(url.Values{"change": {"7"}}))
	assert.Equal(t, http.StatusSeeOther, response.StatusCode)
	kept, err := store.Find(t.Context(), "room")
	require.NoError(t, err)
	assert.Equal(t, 1, kept.Waiting)
	assert.Zero(t, kept.Parked)
}

func TestPeopleSwitchMailOffByKind(t *testing.T) {
	s := stand(t)
	session := s.signIn("developer")
	_, body := s.ask(http.MethodGet, "/me", cookie(session))
	assert.Contains(t, body, "developer@slipway.localhost")
	assert.Equal(t, 2, strings.Count(body, `name="mail-`), "decisions and rollouts are for the team")
	assert.Equal(t, 2, strings.Count(body, ` checked`))
	response, _ := s.ask(http.MethodPost, "/me/mail", cookie(session), filledIn("mail-decisions=yes"))
	require.Equal(t, http.StatusSeeOther, response.StatusCode)
	person, found, err := s.app.service.People.Find(t.Context(), "developer")
	require.NoError(t, err)
	require.True(t, found)
	assert.Equal(t, []string{"rollouts"}, person.Muted)
	_, body = s.ask(http.MethodGet, "/me", cookie(session))
	assert.Equal(t, 1, strings.Count(body, ` checked`))
}
