package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/plain"
	"slipway/web/oidc/oidctest"
)

// signedOut is a terminal before a server whose people a real provider signs in.
func signedOut(t *testing.T) (c *terminal, issuer *oidctest.Provider, addr string) {
	c, addr = sitDown(t), freeAddress(t)
	issuer = oidctest.Start(t, func() string { return "http://" + addr + "/sign-in/callback" })
	issuer.Person("rita", oidctest.Claims{"roles": []string{"reviewer"}, "teams": []string{"acme"}, "name": "Rita"})
	startWeb(t, addr, "AUTH=oidc", "PUBLIC_URL=http://"+addr, "OIDC_ISSUER="+issuer.URL, "OIDC_CLIENT_ID="+oidctest.ClientID,
		"OIDC_CLIENT_SECRET="+oidctest.ClientSecret, "OIDC_CLI_CLIENT_ID="+oidctest.CLIClientID)
	c.leave(t, addr)
	return c, issuer, addr
}

// launched is the command line as a process of its own, whose complaints are read as they come.
type launched struct {
	t       *testing.T
	command *exec.Cmd
	stdout  bytes.Buffer
	lines   *bufio.Scanner
	said    []string
}

func (c *terminal) launches(line string) *launched {
	p := &launched{t: c.t, command: exec.CommandContext(c.t.Context(), starterBin, strings.Fields(line)...)}
	p.command.Stdout = &p.stdout
	stderr, err := p.command.StderrPipe()
	require.NoError(c.t, err)
	require.NoError(c.t, p.command.Start())
	p.lines = bufio.NewScanner(stderr)
	return p
}

// says reads on until it says something that matches, and returns the first group.
func (p *launched) says(pattern string) string {
	p.t.Helper()
	for p.lines.Scan() {
		p.said = append(p.said, p.lines.Text())
		if found := regexp.MustCompile(pattern).FindStringSubmatch(p.lines.Text()); found != nil {
			return found[1]
		}
	}
	require.FailNow(p.t, "it did not say "+pattern, strings.Join(p.said, "\n"))
	return ""
}

// ends returns the exit code and what it printed.
func (p *launched) ends() (code int, stdout, stderr string) {
	for p.lines.Scan() {
		p.said = append(p.said, p.lines.Text())
	}
	_ = p.command.Wait()
	return p.command.ProcessState.ExitCode(), p.stdout.String(), strings.Join(p.said, "\n")
}

const anAddress = `^(http://\S+)$`

// signsIn goes through a sign-in in a browser.
func (c *terminal) signsIn(issuer *oidctest.Provider, user string) (stdout string) {
	c.t.Helper()
	p := c.launches("login")
	address := p.says(anAddress)
	jar, err := cookiejar.New(nil)
	require.NoError(c.t, err)
	response := issuer.SignIn(&http.Client{Jar: jar}, address, user)
	require.Equal(c.t, http.StatusOK, response.StatusCode, response.Request.URL)
	code, stdout, stderr := p.ends()
	require.Equal(c.t, exitDone, code, stderr)
	return stdout
}

// keptFile is the only one where sign-ins are kept.
func (c *terminal) keptFile() string {
	c.t.Helper()
	files, err := filepath.Glob(filepath.Join(os.Getenv("XDG_CONFIG_HOME"), "slipway", "sign-ins", "*.json"))
	require.NoError(c.t, err)
	require.Len(c.t, files, 1)
	return files[0]
}

// changeKept rewrites members of what is kept.
func (c *terminal) changeKept(members map[string]any) {
	c.t.Helper()
	content, err := os.ReadFile(c.keptFile())
	require.NoError(c.t, err)
	var kept map[string]any
	require.NoError(c.t, json.Unmarshal(content, &kept))
	for name, value := range members {
		kept[name] = value
	}
	content, err = json.Marshal(kept)
	require.NoError(c.t, err)
	require.NoError(c.t, os.WriteFile(c.keptFile(), content, 0o600))
}

var longAgo = map[string]any{"expiry": time.Unix(0, 0).UTC()}

func (c *terminal) fails(line, expected string) {
	c.t.Helper()
	code, stdout, stderr := c.types(line)
	assert.Equal(c.t, exitFailed, code, "%s: %s", line, stderr)
	assert.Empty(c.t, stdout, line)
	assert.Contains(c.t, stderr, expected, line)
}

