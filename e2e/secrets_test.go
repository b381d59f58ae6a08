package e2e

import (
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// password is every secret of these tests.
const password = "hunter2"

// A program that cannot start says why, and no secret. Each entry has one thing wrong, or nothing to connect to.
func TestWhatIsWrongWithTheSettingsIsSaidWithoutTheirSecrets(t *testing.T) {
	common := []string{
		"DATABASE_URL=postgres://slipway:hunter2@127.0.0.1:1/slipway", "DATABASE_URL=postgres://slipway:hunter2%zz@127.0.0.1:1/x", "DATABASE_URL=postgres://slipway:hunter2@127.0.0.1:bad/x",
		"DATABASE_URL=postgres://slipway@127.0.0.1:1/x?password=hunter2&sslmode=nonsense", "DATABASE_URL=mysql://slipway:hunter2@127.0.0.1/x", "DATABASE_URL=host=127.0.0.1 password=hunter2",
		"DATABASE_URL=postgres://slipway:hun/hunter2@127.0.0.1:1/x",
		"PACKAGE_STORE=s3://bucket?region=x&secret=hunter2", "PACKAGE_STORE=s4://key:hunter2@bucket?secret=hunter2", "PACKAGE_STORE=s3://key:hunter2@bucket?secret=hunter2",
		"TEMPORAL_TLS=true;TEMPORAL_TLS_CLIENT_KEY_DATA=hunter2;TEMPORAL_TLS_CLIENT_CERT_DATA=hunter2",
	}
	ofWeb := []string{
		"DELIVERY_TOKENS=wallet=hunter2", "DELIVERY_TOKENS=hunter2", "AUTH=oidc;OIDC_CLIENT_SECRET=hunter2", "AUTH=oidc;OIDC_CLIENT_SECRET=hunter2;OIDC_CLIENT_SECRET_FILE=/nowhere",
		"AUTH=oidc;OIDC_CLIENT_SECRET=hunter2;OIDC_ISSUER=https://slipway:hunter2@127.0.0.1:1;PUBLIC_URL=https://slipway:hunter2@127.0.0.1?secret=hunter2",
		"AUTH=oidc;OIDC_ISSUER=https://slipway:hunter2@127.0.0.1:bad;PUBLIC_URL=https://hunter2@%zz",
	}
	ofWorker := []string{"PROMETHEUS_URL=http://slipway:hunter2@127.0.0.1:bad", "PROMETHEUS_URL=slipway:hunter2@127.0.0.1"}
	for _, wrong := range append(common, ofWeb...) {
		assertSaysNoSecret(t, webBin, wrong)
	}
	for _, wrong := range append(common, ofWorker...) {
		assertSaysNoSecret(t, workerBin, wrong)
	}
}

// assertSaysNoSecret runs a program until it gives up, or waits for what may still come.
func assertSaysNoSecret(t *testing.T, program, wrong string) {
	t.Helper()
	var said output
	command := exec.Command(program)
	command.Stdout, command.Stderr = &said, &said
	command.Env = append([]string{
		"PATH=/usr/bin:/bin", "HOME=" + t.TempDir(), "VAR_DIR=" + t.TempDir(), "WEB_ADDR=127.0.0.1:0", "WORKER_ADDR=127.0.0.1:0", "TEMPORAL_ADDRESS=" + server.Address,
		"AWS_ACCESS_KEY_ID=" + password, "AWS_SECRET_ACCESS_KEY=" + password, "AWS_REGION=x",
	}, strings.Split(wrong, ";")...)
	require.NoError(t, command.Start())
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	settled := func() bool { return len(ended) > 0 || strings.Contains(said.String(), "waiting for") }
	assert.Eventually(t, settled, patience, glance, "%s with %s starts all the same", filepath.Base(program), wrong)
	_ = command.Process.Signal(syscall.SIGTERM) // unless it has ended
	<-ended
	assert.NotEmpty(t, said.String(), wrong)
	assert.NotContains(t, said.String(), "is ready", wrong)
	assert.NotContains(t, said.String(), password, "%s with %s", filepath.Base(program), wrong)
}

// What people send to identify themselves, or to be led back, is in no log, and in no metric.
func TestLogsAndMetricsHaveNoCredentials(t *testing.T) {
	p := install(t, "LOG_LEVEL=debug").start()
	address := p.web()
	session := p.sendsCredentials(address)
	var metrics string
	for _, path := range []string{"/metrics", "/readyz", "/healthz"} {
		response, err := http.Get(address + path)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		metrics += string(body)
	}
	p.eventually("requests are logged", func() bool { return strings.Contains(p.output.String(), `"route":"/sign-in/callback"`) })
	for _, kept := range []string{metrics, p.output.String()} {
		assert.NotContains(t, kept, password)
		assert.NotContains(t, kept, session)
		assert.NotContains(t, kept, "dev-operator")
	}
}

// sendsCredentials sends what identifies people in every place where it may be, and returns the token of a session.
func (p *platform) sendsCredentials(address string) (session string) {
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Timeout: time.Minute}
	send := func(method, path string, form url.Values, header ...string) *http.Response {
		request, err := http.NewRequestWithContext(p.t.Context(), method, address+path, strings.NewReader(form.Encode()))
		require.NoError(p.t, err)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i < len(header); i += 2 {
			request.Header.Set(header[i], header[i+1])
		}
		response, err := client.Do(request)
		require.NoError(p.t, err)
		require.NoError(p.t, response.Body.Close())
		return response
	}
	signedIn := send(http.MethodPost, "/sign-in", url.Values{"account": {"operator"}, "next": {"/mini-programs?q=" + password}})
	require.Len(p.t, signedIn.Cookies(), 1)
	session = signedIn.Cookies()[0].Value
	cookie := signedIn.Cookies()[0].Name + "=" + session
	send(http.MethodGet, "/", nil, "Cookie", cookie)
	send(http.MethodPost, "/mini-programs/weather/actions/suspend", url.Values{"comment": {password}, "request_id": {"r"}}, "Cookie", cookie)
	send(http.MethodGet, "/api/v1/mini-programs", nil, "Authorization", "Bearer dev-operator")
	send(http.MethodGet, "/api/v1/mini-programs", nil, "Authorization", "Bearer slp_"+password)
	send(http.MethodGet, "/api/v1/mini-programs?token="+password, nil, "Authorization", "Basic "+password)
	send(http.MethodGet, "/"+password, nil)
	send(http.MethodPost, "/ofrep/v1/evaluate/flags/weather", nil, "Authorization", "Bearer "+password)
	send(http.MethodGet, "/sign-in/callback?code="+password+"&state="+password, nil, "Cookie", "slipway_sign_in_"+password+"="+password)
	return session
}
