package access_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"

	"slipway/accounts"
	"slipway/web/access"
)

var (
	loopback = []string{
		"localhost", "localhost:8080", "LocalHost:8080", "127.0.0.1", "127.0.0.1:1", "127.0.0.1:65535", "127.255.255.254:80", "[::1]", "[::1]:8080", "[0:0:0:0:0:0:0:1]:80",
	}
	elsewhere = []string{
		"", ":", ":80", "evil.example", "evil.example:80", "evil@127.0.0.1", "evil@127.0.0.1:80", "evil:pw@localhost", "localhost@evil.example", "localhost:80@evil.example", "127.0.0.1:80@evil.example",
		"localhost.", "localhost.evil.example", "evil.localhost", "xlocalhost", "127.0.0.1.", "127.0.0.1.evil.example", "127.0.0.1:80.evil.example", "127.0.0.1/", "127.0.0.1:80/x", "localhost/", "localhost#", "localhost?", "localhost ", " localhost", "localhost, evil.example",
		"localhost:", "localhost:http", "localhost:-1", "localhost:+1", "localhost:65536", "localhost:1:1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:1:1",
		"2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "127.0.1", "127.000.000.001", "0.0.0.0:80", "0", "10.0.0.1:80",
		"::1", "::1:80", "[127.0.0.1]", "[127.0.0.1]:80", "[localhost]", "[::1", "::1]", "[[::1]]", "[::1]80", "[::1]:", "[::1%25lo]", "[::1%lo]:80", "[::]:80", "[fe80::1]:80", "[::1].evil.example",
	}
)

func TestOnlyALoopbackNameOrAddressAndNothingMoreIsThisMachine(t *testing.T) {
	for _, host := range loopback {
		assert.True(t, access.IsLoopback(host), host)
	}
	for _, host := range elsewhere {
		assert.False(t, access.IsLoopback(host), host)
	}
}

func TestARequestWithAUserBeforeItsHostIsNotAddressedToThisMachine(t *testing.T) {
	yes := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	no := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	for user, status := range map[*url.Userinfo]int{nil: http.StatusNoContent, url.User("evil.example"): http.StatusTeapot} {
		r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/", http.NoBody)
		r.URL.User = user
		w := httptest.NewRecorder()
		access.LocalOnly(yes, no).ServeHTTP(w, r)
		assert.Equal(t, status, w.Code)
	}
}

func TestATokenWithMoreOrLessThanItselfIsAnotherToken(t *testing.T) {
	sessions := access.NewSessions(nil, accounts.Dev(), nil)
	for header, signedIn := range map[string]bool{
		"Bearer dev-reviewer": true, "bearer dev-reviewer": true, "BEARER dev-reviewer": true,
		"Bearer dev-reviewer ": false, "Bearer  dev-reviewer": false, "Bearer \tdev-reviewer": false, "Bearer\tdev-reviewer": false, "Bearer dev-reviewer\t": false, " Bearer dev-reviewer": false,
		"Bearer dev-reviewer x": false, "Bearer dev-reviewer,dev-operator": false, "Bearer dev-reviewer\u00a0": false, "Bearer DEV-reviewer": false, "Bearer dev-Reviewer": false, "Bearer dev-": false,
		"Bearer": false, "Bearer ": false, "dev-reviewer": false, "Basic dev-reviewer": false, "BearerX dev-reviewer": false, "Bearer:dev-reviewer": false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.Header["Authorization"] = []string{header}
		person, err := sessions.Identify(r)
		assert.Equal(t, signedIn, err == nil, header)
		assert.Equal(t, signedIn, person.User == "reviewer", header)
	}
}

func TestBrowsersAreToldWhatOurPagesNeverDo(t *testing.T) {
	ours := http.Header{}
	access.SetHeaders(ours)
	assert.Equal(t, http.Header{
		"Content-Security-Policy": {"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
			"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"},
		"X-Content-Type-Options": {"nosniff"}, "Referrer-Policy": {"same-origin"}, "Cross-Origin-Opener-Policy": {"same-origin"}, "Cache-Control": {"no-store"},
	}, ours)
	for shown, disposition := range map[bool]string{true: "inline", false: "attachment"} {
		foreign := http.Header{}
		access.SetForeign(foreign, "text/plain", "a/b c.js", shown)
		assert.Equal(t, http.Header{
			"Content-Type": {"text/plain"}, "Content-Disposition": {disposition + `; filename="b c.js"`}, "Content-Security-Policy": {"default-src 'none'; sandbox"},
			"Cross-Origin-Resource-Policy": {"same-origin"}, "X-Content-Type-Options": {"nosniff"},
		}, foreign)
	}
}

func TestOnlyAPageOfAnotherSiteThatSaysSoByItsRefererAloneIsRefused(t *testing.T) {
	passes := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	refuses := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	for _, each := range []struct {
		method, referer, site, origin string
		status                        int
	}{
		{http.MethodPost, "https://evil.example/", "", "", http.StatusForbidden}, {http.MethodPut, "https://evil.example/", "", "", http.StatusForbidden},
		{http.MethodDelete, "https://slipway.example.evil.example/", "", "", http.StatusForbidden}, {http.MethodPost, "%zz", "", "", http.StatusForbidden},
		{http.MethodPost, "https://slipway.example/x", "", "", http.StatusNoContent}, {http.MethodPost, "", "", "", http.StatusNoContent},
		{http.MethodGet, "https://evil.example/", "", "", http.StatusNoContent}, {http.MethodHead, "https://evil.example/", "", "", http.StatusNoContent},
		{http.MethodOptions, "https://evil.example/", "", "", http.StatusNoContent},
		{http.MethodPost, "https://evil.example/", "cross-site", "", http.StatusNoContent}, {http.MethodPost, "https://evil.example/", "", "https://evil.example", http.StatusNoContent},
	} {
		r := httptest.NewRequest(each.method, "https://slipway.example/", nil)
		for name, value := range map[string]string{"Referer": each.referer, "Sec-Fetch-Site": each.site, "Origin": each.origin} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		answer := httptest.NewRecorder()
		access.RefererCheck(passes, refuses).ServeHTTP(answer, r)
		assert.Equal(t, each.status, answer.Code, "%+v", each)
	}
}
