package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
	"slipway/tokens"
	"slipway/workflows"
)

// pipeline is a machine that builds: it has the command line, a package, and reaches nothing but a web.
type pipeline struct {
	*platform
	starter, token string
}

// types runs the command line; the token is given in its environment.
func (b pipeline) types(web string, words ...string) (code int, stdout, stderr string) {
	b.t.Helper()
	var out, complaints bytes.Buffer
	command := exec.Command(b.starter, words...)
	command.Env = append(os.Environ(), "SLIPWAY_SERVER="+web, "SLIPWAY_TOKEN="+b.token, "TEMPORAL_ADDRESS=127.0.0.1:1", "VAR_DIR="+filepath.Join(b.varDir, "elsewhere"))
	command.Stdout, command.Stderr = &out, &complaints
	_ = command.Run() // the code tells
	return command.ProcessState.ExitCode(), out.String(), complaints.String()
}

func (b pipeline) does(web string, words ...string) string {
	b.t.Helper()
	code, stdout, stderr := b.types(web, words...)
	require.Equal(b.t, 0, code, "%v: %s", words, stderr)
	return stdout
}

// asks sends a request with the token, and returns the status and the answer.
func asks(t *testing.T, method, address, token, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(text)
}

func TestAPipelineSubmitsWithItsTokenUntilThatIsRevoked(t *testing.T) {
	starter := filepath.Join(t.TempDir(), "starter")
	out, err := exec.Command("go", "build", "-o", starter, "slipway/starter").CombinedOutput()
	require.NoError(t, err, string(out))
	for id, database := range map[string]func(testing.TB) string{"token-sqlite": catalogtest.SQLite, "token-postgres": catalogtest.Postgres} {
		t.Run(id, func(t *testing.T) {
			p := install(t, "DATABASE_URL="+database(t)).start()
			one, other := p.web(), p.web()
			p.request(id)
			team := pipeline{p, starter, "dev-developer"}
			secret := strings.TrimSpace(team.does(one, "token", "create", "ci", "--team", "acme", "--action", "upload-code,request-publishing"))
			require.Regexp(t, `^slp_[A-Z2-7]{33}$`, secret)
			ci := pipeline{p, starter, secret}

			ci.does(other, "upload", id, packageFile(t), "--version", "1.0.0") // which hears of the token now
			ci.does(other, "act", "request-publishing", id, "--comment", "build 7")
			code, _, stderr := ci.types(other, "act", "cancel-publishing", id)
			assert.Equal(t, 3, code)
			assert.Contains(t, stderr, "insufficient_scope")
			code, _, stderr = ci.types(other, "token", "create", "more", "--team", "acme", "--action", "upload-code")
			assert.Equal(t, 3, code)
			assert.Contains(t, stderr, "insufficient_scope")
			assert.Contains(t, team.does(one, "audit", id), "token:ci (made by developer)")
			assert.Equal(t, "developer", p.status(id).Review.OnBehalfOf)
			p.do(id, lifecycle.ApprovePublishing, reviewer)

			status, body := asks(t, http.MethodPost, other+"/ofrep/v1/evaluate/flags/"+id, secret, `{"context": {"targetingKey": "u1"}}`)
			assert.Equal(t, http.StatusForbidden, status, body)
			assert.Regexp(t, `ci +pipeline +acme +upload-code, request-publishing +developer .* works`, team.does(one, "token", "list"))
			assert.Equal(t, "ci: revoked by developer\n", team.does(one, "token", "revoke", team.tokens(one)[0].ID))
			assert.Contains(t, team.does(one, "token", "list"), "revoked by developer")
			for _, web := range []string{one, other} {
				p.eventually("the token is refused", func() bool {
					code, _, stderr := ci.types(web, "status", id)
					return code == 3 && strings.Contains(stderr, "invalid_token")
				})
			}
			p.saysNothingOf(secret, one, other, id)
		})
	}
}

// tokens are those that the list shows.
func (b pipeline) tokens(web string) []tokens.Token {
	var page struct{ Tokens []tokens.Token }
	require.NoError(b.t, json.Unmarshal([]byte(b.does(web, "--json", "token", "list")), &page))
	return page.Tokens
}

// saysNothingOf looks for a token wherever it might have been written down.
func (p *platform) saysNothingOf(secret, one, other, id string) {
	p.t.Helper()
	assert.NotContains(p.t, p.output.String(), secret, "what the processes said")
	for _, web := range []string{one, other} {
		_, metrics := asks(p.t, http.MethodGet, web+"/metrics", secret, "")
		assert.Contains(p.t, metrics, "slipway_http_request_seconds")
		assert.NotContains(p.t, metrics, secret)
	}
	history := p.client.Temporal.GetWorkflowHistory(p.t.Context(), workflows.WorkflowID(id), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	said := ""
	for history.HasNext() {
		event, err := history.Next()
		require.NoError(p.t, err)
		said += protojson.Format(event) + fmt.Sprint(event.GetWorkflowExecutionSignaledEventAttributes().GetInput().GetPayloads())
	}
	assert.Contains(p.t, said, "token:ci")
	assert.NotContains(p.t, said, secret)
	entries, err := p.catalog.Audit(p.t.Context(), id, 0, 100)
	require.NoError(p.t, err)
	text, err := json.Marshal(entries)
	require.NoError(p.t, err)
	assert.NotContains(p.t, string(text), secret)
}

func TestATokenIsMadeInTheBrowserShownOnceAndRevoked(t *testing.T) {
	b := browse(t, running(t).web())
	developer := b.as("developer")
	developer.do("on a phone", chromedp.EmulateViewport(360, 800))
	developer.open("/tokens")
	developer.fill("[name=name]", "My build")
	developer.click(`//input[@name="may-upload-code"]`)
	developer.waits("is told by the browser what a name is like", `document.querySelector("[name=name]").matches(":invalid")`)
	developer.fill("[name=name]", "build")
	developer.press("#pipeline form")
	developer.waits("sees the token", `/^slp_[A-Z2-7]{33}$/.test(document.getElementById("secret")?.textContent)`)
	assert.LessOrEqual(t, evaluate[int](developer, "document.documentElement.scrollWidth - innerWidth"), 0)
	assert.Empty(t, developer.violations())
	developer.picture("token made phone")
	secret := evaluate[string](developer, `document.getElementById("secret").textContent`)
	status, body := asks(t, http.MethodGet, b.base+"/api/v1/me", secret, "")
	require.Equal(t, http.StatusOK, status, body)

	developer.open("/tokens")
	developer.sees("build")
	assert.False(t, evaluate[bool](developer, `document.documentElement.innerHTML.includes("slp_")`), "never again")
	developer.click(`//details[@class="action"]/summary`)
	developer.press("details.action[open]")
	developer.sees("revoked")
	status, body = asks(t, http.MethodGet, b.base+"/api/v1/me", secret, "")
	assert.Equal(t, http.StatusUnauthorized, status, body)
}
