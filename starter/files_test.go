package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestALargeFileIsWrittenWhole(t *testing.T) {
	c := sitDown(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, maxAnswer+1))
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "model.bin")
	c.does("--server " + server.URL + " files weather 1.0.0 model.bin --output " + file)
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.EqualValues(t, maxAnswer+1, info.Size())
}

func TestFilesAndWhatChangedAreShownSafely(t *testing.T) {
	c, _, _, _ := withServer(t)
	package1 := fstest.MapFS{
		"app.json": {Data: []byte(`{"pages":["home"]}`)}, "app.js": {Data: []byte("App({})")}, "home.wxml": {Data: []byte("<view/>")},
		"home.js": {Data: []byte("Page({})\n\x1b[2J\u202E\n")}, "images/logo.png": {Data: []byte("\x89PNG\r\n\x1a\n")},
	}
	c.does("request looked-into --title Looked")
	c.does("act approve-creation looked-into")
	c.does("upload looked-into --version 1.0.0 " + c.file(package1))
	listed := c.does("files looked-into 1.0.0")
	assert.Contains(t, listed, "image   images/logo.png")
	assert.Contains(t, c.does("--json files looked-into 1.0.0"), `"path": "home.js"`)
	shown := c.does("files looked-into 1.0.0 home.js")
	assert.Contains(t, shown, "Page({})\n"+`\u001b[2J\u202e`)
	code, _, stderr := c.types("files looked-into 1.0.0 images/logo.png")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "no text but image/png, 8 bytes; write it to a file with --output")
	file := filepath.Join(t.TempDir(), "logo.png")
	c.does("files looked-into 1.0.0 images/logo.png --output " + file)
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, "\x89PNG\r\n\x1a\n", string(content))

	package1["home.js"] = &fstest.MapFile{Data: []byte("Page({})\nfetch('https://new.example/')\n")}
	c.does("upload looked-into --version 1.1.0 " + c.file(package1))
	changed := c.does("diff looked-into 1.1.0 1.0.0")
	assert.Contains(t, changed, "1.1.0 against 1.0.0: 0 files added, 0 removed, 1 changed\n")
	assert.Contains(t, changed, "look at this first: home.js:2  the code now names new.example\n")
	assert.Contains(t, changed, "  +fetch('https://new.example/')\n")
	assert.Contains(t, c.does("--json diff looked-into 1.1.0 1.0.0"), `"changed": 1`)
	code, _, stderr = c.types("diff looked-into 1.1.0")
	assert.Equal(t, exitRefused, code)
	assert.Contains(t, stderr, "has no live version to compare with")
	for _, line := range []string{"files looked-into 1.0.0 nowhere.js", "files looked-into 9.9.9"} {
		code, _, stderr = c.types(line)
		assert.Equal(t, exitFailed, code, line)
		assert.Contains(t, stderr, "no such", line)
	}
}
