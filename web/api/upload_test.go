package api_test

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
	"slipway/packages"
	samples "slipway/testdata/packages"
)

// part is one part of a form: a field, or the file when its name is "file".
type part struct{ name, value string }

func zipped(t *testing.T, files fs.FS) part {
	t.Helper()
	var packed bytes.Buffer
	require.NoError(t, packages.Zip(&packed, files))
	return part{"file", packed.String()}
}

// upload sends the parts in their order.
func (c caller) upload(path string, parts []part, header ...string) answer {
	c.t.Helper()
	body, contentType := formOf(c.t, parts)
	return c.call(http.MethodPost, path, body, append([]string{"Content-Type: " + contentType}, header...)...)
}

func formOf(t *testing.T, parts []part) (*bytes.Buffer, string) {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, part := range parts {
		var into io.Writer
		var err error
		if part.name == "file" {
			into, err = form.CreateFormFile(part.name, "package.zip")
		} else {
			into, err = form.CreateFormField(part.name)
		}
		require.NoError(t, err)
		_, err = io.WriteString(into, part.value)
		require.NoError(t, err)
	}
	require.NoError(t, form.Close())
	return &body, form.FormDataContentType()
}

type uploaded struct {
	Outcome lifecycle.Outcome
	Report  packages.Report
}

func TestAnUploadIsInspectedAndAnsweredWithTheReport(t *testing.T) {
	created(t, "with-code")
	var first uploaded
	send := func() answer {
		return as(t, "developer").upload("/mini-programs/with-code/packages", []part{{"notes", "First"}, {"comment", "by the pipeline"}, {"if_revision", "2"}, zipped(t, samples.Weather())}, "Idempotency-Key: upload")
	}
	send().is(http.StatusOK).into(&first)
	assert.Equal(t, lifecycle.CodeAvailable, first.Outcome.State)
	assert.Equal(t, "upload", first.Outcome.RequestID)
	assert.Equal(t, "1.0.0", first.Report.Version, "from the manifest")
	assert.True(t, first.Report.Accepted())
	var status lifecycle.Status
	as(t, "developer").get("/mini-programs/with-code").is(http.StatusOK).into(&status)
	assert.Equal(t, "First", status.Candidate.Notes)
	assert.Equal(t, "by the pipeline", status.Transitions[2].Comment)
	assert.Equal(t, first.Report.SHA256, status.Candidate.SHA256)

	var again uploaded
	send().is(http.StatusOK).into(&again)
	assert.Equal(t, first, again, "the same request gets the same answer")
	assert.Equal(t, 3, first.Outcome.Revision)
	for _, other := range [][]part{
		{{"notes", "Second"}, {"comment", "by the pipeline"}, {"if_revision", "2"}, zipped(t, samples.Weather())},
		{{"notes", "First"}, {"comment", "by the pipeline"}, {"if_revision", "2"}, {"version", "1.0.0"}, zipped(t, samples.Coffee())},
	} {
		as(t, "developer").upload("/mini-programs/with-code/packages", other, "Idempotency-Key: upload").
			refuses(http.StatusUnprocessableEntity, lifecycle.KeyReused, `"upload"`)
	}
	act(t, "developer", "with-code", "request-publishing", "", "Idempotency-Key: request")
	as(t, "developer").upload("/mini-programs/with-code/packages", []part{zipped(t, samples.Weather())}, "Idempotency-Key: request").
		refuses(http.StatusUnprocessableEntity, lifecycle.KeyReused, `"request"`, "request-publishing")
}

func TestTheFieldsMayComeBeforeOrAfterTheFileOrInTheQuery(t *testing.T) {
	file := zipped(t, samples.Coffee())
	for id, c := range map[string]struct {
		query string
		parts []part
	}{
		"before":  {"", []part{{"version", "2.0.0"}, {"notes", "N"}, file}},
		"after":   {"", []part{file, {"version", "2.0.0"}, {"notes", "N"}}},
		"around":  {"", []part{{"notes", "N"}, file, {"version", "2.0.0"}}},
		"queried": {"?version=2.0.0&notes=N&if_revision=2", []part{file}},
		"both":    {"?version=2.0.0&if_revision=2", []part{file, {"version", "2.0.0"}, {"notes", "N"}, {"if_revision", "2"}}},
	} {
		id = "form-" + id
		created(t, id)
		as(t, "developer").upload("/mini-programs/"+id+"/packages"+c.query, c.parts).is(http.StatusOK)
		var status lifecycle.Status
		as(t, "developer").get("/mini-programs/" + id).is(http.StatusOK).into(&status)
		assert.Equal(t, "2.0.0", status.Candidate.Version, id)
		assert.Equal(t, "N", status.Candidate.Notes, id)
	}
}

