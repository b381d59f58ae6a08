package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
)

// listening is a server of the web on a listener of its own; stop ends it as a signal does, and returns with what error it ended.
type listening struct {
	t    *testing.T
	addr string
	stop func() error
}

func listen(t *testing.T, settings settings, handler http.Handler) listening {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	t.Cleanup(cancel)
	ended := make(chan error, 1)
	go func() { ended <- newServer(settings, handler, zap.NewNop()).serve(ctx, listener) }()
	return listening{t, listener.Addr().String(), func() error {
		cancel()
		select {
		case err := <-ended:
			return err
		case <-time.After(patience):
			require.FailNow(t, "the server goes on")
			return nil
		}
	}}
}

// send opens a connection and writes a text to it, as clients do that keep to no rules.
func (l listening) send(text string) net.Conn {
	l.t.Helper()
	conn, err := net.Dial("tcp", l.addr)
	require.NoError(l.t, err)
	l.t.Cleanup(func() { _ = conn.Close() })
	require.NoError(l.t, conn.SetReadDeadline(time.Now().Add(patience)))
	_, err = io.WriteString(conn, text)
	require.NoError(l.t, err)
	return conn
}

// status reads an answer.
func status(t *testing.T, conn net.Conn) int {
	t.Helper()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(t, err)
	return response.StatusCode
}

// unlimited are settings that no test runs into by chance.
func unlimited() settings { return settings{MaxConnections: 100, timeouts: usualTimeouts} }

const someRequest = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

// The body of this request has a hundred bytes, of which one arrives.
func unfinished(method, path, host string) string {
	return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: 100\r\n\r\n{", method, path, host)
}

func TestARequestWithoutAnEndDoesNotKeepTheWebFromStopping(t *testing.T) {
	settings := unlimited()
	settings.timeouts.stop = 50 * time.Millisecond
	arrived := make(chan struct{})
	l := listen(t, settings, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		_, _ = io.ReadAll(r.Body)
	}))
	conn := l.send(unfinished(http.MethodPost, "/", "localhost"))
	<-arrived
	assert.NoError(t, l.stop(), "an order to stop is no failure")
	_, err := conn.Read(make([]byte, 1))
	assert.ErrorIs(t, err, io.EOF, "it is cut off")
}

func TestARequestUnderWayIsAnsweredBeforeTheWebStops(t *testing.T) {
	arrived, stopping := make(chan struct{}), make(chan struct{})
	l := listen(t, unlimited(), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(arrived)
		<-stopping
	}))
	conn := l.send(someRequest)
	<-arrived
	stopped := make(chan error)
	go func() { stopped <- l.stop() }()
	refuses := func() bool {
		other, err := net.Dial("tcp", l.addr)
		if err == nil {
			_ = other.Close()
		}
		return err != nil
	}
	require.Eventually(t, refuses, patience, time.Millisecond, "nobody new is let in")
	close(stopping)
	assert.Equal(t, http.StatusOK, status(t, conn))
	assert.NoError(t, <-stopped)
}

func TestAClientThatReadsNothingIsCutOff(t *testing.T) {
	settings := unlimited()
	settings.timeouts.write = 100 * time.Millisecond
	ended := make(chan error, 1)
	l := listen(t, settings, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, err := io.Copy(w, strings.NewReader(strings.Repeat("x", 64<<20))) // more than the system keeps for it
		ended <- err
	}))
	l.send(someRequest)
	select {
	case err := <-ended:
		assert.ErrorContains(t, err, "i/o timeout")
	case <-time.After(patience):
		assert.Fail(t, "it is still written to")
	}
}

func TestConnectionsBeyondTheLimitWaitForARequestToBeAnswered(t *testing.T) {
	settings := unlimited()
	settings.MaxConnections = 1
	arrived, answered := make(chan struct{}), make(chan struct{})
	l := listen(t, settings, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-answered
	}))
	first := l.send(someRequest)
	<-arrived
	second := l.send(someRequest)
	require.NoError(t, second.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
	_, err := second.Read(make([]byte, 1))
	require.ErrorContains(t, err, "i/o timeout")
	close(answered)
	assert.Equal(t, http.StatusOK, status(t, first))
	<-arrived
	require.NoError(t, second.SetReadDeadline(time.Now().Add(patience)))
	assert.Equal(t, http.StatusOK, status(t, second))
}

