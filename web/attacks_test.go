package main

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
)

// What browsers of all ages say of a form that they send, and whether it is one of ours; HOST is where it is sent to.
var sentBy = []struct {
	site, origin, referer string
	ours                  bool
}{
	{"same-origin", "http://HOST", "http://HOST/", true}, {"none", "", "", true}, {"same-origin", "", "", true},
	{"", "http://HOST", "", true}, {"", "", "http://HOST/mini-programs", true}, {"", "", "", true}, // the last is a program
	{"cross-site", "https://evil.example", "https://evil.example/", false}, {"cross-site", "http://HOST", "http://HOST/", false}, {"cross-site", "", "", false},
	{"same-site", "http://evil.HOST", "", false}, {"same-site", "", "", false}, {"SAME-ORIGIN", "", "", false}, {"anything", "", "", false}, {"cross-site", "null", "", false},
	{"", "https://evil.example", "", false}, {"", "null", "", false}, {"", "http://HOST.evil.example", "", false}, {"", "http://evil.example/HOST", "", false},
	{"", "http://evil.example?HOST", "", false}, {"", "http://HOST@evil.example", "", false}, {"", "HOST", "", false}, {"", "http://127.0.0.1", "", false}, {"", "::", "", false},
	{"", "null", "http://HOST/", false}, {"", "", "https://evil.example/", false}, {"", "", "http://HOST.evil.example/", false}, {"", "", "http://HOST@evil.example/", false},
	{"", "", "about:blank", false}, {"", "", "data:text/html,x", false}, {"", "", ":", false},
}

func TestWhatAnotherSitesPageSendsIsRefused(t *testing.T) {
	s := stand(t)
	session := s.signIn("operator")
	host := strings.TrimPrefix(s.URL, "http://")
	for _, sent := range sentBy {
		how := []asked{cookie(session)}
		for name, value := range map[string]string{"Sec-Fetch-Site": sent.site, "Origin": sent.origin, "Referer": sent.referer} {
			if value != "" {
				how = append(how, header(name, strings.ReplaceAll(value, "HOST", host)))
			}
		}
		for _, route := range s.router.Routes() {
			if route.Method != http.MethodPost || !slices.Contains([]string{"/request-creation", "/mini-programs/:id/actions/:action", "/api/v1/mini-programs/:id/actions/:action"}, route.Pattern) {
				continue
			}
			response, body := s.ask(http.MethodPost, concrete(route.Pattern), append(how, form(url.Values{}))...)
			refused := response.StatusCode == http.StatusForbidden && strings.Contains(body, "sent by a page of another site")
			assert.Equal(t, sent.ours, !refused, "%+v to %s: %d %s", sent, route.Pattern, response.StatusCode, body)
		}
		response, _ := s.ask(http.MethodPost, "/sign-in", append(how[1:], form(url.Values{"account": {"operator"}}))...)
		assert.Equal(t, sent.ours, response.StatusCode == http.StatusSeeOther, "%+v: nobody is signed in by another site", sent)
		assert.Equal(t, sent.ours, len(response.Cookies()) == 1, "%+v", sent)
	}
}

// elsewhere are addresses that browsers may take for one of another site.
var elsewhere = []string{
	"https://evil.example", "//evil.example", "///evil.example", "////evil.example", `/\evil.example`, `\\evil.example`, `\/evil.example`, `/\/evil.example`, "https:evil.example", "https:/evil.example", "https:///evil.example",
	"/\t/evil.example", "/\n/evil.example", "/\r/evil.example", "/\r\n/evil.example", "\t//evil.example", " //evil.example", "/%09/evil.example", "%2f%2fevil.example", "%5c%5cevil.example",
	"//evil.example/%2f..", "/.//evil.example", "/..//evil.example", "/./\\evil.example", "@evil.example", ".evil.example", ":evil.example", "http://127.0.0.1@evil.example", "//127.0.0.1@evil.example",
	"http://127.0.0.1:80@evil.example/", "javascript:evil()", "JavaScript:evil()", "data:text/html,evil", "/\u2028/evil.example", "/x\r\nX-Evil: 1", "/x\nSet-Cookie: evil=1", "evil.example", "?//evil.example", "#//evil.example",
}

