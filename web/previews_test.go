package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/keyring"
	"slipway/lifecycle"
	"slipway/tokens"
	"slipway/web/service"
)

// previewing is a web that signs previews, with the weather and a version that nobody has submitted.
func previewing(t *testing.T) standing {
	s := stand(t, func(s *settings) {
		require.NoError(t, s.PreviewKeys.UnmarshalText([]byte(keyring.Generate("k1"))))
		s.PublicURL = "https://mini.example.com/"
	})
	s.welcomed()
	s.submits("1.0.0", "a", "")
	return s
}

const previewsOfWeather = "/api/v1/mini-programs/weather/versions/1.0.0/previews"

func (s standing) makes(who asked, path, body string) (int, service.Preview, string) {
	s.t.Helper()
	response, text := s.ask(http.MethodPost, path, who, filledIn(body), header("Content-Type", "application/json"))
	var made service.Preview
	require.NoError(s.t, json.Unmarshal([]byte(text), &made))
	return response.StatusCode, made, text
}

func TestAPreviewIsMadeOverTheAPI(t *testing.T) {
	s := previewing(t)
	status, made, text := s.makes(as("reviewer"), previewsOfWeather, `{}`)
	require.Equal(t, http.StatusCreated, status, text)
	assert.Equal(t, "1.0.0", made.Version)
	assert.Equal(t, sum("a"), made.SHA256)
	assert.Equal(t, "https://mini.example.com/previews/"+made.Preview, made.Link)
	assert.Equal(t, made.Preview, url.PathEscape(made.Preview), "it needs no escapes")
	assert.WithinDuration(t, time.Now().Add(service.UsualPreview), made.EndsAt, time.Minute)

	ends := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	status, made, text = s.makes(as("developer"), previewsOfWeather, `{"ends_at": "`+ends.Format(time.RFC3339)+`"}`)
	require.Equal(t, http.StatusCreated, status, text)
	assert.Equal(t, ends, made.EndsAt)
	for body, code := range map[string]int{
		`{"ends_at": "2020-01-01T00:00:00Z"}`: http.StatusUnprocessableEntity, `{"ends_at": "2999-01-01T00:00:00Z"}`: http.StatusUnprocessableEntity,
		`{"ends": 1}`: http.StatusUnprocessableEntity,
	} {
		status, _, text := s.makes(as("reviewer"), previewsOfWeather, body)
		assert.Equal(t, code, status, text)
	}
	status, _, text = s.makes(as("reviewer"), strings.Replace(previewsOfWeather, "1.0.0", "0.9.0", 1), `{}`)
	assert.Equal(t, http.StatusConflict, status)
	assert.Contains(t, text, "illegal_in_state")
}

func TestWhoMayHaveAPreview(t *testing.T) {
	s := previewing(t)
	may := func(account string) int {
		status, _, _ := s.makes(as(account), previewsOfWeather, `{}`)
		return status
	}
	for account, expected := range map[string]int{
		"developer": http.StatusCreated, "reviewer": http.StatusCreated, "release-manager": http.StatusCreated, "operator": http.StatusCreated,
		"other-developer": http.StatusForbidden,
	} {
		assert.Equal(t, expected, may(account), account)
	}
	s.does("developer", lifecycle.Command{Action: lifecycle.RequestPublishing})
	s.does("reviewer", lifecycle.Command{Action: lifecycle.ApprovePublishing})
	plan := lifecycle.Plan{Grayscale: lifecycle.Grayscale{Testers: []string{"other-developer"}}, Production: []lifecycle.Stage{{Percent: lifecycle.Everyone}}}
	s.does("developer", lifecycle.Command{Action: lifecycle.Publish, Plan: &plan})
	assert.Equal(t, http.StatusCreated, may("other-developer"), "a tester")
	s.does("operator", lifecycle.Command{Action: lifecycle.Suspend, Comment: "malware"})
	assert.Equal(t, http.StatusConflict, may("reviewer"))

	upload, read := s.pipeline(lifecycle.UploadCode), s.pipeline(lifecycle.Publish)
	for token, expected := range map[string]int{upload: http.StatusConflict, read: http.StatusForbidden} {
		status, _, text := s.makes(bearer(token), previewsOfWeather, `{}`)
		assert.Equal(t, expected, status, text)
	}
}

