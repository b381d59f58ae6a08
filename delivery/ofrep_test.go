package delivery

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
	"slipway/packages"
)

// platform is a running platform that host apps ask.
type platform struct {
	t         testing.TB
	catalogue *catalog.Catalog
	handlers  *Handlers
	snapshot  *Snapshot
	store     *packages.Store
	url       string
}

func running(t testing.TB, change ...func(*Handlers)) *platform {
	return runningOn(t, emptyCatalogue(t), change...)
}

func runningOn(t testing.TB, c *catalog.Catalog, change ...func(*Handlers)) *platform {
	t.Helper()
	store, err := packages.OpenStore(context.Background(), t.TempDir())
	require.NoError(t, err)
	snapshot := open(t, c, Options{})
	handlers := &Handlers{Snapshot: snapshot, Store: store, History: c}
	for _, each := range change {
		each(handlers)
	}
	engine := gin.New()
	handlers.Register(engine)
	server := httptest.NewServer(engine)
	t.Cleanup(func() {
		server.Close()
		require.NoError(t, store.Close())
	})
	return &platform{t, c, handlers, snapshot, store, server.URL}
}

// knows waits until the platform answers with all that was committed.
func (p *platform) knows() { caughtUp(p.t, p.snapshot, p.catalogue) }

// post asks a question; headers are names and values in turn.
func (p *platform) post(path, body string, headers ...string) (*http.Response, string) {
	p.t.Helper()
	return p.ask(http.MethodPost, path, strings.NewReader(body), headers...)
}

func (p *platform) ask(method, path string, body io.Reader, headers ...string) (*http.Response, string) {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, body)
	require.NoError(p.t, err)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(p.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(p.t, err)
	return response, string(text)
}

func about(user string) string {
	text, _ := json.Marshal(map[string]any{"context": map[string]any{"targetingKey": user}})
	return string(text)
}

func TestASingleQuestionIsAnsweredByTheProtocol(t *testing.T) {
	p := running(t)
	requested(t, p.catalogue, "weather").publishes("1.0.0")
	requested(t, p.catalogue, "maps").rollsOut("2.0.0", 0, "tester")
	requested(t, p.catalogue, "hotel")
	p.knows()
	sum := sumOf(content("weather", "1.0.0"))
	response, text := p.post(flagsPath+"/weather", about("u1"))
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Equal(t, "application/json", response.Header.Get("Content-Type"))
	assert.JSONEq(t, fmt.Sprintf(`{"key": "weather", "reason": "STATIC", "variant": "live",
		"value": {"available": true, "version": "1.0.0", "sha256": "%[1]s", "url": "%[2]s/packages/%[1]s"},
		"metadata": {"rule": "everyone", "change": %[3]d}}`, sum, p.url, p.snapshot.Evaluate("weather", "u1", AnyPlatform).Change), text)

	for id, expected := range map[string]string{
		"maps":  `"value":{"available":false},"reason":"SPLIT","variant":"unavailable","metadata":{"rule":"outside-cohort",`,
		"hotel": `"value":{"available":false},"reason":"DISABLED","variant":"unavailable","metadata":{"rule":"nothing-served",`,
	} {
		response, text := p.post(flagsPath+"/"+id, about("u1"))
		assert.Equal(t, http.StatusOK, response.StatusCode)
		assert.Contains(t, text, expected)
	}
	_, text = p.post(flagsPath+"/maps", about("tester"))
	assert.Contains(t, text, `"reason":"TARGETING_MATCH","variant":"candidate"`)
}