func TestConnectionsThatSayNothingShutNobodyOut(t *testing.T) {
	settings := unlimited()
	settings.MaxConnections = 3
	arrived, answered := make(chan struct{}), make(chan struct{})
	l := listen(t, settings, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			arrived <- struct{}{}
			<-answered
		}
	}))
	slow := l.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
	<-arrived
	for range 10 {
		silent, idle := l.send(""), l.send(someRequest)
		assert.Equal(t, http.StatusOK, status(t, idle))
		_ = silent
	}
	close(answered)
	assert.Equal(t, http.StatusOK, status(t, slow), "who has a request under way keeps the slot")
}

func TestAWebThatStopsKeepsNobodyWaitingForAPlace(t *testing.T) {
	settings := unlimited()
	settings.MaxConnections = 1
	settings.timeouts.stop = 50 * time.Millisecond
	arrived := make(chan struct{})
	l := listen(t, settings, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	}))
	l.send(someRequest)
	<-arrived
	waiting := l.send(someRequest)
	assert.NoError(t, l.stop())
	require.NoError(t, waiting.SetReadDeadline(time.Now().Add(patience)))
	_, err := waiting.Read(make([]byte, 1))
	assert.Error(t, err)
	assert.NotErrorIs(t, err, os.ErrDeadlineExceeded)
}

func TestABodyThatDoesNotArriveIsNotWaitedForWhoeverSendsIt(t *testing.T) {
	hasty := func(s *settings) { s.timeouts.body = 100 * time.Millisecond }
	for name, sent := range map[string]struct {
		request string
		status  int
	}{
		"a host app's question":      {unfinished(http.MethodPost, "/ofrep/v1/evaluate/flags/weather", "localhost"), http.StatusBadRequest},
		"a host app's, about all":    {unfinished(http.MethodPost, "/ofrep/v1/evaluate/flags", "localhost"), http.StatusBadRequest},
		"a download":                 {unfinished(http.MethodGet, "/packages/none", "localhost"), http.StatusNotFound},
		"one for another machine":    {unfinished(http.MethodPost, "/ofrep/v1/evaluate/flags", "evil.example"), http.StatusMisdirectedRequest},
		"while the database is away": {unfinished(http.MethodPost, "/api/v1/mini-programs", "localhost"), http.StatusServiceUnavailable},
		"health while it is away":    {unfinished(http.MethodGet, "/healthz", "localhost"), http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			s := stand(t, hasty)
			l := listen(t, s.app.settings, newDispatcher(s.app.settings, s.app.dependencies, zap.NewNop()))
			conn := l.send(sent.request)
			assert.Equal(t, sent.status, status(t, conn))
			_, err := conn.Read(make([]byte, 1))
			assert.ErrorIs(t, err, io.EOF, "the connection ends")
		})
	}
}

func TestABodyThatDribblesIsWaitedForNoLonger(t *testing.T) {
	s := stand(t, func(s *settings) { s.timeouts.body = 100 * time.Millisecond })
	l := listen(t, s.app.settings, newDispatcher(s.app.settings, s.app.dependencies, zap.NewNop()))
	conn := l.send("POST /ofrep/v1/evaluate/flags/weather HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
	answered := make(chan string)
	go func() {
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		assert.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		assert.NoError(t, err)
		answered <- response.Status + " " + string(body)
	}()
	for {
		select {
		case answer := <-answered:
			assert.Equal(t, `400 Bad Request {"key":"weather","errorCode":"PARSE_ERROR","errorDetails":"the request was cut off; send it again"}`, answer)
			return
		case <-time.After(time.Millisecond):
			_, _ = io.WriteString(conn, "1\r\n \r\n") // it may be over meanwhile
		}
	}
}

// net/http reads on while it answers, to see whether the client is still there; that is no body that does not arrive.
func TestAnAnswerMayTakeLongerThanABody(t *testing.T) {
	settings := unlimited()
	settings.timeouts.body = 50 * time.Millisecond
	slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
			w.WriteHeader(http.StatusTeapot)
		case <-time.After(4 * settings.timeouts.body):
		}
	})
	web := &dispatcher{hostApps: slow, bodyTimeout: settings.timeouts.body}
	l := listen(t, settings, web)
	assert.Equal(t, http.StatusOK, status(t, l.send("GET /packages/x HTTP/1.1\r\nHost: localhost\r\n\r\n")))
}
