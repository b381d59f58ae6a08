package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/delivery"
	"slipway/lifecycle"
	"slipway/packages"
	"slipway/plain"
)

// hostile clears the screen, overwrites the line, colours, deletes, turns the text around, and makes up a line.
const (
	hostile = "\x1b[2J\r\u009b31m\x7f\u202e\u2067\nfaked: accepted"
	shown   = `\u001b[2J\r\u009b31m\u007f\u202e\u2067\nfaked: accepted`
)

var (
	hostileVersion    = &lifecycle.Version{Version: hostile}
	hostileTransition = lifecycle.Transition{Action: hostile, Actor: hostile, To: hostile, Version: hostile, Comment: hostile, Revision: 1}
	hostileStatus     = lifecycle.Status{
		ID: hostile, Title: hostile, Team: hostile, State: lifecycle.CreationRejected, Revision: 1,
		Candidate: hostileVersion, Live: hostileVersion, Suspension: &lifecycle.Suspension{By: hostile, Reason: hostile},
		Review:  &lifecycle.Review{RequestedBy: hostile, Overdue: true},
		Next:    &lifecycle.Next{At: &time.Time{}, Overdue: true},
		Actions: []lifecycle.LegalAction{{Action: hostile}}, Transitions: []lifecycle.Transition{hostileTransition},
	}
	hostilePage = catalog.Page{NextCursor: hostile, Items: []catalog.Item{
		{ID: hostile, Title: hostile, Team: hostile, State: hostile, CandidateVersion: hostile, LiveVersion: hostile},
	}}
	hostileTrail       = []auditLine{{Change: 7, Record: lifecycle.Record{Transition: hostileTransition}}}
	hostileExplanation = delivery.Explanation{
		Available: true, MiniProgram: hostile, User: hostile, Version: hostile, Because: hostile, Record: hostileTransition,
	}
	hostileOutcome = lifecycle.Outcome{Action: hostile, Code: hostile, Message: hostile, State: hostile, Actions: []lifecycle.Action{hostile}}
)

// hostileServer says what strangers wrote, and what it says itself is no better.
func hostileServer(t *testing.T) (url string) {
	accepted := hostileOutcome
	accepted.Accepted = true
	refused := struct {
		lifecycle.Outcome
		Detail string `json:"detail"`
	}{hostileOutcome, hostile}
	mux := http.NewServeMux()
	for path, answer := range map[string]struct {
		status int
		body   any
	}{
		"GET " + apiPath:                               {200, hostilePage},
		"GET " + apiPath + "/weather":                  {200, hostileStatus},
		"GET " + apiPath + "/weather/audit":            {200, map[string]any{"entries": hostileTrail}},
		"GET " + apiPath + "/weather/explain":          {200, hostileExplanation},
		"GET " + apiPath + "/broken":                   {500, map[string]any{"detail": hostile}},
		"GET " + apiPath + "/weather/events":           {200, hostile},
		"POST " + apiPath:                              {200, map[string]any{"outcome": accepted}},
		"POST " + apiPath + "/weather/actions/publish": {409, refused},
		"POST " + apiPath + "/weather/recover":         {200, lifecycle.Status{ID: hostile, State: hostile}},
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(answer.status)
			assert.NoError(t, json.NewEncoder(w).Encode(answer.body))
		})
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// assertPlain tells that nothing acts on the terminal.
func assertPlain(t *testing.T, printed string) {
	t.Helper()
	for _, r := range printed {
		assert.True(t, unicode.IsGraphic(r) || r == '\n' || r == '\t', "%q is printed in %q", r, printed)
	}
}

// typesHostile types a line with what is hostile in place of HOSTILE.
func (c *terminal) typesHostile(line string) (code int, stdout, stderr string) {
	words := strings.Fields(line)
	for i, word := range words {
		words[i] = strings.ReplaceAll(word, "HOSTILE", hostile)
	}
	return c.types("", words...)
}

func TestWhatStrangersWroteIsShownByEveryCommand(t *testing.T) {
	c := sitDown(t)
	t.Setenv("SLIPWAY_SERVER", hostileServer(t))
	for line, expected := range map[string]struct{ code, lines int }{
		"status weather":            {exitDone, 8},
		"list":                      {exitDone, 3},
		"audit weather":             {exitDone, 2},
		"watch weather":             {exitDone, 1},
		"explain weather --user u1": {exitDone, 3},
		"act publish weather":       {exitRefused, 2},
		"recover weather":           {exitDone, 1},
	} {
		code, stdout, stderr := c.types(line)
		assert.Equal(t, expected.code, code, "%s: %s", line, stderr)
		assertPlain(t, stdout+stderr)
		assert.Contains(t, stdout+stderr, shown, line)
		assert.Equal(t, expected.lines, strings.Count(stdout+stderr, "\n"), "%s makes up lines: %s", line, stdout+stderr)
	}
}

