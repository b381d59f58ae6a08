package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog/catalogtest"
	"slipway/database"
	"slipway/delivery"
	"slipway/lifecycle"
	"slipway/web/access"
)

// standBehind is a web whose PostgreSQL is behind a proxy, with the weather in its catalogue.
func standBehind(t *testing.T, change ...func(*settings)) (standing, *catalogtest.Proxy) {
	proxy := catalogtest.NewProxy(t, catalogtest.Postgres(t))
	s := standOn(t, proxy.URL, change...)
	s.weather()
	t.Cleanup(func() { proxy.Become(catalogtest.Talks); proxy.Cut(true) }) // nobody has to wait for it any more
	return s, proxy
}

// withoutDatabase are the routes that need none.
var withoutDatabase = map[string]int{
	"GET /assets/*file": http.StatusNotFound, "GET /sign-in": http.StatusOK, "GET /healthz": http.StatusOK, "GET /metrics": http.StatusOK,
	"GET /request-creation": http.StatusOK, "GET /api/v1/openapi.json": http.StatusOK, "GET /me": http.StatusOK, "GET " + discoveryPath: http.StatusOK, "GET /api/v1/me": http.StatusOK,
	"POST /codec/decode": http.StatusOK, "POST /codec/encode": http.StatusOK,
	"POST /language": http.StatusSeeOther,
	"GET /rehearse":  http.StatusOK, "POST /api/v1/rehearsals": http.StatusUnprocessableEntity,
	"GET /sign-in/begin": http.StatusNotFound, "GET " + access.SignedInPath: http.StatusNotFound, // without a provider
}

// sendable is a request to a route, by somebody who may send it.
func sendable(route string) (method, path string, how []asked) {
	method, path, _ = strings.Cut(route, " ")
	path = strings.NewReplacer("explain", "explain?user=ann", ":id", "weather", ":version", "1.0.0", ":action", "suspend", ":preview", "p1.weather.1.1.AA.k1", "*file", "none.css", "*path", "app.js").Replace(path)
	account := "operator"
	if strings.Contains(path, "packages") || strings.HasSuffix(path, "request-creation") || route == "POST /api/v1/mini-programs" {
		account = "developer"
	}
	how = []asked{as(account)}
	switch {
	case method == http.MethodPost && path == "/tokens":
		how = append(how, filledIn("request_id=00000000-0000-4000-8000-000000000000&kind=host-app&name=wallet&days=1"))
	case method == http.MethodPost && path == "/api/v1/tokens":
		how = append(how, filledIn(`{"name": "wallet", "kind": "host-app"}`), header("Content-Type", "application/json"))
	case method == http.MethodPost && strings.HasSuffix(path, "/fleet") && strings.HasPrefix(path, "/api/"):
		how = append(how, filledIn(`{"action": "suspend", "fields": {"comment": "because"}}`), header("Content-Type", "application/json"))
	case method == http.MethodPost && strings.HasPrefix(path, "/fleet"):
		how = append(how, filledIn("act=suspend&comment=because&confirm=1&request_id=r"))
	case path == "/language":
		how = append(how, filledIn("language=en"))
	case method == http.MethodGet:
	case strings.HasSuffix(path, "/previews") && strings.HasPrefix(path, "/api/"):
		how = append(how, filledIn(`{}`), header("Content-Type", "application/json"))
	case strings.HasSuffix(path, "/previews"):
		how = append(how, filledIn("hours=24"))
	case strings.HasSuffix(path, "/packages"):
		boundary := "\r\n--x"
		how = append(how, filledIn("--x\r\nContent-Disposition: form-data; name=\"version\"\r\n\r\n1.0.0"+boundary+
			"\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.zip\"\r\n\r\nPK"+boundary+"--\r\n"), header("Content-Type", "multipart/form-data; boundary=x"))
	case strings.HasSuffix(path, "/preview"):
		how = append(how, filledIn("request_id=r"))
	case strings.HasPrefix(path, "/api/") && strings.HasSuffix(path, "mini-programs"):
		how = append(how, filledIn(`{"id": "maps", "title": "Maps", "team": "acme"}`), header("Content-Type", "application/json"))
	case method == http.MethodPut:
		how = append(how, filledIn(`{"events": ["publish"]}`), header("Content-Type", "application/json"))
	case path == "/api/v1/subscriptions" && method == http.MethodPost:
		how = append(how, filledIn(`{"name": "ci", "channel": "slack", "to": ["https://chat.example/x"]}`), header("Content-Type", "application/json"))
	case strings.HasPrefix(path, codecFolder):
		how = append(how, filledIn(`{}`), header("Content-Type", "application/json"))
	case strings.HasPrefix(path, "/api/") && strings.HasSuffix(path, "/comments"):
		how = append(how, filledIn(`{"text": "see below"}`), header("Content-Type", "application/json"))
	case strings.HasPrefix(path, "/api/"):
		how = append(how, filledIn(`{"comment": "because"}`), header("Content-Type", "application/json"))
	default:
		how = append(how, filledIn("request_id=r&comment=because&id=maps&title=Maps&team=acme&account=operator&name=mine"))
	}
	return method, path, how
}

