package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	samples "slipway/testdata/packages"
	"slipway/workflows"
)

// faltering is a server that answers the first request, and then each in the next way; the last way is that of all that follow.
func faltering(t *testing.T, ways ...http.HandlerFunc) (url string) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ways[min(int(asked.Add(1)), len(ways))-1](w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func answers(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

var (
	records  = answers(http.StatusAccepted, `{}`)
	hangsUp  = func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	accepts  = answers(http.StatusOK, `{"accepted":true,"action":"pause","state":"Published","revision":7}`)
	refuses  = answers(http.StatusConflict, `{"status":409,"detail":"no","code":"illegal_in_state","action":"pause"}`)
	isBusy   = answers(http.StatusServiceUnavailable, `{"status":503,"detail":"busy","code":"service_unavailable"}`)
	isBroken = answers(http.StatusBadGateway, `<html>`)
	isCutOff = answers(http.StatusOK, `{"accepted":tr`)
	forgetMe = answers(http.StatusUnauthorized, `{"status":401,"detail":"who?","code":"unauthorized"}`)
)

func TestWhatWasRecordedStaysRecordedWhenALaterTryFails(t *testing.T) {
	c := sitDown(t)
	for name, later := range map[string]http.HandlerFunc{"hangs up": hangsUp, "busy": isBusy, "broken": isBroken, "cut off": isCutOff, "signed out": forgetMe} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := c.types("pause weather --timeout 1s --request-id mine --server " + faltering(t, records, later))
			assert.Equal(t, exitUnfinished, code, stderr)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, "recorded: the action is recorded, but no worker has answered it yet (request id mine)")
		})
	}
}

func TestWhatIsAnsweredAfterAFailureCounts(t *testing.T) {
	c := sitDown(t)
	for _, wait := range []string{"", " --wait"} {
		line := "pause weather --timeout 10s" + wait + " --server "
		code, stdout, stderr := c.types(line + faltering(t, records, hangsUp, accepts))
		assert.Equal(t, exitDone, code, stderr)
		assert.Contains(t, stdout, "weather: pause accepted")
		code, _, stderr = c.types(line + faltering(t, records, isBusy, refuses))
		assert.Equal(t, exitRefused, code, stderr)
	}
}

func TestWhoWaitsForWhatIsRecordedIsNotPutOffByFailures(t *testing.T) {
	c := sitDown(t)
	code, stdout, stderr := c.types("pause weather --timeout 0s --wait --server " + faltering(t, records, hangsUp, isBroken, hangsUp, accepts))
	assert.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "weather: pause accepted")
	code, _, stderr = c.types("pause weather --timeout 0s --wait --server " + faltering(t, records, hangsUp, forgetMe))
	assert.Equal(t, exitUnfinished, code, "waiting does not sign in")
	assert.Contains(t, stderr, "starter login")
}

func TestWhoIsLeftInTheDarkHearsHowToAskAgain(t *testing.T) {
	c := sitDown(t)
	for name, way := range map[string]http.HandlerFunc{"hangs up": hangsUp, "cut off": isCutOff} {
		code, _, stderr := c.types("pause weather --server " + faltering(t, way))
		assert.Equal(t, exitFailed, code, name)
		assert.Regexp(t, `it may be recorded: repeat it with --request-id [0-9a-f-]{36}, and it is done once`, stderr, name)
	}
	for _, nothingSent := range []string{"pause weather --server http://127.0.0.1:1", "status weather --server " + faltering(t, hangsUp)} {
		code, _, stderr := c.types(nothingSent)
		assert.Equal(t, exitFailed, code)
		assert.NotContains(t, stderr, "may be recorded", nothingSent)
	}
}

// interrupted types a line and ends it as Ctrl-C does once the server was asked.
func (c *terminal) interrupted(line string, way http.HandlerFunc) (code int, stderr string) {
	ctx, interrupt := context.WithTimeout(c.t.Context(), patience)
	defer interrupt()
	url := faltering(c.t, func(w http.ResponseWriter, r *http.Request) {
		way(w, r)
		time.AfterFunc(100*time.Millisecond, interrupt)
		<-ctx.Done()
	})
	var out, complaints bytes.Buffer
	code = run(ctx, strings.Fields(line+" --server "+url), &out, &complaints)
	return code, complaints.String()
}

