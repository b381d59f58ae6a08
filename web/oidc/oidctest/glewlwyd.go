package oidctest

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // Glewlwyd's database

	"slipway/debiantest"
)

const glewlwydTables = "/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3"

// Glewlwyd is a provider that has nothing in common with the other one: written in C, a process of its own (Debian package glewlwyd).
type Glewlwyd struct {
	t     *testing.T
	base  string
	admin *http.Client
}

// StartGlewlwyd runs one until the test ends.
func StartGlewlwyd(t *testing.T) *Glewlwyd {
	t.Helper()
	debiantest.Program(t, "glewlwyd", "glewlwyd")
	folder := t.TempDir()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := listener.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // it is one
	require.NoError(t, listener.Close())
	g := &Glewlwyd{t: t, base: fmt.Sprintf("http://127.0.0.1:%d", port), admin: newBrowser(t)}
	makeDatabase(t, filepath.Join(folder, "database"))
	configuration := filepath.Join(folder, "glewlwyd.conf")
	require.NoError(t, os.WriteFile(configuration, fmt.Appendf(nil, glewlwydConfiguration, port, g.base, folder, folder), 0o600))
	g.run(configuration)
	g.ask(g.admin, http.MethodPost, "/api/auth/", map[string]any{"username": "admin", "password": "password"})
	plugin := map[string]any{"module": "oidc", "name": "oidc", "display_name": "", "parameters": g.plugin()}
	g.ask(g.admin, http.MethodPost, "/api/mod/plugin/", plugin)
	g.knowProperties()
	return g
}

const glewlwydConfiguration = `port=%d
bind_address="127.0.0.1"
external_url="%s"
login_url="login.html"
api_prefix="api"
static_files_path="/usr/share/glewlwyd/webapp"
static_files_mime_types=({extension=".html" mime_type="text/html"})
log_mode="file"
log_level="WARNING"
log_file="%s/log"
cookie_secure=0
session_key="SESSION"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
hash_algorithm="SHA512"
database={type="sqlite3" path="%s/database"}
`

func makeDatabase(t *testing.T, path string) {
	tables, err := os.ReadFile(glewlwydTables)
	require.NoError(t, err)
	database, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	_, err = database.ExecContext(t.Context(), string(tables))
	require.NoError(t, err)
	require.NoError(t, database.Close())
}

func (g *Glewlwyd) run(configuration string) {
	process := exec.Command("glewlwyd", "--config-file="+configuration)
	require.NoError(g.t, process.Start())
	g.t.Cleanup(func() {
		_ = process.Process.Signal(os.Interrupt)
		_ = process.Wait()
	})
	require.Eventually(g.t, func() bool {
		response, err := http.Get(g.base + "/config/") //nolint:noctx // on loopback it answers or refuses
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	}, time.Minute, 20*time.Millisecond, "glewlwyd answers")
}

// plugin is what makes it an OpenID provider, whose people have roles and teams.
func (g *Glewlwyd) plugin() map[string]any {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(g.t, err)
	public, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	require.NoError(g.t, err)
	inPEM := func(kind string, key []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: key}))
	}
	claim := func(name, property string) map[string]any {
		return map[string]any{
			"name": name, "user-property": property, "type": "string", "mandatory": true, "on-demand": false, "scope": []string{},
		}
	}
	return map[string]any{
		"iss": g.Issuer(), "jwt-type": "rsa", "jwt-key-size": "256", "jwks-show": true,
		"key": inPEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(private)), "cert": inPEM("PUBLIC KEY", public),
		"code-duration": 600, "access-token-duration": 3600, "refresh-token-duration": 3600, "refresh-token-rolling": true,
		"refresh-token-one-use": "always", "allow-non-oidc": false, "auth-type-code-enabled": true, "auth-type-id-token-enabled": true,
		"auth-type-token-enabled": false, "auth-type-none-enabled": false, "auth-type-password-enabled": false, "auth-type-client-enabled": false,
		"auth-type-refresh-enabled": true, "auth-type-device-enabled": true,
		"pkce-allowed": true, "pkce-method-plain-allowed": false, "pkce-required": true,
		"subject-type": "public", "allowed-scope": []string{"openid"}, "name-claim": "mandatory", "email-claim": "no", "scope-claim": "no",
		"session-management-allowed": true, "session-cookie-name": "SID", "session-cookie-expiration": 3600,
		"claims": []any{claim("login", "username"), claim("roles", "role"), claim("teams", "team")},
		"additional-parameters": []any{
			map[string]any{"user-parameter": "username", "token-parameter": "login"},
			map[string]any{"user-parameter": "role", "token-parameter": "roles"},
		},
	}
}

// knowProperties makes roles and teams something that is known of people.
func (g *Glewlwyd) knowProperties() {
	var module map[string]any
	require.NoError(g.t, json.Unmarshal(g.ask(g.admin, http.MethodGet, "/api/mod/user/database", nil), &module))
	format := module["parameters"].(map[string]any)["data-format"].(map[string]any) //nolint:forcetypeassert // its API says so
	for _, property := range []string{"role", "team"} {
		format[property] = map[string]any{"multiple": true, "read": true, "write": true, "profile-read": true, "profile-write": false}
	}
	g.ask(g.admin, http.MethodPut, "/api/mod/user/database", module)
	g.ask(g.admin, http.MethodPut, "/api/mod/user/database/reset/", map[string]any{})
}

