package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

// answered is what the web says to a request.
type answered struct {
	status int
	header http.Header
	body   string
}

// readyWeb is a web that serves people.
func (p *platform) readyWeb(env ...string) (url string) {
	p.t.Helper()
	url = p.web(env...)
	return url
}

// post sends JSON to the API as an account.
func (p *platform) post(web, account, path string, value any) answered {
	p.t.Helper()
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // as most senders do
	require.NoError(p.t, encoder.Encode(value))
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, strings.TrimSuffix(web+"/api/v1/mini-programs/"+path, "/"), &text)
	require.NoError(p.t, err)
	request.Header.Set("Authorization", "Bearer dev-"+account)
	request.Header.Set("Content-Type", "application/json")
	return p.send(http.DefaultClient, request)
}

// recorded sends an action, as often as it takes Temporal to confirm it: a busy machine may be slower than the web was told to wait.
func (p *platform) recorded(web, account, path string, value map[string]any) {
	p.t.Helper()
	value = maps.Clone(value)
	value["request_id"] = uuid.NewString()
	var answer answered
	p.eventually("it is recorded", func() bool {
		answer = p.post(web, account, path, value)
		return answer.status != http.StatusServiceUnavailable
	})
	require.Equal(p.t, http.StatusAccepted, answer.status, answer.body)
}

func (p *platform) send(client *http.Client, request *http.Request) answered {
	p.t.Helper()
	response, err := client.Do(request)
	require.NoError(p.t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(p.t, err)
	return answered{response.StatusCode, response.Header, string(body)}
}

// released is a mini-program in its grayscale release.
func (p *platform) released(name string) (id string) {
	id = p.request(name)
	p.approved(id, "1.0.0")
	p.do(id, lifecycle.Publish, developer, plan(time.Hour))
	return id
}

func TestWithoutAWorkerOnlySoMuchWaitsAndTheOperatorsSuspendGetsThrough(t *testing.T) {
	p := running(t)
	id := p.released("waiting")
	web := p.readyWeb("ANSWER_WAIT=20ms", "RATE_LIMIT=0")
	p.stop(os.Interrupt)
	feedback := map[string]any{"rating": 3}
	const ofPerson = 20
	for range ofPerson {
		p.recorded(web, "other-developer", id+"/actions/leave-feedback", feedback)
	}
	tooMuch := p.post(web, "other-developer", id+"/actions/leave-feedback", feedback)
	assert.Equal(t, http.StatusTooManyRequests, tooMuch.status, tooMuch.body)
	assert.Equal(t, "1", tooMuch.header.Get("Retry-After"), "when to come again")
	p.recorded(web, "release-manager", id+"/actions/pause", map[string]any{}) // others still act
	suspend := map[string]any{"comment": "malware"}
	for range ofPerson + 1 {
		p.recorded(web, "operator", id+"/actions/suspend", suspend)
	}
	p.start()
	p.eventually("it is suspended", func() bool { return p.status(id).State == lifecycle.SuspendedByOp })
	p.eventually("there is room again", func() bool {
		return p.post(web, "other-developer", id+"/actions/leave-feedback", feedback).status != http.StatusTooManyRequests
	})
	assert.Equal(t, 6+ofPerson+2, len(p.trail(id)), "nothing that was acknowledged is lost, and nothing else was recorded")
}

func TestWhatIsTooLargeIsRefusedAtTheDoor(t *testing.T) {
	p := running(t)
	id := p.released("ballast")
	web := p.readyWeb()
	large := strings.Repeat("<", 349_300)
	for what, value := range map[string]any{
		"a plan that the action has no use for": map[string]any{"rating": 1, "plan": map[string]any{"name": large, "grayscale": map[string]any{"percent": 1, "bake": "1h"}, "production": []any{}}},
		"a comment":                             map[string]any{"rating": 1, "comment": large},
	} {
		refused := p.post(web, "other-developer", id+"/actions/leave-feedback", value)
		assert.Equal(t, http.StatusUnprocessableEntity, refused.status, "%s: %s", what, refused.body)
		assert.Contains(t, refused.body, "invalid_input", what)
	}
	unused := p.post(web, "release-manager", id+"/actions/pause", map[string]any{"percent": 5})
	assert.Equal(t, http.StatusUnprocessableEntity, unused.status)
	assert.Contains(t, unused.body, `has no use for \"percent\"`)
	assert.Equal(t, 6, p.status(id).Sequence)
}

func TestOperatorsRecoverAMiniProgramByPageAndByAPI(t *testing.T) {
	p := running(t)
	id := p.released("gone-by-page")
	web := p.readyWeb()
	for _, recover := range []func() answered{
		func() answered { return p.post(web, "operator", id+"/recover", nil) },
		func() answered { return p.recoverByPage(web, id) },
	} {
		p.terminate(id)
		gone := p.post(web, "release-manager", id+"/actions/pause", nil)
		assert.Equal(t, http.StatusConflict, gone.status)
		assert.Contains(t, gone.body, `"code":"not_running"`)
		assert.Equal(t, http.StatusForbidden, p.post(web, "release-manager", id+"/recover", nil).status)
		back := recover()
		assert.Equal(t, http.StatusOK, back.status, back.body)
		p.agree(id)
	}
	assert.Equal(t, http.StatusConflict, p.post(web, "operator", id+"/recover", nil).status, "it runs")
	assert.Equal(t, http.StatusNotFound, p.post(web, "operator", "whatever-gone/recover", nil).status)
	assert.Equal(t, []lifecycle.Action{lifecycle.Recovered, lifecycle.Recovered}, p.trail(id)[6:])
}

// recoverByPage is the way of an operator who looks at the page and presses the button there.
func (p *platform) recoverByPage(web, id string) answered {
	p.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(p.t, err)
	browser := &http.Client{Jar: jar}
	form := func(path string, values url.Values) answered {
		request, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, web+path, strings.NewReader(values.Encode()))
		require.NoError(p.t, err)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return p.send(browser, request)
	}
	path := fmt.Sprintf("/mini-programs/%s", id)
	page := form("/sign-in", url.Values{"account": {"operator"}, "next": {path}})
	assert.Contains(p.t, page.body, "Its workflow is not running")
	assert.Contains(p.t, page.body, path+"/recover")
	after := form(path+"/recover", nil)
	assert.NotContains(p.t, after.body, "Its workflow is not running")
	return after
}