func TestSomebodySignsInWithABrowserAndOutAgain(t *testing.T) {
	c, issuer, addr := signedOut(t)
	c.fails("whoami", "the server does not know who you are; sign in with starter login")
	said := c.signsIn(issuer, "rita")
	assert.Equal(t, "you are    rita, Rita\nroles      reviewer\nteams      acme\nserver     http://"+addr+"\n", said)
	assert.Equal(t, said, c.does("me"))
	assert.JSONEq(t, `{"user": "rita", "name": "Rita", "roles": ["reviewer"], "teams": ["acme"]}`, c.does("--json whoami"))
	assert.Contains(t, c.does("list --query nothing"), "STATE", "other commands are hers, too")
	c.fails("--token wrong whoami", "the server does not know who you are")
	c.fails("--as developer whoami", "the server does not know who you are")

	info, err := os.Stat(c.keptFile())
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	info, err = os.Stat(filepath.Dir(c.keptFile()))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())

	file := c.keptFile()
	stolen, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, "signed out of http://"+addr+"\n", c.does("logout"))
	assert.NoFileExists(t, file)
	assert.Equal(t, "nobody was signed in at http://"+addr+"\n", c.does("logout"))
	c.fails("whoami", "sign in with starter login")
	require.NoError(t, os.WriteFile(file, stolen, 0o600))
	c.changeKept(longAgo)
	c.fails("whoami", "the sign-in at http://"+addr+" has expired; sign in again with starter login")
}

func TestABrowserIsOpenedAndWhatDoesNotBelongToTheSignInEndsNothing(t *testing.T) {
	c, issuer, _ := signedOut(t)
	opened := filepath.Join(t.TempDir(), "opened")
	script := filepath.Join(t.TempDir(), "browser")
	require.NoError(t, os.WriteFile(script, []byte("#!/bin/sh\nprintf %s \"$1\" >'"+opened+".part' && mv '"+opened+".part' '"+opened+"'\n"), 0o700))
	t.Setenv("BROWSER", script)
	p := c.launches("login")
	address := p.says(anAddress)
	require.Eventually(t, func() bool { _, err := os.Stat(opened); return err == nil }, patience, glance)
	content, err := os.ReadFile(opened)
	require.NoError(t, err)
	assert.Equal(t, address, string(content))

	request, err := http.NewRequest(http.MethodGet, address, nil)
	require.NoError(t, err)
	query := request.URL.Query()
	assert.Equal(t, "S256", query.Get("code_challenge_method"))
	back := query.Get("redirect_uri")
	for _, stranger := range []string{back + "?code=x&state=wrong", back, strings.TrimSuffix(back, "/callback") + "/?state=" + query.Get("state")} {
		response, err := http.Get(stranger)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, http.StatusBadRequest, response.StatusCode, stranger)
	}
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	issuer.SignIn(&http.Client{Jar: jar}, address, "rita")
	code, stdout, stderr := p.ends()
	assert.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "you are    rita")
}

func TestAnInterruptedSignInKeepsNothing(t *testing.T) {
	c, _, _ := signedOut(t)
	p := c.launches("login")
	p.says(anAddress)
	require.NoError(t, p.command.Process.Signal(os.Interrupt))
	code, stdout, _ := p.ends()
	assert.Equal(t, exitFailed, code)
	assert.Empty(t, stdout)
	assert.NoDirExists(t, os.Getenv("XDG_CONFIG_HOME"))
}

func TestSomebodySignsInOnAnotherDevice(t *testing.T) {
	c, issuer, _ := signedOut(t)
	const aCode = `^Open http://\S+/device on any device and type the code (\S+)$`
	p := c.launches("login --device")
	denied := p.says(aCode)
	issuer.Deny(denied)
	code, stdout, stderr := p.ends()
	assert.Equal(t, exitFailed, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "the identity provider refused: access_denied")

	p = c.launches("login --device")
	issuer.Approve(p.says(aCode), "rita")
	code, stdout, stderr = p.ends()
	assert.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "you are    rita")
	c.changeKept(longAgo)
	assert.Contains(t, c.does("whoami"), "you are    rita", "it is renewed like any other")
}

