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
	"slipway/database"
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

// drafts tells how many are kept, and how many of them with the name of a person.
func (s standing) drafts(person string) (all, theirs int) {
	const query = `SELECT count(*), COALESCE(SUM(CASE WHEN person = $1 THEN 1 ELSE 0 END), 0) FROM sessions WHERE token LIKE 'draft of %'`
	require.NoError(s.t, database.One(s.t.Context(), s.app.catalog.Database().Select(query), []any{&all, &theirs}, person))
	return all, theirs
}

func TestAnUploadIsKeptOnlyForWhoeverSeesTheMiniProgram(t *testing.T) {
	s := stand(t)
	s.welcomed()
	for _, each := range []struct {
		account, id  string
		status, kept int
	}{
		{"developer", "nothing", http.StatusNotFound, 0},
		{"other-developer", "weather", http.StatusForbidden, 0},
		{"developer", "weather", http.StatusServiceUnavailable, 1},
	} {
		send := uploaded(t, []byte("a package"), "request_id", "r", "version", "1.2.3", "notes", "typed <notes>")
		response, body := s.ask(http.MethodPost, "/mini-programs/"+each.id+"/packages", as(each.account), send)
		assert.Equal(t, each.status, response.StatusCode, body)
		all, theirs := s.drafts(each.account)
		assert.Equal(t, each.kept, all, "%s by %s", each.id, each.account)
		assert.Equal(t, each.kept, theirs, "%s by %s", each.id, each.account)
	}
}
