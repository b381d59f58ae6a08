package main

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const patience = 10 * time.Second

// follow opens a stream and returns what was answered; the stream goes on until it is closed, at the end of the test at the latest.
func (s standing) follow(account, path string) *http.Response {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.URL+path, nil)
	require.NoError(s.t, err)
	as(account)(request)
	response, err := s.Client().Do(request)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

func TestOnePersonHasOnlySoManyStreams(t *testing.T) {
	s := stand(t)
	s.weather()
	paths := []string{"/live", "/api/v1/events", "/api/v1/mini-programs/weather/events"}
	var open []*http.Response
	for number := range streamsPerPerson {
		open = append(open, s.follow("reviewer", paths[number%len(paths)]))
		require.Equal(t, http.StatusOK, open[number].StatusCode)
	}
	for _, path := range paths {
		refused := s.follow("reviewer", path)
		require.Equal(t, http.StatusTooManyRequests, refused.StatusCode, path)
		body, err := io.ReadAll(refused.Body)
		require.NoError(t, err)
		waits(t, refused, string(body), "ou have too many event streams open; close one, wait a second and try again")
	}
	assert.Equal(t, http.StatusOK, s.follow("operator", "/live").StatusCode, "others are not held up")
	response, _ := s.ask(http.MethodGet, "/", as("reviewer"))
	assert.Equal(t, http.StatusOK, response.StatusCode, "it is only about streams")

	require.NoError(t, open[0].Body.Close())
	again := func() bool { return s.follow("reviewer", "/live").StatusCode == http.StatusOK }
	assert.Eventually(t, again, patience, 10*time.Millisecond, "there is room when one goes away")
}

func TestAStreamThatNeverBeganTakesNoRoom(t *testing.T) {
	s := stand(t)
	for range streamsPerPerson + 1 {
		assert.Equal(t, http.StatusNotFound, s.follow("reviewer", "/api/v1/mini-programs/weather/events").StatusCode)
	}
	assert.Equal(t, http.StatusOK, s.follow("reviewer", "/live").StatusCode)
}

// followInBrowser opens the stream of a session.
func (s standing) followInBrowser(session *http.Cookie, path string) *http.Response {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.URL+path, nil)
	require.NoError(s.t, err)
	request.AddCookie(session)
	response, err := s.Client().Do(request)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

func TestAStreamEndsWithTheSessionOfItsPerson(t *testing.T) {
	s := stand(t)
	for name, end := range map[string]func(*http.Cookie){
		"sign out":           func(session *http.Cookie) { s.ask(http.MethodPost, "/sign-out", cookie(session)) },
		"sign in as another": func(session *http.Cookie) { s.signIn("reviewer", cookie(session)) },
	} {
		session, other := s.signIn("developer"), s.signIn("developer")
		var open, goOn []*http.Response
		for _, path := range []string{"/live", "/api/v1/events"} {
			open, goOn = append(open, s.followInBrowser(session, path)), append(goOn, s.followInBrowser(other, path))
		}
		end(session)
		for i := range open {
			require.Equal(t, http.StatusOK, open[i].StatusCode)
			_, err := io.ReadAll(open[i].Body) // it ends
			require.NoError(t, err, name)
			read := make([]byte, 1)
			_, err = goOn[i].Body.Read(read)
			require.NoError(t, err, "that of another session goes on")
		}
		assert.Equal(t, http.StatusSeeOther, s.followInBrowser(session, "/live").StatusCode, name)
	}
}
