package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/audit"
	"slipway/lifecycle"
)

// exports is what somebody gets of the audit trail, verified.
func (s standing) exports(query string, how ...asked) (body string, report audit.Report) {
	response, body := s.ask(http.MethodGet, "/api/v1/audit"+query, how...)
	require.Equal(s.t, http.StatusOK, response.StatusCode, body)
	assert.Contains(s.t, response.Header.Get("Content-Disposition"), "attachment")
	report, err := audit.Verify(strings.NewReader(body))
	require.NoError(s.t, err, body)
	return body, report
}

func TestAnExportHasWhatItsReaderMaySee(t *testing.T) {
	s := stand(t)
	m := s.requested("life", "developer", "acme")
	said := lifecycle.Command{Action: lifecycle.Comment, Actor: lifecycle.Actor{User: "reviewer"}, Text: "among us", PlatformOnly: true}
	m.Sequence++
	s.commit("life", m, lifecycle.Record{Command: said, Transition: lifecycle.Transition{
		Sequence: m.Sequence, Revision: m.Revision, At: time.Now(), Action: said.Action, Actor: "reviewer", PlatformOnly: true,
	}})
	for account, records := range map[string]int{"reviewer": 2, "release-manager": 2, "operator": 2, "developer": 1, "other-developer": 0} {
		body, report := s.exports("", as(account))
		assert.Equal(t, records, report.Records, account)
		assert.Equal(t, records == 2, strings.Contains(body, "among us"), account)
		assert.Equal(t, records == 2, report.Filter.IsWhole(), account)
	}
	for _, account := range []string{"developer", "other-developer"} {
		response, body := s.ask(http.MethodGet, "/api/v1/audit?team=initech", as(account))
		assert.Equal(t, http.StatusForbidden, response.StatusCode, body)
		_, report := s.exports("?team=acme&team=globex", as(account))
		assert.Len(t, report.Filter.Teams, 1, "their own")
	}
}

func TestAnExportIsWhatWasAskedFor(t *testing.T) {
	s := stand(t)
	s.weather()
	for accept, expected := range map[string]string{
		"": "application/x-ndjson", "application/x-ndjson": "application/x-ndjson", "text/csv": "text/csv; charset=utf-8", "*/*": "application/x-ndjson",
		"text/csv;q=0.9, application/x-ndjson;q=0.1": "text/csv; charset=utf-8",
	} {
		response, body := s.ask(http.MethodGet, "/api/v1/audit", as("operator"), header("Accept", accept))
		assert.Equal(t, expected, response.Header.Get("Content-Type"), accept)
		assert.Equal(t, strings.HasPrefix(expected, "text/csv"), strings.HasPrefix(body, "id,life,change,"), accept)
	}
	later := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	for query, records := range map[string]int{
		"?actor=developer": 1, "?actor=nobody": 0, "?action=request-creation": 1, "?action=publish": 0, "?to=" + later: 1, "?from=" + later: 0, "?team=acme": 1,
	} {
		_, report := s.exports(query, as("operator"))
		assert.Equal(t, records, report.Records, query)
	}
	for query, status := range map[string]int{
		"?from=yesterday": http.StatusUnprocessableEntity, "?form=2026-01-01T00:00:00Z": http.StatusUnprocessableEntity, "?actor=a&actor=b": http.StatusUnprocessableEntity,
		fmt.Sprintf("?from=%s&to=%s", later, later): http.StatusUnprocessableEntity, "?actor=" + strings.Repeat("x", 201): http.StatusUnprocessableEntity,
	} {
		response, body := s.ask(http.MethodGet, "/api/v1/audit"+query, as("operator"))
		assert.Equal(t, status, response.StatusCode, "%s: %s", query, body)
	}
	response, body := s.ask(http.MethodGet, "/api/v1/audit", as("operator"), header("Accept", "image/png"))
	assert.Equal(t, http.StatusNotAcceptable, response.StatusCode, body)
}