func TestASilentDatabaseKeepsNoRequestWaiting(t *testing.T) {
	s, proxy := standBehind(t)
	session := s.signIn("operator")
	proxy.Become(catalogtest.SwallowsAll)
	var asking sync.WaitGroup
	for _, way := range s.router.Routes() {
		asking.Go(func() {
			route := way.Method + " " + way.Pattern
			method, path, how := sendable(route)
			for name, how := range map[string][]asked{"a program": how, "a browser": append(how, cookie(session), header("Authorization", ""))} {
				status, known := withoutDatabase[route]
				if way.Permission.IsStream() && path != "/api/v1/mini-programs/weather/events" || name == "a browser" && known {
					continue
				}
				if !known {
					status = http.StatusServiceUnavailable
				}
				response, body := s.ask(method, path, how...)
				assert.Equal(t, status, response.StatusCode, "%s, %s: %s", route, name, body)
				if !known && path != "/readyz" {
					assert.Equal(t, "1", response.Header.Get("Retry-After"), "%s, %s", route, name)
				}
			}
		})
	}
	asking.Wait()
	proxy.Become(catalogtest.Talks)
	assert.Eventually(t, func() bool {
		response, _ := s.ask(http.MethodGet, "/", cookie(session))
		return response.StatusCode == http.StatusOK
	}, 3*patience, 10*time.Millisecond, "pages come back by themselves")
}

func TestASilentDatabaseKeepsNoHostAppWaiting(t *testing.T) {
	s, proxy := standBehind(t)
	hostApps := gin.New()
	(&delivery.Handlers{Snapshot: s.app.snapshot, Store: s.app.store, History: s.app.catalog}).Register(hostApps)
	l := listen(t, s.app.settings, &dispatcher{hostApps: hostApps, bodyTimeout: patience})
	require.Eventually(t, func() bool { return s.app.snapshot.Change() > 0 }, 3*patience+10*time.Second, 10*time.Millisecond, "the weather is known")
	proxy.Become(catalogtest.SwallowsAll)
	const question = `{"context": {"targetingKey": "user-42"}}`
	conn := l.send(fmt.Sprintf("POST /ofrep/v1/evaluate/flags/weather HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", len(question), question))
	assert.Equal(t, http.StatusOK, status(t, conn), "it is known that nothing is released")
	conn = l.send("GET /packages/" + strings.Repeat("ab", 32) + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(3*patience)))
	assert.Equal(t, http.StatusServiceUnavailable, status(t, conn), "this only the database knows")
}

// A request ends also when each of its steps is quick enough, or waits for something that is no database.
func TestARequestThatTakesTooLongIsBrokenOff(t *testing.T) {
	s, proxy := standBehind(t, func(s *settings) { s.timeouts.answer, s.AnswerWait = 50*time.Millisecond, 50*time.Millisecond })
	proxy.Become(catalogtest.SwallowsAll)
	response, body := s.ask(http.MethodGet, "/api/v1/mini-programs", as("operator"))
	isProblem(t, response, body, http.StatusServiceUnavailable)
	assert.Contains(t, body, "took too long")
	response, body = s.ask(http.MethodGet, "/", as("operator"))
	waitsAway(t, response, body, "took too long")
}

func waitsAway(t *testing.T, response *http.Response, body, sentence string) {
	t.Helper()
	assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode, body)
	assert.Equal(t, "1", response.Header.Get("Retry-After"))
	assert.Contains(t, body, sentence)
}

func TestAStreamHasNoDeadline(t *testing.T) {
	s := stand(t, func(s *settings) { s.timeouts.answer, s.AnswerWait = time.Nanosecond, time.Nanosecond })
	stream := s.follow("reviewer", "/live")
	require.Equal(t, http.StatusOK, stream.StatusCode)
	ctx := stream.Request.Context()
	go s.app.feed.Run(ctx)
	response, body := s.ask(http.MethodGet, "/api/v1/mini-programs", as("operator"))
	isProblem(t, response, body, http.StatusServiceUnavailable)
	s.weather()
	said := make([]byte, 0, 1024)
	for !strings.Contains(string(said), "weather") {
		chunk := make([]byte, 256)
		n, err := stream.Body.Read(chunk)
		require.NoError(t, err)
		said = append(said, chunk[:n]...)
	}
}

func TestWhatWasRecordedUnknownToTheWebIsNotRecordedAnew(t *testing.T) {
	s, proxy := standBehind(t)
	proxy.Cut(true)
	proxy.Refuse()
	_, err := s.app.service.Act(t.Context(), "weather", lifecycle.Command{Action: lifecycle.Suspend, Actor: lifecycle.Actor{User: "otto"}, RequestID: "r"})
	assert.True(t, database.Unavailable(err), "%v", err)
}