func TestManyProcessesRenewAnExpiredSignInOnce(t *testing.T) {
	c, issuer, _ := signedOut(t)
	c.signsIn(issuer, "rita")
	before, err := os.ReadFile(c.keptFile())
	require.NoError(t, err)
	c.changeKept(longAgo)
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			said, err := exec.CommandContext(t.Context(), starterBin, "whoami").CombinedOutput()
			assert.NoError(t, err, string(said))
			assert.Contains(t, string(said), "you are    rita")
		})
	}
	all.Wait()
	assert.Equal(t, 1, issuer.Refreshes(), "a refresh token is worth something once")
	after, err := os.ReadFile(c.keptFile())
	require.NoError(t, err)
	assert.True(t, json.Valid(after))
	assert.NotEqual(t, string(before), string(after))
	assert.Contains(t, c.does("whoami"), "you are    rita")
	assert.Equal(t, 1, issuer.Refreshes())
}

func TestASignInThatCannotBeRenewedSaysWhy(t *testing.T) {
	c, issuer, addr := signedOut(t)
	c.signsIn(issuer, "rita")
	c.changeKept(longAgo)
	issuer.Away(true)
	c.fails("whoami", "the identity provider "+issuer.URL+" does not answer")
	issuer.Away(false)
	issuer.Person("rita", nil)
	c.fails("whoami", "the sign-in at http://"+addr+" has expired; sign in again with starter login")
	c.changeKept(map[string]any{"expiry": time.Now().Add(time.Hour), "token": "nonsense"})
	c.fails("whoami", "the server does not accept the sign-in that is kept for it; sign in again with starter login")

	issuer.Away(true)
	c.fails("logout", "you are signed out on this machine, but the grant may live on: the identity provider")
	issuer.Away(false)
	assert.Contains(t, c.does("logout"), "nobody was signed in")
}

func TestWhatIsNoSignInIsNamedAndReplaced(t *testing.T) {
	c, issuer, _ := signedOut(t)
	c.signsIn(issuer, "rita")
	file := c.keptFile()
	good, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, rubbish := range []string{"", "{}", "[1]", string(good[:len(good)/2]), strings.Replace(string(good), `"http://127.0.0.1`, `"http://other`, 1), "\x1b[2J"} {
		require.NoError(t, os.WriteFile(file, []byte(rubbish), 0o600))
		c.fails("whoami", "the file "+file+" does not hold a sign-in")
	}
	assert.Contains(t, c.signsIn(issuer, "rita"), "you are    rita")
	require.NoError(t, os.WriteFile(file, []byte("rubbish"), 0o600))
	assert.Contains(t, c.does("logout"), "signed out of")
	assert.NoFileExists(t, file)
}