// staysHere requires that a browser that follows the address stays on this site.
func (s standing) staysHere(response *http.Response, next string) {
	s.t.Helper()
	location := response.Header.Get("Location")
	assert.NotContains(s.t, location, `\`, next)
	assert.Regexp(s.t, `^/([^/\\]|$)`, location, next)
	led, err := response.Location()
	require.NoError(s.t, err, next)
	assert.Equal(s.t, strings.TrimPrefix(s.URL, "http://"), led.Host, next)
	assert.Nil(s.t, led.User, next)
	assert.Empty(s.t, response.Header.Get("X-Evil"), next)
}

func TestNoParameterLeadsToAnotherSite(t *testing.T) {
	s := stand(t)
	for _, next := range elsewhere {
		response, _ := s.ask(http.MethodPost, "/sign-in", form(url.Values{"account": {"developer"}, "next": {next}}))
		require.Equal(t, http.StatusSeeOther, response.StatusCode)
		s.staysHere(response, next)
		_, page := s.ask(http.MethodGet, "/sign-in?next="+url.QueryEscape(next))
		kept := between(t, page, `name="next" value="`, `"`)
		assert.Regexp(t, `^/([^/\\]|$)`, kept, "the form keeps %q", next)
		response, _ = s.ask(http.MethodGet, "/mini-programs?q="+url.QueryEscape(next))
		s.staysHere(response, next)
		response, _ = s.ask(http.MethodPost, "/sign-out", form(url.Values{"next": {next}}))
		s.staysHere(response, next)
	}
}

func between(t *testing.T, text, before, behind string) string {
	_, rest, found := strings.Cut(text, before)
	require.True(t, found, text)
	part, _, _ := strings.Cut(rest, behind)
	return part
}

func TestSigningInAtTheProviderLeadsToNoOtherSiteWhateverIsAskedFor(t *testing.T) {
	s := trust(t, func(s *settings) { s.RateLimit = 0 })
	for _, next := range elsewhere {
		response := s.issuer.SignIn(s.browser(), s.URL+"/sign-in/begin?next="+url.QueryEscape(next), "rita")
		assert.Equal(t, strings.TrimPrefix(s.URL, "http://"), response.Request.URL.Host, next)
	}
}

// Whatever people choose comes back in no header but as an escaped part of an address.
func TestNobodyWritesHeadersOfAnswers(t *testing.T) {
	s := stand(t)
	s.weather()
	const evil = "x\r\nX-Evil: 1\r\nSet-Cookie: evil=1\r\n\r\n<script>"
	escaped := url.PathEscape(evil)
	for _, route := range s.router.Routes() {
		path := strings.NewReplacer(":id", escaped, ":version", escaped, ":action", escaped, "*file", escaped, "*path", escaped).Replace(route.Pattern)
		if route.Permission.IsStream() {
			continue
		}
		for _, account := range []string{"developer", "operator"} {
			response, _ := s.ask(route.Method, path+"?answer="+url.QueryEscape(evil), as(account), header("X-Request-Id", "evil"),
				form(url.Values{"request_id": {evil}, "id": {evil}, "title": {evil}, "team": {evil}, "account": {evil}, "next": {"/" + evil}}))
			for name, values := range response.Header {
				assert.NotContains(t, strings.ToLower(name+strings.Join(values, " ")), "evil: 1", "%s %s", route.Method, path)
			}
			assert.Empty(t, response.Header.Get("X-Evil"), route.Pattern)
			for _, cookie := range response.Cookies() {
				assert.Equal(t, "slipway_session", cookie.Name, route.Pattern)
				assert.NotContains(t, cookie.Value, "evil", route.Pattern)
			}
			assert.Empty(t, response.Header.Get("Content-Disposition"), "nothing that people named is in it: %s", route.Pattern)
		}
	}
}

// Who is not trusted to say for whom a request comes is limited as themselves.
func TestAnAddressIsNotMadeUp(t *testing.T) {
	s := stand(t, func(s *settings) { s.RateLimit = 1 })
	limited := false
	for i := range 2 * signInsAtOnce {
		made := "203.0.113." + string(rune('0'+i%10))
		response, _ := s.ask(http.MethodPost, "/sign-in", form(url.Values{"account": {"developer"}}),
			header("X-Forwarded-For", made), header("X-Real-IP", made), header("Forwarded", "for="+made))
		limited = limited || response.StatusCode == http.StatusTooManyRequests
	}
	assert.True(t, limited)
}

var changeNumber = regexp.MustCompile(`"change":\d+`)

// Host apps learn of what is not released yet that it exists, and not where it stands.
func TestHostAppsCannotTellWhereSomethingStandsThatIsNotReleased(t *testing.T) {
	s := stand(t)
	web := newDispatcher(s.app.settings, s.app.dependencies, zap.NewNop())
	ask := func(id string) (int, string) {
		answer := httptest.NewRecorder()
		request := httptest.NewRequest(http.MethodPost, "http://localhost/ofrep/v1/evaluate/flags/"+id, strings.NewReader(`{"context": {"targetingKey": "ann"}}`))
		web.ServeHTTP(answer, request)
		return answer.Code, changeNumber.ReplaceAllString(strings.ReplaceAll(answer.Body.String(), id, "ID"), "")
	}
	ids := s.keptInManyStates()
	require.Eventually(t, func() bool { status, _ := ask(ids[2]); return status == http.StatusOK }, patience+10*time.Second, 10*time.Millisecond, "what came last is known")
	_, asked := ask(ids[0])
	assert.Contains(t, asked, `"available":false`)
	_, inReview := ask(ids[1])
	assert.Equal(t, asked, inReview)
	_, outsideTheCohort := ask(ids[2])
	assert.NotContains(t, outsideTheCohort, "1.0.0", "who is outside of the cohort learns no version")
}

// An upload to another team's mini-program is refused in the same words wherever it stands, and its bytes are kept nowhere.
func TestAnUploadTellsOtherTeamsNothing(t *testing.T) {
	s := stand(t)
	ids := s.keptInManyStates()
	for _, prefix := range []string{"", "/api/v1"} {
		told := map[string]bool{}
		for _, id := range ids {
			response, body := s.ask(http.MethodPost, prefix+"/mini-programs/"+id+"/packages", as("other-developer"),
				uploaded(t, []byte("PK"), "version", "1.0.0"), header("Idempotency-Key", "the-same"))
			assert.Equal(t, http.StatusForbidden, response.StatusCode)
			assert.NotContains(t, body, secret)
			told[strings.ReplaceAll(body, id, "ID")] = true
		}
		assert.Len(t, told, 1, "%q", prefix)
	}
}

func TestTheListOfAttacksNamesTestsThatExist(t *testing.T) {
	page, err := os.ReadFile("../docs/security.md")
	require.NoError(t, err)
	named := regexp.MustCompile("`(Test[A-Za-z]+)`").FindAllStringSubmatch(string(page), -1)
	require.NotEmpty(t, named)
	var tests strings.Builder
	require.NoError(t, filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		tests.Write(text)
		return err
	}))
	for _, each := range named {
		assert.Contains(t, tests.String(), "func "+each[1]+"(", "docs/security.md")
	}
}