func TestWhatIsWrongWithAQuestionIsSaidByTheProtocol(t *testing.T) {
	p := running(t)
	requested(t, p.catalogue, "weather").publishes("1.0.0")
	p.knows()
	for body, expected := range map[string]string{
		``:                                   "PARSE_ERROR",
		`{"context":`:                        "PARSE_ERROR",
		`[]`:                                 "INVALID_CONTEXT",
		`{}`:                                 "INVALID_CONTEXT",
		`{"context":"u1"}`:                   "INVALID_CONTEXT",
		`{"context":{}}`:                     "TARGETING_KEY_MISSING",
		`{"context":{"targetingKey":""}}`:    "TARGETING_KEY_MISSING",
		`{"context":{"targetingKey":null}}`:  "TARGETING_KEY_MISSING",
		`{"context":{"TargetingKey":"u1"}}`:  "TARGETING_KEY_MISSING",
		`{"context":{"targetingKey":12}}`:    "INVALID_CONTEXT",
		`{"context":{"targetingKey":["a"]}}`: "INVALID_CONTEXT",
		`{"context":{"targetingKey":"u1","platform_version":"12"}}`: "INVALID_CONTEXT",
	} {
		for path, key := range map[string]string{flagsPath: "", flagsPath + "/weather": "weather"} {
			response, text := p.post(path, body)
			assert.Equal(t, http.StatusBadRequest, response.StatusCode, body)
			var failure struct{ Key, ErrorCode, ErrorDetails string }
			require.NoError(t, json.Unmarshal([]byte(text), &failure))
			assert.Equal(t, expected, failure.ErrorCode, body)
			assert.Equal(t, key, failure.Key)
			assert.NotEmpty(t, failure.ErrorDetails)
		}
	}
	response, text := p.post(flagsPath+"/nowhere", about("u1"))
	assert.Equal(t, http.StatusNotFound, response.StatusCode)
	assert.JSONEq(t, `{"key":"nowhere","errorCode":"FLAG_NOT_FOUND","errorDetails":"there is no such mini-program"}`, text)
}

func TestWhateverKeyIsAskedForTheAnswerIsOneOfTheProtocol(t *testing.T) {
	p := running(t)
	requested(t, p.catalogue, "weather").publishes("1.0.0")
	p.knows()
	long := strings.Repeat("x", 100_000)
	for path, key := range map[string]string{
		"/": "", "/a%2Fb": "a/b", "/a/b": "a/b", "/weather/": "weather/", "//weather": "/weather", "//": "/", "/%2F": "/",
		"/.": ".", "/..": "..", "/../flags/weather": "../flags/weather", "/..%2Fweather": "../weather", "/a.b-c_d~e": "a.b-c_d~e",
		"/a%20b": "a b", "/%20weather": " weather", "/a+b": "a+b", "/weather%00": "weather\x00", "/%0D%0AX:1": "\r\nX:1", "/%FF%FE": "\ufffd\ufffd",
		"/%E5%A4%A9": "天", "/%22%3Cscript%3E": `"<script>`, "/Weather": "Weather", "/%2e%2e": "..", "/:key": ":key", "/*key": "*key", "/" + long: long,
		"//evil.example/weather": "/evil.example/weather", "/%5C%5Cevil.example": `\\evil.example`, "/a%3Fb": "a?b", "/a?b=c": "a",
	} {
		response, text := p.post(flagsPath+path, about("u1"))
		assert.Equal(t, http.StatusNotFound, response.StatusCode, path)
		assert.Equal(t, "application/json", strings.Split(response.Header.Get("Content-Type"), ";")[0], path)
		var failure struct{ Key, ErrorCode, ErrorDetails string }
		require.NoError(t, json.Unmarshal([]byte(text), &failure), path)
		assert.Equal(t, "FLAG_NOT_FOUND", failure.ErrorCode, path)
		assert.Contains(t, text, `"key":`, path)
		assert.Equal(t, key, failure.Key, path)
		assert.Equal(t, "nosniff", response.Header.Get("X-Content-Type-Options"))
	}
	response, text := p.post(flagsPath+"/%77eather", about("u1"))
	assert.Equal(t, http.StatusOK, response.StatusCode, "an encoded letter is a letter")
	assert.Contains(t, text, `"key":"weather"`)
}