func TestWhoInterruptsWhatWasSentHearsHowToAskAgain(t *testing.T) {
	c := sitDown(t)
	code, stderr := c.interrupted("pause weather", func(http.ResponseWriter, *http.Request) {})
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "--request-id")
}

func TestAnActOnManyGoesOnWhenItsWaitingIsInterrupted(t *testing.T) {
	c := sitDown(t)
	code, stderr := c.interrupted("fleet pause --confirm 1 --wait", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			answers(http.StatusOK, `{"id":"f1","action":"pause","matched":1}`)(w, r)
			w.(http.Flusher).Flush() //nolint:forcetypeassert // a server's is
		}
	})
	assert.Equal(t, exitUnfinished, code)
	assert.Contains(t, stderr, "the act goes on; see starter fleet show f1")
}

func TestARequestThatIsRepeatedBeforeAWorkerComesIsRecorded(t *testing.T) {
	c, stop := withWorker(t)
	stop()
	for range 2 {
		code, _, stderr := c.types("request early --title Early --request-id first --timeout 1s")
		assert.Equal(t, exitUnfinished, code, stderr)
		assert.Contains(t, stderr, "(request id first)")
	}
	code, _, stderr := c.types("request early --title Early --request-id second --timeout 1s")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, `the creation of "early" is requested, but whether with request id second cannot be told now`)
	p := c.launches("request early --title Early --request-id first --timeout 1s --wait")
	p.says(`(waiting for a worker)`)
	startWorker(t)
	p.says(`(waiting until the review)`)
	c.does("approve-creation early")
	code, _, stderr = p.ends()
	assert.Equal(t, exitDone, code, stderr)
}

func TestAWebTellsThatARepeatedRequestIsRecorded(t *testing.T) {
	c, stopWorker, _, _ := withServer(t)
	stopWorker()
	for range 2 {
		code, _, stderr := c.types("request early-there --title Early --request-id first --timeout 1s")
		assert.Equal(t, exitUnfinished, code, stderr)
	}
}

func TestARecoveryThatIsAskedForAgainIsAnswered(t *testing.T) {
	c, stopWorker, _, _ := withServer(t)
	c.created("asked-again")
	stopWorker()
	require.NoError(t, server.Client.TerminateWorkflow(t.Context(), workflows.WorkflowID("asked-again"), "", "for the test"))
	const line = "recover asked-again --request-id mine"
	for range 2 {
		code, _, stderr := c.types(line + " --timeout 1s")
		assert.Equal(t, exitUnfinished, code, stderr)
		assert.Contains(t, stderr, "(request id mine)")
	}
	t.Setenv("TEMPORAL_ADDRESS", server.Address)
	t.Setenv("VAR_DIR", c.varDir)
	startWorker(t)
	for range 2 {
		code, stdout, stderr := c.types(line + " --timeout 30s")
		assert.Equal(t, exitDone, code, stderr)
		assert.Contains(t, stdout, "asked-again: its workflow runs again")
	}
	code, _, _ := c.types("recover asked-again")
	assert.Equal(t, exitRefused, code)
}

// hungUpOn hangs up at an address until it was asked twice.
func hungUpOn(t *testing.T, addr string) {
	asked := make(chan struct{}, 10)
	broken := &http.Server{Addr: addr, ReadHeaderTimeout: patience, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		hangsUp(w, r)
	})}
	go func() { _ = broken.ListenAndServe() }()
	for range 2 {
		select {
		case <-asked:
		case <-time.After(patience):
			require.FailNow(t, "nobody asks again")
		}
	}
	require.NoError(t, broken.Close())
}

func TestWhoWaitsOutlastsTheServer(t *testing.T) {
	c, stopWorker, stopWeb, addr := withServer(t)
	c.created("outlasting")
	stopWorker()
	p := c.launches("upload outlasting --wait --timeout 1s " + c.file(samples.Weather()))
	p.says(`(waiting for a worker)`)
	stopWeb()
	hungUpOn(t, addr)
	t.Setenv("TEMPORAL_ADDRESS", server.Address)
	t.Setenv("VAR_DIR", c.varDir)
	startWorker(t)
	startWeb(t, addr)
	code, stdout, stderr := p.ends()
	assert.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "upload-code accepted; now CodeAvailable")
}
