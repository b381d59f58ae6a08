package main

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
	"slipway/packages"
)

const (
	picture = "\x89PNG\r\n\x1a\n picture"
	sourced = "App({})\nwx.chooseAddress()\n// <b>bold</b>\n"
)

// contents are the files of a package that a reviewer looks into.
func contents(changes map[string]string) map[string]string {
	files := map[string]string{
		"app.json": `{"pages":["pages/home"]}`, "app.js": sourced, "pages/home.js": "Page({})\n", "pages/home.wxml": "<view/>\n",
		"images/logo.png": picture, "images/logo.svg": "<svg><script>alert(1)</script></svg>", "data.bin": "\x00\x01",
	}
	for name, content := range changes {
		files[name] = content
	}
	return files
}

// hasCode puts a package into the store and uploads it as a version.
func (s standing) hasCode(version string, files map[string]string) (sha256 string) {
	s.t.Helper()
	var packed bytes.Buffer
	w := zip.NewWriter(&packed)
	for name, content := range files {
		f, err := w.Create(name)
		require.NoError(s.t, err)
		_, err = f.Write([]byte(content))
		require.NoError(s.t, err)
	}
	require.NoError(s.t, w.Close())
	sha256, _, err := s.app.store.Put(s.t.Context(), &packed)
	require.NoError(s.t, err)
	s.does("developer", lifecycle.Command{Action: lifecycle.UploadCode, Package: &lifecycle.Package{Version: version, SHA256: sha256}})
	return sha256
}

// readable is the weather whose 1.0.0 was rejected, and whose 1.1.0 is under review.
func readable(t *testing.T) (s standing, first, second string) {
	s = stand(t)
	s.welcomed()
	first = s.hasCode("1.0.0", contents(nil))
	s.does("developer", lifecycle.Command{Action: lifecycle.RequestPublishing, Comment: "the first one"})
	s.does("reviewer", lifecycle.Command{Action: lifecycle.RejectPublishing, Comment: "the map is upside down"})
	second = s.hasCode("1.1.0", contents(map[string]string{"app.js": sourced + "const added = 1\n", "pages/new.js": "Page({ new: 1 })\n"}))
	s.does("developer", lifecycle.Command{Action: lifecycle.RequestPublishing, Comment: "the second one"})
	return s, first, second
}

// A file is in memory until its reader has taken it, and a reader may be slow.
func TestOnePersonIsSentOnlySoManyFilesAtOnce(t *testing.T) {
	s := stand(t)
	s.welcomed()
	large := make([]byte, 16<<20) // more than there is room for between us and a client
	_, _ = rand.Read(large)
	s.hasCode("1.0.0", map[string]string{"large.bin": string(large)})
	paths := []string{versionsPath + "1.0.0/files/large.bin", "/mini-programs/weather/versions/1.0.0/raw/large.bin"}
	var open []*http.Response
	for number := range filesPerPerson {
		open = append(open, s.follow("developer", paths[number%len(paths)]))
		require.Equal(t, http.StatusOK, open[number].StatusCode)
	}
	for _, path := range paths {
		refused, body := s.ask(http.MethodGet, path, as("developer"))
		waits(t, refused, body, "oo many files are on their way to you; wait a second and try again")
	}
	response, _ := s.ask(http.MethodGet, versionsPath+"1.0.0/files", as("developer"))
	assert.Equal(t, http.StatusOK, response.StatusCode, "it is only about files")
	response, body := s.ask(http.MethodGet, paths[0], as("reviewer"))
	assert.Equal(t, http.StatusOK, response.StatusCode, "others are not held up")
	assert.Len(t, body, len(large))

	require.NoError(t, open[0].Body.Close())
	again := func() bool { return s.follow("developer", paths[1]).StatusCode == http.StatusOK }
	assert.Eventually(t, again, patience, 10*time.Millisecond, "there is room when one was taken, or its reader has gone away")
}

const versionsPath = "/api/v1/mini-programs/weather/versions/"

func TestTheAPIListsTheFilesOfAVersion(t *testing.T) {
	s, first, second := readable(t)
	var answer struct {
		Version, SHA256 string
		Files           []packages.File
		Comparison      *packages.Comparison
	}
	_, body := s.ask(http.MethodGet, versionsPath+"1.0.0/files", as("developer"))
	t.Log(body)
	require.NoError(t, json.Unmarshal([]byte(body), &answer))
	assert.Equal(t, "1.0.0", answer.Version)
	assert.Equal(t, first, answer.SHA256, "it was rejected, and is there all the same")
	assert.Equal(t, packages.File{Path: "app.js", Size: int64(len(sourced)), Kind: "script"}, answer.Files[0])
	assert.Len(t, answer.Files, 7)
	assert.Nil(t, answer.Comparison)

	for _, against := range []string{"1.0.0", first} {
		_, body = s.ask(http.MethodGet, versionsPath+"1.1.0/files?against="+against, as("reviewer"))
		require.NoError(t, json.Unmarshal([]byte(body), &answer))
		assert.Equal(t, second, answer.SHA256)
		require.NotNil(t, answer.Comparison)
		assert.Equal(t, []int{1, 1, 0}, []int{answer.Comparison.Added, answer.Comparison.Changed, answer.Comparison.Removed})
		assert.Contains(t, body, `@@ -0,0 +1,1 @@\n+Page({ new: 1 })`)
	}
}

