package delivery

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/debiantest"
)

const app = "https://app.example.com"

func withOrigins(origins ...string) func(*Handlers) { return func(h *Handlers) { h.Origins = origins } }

func preflight(origin string) []string {
	return []string{"Origin", origin, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type,authorization,if-none-match"}
}

func TestABrowserIsToldWhatAPageOfAListedOriginMayAsk(t *testing.T) {
	p := running(t, withTokens(t), withOrigins("http://localhost:3000", app))
	for _, path := range []string{flagsPath, flagsPath + "/weather", flagsPath + "/a%2Fb", "/packages/" + sumOf("any")} {
		response, text := p.ask(http.MethodOptions, path, http.NoBody, preflight(app)...)
		assert.Equal(t, http.StatusNoContent, response.StatusCode, path)
		assert.Empty(t, text)
		header := response.Header
		assert.Equal(t, app, header.Get("Access-Control-Allow-Origin"))
		assert.Equal(t, "GET, HEAD, POST", header.Get("Access-Control-Allow-Methods"))
		for _, name := range []string{"Authorization", "Content-Type", "If-None-Match", "Range"} {
			assert.Contains(t, header.Get("Access-Control-Allow-Headers"), name)
		}
		assert.Equal(t, "Origin", header.Get("Vary"))
		assert.Equal(t, "7200", header.Get("Access-Control-Max-Age"))
		assert.Empty(t, header.Get("Allow"), "that would be about the route, which knows no OPTIONS")
		assert.Empty(t, header.Get("Access-Control-Allow-Credentials"), "tokens are sent by the page, never by the browser itself")
	}
}

func TestAPageOfAListedOriginReadsEveryAnswer(t *testing.T) {
	p := running(t, withTokens(t), withOrigins(app), func(h *Handlers) { h.History = archive{err: errDown} })
	requested(t, p.catalogue, "weather").publishes("1.0.0")
	path := p.stores("weather", "1.0.0")
	p.knows()
	const token = "Bearer s3cret"
	for _, each := range []struct {
		method, path, token string
		status              int
	}{
		{http.MethodPost, flagsPath, token, 200},
		{http.MethodPost, flagsPath + "/weather", token, 200},
		{http.MethodPost, flagsPath + "/nowhere", token, 404},
		{http.MethodPost, flagsPath, "", 401},
		{http.MethodGet, flagsPath, token, 405},
		{http.MethodPost, "/ofrep/nowhere", token, 404},
		{http.MethodGet, path, token, 200},
		{http.MethodGet, path, "", 401},
		{http.MethodGet, "/packages/none", token, 404},
		{http.MethodGet, "/packages/" + sumOf("earlier"), token, 503},
	} {
		for origin, allowed := range map[string]string{app: app, "https://evil.example": "", "": "", "https://app.example.com.evil.example": "", "null": "", "HTTPS://APP.EXAMPLE.COM": ""} {
			response, _ := p.ask(each.method, each.path, strings.NewReader(about("u1")), "Origin", origin, "Authorization", each.token)
			assert.Equal(t, each.status, response.StatusCode, each)
			assert.Equal(t, allowed, response.Header.Get("Access-Control-Allow-Origin"), "%v %s", each, origin)
			assert.Equal(t, "Origin", response.Header.Get("Vary"), "caches keep the answers to other origins apart")
			exposed := response.Header.Get("Access-Control-Expose-Headers")
			assert.Equal(t, allowed != "", strings.Contains(exposed, "ETag") && strings.Contains(exposed, "Retry-After"))
		}
	}
}

func TestOnlyAPreflightIsAnsweredAsOne(t *testing.T) {
	p := running(t, withOrigins(app))
	response, _ := p.ask(http.MethodOptions, flagsPath, http.NoBody, "Origin", app)
	assert.Equal(t, http.StatusMethodNotAllowed, response.StatusCode, "it asks for the options of the path")
	response, text := p.post(flagsPath, about("u1"), preflight(app)...)
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.JSONEq(t, `{"flags": []}`, text)
}

func TestOtherOriginsAreToldNothing(t *testing.T) {
	for _, p := range []*platform{running(t), running(t, withOrigins(app))} {
		response, _ := p.ask(http.MethodOptions, flagsPath, http.NoBody, preflight("https://evil.example")...)
		assert.Equal(t, http.StatusMethodNotAllowed, response.StatusCode)
		response, _ = p.post(flagsPath, about("u1"), "Origin", "https://evil.example")
		for name := range response.Header {
			assert.NotContains(t, name, "Access-Control")
		}
		assert.Equal(t, len(p.handlers.Origins) > 0, response.Header.Get("Vary") != "")
	}
}

func TestOriginsAreListedAsBrowsersSendThem(t *testing.T) {
	right := []string{app, "http://localhost:3000", "http://127.0.0.1", "https://[::1]:8443", "capacitor://localhost", "https://xn--80ak6aa92e.com", "https://a-b.c_d.example:444", "http://a:443"}
	origins, err := ParseOrigins(" " + strings.Join(right, " ,\n") + ",")
	require.NoError(t, err)
	assert.Equal(t, Origins(right), origins)
	origins, err = ParseOrigins(" \n")
	require.NoError(t, err)
	assert.Empty(t, origins)
	for _, wrong := range []string{
		"*", "null", "app.example.com", "https://", "https://*.example.com", app + "/", app + "/app", app + "?a", app + "#a", "https://user@app.example.com",
		"HTTPS://app.example.com", "https://App.example.com", app + ":443", "http://app.example.com:80", app + ":", app + ":0", app + ":123456", "https://büro.example", "//app.example.com", "https:app.example.com",
	} {
		_, err := ParseOrigins("http://localhost:3000," + wrong)
		assert.ErrorContains(t, err, fmt.Sprintf("%q is not an origin as browsers send it", wrong))
	}
}

// browses opens the page of a host app in Chromium.
func browses(t *testing.T, page string) context.Context {
	t.Helper()
	ctx := debiantest.Chromium(t)
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(page), chromedp.WaitReady(chromedp.CSS("body.ready"))))
	return ctx
}

func TestTheBrowserClientOfOpenFeatureAsksFromTheOriginOfItsApp(t *testing.T) {
	files := http.FileServer(http.Dir("testdata/web-provider"))
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			w.Header().Set("Content-Type", "text/javascript")
			files.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, `<body><script type="module">import "./page.mjs"; document.body.className = "ready"</script>`)
	}))
	defer page.Close()
	type said struct {
		Statuses                         []int
		Version, Package, Problem, Error string
	}
	browser := browses(t, page.URL)
	asks := func(p *platform, token string) said {
		t.Helper()
		requested(t, p.catalogue, "weather").publishes("1.0.0")
		p.stores("weather", "1.0.0")
		p.knows()
		answer, err := chromedp.Run(browser, chromedp.Evaluate[said](fmt.Sprintf("ask(%q, %q)", p.url, token), chromedp.EvalAwaitPromise))
		require.NoError(t, err)
		return answer
	}
	listed := []func(*Handlers){withTokens(t), withOrigins(page.URL)}
	assert.Equal(t, said{
		Statuses: []int{200, 304, 200, 404}, Version: "1.0.0", Package: content("weather", "1.0.0"), Problem: "Not Found",
	}, asks(running(t, listed...), "s3cret"))
	assert.Equal(t, []int{401}, asks(running(t, listed...), "wrong").Statuses, "errors can be read too")
	other := asks(running(t, withTokens(t), withOrigins(app)), "s3cret")
	assert.Empty(t, other.Statuses, "the browser lets the page read nothing")
	assert.NotEmpty(t, other.Error)
}
