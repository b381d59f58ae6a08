package e2e

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

// sends posts a form of the pages and returns what they answer; a redirect is not followed.
func (p *platform) sends(web, account, path string, form url.Values) (status int, page string) {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, web+path, strings.NewReader(form.Encode()))
	require.NoError(p.t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Authorization", "Bearer dev-"+account)
	response, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(p.t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(p.t, err)
	return response.StatusCode, string(text)
}

// A form that somebody goes back to, changes, and sends again is another request: it is not answered with what came of the first.
func TestAFormSentAgainWithOtherContentIsRefused(t *testing.T) {
	p := running(t)
	web := p.web()
	p.approved(p.request("form-again"), "1.0.0")
	p.do("form-again", lifecycle.Publish, developer, func(c *lifecycle.Command) { c.Plan = &lifecycle.Plan{Name: "fast"} })
	send := func(action, id, comment string) (int, string) {
		return p.sends(web, "developer", "/mini-programs/form-again/actions/"+action, url.Values{"request_id": {id}, "comment": {comment}})
	}
	for range 2 {
		status, _ := send("pause", "form", "wait")
		assert.Equal(t, http.StatusSeeOther, status, "done once, and said so twice")
	}
	for _, other := range []struct{ action, comment string }{{"pause", "wait longer"}, {"resume", "wait"}} {
		status, page := send(other.action, "form", other.comment)
		assert.Equal(t, http.StatusUnprocessableEntity, status)
		assert.Contains(t, page, "was used before")
		assert.Contains(t, page, other.comment, "what was typed is kept")
		assert.NotContains(t, page, `value="form"`, "sent again, it is a new request")
	}
	status, page := send("resume", "unnamed-1", "wait")
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Contains(t, page, "are given by the workflow")
	assert.True(t, p.status("form-again").Rollout.Paused)
}
