package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"slipway/catalog/catalogtest"
)

// filledIn is a form on its way.
func filledIn(fields string) asked {
	return func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(fields)), int64(len(fields))
	}
}

// Whoever is told to send it again sends the same: what was recorded after all is not done twice.
func TestAFormThatIsNotAnsweredKeepsItsRequestIDAndItsRevision(t *testing.T) {
	s := stand(t)
	s.weather()
	response, body := s.ask(http.MethodPost, "/mini-programs/weather/actions/approve-creation", as("reviewer"),
		filledIn("request_id=the-same&if_revision=7&comment=typed"))
	assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	assert.Contains(t, body, `name="request_id" value="the-same"`)
	assert.Contains(t, body, `name="if_revision" value="7"`)
	assert.Contains(t, body, "typed")
	response, body = s.ask(http.MethodPost, "/request-creation", as("developer"), filledIn("request_id=the-same&id=maps&title=Maps&team=acme"))
	assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	assert.Contains(t, body, `name="request_id" value="the-same"`)
}

func TestAFieldThatAFormHasTwiceIsRefusedByName(t *testing.T) {
	s := stand(t)
	s.weather()
	for path, fields := range map[string]string{
		"/mini-programs/weather/actions/approve-creation": "request_id=a&if_revision=7&if_revision=",
		"/request-creation": "request_id=a&id=maps&title=Maps&if_revision=&team=acme&if_revision=globex",
	} {
		account := "reviewer"
		if path == "/request-creation" {
			account = "developer"
		}
		response, body := s.ask(http.MethodPost, path, as(account), filledIn(fields))
		assert.Equal(t, http.StatusUnprocessableEntity, response.StatusCode, path)
		assert.Contains(t, body, "if_revision", path)
		assert.Contains(t, body, "twice", path)
	}
}

func TestAFormKeepsWhatWasTypedWhileTheDatabaseIsAway(t *testing.T) {
	s, proxy := standBehind(t)
	proxy.Become(catalogtest.Resets)
	proxy.Cut(true)
	response, body := s.ask(http.MethodPost, "/mini-programs/weather/actions/approve-creation", as("reviewer"), filledIn("request_id=the-same&if_revision=7&comment=typed"))
	assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	assert.Contains(t, body, `name="request_id" value="the-same"`)
	assert.Contains(t, body, "typed</textarea>")
	send := uploaded(t, []byte("a package"), "request_id", "the-same", "if_revision", "1", "version", "1.2.3", "notes", "typed <notes>")
	_, body = s.ask(http.MethodPost, "/mini-programs/weather/packages", as("developer"), send)
	assert.Contains(t, body, `name="request_id" value="the-same"`)
	assertTyped(t, body)
}
