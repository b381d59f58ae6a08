package main

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAPlanIsRehearsedOnAPage(t *testing.T) {
	s := stand(t)
	ask := func(query url.Values) (int, string) {
		path := "/rehearse"
		if len(query) > 0 {
			path += "?" + query.Encode()
		}
		response, body := s.ask(http.MethodGet, path, as("developer"))
		return response.StatusCode, body
	}
	status, page := ask(nil)
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, page, `value="standard" checked`, "it begins with the default plan")
	assert.NotContains(t, page, "What would happen")

	status, page = ask(url.Values{"plan": {"fast"}, "at": {"2026-12-17T09:00"}, "zone": {"Asia/Shanghai"}, "settings": {
		`{"calendar": {"freezes": [{"from": "2026-12-17T01:30:00Z", "to": "2026-12-18T00:00:00Z", "reason": "a <fair>"}]}}`}})
	assert.Equal(t, http.StatusOK, status)
	for _, says := range []string{"What would happen", `datetime="2026-12-17T01:00:00Z"`, `datetime="2026-12-17T02:00:00Z"`, `datetime="2026-12-18T00:00:00Z"`, "A &lt;fair&gt;", "<svg"} {
		assert.Contains(t, page, says)
	}
	for field, c := range map[string][2]string{
		"plan": {"slow", "here is no plan named"}, "at": {"soon", "is not a time"}, "zone": {"Mars", "here is no time zone"},
		"settings": {`{"calendar": {"time_zone": "Mars"}}`, "there is no such time zone"}, "breach": {"2026-12-17T09:10", "no health gate"},
	} {
		query := url.Values{"plan": {"fast"}, "at": {"2026-12-17T09:00"}, "zone": {"Asia/Shanghai"}}
		query.Set(field, c[0])
		status, page = ask(query)
		assert.Equal(t, http.StatusUnprocessableEntity, status, field)
		assert.Contains(t, page, c[1], field)
	}
}

func TestWithoutJavaScriptTimesOfARehearsalAreInUTC(t *testing.T) {
	s := stand(t)
	_, page := s.ask(http.MethodGet, "/rehearse", as("developer"))
	assert.Contains(t, page, `name="zone" value="UTC"`)
	asked := url.Values{"plan": {"fast"}, "at": {"2026-12-17T09:00"}, "zone": {""}}
	response, page := s.ask(http.MethodGet, "/rehearse?"+asked.Encode(), as("developer"))
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Contains(t, page, `datetime="2026-12-17T09:00:00Z"`)
}

func TestAPlanIsRehearsedOverTheAPI(t *testing.T) {
	s := stand(t)
	response, body := s.ask(http.MethodPost, "/api/v1/rehearsals", as("developer"),
		filledIn(`{"plan": "fast", "start": "2026-12-17T09:00:00Z"}`), header("Content-Type", "application/json"))
	assert.Equal(t, http.StatusOK, response.StatusCode, body)
	for _, says := range []string{`"state":"Published"`, `"ends_at":"2026-12-17T10:00:00Z"`, `"cause":"the bake time is over"`} {
		assert.Contains(t, body, says)
	}
	for text, says := range map[string]string{
		`{"plan": "fast"}`: `\"start\" is missing`, `{"plan": "fast", "begin": 1}`: "begin", `{"plan": "fast", "start": "soon"}`: "a time with its zone",
		`{"plan": "fast", "start": "2026-12-17T09:00:00Z", "breach": {"at": "2026-12-17T09:00:00Z"}}`: "no health gate",
	} {
		response, body := s.ask(http.MethodPost, "/api/v1/rehearsals", as("developer"), filledIn(text), header("Content-Type", "application/json"))
		assert.Equal(t, http.StatusUnprocessableEntity, response.StatusCode, text)
		assert.Contains(t, body, says)
	}
}
