package delivery

import (
	"bytes"
	"crypto/sha256"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/fuzztest"
	"slipway/keyring"
	"slipway/lifecycle"
)

// rolledOut is a snapshot with a rollout, a live version and one whose release cannot be read, and a preview of the candidate.
func rolledOut(t require.TestingT) (h *Handlers, preview string) {
	s := newSnapshot(nil, Options{})
	r := rollout(t, "weather", "1.1.0", lifecycle.WholePercent(50), "tester")
	r.Preview, r.PreviewSince = r.Candidate, 1
	live, err := newRelease("maps", 2, lifecycle.Serving{Live: new(version("2.0.0", 5))})
	require.NoError(t, err)
	s.put([]*release{r, live, {ID: "lost", Missing: true}}, true)
	var keys keyring.Ring
	require.NoError(t, keys.UnmarshalText([]byte("k1:"+strings.Repeat("A", 43)+"=")))
	h = &Handlers{Snapshot: s, Previews: Previews{keys}}
	of := Previewed{r.ID, r.Preview.Version, r.Preview.SHA256.String(), r.PreviewSince}
	return h, h.Previews.Make(of, time.Now().Add(24*365*time.Hour))
}

// FuzzEvaluation asks as host apps do, for one mini-program and for all: the question is understood as encoding/json does, the answer is JSON in
// the words of the protocol, and all say of each what it says when it is asked for alone.
func FuzzEvaluation(f *testing.F) {
	h, preview := rolledOut(f)
	for _, body := range []string{
		`{"context":{"targetingKey":"u1","platform_version":12}}`, `{"context":{"targetingKey":"tester","preview":"` + preview + `"}}`,
		`{"context":{"targetingKey":"u1","platform_version":-1e999,"preview":"https://x/previews/p1.weather.1.1.AA.k1"}}`,
		` { "context" : { } } `, `{"context":{"\u0074argetingKey":"\u0075\"1"}}`, `[]`, `null`, `{"context":[1,{"a":"}"}]}`,
		`{"context":1,"context":{"targetingKey":null,"targetingKey":"a"}}`, `{`, "{\"context\":{\"targetingKey\":\"\xff\"}}", "{\"context\":{\"targetingKey\":\"\xff\\n\",\"preview\":\"\xe5\xa4\"}}", `{"context":{"targetingKey":"\ud800"}}`,
	} {
		f.Add("weather", body, `"x"`)
	}
	f.Add("no/such \"thing", `{"context":{"targetingKey":"u1"}}`, "*")
	f.Add("lost", `{"context":{"targetingKey":"u1"}}`, "")
	engine := gin.New()
	h.Register(engine)
	f.Fuzz(func(t *testing.T, id, body, etag string) {
		understood(t, body)
		one := posted(engine, flagsPath+"/", id, body, "")
		all := posted(engine, flagsPath, "", body, etag)
		isProtocol(t, one)
		if all.Code == http.StatusNotModified {
			return
		}
		isProtocol(t, all)
		if all.Code != http.StatusOK {
			assert.Equal(t, all.Code, one.Code, "whom the question is about does not matter")
			return
		}
		var flags struct{ Flags []map[string]any }
		require.NoError(t, json.Unmarshal(all.Body.Bytes(), &flags))
		for _, flag := range flags.Flags {
			single := posted(engine, flagsPath+"/", fmt.Sprint(flag["key"]), body, "")
			var alone map[string]any
			require.NoError(t, json.Unmarshal(single.Body.Bytes(), &alone))
			assert.Equal(t, flag, alone)
		}
	})
}

// posted asks; the path is as the server gives it to the handler, whatever characters the id has.
func posted(engine http.Handler, path, id, body, etag string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.URL.Path += id
	r.Header["If-None-Match"] = []string{etag}
	w := httptest.NewRecorder()
	engine.ServeHTTP(w, r)
	return w
}

// isProtocol requires one of the answers that the protocol knows.
func isProtocol(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	assert.True(t, json.Valid(w.Body.Bytes()), "%q", w.Body)
	switch w.Code {
	case http.StatusOK:
	case http.StatusBadRequest, http.StatusNotFound, http.StatusRequestEntityTooLarge, http.StatusInternalServerError:
		assert.Contains(t, w.Body.String(), `"errorCode":`)
	default:
		assert.Fail(t, "no answer of the protocol", "%d %s", w.Code, w.Body)
	}
}

