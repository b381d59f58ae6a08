package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
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