func TestAFileIsWhatItsContentIsAndNeverAPage(t *testing.T) {
	s, _, _ := readable(t)
	for path, expected := range map[string]struct{ typ, disposition, content string }{
		"app.js":          {packages.PlainText, "inline; filename=app.js", sourced},
		"pages/home.wxml": {packages.PlainText, "inline; filename=home.wxml", "<view/>\n"},
		"images/logo.svg": {packages.PlainText, "inline; filename=logo.svg", "<svg><script>alert(1)</script></svg>"},
		"images/logo.png": {"image/png", "inline; filename=logo.png", picture},
		"data.bin":        {packages.Bytes, "attachment; filename=data.bin", "\x00\x01"},
	} {
		for _, folder := range []string{versionsPath + "1.0.0/files/", "/mini-programs/weather/versions/1.0.0/raw/"} {
			response, body := s.ask(http.MethodGet, folder+path, as("reviewer"))
			assert.Equal(t, http.StatusOK, response.StatusCode, folder+path)
			assert.Equal(t, expected.content, body, path)
			assert.Equal(t, expected.typ, response.Header.Get("Content-Type"), path)
			assert.Equal(t, expected.disposition, response.Header.Get("Content-Disposition"), path)
			assert.Equal(t, "default-src 'none'; sandbox", response.Header.Get("Content-Security-Policy"), path)
			assert.Equal(t, "nosniff", response.Header.Get("X-Content-Type-Options"), path)
			assert.Equal(t, "no-store", response.Header.Get("Cache-Control"), path)
		}
	}
}

func TestTheAPISaysWhatChangedInAFile(t *testing.T) {
	s, first, _ := readable(t)
	var change packages.FileChange
	_, body := s.ask(http.MethodGet, versionsPath+"1.1.0/files/app.js?against="+first, as("reviewer"))
	require.NoError(t, json.Unmarshal([]byte(body), &change))
	assert.Equal(t, "changed", change.Change)
	assert.Contains(t, change.Diff, "+const added = 1\n")
	response, body := s.ask(http.MethodGet, versionsPath+"1.1.0/files/app.js?against=live", as("reviewer"))
	isProblem(t, response, body, http.StatusUnprocessableEntity)
	assert.Contains(t, body, "no live version")
}

func TestFilesThatAreNotThereAreNotFound(t *testing.T) {
	s, _, _ := readable(t)
	for path, says := range map[string]string{
		"1.0.0/files/nowhere.js":                 "no such file",
		"1.0.0/files/":                           "no such file",
		"1.0.0/files/pages":                      "no such file",
		"1.0.0/files/..%2fapp.js":                "no such file",
		"0.9.0/files":                            "no such version",
		"0.9.0/files/app.js":                     "no such version",
		"1.0.0/files?sha256=" + sum("f"):         "no such version",
		"1.1.0/files?against=0.9.0":              "no such version",
		"1.1.0/files?against=" + sum("f"):        "no such version",
		"1.1.0/files/app.js?against=" + sum("f"): "no such version",
	} {
		response, body := s.ask(http.MethodGet, versionsPath+path, as("reviewer"))
		isProblem(t, response, body, http.StatusNotFound)
		assert.Contains(t, body, says, path)
	}
	s.does("developer", lifecycle.Command{Action: lifecycle.CancelPublishing})
	s.submits("2.0.0", "e", "")
	for _, path := range []string{"files", "files/app.js", "package"} {
		response, body := s.ask(http.MethodGet, versionsPath+"2.0.0/"+path, as("reviewer"))
		isProblem(t, response, body, http.StatusNotFound)
		assert.Contains(t, body, "no longer kept", path)
	}
}

func TestWhoSeesNoReportSeesNoFile(t *testing.T) {
	s, _, _ := readable(t)
	for _, path := range []string{
		versionsPath + "1.1.0/files", versionsPath + "1.1.0/files/app.js", versionsPath + "1.1.0/files/app.js?against=1.0.0", versionsPath + "1.1.0/package",
		"/mini-programs/weather/versions/1.1.0/files", "/mini-programs/weather/versions/1.1.0/files/app.js",
		"/mini-programs/weather/versions/1.1.0/raw/app.js", "/mini-programs/weather/versions/1.1.0/package", "/mini-programs/weather/submissions",
	} {
		response, body := s.ask(http.MethodGet, path, as("other-developer"))
		assert.Equal(t, http.StatusForbidden, response.StatusCode, path)
		assert.NotContains(t, body, "chooseAddress", path)
		response, _ = s.ask(http.MethodGet, path)
		assert.NotEqual(t, http.StatusOK, response.StatusCode, path)
	}
}

func TestThePackageIsAFileForThoseWhoReviewItAndForItsTeam(t *testing.T) {
	s, _, second := readable(t)
	for _, path := range []string{versionsPath + "1.1.0/package", "/mini-programs/weather/versions/1.1.0/package"} {
		for account, status := range map[string]int{
			"developer": http.StatusOK, "reviewer": http.StatusOK, "operator": http.StatusOK, "release-manager": http.StatusForbidden,
			"other-developer": http.StatusForbidden,
		} {
			response, body := s.ask(http.MethodGet, path, as(account))
			assert.Equal(t, status, response.StatusCode, "%s as %s", path, account)
			if status == http.StatusOK {
				assert.Equal(t, second, fmt.Sprintf("%x", sha256Of(body)))
				assert.Equal(t, "attachment; filename=weather-1.1.0.zip", response.Header.Get("Content-Disposition"))
				assert.Equal(t, "application/zip", response.Header.Get("Content-Type"))
			}
		}
	}
	_, body := s.ask(http.MethodGet, versionsPath+"1.1.0/package", as("release-manager"))
	assert.True(t, strings.Contains(body, "team acme"), body)
}

func sha256Of(text string) [sha256.Size]byte { return sha256.Sum256([]byte(text)) }