// Issuer is how it calls itself.
func (g *Glewlwyd) Issuer() string { return g.base + "/api/oidc" }

// Client makes the client known, with its secret, and where people come back to after signing in and out.
func (g *Glewlwyd) Client(signedIn, signedOut string) {
	g.ask(g.admin, http.MethodPost, "/api/client/", map[string]any{
		"client_id": ClientID, "name": ClientID, "confidential": true, "password": ClientSecret, "client_secret": ClientSecret, "enabled": true,
		"redirect_uri": []string{signedIn}, "post_logout_redirect_uri": signedOut, "authorization_type": []string{"code", "refresh_token"},
		"token_endpoint_auth_method": []string{"client_secret_basic", "client_secret_post"}, "scope": []string{},
	})
}

// CLIClient makes a public client known, which signs people in on other devices.
func (g *Glewlwyd) CLIClient() {
	g.ask(g.admin, http.MethodPost, "/api/client/", map[string]any{
		"client_id": CLIClientID, "name": CLIClientID, "confidential": false, "enabled": true,
		"redirect_uri":               []string{"http://127.0.0.1/callback"},
		"authorization_type":         []string{"device_authorization", "refresh_token"},
		"token_endpoint_auth_method": []string{"none"}, "scope": []string{},
	})
}

// Approve is what somebody does who opens the address of a device, in which the code is, and signs in.
func (g *Glewlwyd) Approve(address, user string) {
	g.t.Helper()
	browser := newBrowser(g.t)
	page := g.get(browser, address) //nolint:bodyclose // get does that
	g.ask(browser, http.MethodPost, "/api/auth/", map[string]any{"username": user, "password": Password})
	g.ask(browser, http.MethodPut, "/api/auth/grant/"+CLIClientID, map[string]any{"scope": "openid"})
	page = g.get(browser, page.Request.URL.Query().Get("callback_url")+"&g_continue") //nolint:bodyclose // get does that
	require.Equal(g.t, "deviceComplete", page.Request.URL.Query().Get("prompt"), "the browser was led to %s", page.Request.URL)
}

// Person makes somebody known; Change changes what is known of them.
func (g *Glewlwyd) Person(user string, roles, teams []string) {
	g.ask(g.admin, http.MethodPost, "/api/user/", g.person(user, roles, teams))
}

// Change changes the roles and teams of somebody.
func (g *Glewlwyd) Change(user string, roles, teams []string) {
	g.ask(g.admin, http.MethodPut, "/api/user/"+user, g.person(user, roles, teams))
}

func (g *Glewlwyd) person(user string, roles, teams []string) map[string]any {
	return map[string]any{
		"username": user, "name": "The " + user, "password": Password, "scope": []string{"openid"}, "enabled": true, "role": roles, "team": teams,
	}
}

// SignIn goes through a whole sign-in in the browser, as the provider's page does: password, consent, and on.
func (g *Glewlwyd) SignIn(browser *http.Client, begin, user string) *http.Response {
	g.t.Helper()
	page := g.get(browser, begin)
	require.Equal(g.t, "/login.html", page.Request.URL.Path, "the browser was led to %s", page.Request.URL)
	g.ask(browser, http.MethodPost, "/api/auth/", map[string]any{"username": user, "password": Password})
	g.ask(browser, http.MethodPut, "/api/auth/grant/"+ClientID, map[string]any{"scope": "openid"})
	return g.get(browser, page.Request.URL.Query().Get("callback_url")+"&g_continue")
}

// SignOut goes through the provider's page for it, to which the address leads, and returns where the browser is sent then.
func (g *Glewlwyd) SignOut(browser *http.Client, address string) string {
	g.t.Helper()
	page := g.get(browser, address) //nolint:bodyclose // get does that
	query := page.Request.URL.Query()
	require.Equal(g.t, "end_session", query.Get("prompt"), "the browser was led to %s", page.Request.URL)
	require.Equal(g.t, ClientID, query.Get("client_id"))
	g.ask(browser, http.MethodDelete, "/api/auth/", nil)
	parsed, err := url.Parse(address)
	require.NoError(g.t, err)
	return parsed.Query().Get("post_logout_redirect_uri")
}

func (g *Glewlwyd) get(browser *http.Client, address string) *http.Response {
	g.t.Helper()
	response, err := browser.Get(address) //nolint:noctx // the test's client has its own end
	require.NoError(g.t, err)
	_ = response.Body.Close()
	return response
}

// ask calls the provider's own API.
func (g *Glewlwyd) ask(by *http.Client, method, path string, body any) []byte {
	g.t.Helper()
	content, err := json.Marshal(body)
	require.NoError(g.t, err)
	request, err := http.NewRequestWithContext(g.t.Context(), method, g.base+path, bytes.NewReader(content))
	require.NoError(g.t, err)
	request.Header.Set("Content-Type", "application/json")
	response, err := by.Do(request)
	require.NoError(g.t, err)
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	require.NoError(g.t, err)
	require.Equal(g.t, http.StatusOK, response.StatusCode, "%s %s: %s", method, path, answer)
	return answer
}

func newBrowser(t *testing.T) *http.Client {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &http.Client{Jar: jar}
}
