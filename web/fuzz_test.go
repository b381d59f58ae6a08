package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/web/access"
)

// bodyTypes are what bodies say they are.
var bodyTypes = []string{"", "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "application/json; charset=latin1"}

// FuzzRequest sends whatever it likes to every route of pages and API, as everybody: cursors, filters, forms, tokens, rehearsals, previews. Each
// request is answered as what it is, never by a failure on our side, and no answer leads elsewhere.
func FuzzRequest(f *testing.F) {
	s := stand(f)
	s.discussed()
	s.app.service.AnswerWait = 10 * time.Millisecond // for a Temporal that is away
	routes := slices.DeleteFunc(s.router.Routes(), func(route access.Route) bool { return route.Permission.IsStream() })
	people := []string{"developer", "reviewer", "release-manager", "operator", "auditor", "nobody"}
	for i, route := range routes {
		_, _, how := sendable(route.Method + " " + route.Pattern)
		sent, err := http.NewRequest(route.Method, "/", http.NoBody)
		require.NoError(f, err)
		for _, each := range how {
			each(sent)
		}
		body, err := io.ReadAll(sent.Body)
		require.NoError(f, err)
		kind := slices.Index(bodyTypes, sent.Header.Get("Content-Type"))
		f.Add(uint8(i), uint8(3), "weather", "cursor=1&limit=3&q=x&state=Published&user=ann&against=live&from=1", uint8(max(0, kind)), string(body))
		f.Add(uint8(i), uint8(i), "we%2fa\x00\u202e", "cursor=MjAyNg&limit=-1&at=0000-01-01T00:00:00Z&answer=%zz", uint8(i), `{"a":[1e999,"\ud800"]}`)
	}
	f.Fuzz(func(t *testing.T, route, person uint8, named, query string, kind uint8, body string) {
		s := s
		s.t = t
		to := routes[int(route)%len(routes)]
		path := patterns.Replace(to.Pattern)
		path = strings.ReplaceAll(path, "NAMED", url.PathEscape(named)) + "?" + query
		if _, err := url.Parse(s.URL + path); err != nil || strings.ContainsAny(query, "# ") { // with a blank it is no request of HTTP
			return
		}
		account := people[int(person)%len(people)]
		how := []asked{as(account), func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
			if kind := bodyTypes[int(kind)%len(bodyTypes)]; kind != "" {
				r.Header.Set("Content-Type", kind)
			}
		}}
		response, answer := s.ask(to.Method, path, how...)
		isAnswer(t, to, response, answer)
	})
}

// patterns turn a route into an address in which something is named.
var patterns = strings.NewReplacer(":id", "NAMED", ":version", "1.0.0", ":action", "publish", ":preview", "NAMED", "*file", "NAMED", "*path", "NAMED", ":name", "NAMED")

// A statement of a database has no place for as many arguments as an address has.
func TestAListOfAThousandTeamsIsRefused(t *testing.T) {
	s := stand(t)
	s.weather()
	for _, path := range []string{"/mini-programs", "/api/v1/mini-programs", "/"} {
		for _, parameter := range []string{"state=Published", "team=a", "turn=system", "standing=held"} {
			name, value, _ := strings.Cut(parameter, "=")
			response, body := s.ask(http.MethodGet, path+"?"+name+"="+strings.Repeat(value+",", 40_000), as("operator"))
			assert.Less(t, response.StatusCode, http.StatusInternalServerError, "%s %s: %.300s", path, name, body)
		}
	}
	var many []string
	for i := range 40_000 {
		many = append(many, fmt.Sprintf("t%d", i))
	}
	response, body := s.ask(http.MethodGet, "/api/v1/mini-programs?team="+strings.Join(many, ","), as("operator"))
	isProblem(t, response, body, http.StatusUnprocessableEntity)
	assert.Contains(t, body, "team has 40000 entries; at most 100 are allowed")
	order := `{"action":"pause","where":{"team":["` + strings.Join(many, `","`) + `"]}}`
	status, _, answer := s.orders("operator", order)
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Contains(t, answer, "where.team has 40000 entries")
}

func isAnswer(t *testing.T, to access.Route, response *http.Response, answer string) {
	t.Helper()
	where := to.Method + " " + to.Pattern
	assert.NotEqual(t, http.StatusInternalServerError, response.StatusCode, "%s: %s", where, answer)
	if location := response.Header.Get("Location"); location != "" {
		assert.Regexp(t, `^/([^/\\]|$)`, location, where)
	}
	contentType := response.Header.Get("Content-Type")
	if strings.HasPrefix(to.Pattern, "/api/") && response.StatusCode >= http.StatusBadRequest {
		assert.Equal(t, "application/problem+json", contentType, where)
		var problem struct {
			Title, Detail string
			Status        int
		}
		require.NoError(t, json.Unmarshal([]byte(answer), &problem), where)
		assert.NotEmpty(t, problem.Title, where)
		assert.Equal(t, response.StatusCode, problem.Status, where)
	}
	if strings.HasPrefix(contentType, "text/html") {
		assert.NotEmpty(t, response.Header.Get("Content-Security-Policy"), where)
	}
}
