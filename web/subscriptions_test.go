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
	change := func(body string) (*http.Response, string) {
		return s.ask(http.MethodPut, "/api/v1/subscriptions/room", as("operator"), filledIn(body), header("Content-Type", "application/json"))
	}
	response, body := change(`{"events": ["publish"]}`)
	assert.Equal(t, http.StatusUnprocessableEntity, response.StatusCode, body)
	assert.Contains(t, body, "cannot be kept, because they cannot be read")
	response, body = change(`{"to": ["https://chat.example/services/T0/another"], "secret": ""}`)
	assert.Equal(t, http.StatusOK, response.StatusCode, body)
	assert.NotContains(t, body, "missing from PAYLOAD_KEY_FILE", "it can be read again")
	response, body = s.ask(http.MethodDelete, "/api/v1/subscriptions/room", as("operator"))
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
	require.NoError(t, store.SetAside(t.Context(), s.subscribed("room"), notify.Undelivered{Subscription: "room", Number: 7, MiniProgram: "weather", Since: now, NextAt: now, Parked: true, Error: "the target answered 400 Bad Request"}))
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

func TestARefusedSubscriptionByMailKeepsItsAddresses(t *testing.T) {
	s := stand(t)
	posted := url.Values{"name": {"post"}, "channel": {"mail"}, "to": {"ann@example.com\r\nbob@example.com"}, "events": {"party"}}
	response, body := s.ask(http.MethodPost, "/subscriptions", as("operator"), form(posted))
	assert.Equal(t, http.StatusUnprocessableEntity, response.StatusCode)
	assert.Contains(t, body, "here is no event")
	assert.Contains(t, body, "ann@example.com\r\nbob@example.com</textarea>", "without them it would go to everybody by role and team")
}

func (s standing) subscribed(name string) notify.Kept {
	kept, err := s.app.service.Notifications.Find(s.t.Context(), name)
	require.NoError(s.t, err)
	return kept
}

func TestASubscriptionIsChangedAndKeepsItsPlaceItsSecretsAndWhatItHasNotDelivered(t *testing.T) {
	s := stand(t)
	response, body := s.subscribes("operator", `{"name": "ci", "channel": "webhook", "to": ["https://ci.example/the-hook-token"], "secret": "`+hookSecret+`", "events": ["publish"], "teams": ["acme"]}`)
	require.Equal(t, http.StatusCreated, response.StatusCode, body)
	before, now, store := s.subscribed("ci"), time.Now(), s.app.service.Notifications
	require.NoError(t, store.SetAside(t.Context(), before, notify.Undelivered{Subscription: "ci", Number: 7, MiniProgram: "weather", Since: now, NextAt: now}))
	require.NoError(t, store.Keep(t.Context(), before, notify.Standing{Place: before.Place, FailingSince: now, Attempts: 9, NextAt: now.Add(time.Hour)}))
	change := func(name, body string) (*http.Response, string) {
		return s.ask(http.MethodPut, "/api/v1/subscriptions/"+name, as("operator"), filledIn(body), header("Content-Type", "application/json"))
	}
	response, body = change("ci", `{"events": ["publish", "held"]}`)
	require.Equal(t, http.StatusOK, response.StatusCode, body)
	assert.NotContains(t, body, "the-hook-token")
	after := s.subscribed("ci")
	assert.Equal(t, []string{"publish", "held"}, after.Events)
	assert.Empty(t, after.Teams, "what is left out is all")
	assert.Equal(t, before.To, after.To)
	assert.Equal(t, before.Secret, after.Secret)
	assert.Equal(t, before.MadeBy, after.MadeBy)
	assert.Equal(t, before.Place, after.Place)
	assert.Equal(t, 1, after.Waiting)
	assert.True(t, after.NextAt.IsZero(), "the new target is tried at once")

	response, body = change("ci", `{"name": "ci", "channel": "webhook", "to": ["https://ci.example/another"]}`)
	require.Equal(t, http.StatusOK, response.StatusCode, body)
	assert.Equal(t, []string{"https://ci.example/another"}, s.subscribed("ci").To)
	for body, reason := range map[string]string{
		`{"name": "other"}`: "keeps its name", `{"channel": "slack"}`: "keeps its channel", `{"to": []}`: "needs one address",
		`{"secret": ""}`: "24 to 64 random bytes", `{"events": ["party"]}`: "there is no event", `{"event": ["publish"]}`: "event",
	} {
		response, answer := change("ci", body)
		isProblem(t, response, answer, http.StatusUnprocessableEntity)
		assert.Contains(t, answer, reason, body)
	}
	response, body = change("nobody", `{"events": ["publish"]}`)
	isProblem(t, response, body, http.StatusNotFound)
}