func TestWhatHostAppsCannotAskIsRefusedAsJSONAndNeverSentElsewhere(t *testing.T) {
	p := running(t)
	sum := "/packages/" + sumOf("any")
	for _, each := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{http.MethodGet, flagsPath, 405, "POST"},
		{http.MethodOptions, flagsPath, 405, "POST"},
		{http.MethodPut, flagsPath + "/weather", 405, "POST"},
		{http.MethodGet, flagsPath + "/", 405, "POST"},
		{http.MethodPost, sum, 405, "GET, HEAD"},
		{http.MethodDelete, sum, 405, "GET, HEAD"},
		{http.MethodPost, "/ofrep/v1/evaluate/", 404, ""},
		{http.MethodPost, "/ofrep/v1/evaluate/flag", 404, ""},
		{http.MethodPost, "/ofrep/v2/evaluate/flags", 404, ""},
		{http.MethodGet, "/ofrep/v1/configuration", 404, ""},
		{http.MethodPost, "/ofrep/v1/evaluate//flags", 404, ""},
		{http.MethodPost, "/ofrep/", 404, ""},
		{http.MethodGet, "/packages/", 404, ""},
		{http.MethodGet, sum + "/", 404, ""},
		{http.MethodGet, "/packages//evil.example", 404, ""},
	} {
		response, text := p.ask(each.method, each.path, strings.NewReader(about("u1")))
		assert.Equal(t, each.status, response.StatusCode, each)
		assert.Equal(t, each.allow, response.Header.Get("Allow"), each)
		assert.Equal(t, "application/problem+json", response.Header.Get("Content-Type"), each)
		var problem struct{ Status int }
		require.NoError(t, json.Unmarshal([]byte(text), &problem), each)
		assert.Equal(t, each.status, problem.Status)
		assert.Equal(t, "nosniff", response.Header.Get("X-Content-Type-Options"))
		assert.Equal(t, "no-store", response.Header.Get("Cache-Control"))
	}
}

func TestAQuestionMayBeLongButNotEndless(t *testing.T) {
	p := running(t)
	requested(t, p.catalogue, "weather").publishes("1.0.0")
	p.knows()
	padded := func(length int) string {
		head, tail := `{"context":{"targetingKey":"u1","interests":"`, `"}}`
		return head + strings.Repeat("x", length-len(head)-len(tail)) + tail
	}
	for _, path := range []string{flagsPath, flagsPath + "/weather"} {
		response, _ := p.post(path, padded(maxRequest))
		assert.Equal(t, http.StatusOK, response.StatusCode)
		response, text := p.post(path, padded(maxRequest+1))
		assert.Equal(t, http.StatusRequestEntityTooLarge, response.StatusCode)
		assert.Contains(t, text, `"errorCode":"INVALID_CONTEXT"`)
	}
}

func TestAReleaseThatCannotBeReadIsAnErrorOfItsFlagOnly(t *testing.T) {
	databaseURL := catalogtest.SQLite(t)
	c := catalogtest.Open(t, databaseURL)
	requested(t, c, "weather").publishes("1.0.0")
	requested(t, c, "maps").publishes("1.0.0")
	spoil(t, databaseURL, `UPDATE releases SET serving = '{' WHERE mini_program = 'maps'`)
	p := runningOn(t, c)
	response, text := p.post(flagsPath+"/maps", about("u1"))
	assert.Equal(t, http.StatusInternalServerError, response.StatusCode)
	assert.Contains(t, text, `"errorCode":"GENERAL"`)
	all, _ := p.all("u1")
	assert.Equal(t, "GENERAL", all["maps"].ErrorCode)
	assert.Equal(t, "live", all["weather"].Variant)
}

// flag is one evaluation of a bulk answer.
type flag struct {
	Key, Variant, Reason, ErrorCode string
	Value                           struct {
		Available            bool
		Version, SHA256, URL string
	}
	Metadata map[string]any
}

// all asks for everything that a user gets.
func (p *platform) all(user string, headers ...string) (map[string]flag, string) {
	p.t.Helper()
	response, text := p.post(flagsPath, about(user), headers...)
	require.Equal(p.t, http.StatusOK, response.StatusCode)
	assert.Equal(p.t, "application/json", response.Header.Get("Content-Type"))
	var answer struct{ Flags []flag }
	require.NoError(p.t, json.Unmarshal([]byte(text), &answer))
	require.NotNil(p.t, answer.Flags)
	flags := map[string]flag{}
	for _, each := range answer.Flags {
		flags[each.Key] = each
	}
	require.Len(p.t, flags, len(answer.Flags))
	return flags, response.Header.Get("ETag")
}

