package main

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/accounts"
	"slipway/lifecycle"
)

// uploaded is a form with a file on its way, its fields in the order in which the page has them.
func uploaded(t *testing.T, file []byte, fields ...string) asked {
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	for i := 0; i < len(fields); i += 2 {
		require.NoError(t, parts.WriteField(fields[i], fields[i+1]))
	}
	part, err := parts.CreateFormFile("file", "package.zip")
	require.NoError(t, err)
	_, err = part.Write(file)
	require.NoError(t, err)
	require.NoError(t, parts.Close())
	return func(r *http.Request) {
		r.Header.Set("Content-Type", parts.FormDataContentType())
		r.Body, r.ContentLength = io.NopCloser(&body), int64(body.Len())
	}
}

// assertTyped requires the form with what was typed.
func assertTyped(t *testing.T, body string) {
	t.Helper()
	assert.Contains(t, body, `name="version" value="1.2.3"`)
	assert.Contains(t, body, ">typed &lt;notes&gt;</textarea>")
	assert.Contains(t, body, `type="file"`)
}

func TestAnUploadThatFailsKeepsWhatWasTypedAndWhoseRequestItIsUntilItIsAnswered(t *testing.T) {
	s := stand(t)
	s.welcomed()
	send := uploaded(t, []byte("a package"), "request_id", "the-same", "if_revision", "1", "version", "1.2.3", "notes", "typed <notes>")
	response, body := s.ask(http.MethodPost, "/mini-programs/weather/packages", as("developer"), send)
	assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	assertTyped(t, body)
	for range 2 { // on Back, and on each reload
		response, body = s.ask(http.MethodGet, "/mini-programs/weather/actions/upload-code", as("developer"))
		assert.Equal(t, http.StatusOK, response.StatusCode)
		assertTyped(t, body)
		assert.Contains(t, body, `name="request_id" value="the-same"`)
		assert.Contains(t, body, `name="if_revision" value="1"`)
		assert.Contains(t, body, "Your last upload was not accepted: Temporal does not answer")
		assert.Contains(t, body, "What happened in the meantime")
		assert.Contains(t, body, "approve-creation")
	}
	_, body = s.ask(http.MethodGet, "/mini-programs/weather/actions/upload-code", as("operator"))
	assert.NotContains(t, body, "1.2.3", "it is its sender's alone")

	m, record := s.codeUploaded("the-same")
	s.commit("life", m, record)
	response, _ = s.ask(http.MethodGet, "/mini-programs/weather/actions/upload-code", as("developer"))
	assert.Equal(t, http.StatusSeeOther, response.StatusCode, "it was recorded after all")
	assert.Equal(t, "/mini-programs/weather?answer=the-same", response.Header.Get("Location"))
	_, body = s.ask(http.MethodGet, "/mini-programs/weather/actions/upload-code", as("developer"))
	assert.NotContains(t, body, "typed &lt;notes&gt;", "it is over")
}

// codeUploaded is the welcomed weather after an upload.
func (s standing) codeUploaded(requestID string) (lifecycle.MiniProgram, lifecycle.Record) {
	stored, err := s.app.catalog.Stored(s.t.Context(), "weather")
	require.NoError(s.t, err)
	upload := lifecycle.Command{
		Action: lifecycle.UploadCode, Actor: accounts.Dev()["developer"], RequestID: requestID,
		Package: &lifecycle.Package{Version: "1.2.3", SHA256: "0000000000000000000000000000000000000000000000000000000000000000"},
	}
	after, record, refusal := stored.MiniProgram.Decide(upload, lifecycle.Facts{}, time.Now(), lifecycle.DefaultSettings())
	require.Nil(s.t, refusal)
	return after, record
}

func TestAnUploadThatIsRefusedInItsStateKeepsWhatWasTyped(t *testing.T) {
	s := stand(t)
	s.weather()
	send := uploaded(t, []byte("a package"), "request_id", "used-up", "if_revision", "1", "version", "1.2.3", "notes", "typed <notes>")
	response, body := s.ask(http.MethodPost, "/mini-programs/weather/packages", as("developer"), send)
	assert.Equal(t, http.StatusConflict, response.StatusCode)
	assert.Contains(t, body, "typed &lt;notes&gt;")
	assert.Contains(t, body, "1.2.3")
	assert.Contains(t, body, "What you had typed")
	assert.NotContains(t, body, "used-up", "a refused request is over")
}
