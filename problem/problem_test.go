package problem_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"

	"slipway/lifecycle"
	"slipway/problem"
	"slipway/tokens"
)

func TestAProblemIsWrittenAsProgramsReadIt(t *testing.T) {
	for name, said := range map[string]struct {
		status int
		code   lifecycle.Code
		header http.Header
		body   string
	}{
		"all in its status": {http.StatusNotFound, "", nil, `{"type":"about:blank","title":"Not Found","status":404,"detail":"<none> & gone","code":"not_found"}`},
		"a refusal": {http.StatusConflict, lifecycle.StaleRevision, nil,
			`{"type":"about:blank","title":"Conflict","status":409,"detail":"<none> & gone","code":"stale_revision"}`},
		"nobody": {http.StatusUnauthorized, "", http.Header{"Www-Authenticate": {"Bearer"}},
			`{"type":"about:blank","title":"Unauthorized","status":401,"detail":"<none> & gone","code":"unauthorized"}`},
		"a token": {http.StatusForbidden, tokens.InsufficientScope, http.Header{"Www-Authenticate": {`Bearer error="insufficient_scope"`}},
			`{"type":"about:blank","title":"Forbidden","status":403,"detail":"<none> & gone","code":"insufficient_scope"}`},
		"later": {http.StatusServiceUnavailable, "", http.Header{"Retry-After": {"1"}},
			`{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"<none> & gone","code":"service_unavailable"}`},
	} {
		t.Run(name, func(t *testing.T) {
			answer, told := httptest.NewRecorder(), problem.New(said.status, said.code, "<none> & gone")
			problem.Write(answer, &told)
			expected := http.Header{"Content-Type": {"application/problem+json"}}
			for name, values := range said.header {
				expected[name] = values
			}
			assert.Equal(t, said.status, answer.Code)
			assert.Equal(t, expected, answer.Header())
			assert.Equal(t, said.body+"\n", answer.Body.String())
		})
	}
}

func TestWhatIsSaidAlreadyAboutWhenToComeAgainStays(t *testing.T) {
	answer, told := httptest.NewRecorder(), problem.New(http.StatusServiceUnavailable, "", "away")
	answer.Header().Set("Retry-After", "5")
	problem.Write(answer, &told)
	assert.Equal(t, []string{"5"}, answer.Header()["Retry-After"])
}
