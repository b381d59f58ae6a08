package events_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/web/events"
)

// name is what the streams of these tests send of a change.
func name(change catalog.Change) any { return change.ID }

// serve streams the feed after the number; ended is closed when a stream is over.
func serve(t *testing.T, feed *events.Feed, after int64, message func(catalog.Change) any) (server *httptest.Server, ended <-chan struct{}) {
	t.Helper()
	over := make(chan struct{})
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(over)
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(50 * time.Millisecond)) // as for every request
		feed.Stream(r.Context(), w, after, message)
	}))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server, over
}

// listen opens a stream and hands over its lines.
func listen(t *testing.T, server *httptest.Server) *bufio.Scanner {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
	require.NoError(t, err)
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	require.NoError(t, err)
	t.Cleanup(func() { _ = response.Body.Close() })
	assert.Equal(t, "text/event-stream", response.Header.Get("Content-Type"))
	assert.Equal(t, "no-store", response.Header.Get("Cache-Control"))
	return bufio.NewScanner(response.Body)
}

// message reads up to the next empty line.
func message(t *testing.T, lines *bufio.Scanner) string {
	t.Helper()
	var read []string
	for lines.Scan() && lines.Text() != "" {
		read = append(read, lines.Text())
	}
	require.NoError(t, lines.Err())
	return strings.Join(read, "\n")
}

func isOver(t *testing.T, ended <-chan struct{}, why string) {
	t.Helper()
	select {
	case <-ended:
	case <-time.After(patience):
		assert.Fail(t, "the stream goes on", why)
	}
}

func TestAStreamIsMadeOfServerSentEvents(t *testing.T) {
	c := catalogtest.Open(t, catalogtest.SQLite(t))
	request(t, c, "first")
	feed, _ := follow(t, c)
	server, _ := serve(t, feed, feed.Last(), func(change catalog.Change) any {
		if change.ID == "left-out" {
			return nil
		}
		return map[string]string{"id": change.ID, "text": "two\nlines"}
	})
	lines := listen(t, server)
	assert.Equal(t, "retry: 1000\nid: 1", message(t, lines), "the watcher knows at once where to resume")
	request(t, c, "left-out")
	request(t, c, "third")
	assert.Equal(t, "id: 3\ndata: {\"id\":\"third\",\"text\":\"two\\nlines\"}", message(t, lines))
}

func TestAHeartbeatTellsHowFarTheWatcherIsAndLastsLongerThanARequestMay(t *testing.T) {
	c := catalogtest.Open(t, catalogtest.SQLite(t))
	feed, _ := follow(t, c)
	feed.Hurry(20*time.Millisecond, patience, patience)
	server, _ := serve(t, feed, 0, func(catalog.Change) any { return nil })
	lines := listen(t, server)
	message(t, lines)
	request(t, c, "not-for-this-watcher")
	reached := func() bool { return message(t, lines) == "id: 1" }
	for !reached() { // each takes a heartbeat
	}
	for range 10 {
		assert.True(t, reached())
	}
}

func TestAWatcherHasToComeBackOnceInAWhile(t *testing.T) {
	c := catalogtest.Open(t, catalogtest.SQLite(t))
	feed, _ := follow(t, c)
	feed.Hurry(time.Hour, patience, 50*time.Millisecond)
	server, ended := serve(t, feed, 0, name)
	lines := listen(t, server)
	for lines.Scan() {
	}
	assert.NoError(t, lines.Err(), "it ends in good order")
	isOver(t, ended, "its longest time is over")
}

func TestASlowWatcherIsCutAndHoldsNobodyUp(t *testing.T) {
	c := catalogtest.Open(t, catalogtest.SQLite(t))
	feed, _ := follow(t, c)
	feed.Hurry(time.Hour, 100*time.Millisecond, time.Hour)
	big := func(catalog.Change) any { return strings.Repeat("x", 1<<20) }
	slow, cut := serve(t, feed, 0, big)
	asleep, err := net.Dial("tcp", slow.Listener.Addr().String())
	require.NoError(t, err)
	defer func() { _ = asleep.Close() }()
	_, err = io.WriteString(asleep, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") // and never reads
	require.NoError(t, err)
	quick, _ := serve(t, feed, 0, name)
	lines := listen(t, quick)
	message(t, lines)
	const many = 40
	for number := range int64(many) {
		feed.Add(catalog.Change{Number: number + 1, ID: "weather"})
	}
	for range many {
		assert.Contains(t, message(t, lines), "weather")
	}
	isOver(t, cut, "the watcher does not read")
}

func TestWhoGoesAwayIsNoticed(t *testing.T) {
	c := catalogtest.Open(t, catalogtest.SQLite(t))
	feed, _ := follow(t, c)
	server, ended := serve(t, feed, 0, name)
	lines := listen(t, server)
	message(t, lines)
	server.CloseClientConnections()
	isOver(t, ended, "nobody listens")
}

func TestTheEndOfTheProcessEndsStreams(t *testing.T) {
	c := catalogtest.Open(t, catalogtest.SQLite(t))
	feed, stop := follow(t, c)
	server, ended := serve(t, feed, 0, name)
	lines := listen(t, server)
	message(t, lines)
	stop()
	isOver(t, ended, "the process stops")
	for lines.Scan() {
	}
	assert.NoError(t, lines.Err(), "it ends in good order")
}