func TestThePageChangesASubscription(t *testing.T) {
	s := stand(t)
	response, body := s.subscribes("operator", `{"name": "room", "channel": "slack", "to": ["`+chatTarget+`"], "events": ["publish", "held"]}`)
	require.Equal(t, http.StatusCreated, response.StatusCode, body)
	_, body = s.ask(http.MethodGet, "/subscriptions/room", as("operator"))
	assert.Contains(t, body, `value="publish, held"`)
	assert.NotContains(t, body, `name="secret"`, "Slack signs nothing")
	response, body = s.ask(http.MethodPost, "/subscriptions/room", as("operator"), form(url.Values{"events": {"rollback"}, "teams": {"acme"}, "to": {""}}))
	require.Equal(t, http.StatusSeeOther, response.StatusCode, body)
	kept := s.subscribed("room")
	assert.Equal(t, []string{chatTarget}, kept.To)
	assert.Equal(t, []string{"rollback"}, kept.Events)
	assert.Equal(t, []string{"acme"}, kept.Teams)
	response, body = s.ask(http.MethodPost, "/subscriptions/room", as("operator"), form(url.Values{"events": {"party"}, "to": {chatTarget}}))
	assert.Equal(t, http.StatusUnprocessableEntity, response.StatusCode)
	assert.Contains(t, body, `value="party"`, "what was typed is there")
	assert.Contains(t, body, "here is no event")
	assert.NotContains(t, body, "the-chat-token")
}

func TestMailGoesToNoAddressThatWasTakenOut(t *testing.T) {
	s := stand(t)
	response, body := s.subscribes("operator", `{"name": "post", "channel": "mail", "to": ["ann@example.com", "bob@example.com"]}`)
	require.Equal(t, http.StatusCreated, response.StatusCode, body)
	store, now := s.app.service.Notifications, time.Now()
	for _, recipient := range []string{"ann@example.com", "bob@example.com"} {
		require.NoError(t, store.SetAside(t.Context(), s.subscribed("post"), notify.Undelivered{Subscription: "post", Recipient: recipient, Number: 7, MiniProgram: "weather", Since: now, NextAt: now}))
	}
	_, body = s.ask(http.MethodGet, "/subscriptions/post", as("operator"))
	assert.Contains(t, body, "ann@example.com\nbob@example.com</textarea>", "addresses of mail are no secret")
	response, body = s.ask(http.MethodPost, "/subscriptions/post", as("operator"), form(url.Values{"to": {"bob@example.com"}, "events": {"*"}}))
	require.Equal(t, http.StatusSeeOther, response.StatusCode, body)
	open, err := store.Open(t.Context(), "post", 10)
	require.NoError(t, err)
	require.Len(t, open, 1)
	assert.Equal(t, "bob@example.com", open[0].Recipient)
}

func TestASubscriptionOfTheSettingsIsChangedThere(t *testing.T) {
	s := stand(t)
	settings := lifecycle.Subscriptions{{Name: "ops", Channel: lifecycle.Slack, To: []string{chatTarget}}}
	require.NoError(t, s.app.service.Notifications.TakeUp(t.Context(), settings, time.Now()))
	response, body := s.ask(http.MethodPut, "/api/v1/subscriptions/ops", as("operator"), filledIn(`{"events": ["held"]}`), header("Content-Type", "application/json"))
	isProblem(t, response, body, http.StatusUnprocessableEntity)
	assert.Contains(t, body, "change it there")
	_, body = s.ask(http.MethodGet, "/subscriptions/ops", as("operator"))
	assert.NotContains(t, body, `id="change"`)
	assert.Empty(t, s.subscribed("ops").Events)
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