// understood compares how a question is read with how encoding/json reads it.
func understood(t *testing.T, body string) {
	t.Helper()
	q, _, wrong := readRequest(strings.NewReader(body), nil)
	if !json.Valid([]byte(body)) {
		require.NotNil(t, wrong)
	}
	if wrong != nil {
		return
	}
	var members map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(body), &members))
	var context map[string]any
	decoder := json.NewDecoder(bytes.NewReader(members["context"]))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&context), "%s", body)
	preview, _ := context["preview"].(string)
	assert.Equal(t, preview, q.preview)
	assert.Equal(t, context["targetingKey"], q.user)
	if platform, given := context["platform_version"].(json.Number); given {
		assert.Equal(t, platformVersion([]byte(platform)), q.platform)
	} else {
		assert.Nil(t, context["platform_version"])
		assert.Equal(t, AnyPlatform, q.platform)
	}
}

// FuzzPreview reads previews and links to them: each has one text, and none that was not made here gives anything.
func FuzzPreview(f *testing.F) {
	h, preview := rolledOut(f)
	f.Add(preview)
	f.Add("https://mini.example.com/previews/" + preview)
	f.Add("https://mini.example.com/previews/" + preview + "/?from=/a#b")
	f.Add(strings.Replace(preview, "p1.", "p2.", 1))
	f.Add("p1.weather.-1.+1.AA==.k1")
	f.Add("p1.....")
	f.Fuzz(func(t *testing.T, text string) {
		read, ok := parsePreview(text)
		if !ok {
			assert.Nil(t, h.show(text, AnyPlatform))
			return
		}
		written := read.String()
		assert.Contains(t, text, written, "a preview has one text")
		again, ok := parsePreview(written)
		require.True(t, ok)
		assert.Equal(t, read, again)
		if shown := h.show(text, AnyPlatform); shown.works() {
			assert.Equal(t, preview, written, "only one was made")
		}
	})
}

// FuzzFileCopy starts from files that were not written by us, with a checksum that is right: what can be read at all serves, and is the same
// when it is written and read again.
func FuzzFileCopy(f *testing.F) {
	h, _ := rolledOut(f)
	for _, releases := range [][]*release{nil, {{ID: "x", Testers: []string{"b", "a"}}}, collected(h.Snapshot)} {
		var content bytes.Buffer
		require.NoError(f, gob.NewEncoder(&content).Encode(saved{Change: 7, At: time.Unix(0, 0), Releases: releases}))
		f.Add(content.Bytes())
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "copy")
		whole := append([]byte(copyFormat), content...)
		sum := sha256.Sum256(whole)
		require.NoError(t, os.WriteFile(path, append(whole, sum[:]...), 0o600))
		var copied saved
		var err error
		fuzztest.Costs(t, len(content), func() { copied, err = readFile(path) })
		if err != nil {
			assert.ErrorContains(t, err, path)
			return
		}
		s := newSnapshot(nil, Options{File: path})
		s.put(copied.Releases, true)
		flags := s.appendFlags(nil, evaluationRequest{"u1", AnyPlatform, ""}, []byte("http://x/packages/"), nil)
		assert.True(t, json.Valid(flags), "%q", flags)
		var again bytes.Buffer
		require.NoError(t, copied.write(&again))
		require.NoError(t, os.WriteFile(path, again.Bytes(), 0o600))
		reread, err := readFile(path)
		require.NoError(t, err)
		assert.Equal(t, len(copied.Releases), len(reread.Releases))
		assert.Equal(t, copied.Change, reread.Change)
	})
}

func collected(s *Snapshot) (all []*release) {
	for r := range s.all {
		all = append(all, r)
	}
	return all
}

// FuzzLists reads the lists that a deployment names host apps in: their tokens and their origins.
func FuzzLists(f *testing.F) {
	f.Add("wallet="+strings.Repeat("0a", 32)+",# no\n#x\nother = "+strings.Repeat("ff", 32), "https://app.example.com, http://localhost:3000\ncapacitor://localhost")
	f.Add("a", "https://app.example.com/")
	f.Add("=", "http://[::1]:80 https://a:443")
	f.Fuzz(func(t *testing.T, tokens, origins string) {
		if known, err := ParseTokens(tokens); err == nil {
			assert.Empty(t, known.owner(tokens), "the list is no token")
		} else {
			assert.NotEmpty(t, err.Error())
		}
		known, err := ParseOrigins(origins)
		if err != nil {
			assert.NotEmpty(t, err.Error())
			return
		}
		again, err := ParseOrigins(strings.Join(known, ","))
		require.NoError(t, err)
		assert.Equal(t, known, again)
		for _, origin := range known {
			assert.NotContains(t, origin, "*")
		}
	})
}