func TestAMalformedUploadIsRefusedAndChangesNothing(t *testing.T) {
	created(t, "malformed")
	file := zipped(t, samples.Coffee())
	for expected, parts := range map[string][]part{
		`the part "file" is missing`: {{"version", "1.0.0"}},
		`"file" was sent twice`:      {file, {"version", "1.0.0"}, file},
		`"version" was sent twice`:   {{"version", "1.0.0"}, file, {"version", "1.0.0"}},
		`there is no field "vers"`:   {{"vers", "1.0.0"}, file},
		`there is no field "actor"`:  {file, {"version", "1.0.0"}, {"actor", "root"}},
		`if_revision is "two"`:       {file, {"version", "1.0.0"}, {"if_revision", "two"}},
		`if_revision is "0"`:         {file, {"version", "1.0.0"}, {"if_revision", "0"}},
		`"notes" has more than`:      {file, {"version", "1.0.0"}, {"notes", strings.Repeat("x", 50_000)}},
		"does not state a version":   {file},
	} {
		as(t, "developer").upload("/mini-programs/malformed/packages", parts).refuses(http.StatusUnprocessableEntity, lifecycle.InvalidInput, expected)
	}
	as(t, "developer").send("/mini-programs/malformed/packages", `{}`).refuses(http.StatusUnsupportedMediaType, "", "multipart/form-data")
	body, contentType := formOf(t, []part{{"version", "1.0.0"}, file, {"if_revision", "1"}})
	for _, left := range []int{body.Len() / 2, body.Len() - len("--\r\n"), bytes.LastIndex(body.Bytes(), []byte("_revision"))} {
		as(t, "developer").call(http.MethodPost, "/mini-programs/malformed/packages", bytes.NewReader(body.Bytes()[:left]), "Content-Type: "+contentType).
			refuses(http.StatusUnprocessableEntity, lifecycle.InvalidInput, "was cut off")
	}
	sound := []part{{"version", "1.0.0"}, {"if_revision", "2"}, file}
	for query, expected := range map[string]string{
		"version=1.0.1":             `version is "1.0.1" in the address and "1.0.0" in the form`,
		"if_revision=1":             `if_revision is "1" in the address and "2" in the form`,
		"notes=a&notes=b":           "notes: is given twice",
		"comment=a&comment=a":       "comment: is given twice",
		"if_revision=2&if_revision": "if_revision: is given twice",
	} {
		as(t, "developer").upload("/mini-programs/malformed/packages?"+query, sound).refuses(http.StatusUnprocessableEntity, lifecycle.InvalidInput, expected)
	}
	var status lifecycle.Status
	as(t, "developer").get("/mini-programs/malformed").is(http.StatusOK).into(&status)
	assert.Equal(t, lifecycle.CodeUnavailable, status.State)
}

func TestABadPackageIsRefusedWithEveryFinding(t *testing.T) {
	created(t, "bad-code")
	bad := zipped(t, fstest.MapFS{"app.json": {Data: []byte(`{"pages":["home", "away"]}`)}})
	problem := as(t, "developer").upload("/mini-programs/bad-code/packages", []part{{"version", "1.0.0"}, bad}).
		refuses(http.StatusUnprocessableEntity, lifecycle.PackageRefused, "errors")
	require.NotNil(t, problem.Report)
	assert.Contains(t, fmt.Sprint(problem.Report.Findings), `"home"`)
	assert.Contains(t, fmt.Sprint(problem.Report.Findings), `"away"`)
	assert.NotEmpty(t, problem.RequestID)
}

func TestAnUploadThatCannotSucceedIsRefused(t *testing.T) {
	created(t, "no-chance")
	file := zipped(t, samples.Coffee())
	parts := []part{{"version", "1.0.0"}, file}
	path := "/mini-programs/no-chance/packages"
	as(t, "other-developer").upload(path, parts).refuses(http.StatusForbidden, lifecycle.NotYourTeam)
	as(t, "reviewer").upload(path, parts).refuses(http.StatusForbidden, lifecycle.ForbiddenRole)
	as(t, "").upload(path, parts).refuses(http.StatusUnauthorized, "")
	as(t, "developer").upload("/mini-programs/unheard-of/packages", parts).refuses(http.StatusNotFound, lifecycle.UnknownMiniProgram)
	as(t, "developer").upload(path+"?if_revision=1", parts).refuses(http.StatusConflict, lifecycle.StaleRevision)
	requested(t, "too-early")
	as(t, "developer").upload("/mini-programs/too-early/packages", parts).refuses(http.StatusConflict, lifecycle.IllegalInState)
	large := part{"file", strings.Repeat("x", largestBytes+1)}
	as(t, "developer").upload(path, []part{large}).refuses(http.StatusRequestEntityTooLarge, lifecycle.PackageRefused, "bytes allowed")
	larger := part{"file", strings.Repeat("x", 3*largestBytes)}
	as(t, "developer").upload(path, []part{larger}).is(http.StatusRequestEntityTooLarge)
}