// pipeline is an access token of the team that may do this.
func (s standing) pipeline(may ...lifecycle.Action) string {
	s.t.Helper()
	draft, err := json.Marshal(tokens.Draft{Name: "ci", Kind: tokens.Pipeline, Team: "acme", Actions: may})
	require.NoError(s.t, err)
	_, body := s.ask(http.MethodPost, "/api/v1/tokens", as("developer"), filledIn(string(draft)), header("Content-Type", "application/json"))
	var made struct{ Token string }
	require.NoError(s.t, json.Unmarshal([]byte(body), &made), body)
	require.NotEmpty(s.t, made.Token, body)
	return made.Token
}

func TestAPreviewIsAPageWithAQRCode(t *testing.T) {
	s := previewing(t)
	const page = "/mini-programs/weather/versions/1.0.0/previews"
	_, version := s.ask(http.MethodGet, "/mini-programs/weather/versions/1.0.0", as("reviewer"))
	assert.Contains(t, version, `href="`+page+`"`)
	_, form := s.ask(http.MethodGet, page, as("reviewer"))
	assert.Contains(t, form, `<option value="24" selected>24 hours</option>`)
	_, body := s.ask(http.MethodPost, page, as("reviewer"), filledIn("hours=1"))
	assert.Contains(t, body, `class="qr"`)
	_, link, _ := strings.Cut(body, `<a href="https://mini.example.com`)
	link, _, _ = strings.Cut(link, `"`)
	response, _ := s.ask(http.MethodPost, page, as("reviewer"), filledIn("hours=1000"))
	assert.Equal(t, http.StatusUnprocessableEntity, response.StatusCode)

	response, body = s.ask(http.MethodGet, link)
	assert.Equal(t, http.StatusOK, response.StatusCode, "whoever has the link sees what it is")
	assert.Contains(t, body, "Preview of weather 1.0.0")
	assert.NotContains(t, body, "<form method=\"post\" class=\"action-form\"")
	s.submits("1.0.1", "b", "")
	for _, over := range []string{link, "/previews/nonsense", "/previews/p1.nowhere.1.1.AA.k1"} {
		response, body = s.ask(http.MethodGet, over)
		assert.Equal(t, http.StatusNotFound, response.StatusCode)
		assert.Contains(t, body, "This preview does not work any more")
	}
}

func TestThePageOfAPreviewLeadsBackToAVersionOnlyWhoSeesIt(t *testing.T) {
	s := previewing(t)
	s.does("developer", lifecycle.Command{Action: lifecycle.RequestPublishing})
	s.does("reviewer", lifecycle.Command{Action: lifecycle.ApprovePublishing})
	plan := lifecycle.Plan{Grayscale: lifecycle.Grayscale{Testers: []string{"other-developer"}}, Production: []lifecycle.Stage{{Percent: lifecycle.Everyone}}}
	s.does("developer", lifecycle.Command{Action: lifecycle.Publish, Plan: &plan})
	const version = "/mini-programs/weather/versions/1.0.0"
	for account, sees := range map[string]bool{"developer": true, "reviewer": true, "other-developer": false} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			response, page := s.ask(method, version+"/previews", as(account), filledIn("hours=1"))
			assert.Equal(t, http.StatusOK, response.StatusCode, account)
			assert.Equal(t, sees, strings.Contains(page, `href="`+version+`"`), "%s, %s", account, method)
		}
	}
}

func TestWithoutKeysThereAreNoPreviews(t *testing.T) {
	s := stand(t)
	s.welcomed()
	s.submits("1.0.0", "a", "")
	status, _, text := s.makes(as("reviewer"), previewsOfWeather, `{}`)
	assert.Equal(t, http.StatusNotFound, status)
	assert.Contains(t, text, "PREVIEW_KEY")
	_, version := s.ask(http.MethodGet, "/mini-programs/weather/versions/1.0.0", as("reviewer"))
	assert.NotContains(t, version, "/previews")
}