func TestABulkQuestionIsAnsweredWithAllThatIsServed(t *testing.T) {
	p := running(t)
	none, _ := p.all("u1")
	assert.Empty(t, none)

	weather := requested(t, p.catalogue, "weather")
	weather.publishes("1.0.0")
	weather.rollsOut("1.1.0", 0, "tester")
	requested(t, p.catalogue, "maps").rollsOut("1.0.0", 0, "tester")
	requested(t, p.catalogue, "hotel")
	p.knows()
	for user, expected := range map[string]map[string]string{
		"tester": {"weather": "candidate 1.1.0 TARGETING_MATCH", "maps": "candidate 1.0.0 TARGETING_MATCH"},
		"anyone": {"weather": "live 1.0.0 STATIC", "maps": "unavailable  SPLIT"},
	} {
		flags, _ := p.all(user)
		got := map[string]string{}
		for id, each := range flags {
			got[id] = strings.Join([]string{each.Variant, each.Value.Version, each.Reason}, " ")
		}
		assert.Equal(t, expected, got, user)
	}
}

func TestABulkAnswerThatTheClientHasIsNotSentAgain(t *testing.T) {
	p := running(t)
	weather := requested(t, p.catalogue, "weather")
	weather.publishes("1.0.0")
	p.knows()
	_, tag := p.all("u1")
	_, again := p.all("u1")
	assert.Equal(t, tag, again)
	for _, header := range []string{tag, "W/" + tag, `"other", ` + tag, strings.Trim(tag, `"`)} {
		response, text := p.post(flagsPath, about("u1"), "If-None-Match", header)
		assert.Equal(t, http.StatusNotModified, response.StatusCode, header)
		assert.Equal(t, tag, response.Header.Get("ETag"))
		assert.Empty(t, text)
	}

	_, other := p.all("u2", "If-None-Match", tag)
	assert.NotEqual(t, tag, other, "another user")
	response, _ := p.post(flagsPath, `{"context":{"targetingKey":"u1","platform_version":1}}`, "If-None-Match", tag)
	assert.Equal(t, http.StatusOK, response.StatusCode, "another platform")

	weather.does(developer, lifecycle.Unpublish)
	p.knows()
	flags, after := p.all("u1", "If-None-Match", tag)
	assert.NotEqual(t, tag, after, "another configuration")
	assert.Empty(t, flags)
}

func TestPackagesAreFetchedWhereTheConfigurationSaysOrWhereTheQuestionWasAsked(t *testing.T) {
	elsewhere := running(t, func(h *Handlers) { h.BaseURL = "https://cdn.example.com/mini/" })
	requested(t, elsewhere.catalogue, "weather").publishes("1.0.0")
	elsewhere.knows()
	flags, _ := elsewhere.all("u1")
	assert.Equal(t, "https://cdn.example.com/mini/packages/"+flags["weather"].Value.SHA256, flags["weather"].Value.URL)

	request := httptest.NewRequest(http.MethodPost, flagsPath+"/weather", strings.NewReader(about("u1")))
	request.Host = `quoted"host`
	engine, recorder := gin.New(), httptest.NewRecorder()
	(&Handlers{Snapshot: elsewhere.snapshot}).Register(engine)
	engine.ServeHTTP(recorder, request)
	var answer flag
	require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &answer), "no host can break the answer")
	assert.Equal(t, `http://quoted"host/packages/`+answer.Value.SHA256, answer.Value.URL)
}

func TestTwoProcessesGiveTheSameAnswers(t *testing.T) {
	const variable = "DELIVERY_TEST_DATABASE"
	if databaseURL := os.Getenv(variable); databaseURL != "" {
		for user := range 50 {
			fmt.Printf("ANSWER %s\n", open(t, catalogtest.Open(t, databaseURL), Options{}).appendFlags(nil, evaluationRequest{fmt.Sprint(user), AnyPlatform, ""}, nil, nil))
		}
		return
	}
	databaseURL := catalogtest.SQLite(t)
	c := catalogtest.Open(t, databaseURL)
	for i := range 20 {
		p := requested(t, c, fmt.Sprintf("program-%d", i))
		p.publishes("1.0.0")
		p.rollsOut("1.1.0", 50)
	}
	answers := func() string {
		process := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		process.Env = append(os.Environ(), variable+"="+databaseURL)
		said, err := process.Output()
		require.NoError(t, err)
		said, _, _ = bytes.Cut(said, []byte("\nPASS"))
		return string(said)
	}
	first := answers()
	assert.Equal(t, 50, strings.Count(first, "ANSWER"))
	assert.Contains(t, first, `"candidate"`)
	assert.Contains(t, first, `"live"`)
	assert.Equal(t, first, answers())
}
