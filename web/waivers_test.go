package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"slipway/lifecycle"
)

// blocked lets findings of the code odd stand in the way, which every report in these tests has.
func (s standing) blocked() {
	settings := s.app.service.Settings()
	settings.BlockingWarnings = []string{"odd"}
	s.app.service.Settings = func() lifecycle.Settings { return settings }
}

func TestAReviewerIsAskedForAWaiverOfEachFindingInTheWay(t *testing.T) {
	s := stand(t)
	s.reviewed()
	_, body := s.ask(http.MethodGet, "/mini-programs/weather/versions/1.1.0", as("reviewer"))
	assert.NotContains(t, body, "stand in the way")
	s.blocked()
	for _, path := range []string{"/versions/1.1.0", "", "/actions/approve-publishing"} {
		_, body = s.ask(http.MethodGet, "/mini-programs/weather"+path, as("reviewer"))
		assert.Contains(t, body, "Findings that stand in the way", path)
		assert.Contains(t, body, `name="waiver odd "`, path)
	}
	_, body = s.ask(http.MethodGet, "/mini-programs/weather/versions/1.1.0", as("reviewer"))
	assert.Contains(t, body, "to be waived")
}

func TestAWaiverIsShownWithTheSameFindingOfTheNextVersion(t *testing.T) {
	s := stand(t)
	s.blocked()
	s.reviewed()
	finding := lifecycle.Finding{Code: "odd"}
	s.decides(lifecycle.Command{
		Action: lifecycle.ApprovePublishing, Waivers: []lifecycle.Waiver{{Finding: finding, Reason: "it was <ever> so"}},
	}, lifecycle.Facts{Blocking: []lifecycle.Finding{finding}})
	_, body := s.ask(http.MethodGet, "/mini-programs/weather/versions/1.1.0", as("reviewer"))
	assert.NotContains(t, body, "Waived for version", "it is this version's")
	assert.Contains(t, body, "it was &lt;ever&gt; so", "the conversation has it")
	s.submits("1.2.0", "e", "and again")
	_, body = s.ask(http.MethodGet, "/mini-programs/weather/versions/1.2.0", as("reviewer"))
	assert.Contains(t, body, "Waived for version 1.1.0 by <bdi>reviewer</bdi>")
}