func TestASignInIsSentToItsOwnServerOnly(t *testing.T) {
	c, issuer, _ := signedOut(t)
	c.signsIn(issuer, "rita")
	var sent []string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent = append(sent, r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer other.Close()
	c.fails("--server "+other.URL+" whoami", "the server does not know who you are; sign in with starter login")
	assert.Equal(t, []string{"Bearer dev-operator"}, sent)
}

func TestWhoCannotSignInIsToldWhy(t *testing.T) {
	c, issuer, _ := signedOut(t)
	const discovery = "/.well-known/slipway"
	dev, without := freeAddress(t), freeAddress(t)
	t.Setenv("VAR_DIR", filepath.Join(t.TempDir(), "dev"))
	start(t, webBin, "WEB_ADDR", dev, discovery)
	t.Setenv("VAR_DIR", filepath.Join(t.TempDir(), "without"))
	start(t, webBin, "WEB_ADDR", without, discovery, "AUTH=oidc", "PUBLIC_URL=http://"+without, "OIDC_ISSUER="+issuer.URL, "OIDC_CLIENT_ID="+oidctest.ClientID)
	elsewhere := httptest.NewServer(http.NotFoundHandler())
	defer elsewhere.Close()
	for server, expected := range map[string]string{
		"http://" + dev:              `runs with AUTH="dev"; give --as and an account instead`,
		"http://" + without:          "sets OIDC_CLI_CLIENT_ID; until then give --token",
		"http://slipway.example.com": "is not https",
		elsewhere.URL:                "is it Slipway's web, and new enough?",
		"http://127.0.0.1:1":         "no answer from the server http://127.0.0.1:1",
	} {
		c.fails("login --server "+server, expected)
		c.fails("login --device --server "+server, expected)
	}
	t.Setenv("SLIPWAY_SERVER", "")
	for _, line := range []string{"login", "logout", "whoami"} {
		code, _, stderr := c.types(line)
		assert.Equal(t, exitUsage, code, line)
		assert.Contains(t, stderr, "this needs --server", line)
	}
}

// hostileProvider is a server and its provider whose every answer is written for a terminal.
func hostileProvider(t *testing.T, tokens int) string {
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	answer := func(path string, status int, body map[string]any) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(body)
		})
	}
	answer("/.well-known/slipway", 200, map[string]any{"auth": "oidc", "issuer": server.URL, "client_id": hostile, "scopes": []string{"openid"}})
	answer("/.well-known/openid-configuration", 200, map[string]any{
		"issuer": server.URL, "authorization_endpoint": server.URL + "/authorize", "token_endpoint": server.URL + "/token",
		"jwks_uri": server.URL + "/keys", "device_authorization_endpoint": server.URL + "/device",
	})
	answer("/device", 200, map[string]any{
		"device_code": "d", "user_code": hostile, "verification_uri": hostile, "verification_uri_complete": hostile, "expires_in": 600, "interval": -1,
	})
	answer("/token", tokens, map[string]any{"error": hostile, "error_description": hostile, "access_token": "a", "token_type": "Bearer", "id_token": hostile})
	mux.HandleFunc("/broken/.well-known/slipway", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"auth": hostile})
	})
	return server.URL
}

func TestWhatAProviderSaysActsOnNoTerminal(t *testing.T) {
	c := sitDown(t)
	for _, status := range []int{http.StatusOK, http.StatusBadRequest} {
		server := hostileProvider(t, status)
		code, stdout, stderr := c.types("login --device --server " + server)
		assert.Equal(t, exitFailed, code, stderr)
		assert.Empty(t, stdout)
		assert.Contains(t, stderr, "type the code "+shown)
		assert.NotRegexp(t, "[\x1b\r\u009b\x7f\u202e\u2067]", stderr)
		assert.NotRegexp(t, "(?m)^faked", stderr)
		c.fails("login --server "+server+"/broken", "nobody signs in at")
	}
	server := hostileProvider(t, http.StatusBadRequest)
	p := c.launches("login --server " + server)
	address := p.says(anAddress)
	assert.Equal(t, plain.Line(address), address)
	request, err := http.NewRequest(http.MethodGet, address, nil)
	require.NoError(t, err)
	query := request.URL.Query()
	request.URL.RawQuery = ""
	response, err := http.Get(query.Get("redirect_uri") + "?state=" + query.Get("state") + "&error=%1b%5b2J%0afaked&error_description=%0afaked")
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.NotContains(t, string(body), "faked")
	code, _, stderr := p.ends()
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, `the identity provider refused: \u001b[2J\nfaked: \nfaked`)
}

func TestSomebodySignsInWithAProviderWhoseAccessTokensAreForNobodyInParticular(t *testing.T) {
	c, addr := sitDown(t), freeAddress(t)
	issuer := oidctest.StartGlewlwyd(t)
	issuer.CLIClient()
	issuer.Person("rita", []string{"reviewer"}, []string{"acme"})
	startWeb(t, addr, "AUTH=oidc", "PUBLIC_URL=http://"+addr, "OIDC_ISSUER="+issuer.Issuer(), "OIDC_CLIENT_ID="+oidctest.ClientID,
		"OIDC_CLI_CLIENT_ID="+oidctest.CLIClientID, "OIDC_SCOPES=openid", "OIDC_USER_CLAIM=login")
	c.leave(t, addr)
	p := c.launches("login --device")
	issuer.Approve(p.says(`^or open (\S+)$`), "rita")
	code, stdout, stderr := p.ends()
	require.Equal(t, exitDone, code, stderr)
	assert.Equal(t, "you are    rita, The rita\nroles      reviewer\nteams      acme\nserver     http://"+addr+"\n", stdout)
}