func TestErrorsShowWhatTheyQuote(t *testing.T) {
	c := sitDown(t)
	t.Setenv("SLIPWAY_SERVER", hostileServer(t))
	for line, expected := range map[string]int{
		"request weather --title T":              exitDone, // what the server says happened
		"status broken":                          exitFailed,
		"act HOSTILE weather":                    exitUsage,
		"act publish weather --plan @HOSTILE":    exitUsage,
		"status weather --as HOSTILE":            exitUsage,
		"status weather --server http://HOSTILE": exitUsage,
		"inspect HOSTILE":                        exitUsage,
		"watch weather --until HOSTILE":          exitUsage,
	} {
		code, stdout, stderr := c.typesHostile(line)
		assert.Equal(t, expected, code, "%s: %s", line, stderr)
		assertPlain(t, stdout+stderr)
		assert.Contains(t, stdout+stderr, `1b[2J`, line)
	}
}

func TestJSONOfStrangersDecodesToWhatTheyWrote(t *testing.T) {
	c := sitDown(t)
	t.Setenv("SLIPWAY_SERVER", hostileServer(t))
	assertJSON(t, c, "status weather", hostileStatus)
	assertJSON(t, c, "watch weather", hostileStatus)
	assertJSON(t, c, "list", hostilePage)
	assertJSON(t, c, "audit weather", hostileTrail)
	assertJSON(t, c, "explain weather --user u1", hostileExplanation)
	assertJSON(t, c, "act publish weather", hostileOutcome)
}

func assertJSON[T any](t *testing.T, c *terminal, line string, expected T) {
	t.Helper()
	_, stdout, stderr := c.types("--json " + line)
	assert.Empty(t, stderr, line)
	assertPlain(t, stdout)
	var printed T
	require.NoError(t, json.Unmarshal([]byte(stdout), &printed), line)
	assert.Equal(t, expected, printed, line)
}

func TestInspectShowsWhatThePackageSays(t *testing.T) {
	c := sitDown(t)
	name, err := json.Marshal("p/" + hostile)
	require.NoError(t, err)
	file := c.zip(map[string]string{
		"app.json":           `{"pages":[` + string(name) + `],"permission":{"scope.camera":{"desc":` + string(name) + `}}}`,
		"app.js":             "fetch('http://evil.example')",
		"shop/a" + hostile:   "",
		"\xff\x9b" + hostile: "",
	})
	_, plainly, stderr := c.types("inspect --version 1.0.0", file)
	assertPlain(t, plainly+stderr)
	assert.Contains(t, plainly, `\u001b[2J`)
	assert.NotContains(t, plainly, "\nfaked", "a package cannot make up a line")

	_, stdout, _ := c.types("--json inspect --version 1.0.0", file)
	assertPlain(t, stdout)
	var report packages.Report
	require.NoError(t, json.Unmarshal([]byte(stdout), &report))
	assert.NotEmpty(t, report.Findings)
	assert.Contains(t, stdout, `\u009b`)
}

// zip writes a package as nobody but an attacker would.
func (c *terminal) zip(files map[string]string) string {
	path := filepath.Join(c.t.TempDir(), "package.zip")
	file, err := os.Create(path)
	require.NoError(c.t, err)
	archive := zip.NewWriter(file)
	for name, content := range files {
		entry, err := archive.Create(name)
		require.NoError(c.t, err)
		_, err = io.WriteString(entry, content)
		require.NoError(c.t, err)
	}
	require.NoError(c.t, archive.Close())
	require.NoError(c.t, file.Close())
	return path
}

func TestOnATerminalOnlyOurOwnProgressMovesTheCursor(t *testing.T) {
	var printed bytes.Buffer
	view := &view{out: &plain.Writer{To: &printed}, inPlace: true}
	require.NoError(t, view.update(&app{}, hostileStatus))
	const startOver = "\r\x1b[K"
	lines := strings.Split(printed.String(), startOver)
	require.Len(t, lines, 3)
	assert.Empty(t, lines[0])
	assert.Contains(t, lines[1], shown)
	assert.Equal(t, "CreationRejected  overdue review, requested by "+shown, lines[2])
	assertPlain(t, lines[1]+lines[2])
}
