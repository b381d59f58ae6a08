package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// What has no end, and what begins a sign-in, is not there to be looked at.
func TestHEADIsAnsweredAsGETWithoutTheBody(t *testing.T) {
	s := stand(t)
	s.weather()
	for _, route := range s.router.Routes() {
		if route.Method != http.MethodGet {
			continue
		}
		_, path, somebody := sendable("GET " + route.Pattern)
		for _, who := range [][]asked{somebody, nil} {
			head, body := s.ask(http.MethodHead, path, who...)
			assert.Empty(t, body)
			if route.Permission.IsStream() || strings.HasPrefix(route.Pattern, "/sign-in/") {
				assert.Equal(t, http.StatusMethodNotAllowed, head.StatusCode, path)
				continue
			}
			get, _ := s.ask(http.MethodGet, path, who...)
			assert.Equal(t, get.StatusCode, head.StatusCode, path)
			for _, name := range []string{"Content-Type", "Location", "Cache-Control"} {
				assert.Equal(t, get.Header.Get(name), head.Header.Get(name), "%s of %s", name, path)
			}
		}
	}
}

func TestHEADAsksForHealthBeforeTheDatabaseAnswers(t *testing.T) {
	for state, web := range dispatchers(t, stand(t)) {
		response, body := web.ask(http.MethodHead, "/healthz")
		assert.Equal(t, http.StatusOK, response.StatusCode, state)
		assert.Empty(t, body)
	}
}