func TestAnUploadIsRecordedWithoutAWorker(t *testing.T) {
	created(t, "upload-later")
	send := func(server *httptest.Server) answer {
		return as(t, "developer").at(server).upload("/mini-programs/upload-later/packages", []part{{"version", "1.0.0"}, zipped(t, samples.Coffee())}, "Idempotency-Key: u")
	}
	withoutWorker(t, func() { send(home.hasty).is(http.StatusAccepted) })
	var done uploaded
	send(home.server).is(http.StatusOK).into(&done)
	assert.Equal(t, 3, done.Outcome.Revision)
}

type reported struct {
	Report     packages.Report
	Comparison *packages.Comparison
}

// uploads sends a package as a version.
func uploads(t *testing.T, id, version string, files fs.FS) (done uploaded) {
	t.Helper()
	as(t, "developer").upload("/mini-programs/"+id+"/packages?version="+version, []part{zipped(t, files)}).is(http.StatusOK).into(&done)
	return done
}

// published is a mini-program whose version 1.0.0 everyone has.
func published(t *testing.T, id string) {
	t.Helper()
	approved(t, id)
	act(t, "developer", id, "publish", `{"plan": {"grayscale": {"percent": 5, "bake": "1h"}, "production": [{"percent": 100, "hold": "0s"}]}}`)
	act(t, "developer", id, "promote", "")
	require.Eventually(t, func() bool {
		var status lifecycle.Status
		as(t, "developer").get("/mini-programs/" + id).is(http.StatusOK).into(&status)
		return status.State == lifecycle.Published
	}, patience, glance)
}

func TestAReportSaysWhatChangedAgainstTheLiveVersion(t *testing.T) {
	published(t, "compared")
	uploads(t, "compared", "1.1.0", withFile(t, samples.Coffee(), "extra.js", "var extra = 1\n"))
	report := func(version string) (found reported) {
		as(t, "reviewer").get("/mini-programs/compared/packages/" + version + "/report").is(http.StatusOK).into(&found)
		return found
	}
	live := report("1.0.0")
	assert.Equal(t, packages.AppJSON, live.Report.Format)
	assert.Nil(t, live.Comparison, "there is no other live version")
	for range 2 { // made, then remembered
		found := report("1.1.0")
		assert.Equal(t, "1.1.0", found.Report.Version)
		require.NotNil(t, found.Comparison)
		assert.Equal(t, 1, found.Comparison.Added)
		assert.Equal(t, "extra.js", found.Comparison.Files[0].Path)
		assert.Equal(t, "1.0.0", found.Comparison.OldVersion)
		assert.Equal(t, "1.1.0", found.Comparison.NewVersion)
	}
	as(t, "reviewer").get("/mini-programs/compared/packages/7.0.0/report").refuses(http.StatusNotFound, "", "no such version")
	as(t, "reviewer").get("/mini-programs/unheard-of/packages/1.0.0/report").refuses(http.StatusNotFound, lifecycle.UnknownMiniProgram)
	as(t, "other-developer").get("/mini-programs/compared/packages/1.0.0/report").refuses(http.StatusForbidden, lifecycle.NotYourTeam)
}

func TestTheFirstVersionIsComparedWithNothing(t *testing.T) {
	created(t, "first-version")
	uploads(t, "first-version", "1.0.0", samples.Coffee())
	var found reported
	as(t, "developer").get("/mini-programs/first-version/packages/1.0.0/report").is(http.StatusOK).into(&found)
	assert.Equal(t, "1.0.0", found.Report.Version)
	assert.Nil(t, found.Comparison)
}

// withFile adds a file to a package.
func withFile(t *testing.T, files fs.FS, name, content string) fs.FS {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.CopyFS(folder, files))
	require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600))
	return os.DirFS(folder)
}

func TestWhatIsWrongOnOurSideStaysThere(t *testing.T) {
	published(t, "lost")
	done := uploads(t, "lost", "1.1.0", withFile(t, samples.Coffee(), "only.js", "lost()"))
	require.NoError(t, os.Remove(filepath.Join(home.folder, "packages", done.Report.SHA256)))
	answer := as(t, "reviewer").get("/mini-programs/lost/packages/1.1.0/report")
	answer.refuses(http.StatusInternalServerError, "", "something went wrong on our side")
	assert.NotContains(t, string(answer.body), done.Report.SHA256)
}
