package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
	"slipway/web/service"
)

// talkative is the weather with so much feedback, all of the longest text.
func (s standing) talkative(feedback int) {
	m := s.requested("life", "developer", "acme")
	leave := lifecycle.Command{Action: lifecycle.LeaveFeedback, Text: strings.Repeat("界", lifecycle.MaxText)}
	for number := range feedback {
		m.Revision, m.Sequence = m.Revision+1, m.Sequence+1
		leave.RequestID = fmt.Sprint("feedback-", number)
		s.commit("life", m, lifecycle.Record{Transition: lifecycle.Transition{Sequence: m.Sequence, Revision: m.Revision, Action: leave.Action, At: time.Now()}, Command: leave})
	}
}

func TestAPageOfTheAuditTrailEndsAtAMebibyteAndLeadsOn(t *testing.T) {
	const feedback = 90 // some 30 kB each
	s := stand(t)
	s.talkative(feedback)
	var revisions []int
	pages := 0
	for cursor := ""; pages == 0 || cursor != ""; pages++ {
		response, body := s.ask(http.MethodGet, "/api/v1/mini-programs/weather/audit?limit=500"+cursor, as("reviewer"))
		require.Equal(t, http.StatusOK, response.StatusCode)
		assert.Less(t, len(body), service.AuditPageBytes+100_000)
		var page struct {
			Entries    []struct{ Revision int }
			NextCursor string `json:"next_cursor"`
		}
		require.NoError(t, json.Unmarshal([]byte(body), &page))
		for _, entry := range page.Entries {
			revisions = append(revisions, entry.Revision)
		}
		if cursor = ""; page.NextCursor != "" {
			cursor = "&cursor=" + page.NextCursor
		}
	}
	assert.Len(t, revisions, feedback+1)
	for i, revision := range revisions {
		assert.Equal(t, feedback+1-i, revision, "nothing is missing or there twice")
	}
	assert.Equal(t, 3, pages, "they are as full as they may be")
}

func TestThePageOfTheAuditTrailLeadsOnFromWhereItEnds(t *testing.T) {
	const feedback = 45
	s := stand(t)
	s.talkative(feedback)
	entries, pages := 0, 0
	for path := "/mini-programs/weather/audit"; path != ""; pages++ {
		response, body := s.ask(http.MethodGet, path, as("reviewer"))
		require.Equal(t, http.StatusOK, response.StatusCode)
		entries += strings.Count(body, `<details id="entry-`)
		path = ""
		if older := regexp.MustCompile(`href="(/mini-programs/weather/audit\?cursor=\d+)"`).FindStringSubmatch(body); older != nil {
			path = older[1]
		}
	}
	assert.Equal(t, feedback+1, entries)
	assert.Equal(t, 2, pages, "fewer than 50 entries are too many bytes for one page")
}
