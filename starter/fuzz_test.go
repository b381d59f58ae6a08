package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

// answered are the command lines that read what a server answers.
var answered = []string{
	"status weather", "list", "audit weather", "explain weather --user u1", "act publish weather", "files weather 1.0.0", "files weather 1.0.0 app.js",
	"diff weather 1.0.0", "recover weather", "--json status weather", "--json list", "platform", "subscriptions", "fleet show x", "rehearse --plan fast",
}

// FuzzAnswer has a server answer with whatever it likes: the command line says what came, or that it makes no sense, and nothing in it acts on the
// terminal.
func FuzzAnswer(f *testing.F) {
	for i := range answered {
		f.Add(uint8(i), 200, "application/json", `{"id":"weather","state":"PUBLISHED","items":[{"id":"\u001b[2J"}],"entries":[{"change":1}],"actions":[{"action":"publish"}]}`)
	}
	f.Add(uint8(0), 409, "application/problem+json", `{"code":"wrong_state","action":"publish","detail":"\u202e","report":{"findings":[{"severity":"error","message":"\u001b"}]}}`)
	f.Add(uint8(2), 200, "application/json", `{"entries":[{"change":1}],"next_cursor":"1"}`)
	f.Add(uint8(2), 200, "application/json", `{"entries":[],"next_cursor":"1"}`)
	f.Add(uint8(6), 200, "text/plain; charset=utf-8", "\x1b[2J")
	f.Add(uint8(0), 503, "", ``)
	f.Add(uint8(0), 401, "", `{}`)
	f.Add(uint8(0), 202, "", `null`)
	f.Add(uint8(7), 200, "", `{"comparison":{"files":[{"change":"changed","diff":"\r-a\n+b"}],"risks":[{}]}}`)
	var answer atomic.Pointer[httptest.ResponseRecorder]
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		said := answer.Load()
		w.Header().Set("Content-Type", said.Header().Get("Content-Type"))
		w.WriteHeader(said.Code)
		_, _ = w.Write(said.Body.Bytes())
	}))
	server.Config.SetKeepAlivesEnabled(false)
	server.Start()
	f.Cleanup(server.Close)
	f.Fuzz(func(t *testing.T, line uint8, status int, contentType, body string) {
		if status < 200 || status > 599 || status == http.StatusNoContent || status == http.StatusNotModified || status/100 == 3 {
			return
		}
		said := httptest.NewRecorder()
		said.Code = status
		said.Header().Set("Content-Type", contentType)
		said.Body.WriteString(body)
		answer.Store(said)
		c := sitDown(t)
		t.Setenv("SLIPWAY_SERVER", server.URL)
		code, stdout, stderr := c.types(answered[int(line)%len(answered)], "--timeout", "1ms")
		assert.Contains(t, []int{exitDone, exitRefused, exitFailed, exitUsage, exitUnfinished}, code)
		assertPlain(t, stdout+stderr)
		if code != exitDone {
			assert.NotEmpty(t, stderr)
		}
	})
}

// FuzzMoment reads times as people say them: what is understood is the same when it is written in full.
func FuzzMoment(f *testing.F) {
	for _, text := range []string{"tomorrow 9:00", "in 2h", "in 3 days", "in 9999 weeks", "mon 3pm", "2026-10-25 02:30", "2026-12-01T09:00:00+14:00", "yesterday 24:00", "in 1h30 minutes", "in"} {
		f.Add(text)
	}
	zone, err := time.LoadLocation("Europe/Berlin")
	require.NoError(f, err)
	now := time.Date(2026, 10, 24, 9, 0, 0, 0, zone)
	f.Fuzz(func(t *testing.T, text string) {
		at, err := readMoment(text, now)
		if err != nil {
			assert.NotEmpty(t, err.Error())
			return
		}
		assert.NotEmpty(t, inFull(at, now))
		if at.Year() > 9999 { // which nobody can send
			return
		}
		again, err := readMoment(at.UTC().Format(time.RFC3339), now) // RFC 3339 knows no offset of before the zones, such as +00:53:28
		require.NoError(t, err)
		assert.True(t, at.Truncate(time.Second).Equal(again), "%s %s", at, again)
	})
}

// FuzzReadPlan reads plans as they are typed.
func FuzzReadPlan(f *testing.F) {
	f.Add("fast")
	f.Add(` {"production":[{"percent":100,"hold":"0s"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		if strings.HasPrefix(text, "@") {
			return // the name of a file
		}
		plan, err := readPlan(text)
		if err != nil {
			var faults lifecycle.Faults
			require.ErrorAs(t, err, &faults)
			return
		}
		if !strings.HasPrefix(strings.TrimSpace(text), "{") {
			assert.Equal(t, lifecycle.Plan{Name: strings.TrimSpace(text)}, plan)
		}
	})
}
