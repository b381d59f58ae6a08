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
)

// rolledOut is the weather with a version in its grayscale release.
func (s standing) rolledOut() {
	s.welcomed()
	s.submits("1.0.0", "a", "please")
	s.does("reviewer", lifecycle.Command{Action: lifecycle.ApprovePublishing})
	plan := lifecycle.Plan{
		Grayscale:  lifecycle.Grayscale{Percent: lifecycle.WholePercent(5), Bake: lifecycle.Duration(time.Hour)},
		Production: []lifecycle.Stage{{Percent: lifecycle.Everyone}},
	}
	s.does("developer", lifecycle.Command{Action: lifecycle.Publish, Plan: &plan})
}

func (s standing) rated(rating int, text string) {
	s.does("other-developer", lifecycle.Command{Action: lifecycle.LeaveFeedback, Rating: rating, Text: text})
}

// A mini-program with a thousand records: its pages stay small, and all that was said is found page by page.
func TestAllFeedbackIsFoundPageByPageWithItsCounts(t *testing.T) {
	s := stand(t)
	s.rolledOut()
	long := strings.Repeat("so ", 300) + "good"
	s.rated(5, long)
	for i := range 60 {
		s.rated(4, fmt.Sprint("thought ", i))
	}
	var page struct {
		Versions []struct {
			Version string
			Count   int
			Mean    float64
			Ratings map[string]int
		}
		Feedback   []lifecycle.Feedback
		NextCursor string `json:"next_cursor"`
	}
	var said []string
	path := "/api/v1/mini-programs/weather/feedback?limit=25&version=1.0.0"
	for path != "" {
		response, body := s.ask(http.MethodGet, path, as("developer"))
		require.Equal(t, http.StatusOK, response.StatusCode, body)
		page.NextCursor = ""
		require.NoError(t, json.Unmarshal([]byte(body), &page))
		for _, one := range page.Feedback {
			said = append(said, one.Text)
			assert.Equal(t, "other-developer", one.By)
			assert.Positive(t, one.Sequence)
		}
		path = ""
		if link := regexp.MustCompile(`^<(.*)>; rel="next"$`).FindStringSubmatch(response.Header.Get("Link")); link != nil {
			path = link[1]
			assert.Contains(t, path, "cursor="+page.NextCursor)
		}
	}
	require.Len(t, said, 61)
	assert.Equal(t, long, said[60], "the oldest is last, with its whole text")
	require.Len(t, page.Versions, 1)
	assert.Equal(t, 61, page.Versions[0].Count)
	assert.InDelta(t, 245.0/61, page.Versions[0].Mean, 1e-9)
	assert.Equal(t, map[string]int{"1": 0, "2": 0, "3": 0, "4": 60, "5": 1}, page.Versions[0].Ratings)

	_, first := s.ask(http.MethodGet, "/mini-programs/weather/feedback", as("developer"))
	assert.Contains(t, first, "thought 59")
	older := regexp.MustCompile(`href="(/mini-programs/weather/feedback\?cursor=\d+)"`).FindStringSubmatch(first)
	require.NotNil(t, older)
	_, second := s.ask(http.MethodGet, older[1], as("developer"))
	assert.Equal(t, 61, strings.Count(first+second, `aria-label="`+"4 of 5")+strings.Count(first+second, `aria-label="`+"5 of 5"))
	assert.Contains(t, second, long)
	_, rollout := s.ask(http.MethodGet, "/mini-programs/weather/rollout", as("release-manager"))
	assert.Contains(t, rollout, "<strong>4.0</strong></td><td>61</td>", "beside the decision to promote")
}

var livePart = regexp.MustCompile(`id="(\w+)" data-live`)

func TestThePageOfAllFeedbackHasAPlaceForTheFirstOne(t *testing.T) {
	s := stand(t)
	s.rolledOut()
	_, before := s.ask(http.MethodGet, "/mini-programs/weather/feedback", as("developer"))
	assert.Equal(t, 1, strings.Count(before, "No feedback yet."))
	s.rated(4, "much faster")
	_, after := s.ask(http.MethodGet, "/mini-programs/weather/feedback", as("developer"))
	assert.Contains(t, after, "much faster")
	assert.Equal(t, livePart.FindAllString(after, -1), livePart.FindAllString(before, -1), "a live update fills only what is there")
}

func TestFeedbackIsForThoseWhoSeeTheMiniProgram(t *testing.T) {
	s := stand(t)
	s.rolledOut()
	for _, path := range []string{"/mini-programs/weather/feedback", "/api/v1/mini-programs/weather/feedback"} {
		response, _ := s.ask(http.MethodGet, path, as("other-developer"))
		assert.Equal(t, http.StatusForbidden, response.StatusCode)
		response, _ = s.ask(http.MethodGet, path+"?cursor=-1", as("developer"))
		assert.Equal(t, http.StatusUnprocessableEntity, response.StatusCode)
	}
}

func TestThePictureShowsTheRolloutUnderWayAndHowTheLastOneWent(t *testing.T) {
	s := stand(t)
	s.rolledOut()
	s.rated(2, "")
	for _, path := range []string{"/mini-programs/weather", "/mini-programs/weather/rollout"} {
		_, body := s.ask(http.MethodGet, path, as("developer"))
		assert.Contains(t, body, `aria-label="Percentage of the users with version 1.0.0 over time: 5 % now; dashed is what is to come"`)
		assert.Contains(t, body, "<title>Feedback: 2 of 5</title>")
		assert.Contains(t, body, "Stage 1 of the production release")
	}
	s.does("release-manager", lifecycle.Command{Action: lifecycle.Rollback, Comment: "slow"})
	_, body := s.ask(http.MethodGet, "/mini-programs/weather/rollout", as("developer"))
	assert.Contains(t, body, "The last rollout")
	assert.Contains(t, body, "over time; the rollout is over")
	_, body = s.ask(http.MethodGet, "/mini-programs/weather", as("developer"))
	assert.NotContains(t, body, `class="chart"`)
}
