package api_test

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// document is the OpenAPI document as the API serves it.
type document struct {
	OpenAPI string
	Paths   map[string]map[string]struct {
		OperationID string
		Parameters  []struct{ Name, In string }
		RequestBody *struct{ Content map[string]any }
		Responses   map[string]struct {
			Content map[string]any
			Headers map[string]any
		}
		Security []map[string][]string
	}
	Components struct {
		Schemas         map[string]struct{ Properties map[string]any }
		SecuritySchemes map[string]struct{ Type, Scheme string }
	}
}

var described = sync.OnceValues(func() (document, *jsonschema.Compiler) {
	response, err := http.Get(home.server.URL + "/api/v1/openapi.json")
	must(err)
	defer func() { _ = response.Body.Close() }()
	var text bytes.Buffer
	_, err = text.ReadFrom(response.Body)
	must(err)
	var parsed document
	must(json.Unmarshal(text.Bytes(), &parsed))
	value, err := jsonschema.UnmarshalJSON(&text)
	must(err)
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	must(compiler.AddResource("openapi.json", value))
	return parsed, compiler
})

// checkAnswer requires an answer to be one that the document describes. What the document does not know, no program calls.
func checkAnswer(t *testing.T, method, path string, response *http.Response, body []byte) {
	t.Helper()
	template, known := templateOf(method, path)
	if !known {
		return
	}
	status := strconv.Itoa(response.StatusCode)
	contentType, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	require.NoError(t, err)
	pointer := strings.Join([]string{"paths", template, strings.ToLower(method), "responses", status, "content", contentType, "schema"}, "\x00")
	pointer = strings.NewReplacer("~", "~0", "/", "~1", "\x00", "/").Replace(pointer)
	_, compiler := described()
	schema, err := compiler.Compile("openapi.json#/" + strings.NewReplacer("{", "%7B", "}", "%7D").Replace(pointer))
	require.NoError(t, err, "%s %s may answer %s with %s", method, template, status, contentType)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	require.NoError(t, err)
	assert.NoError(t, schema.Validate(value), string(body))
}

func templateOf(method, path string) (string, bool) {
	path, _, _ = strings.Cut(path, "?")
	parsed, _ := described()
	for template, operations := range parsed.Paths {
		if _, ok := operations[strings.ToLower(method)]; ok && matches(template, path) {
			return template, true
		}
	}
	return "", false
}

func matches(template, path string) bool {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	for i := range min(len(want), len(got)) {
		if !strings.HasPrefix(want[i], "{") && want[i] != got[i] {
			return false
		}
	}
	return len(want) == len(got)
}

func TestTheDocumentDescribesEveryOperation(t *testing.T) {
	parsed, _ := described()
	assert.Equal(t, "3.1.0", parsed.OpenAPI)
	assert.Equal(t, "bearer", parsed.Components.SecuritySchemes["bearer"].Scheme)
	var operations []string
	ids := map[string]bool{}
	for path, byMethod := range parsed.Paths {
		for method, operation := range byMethod {
			name := strings.ToUpper(method) + " " + path
			operations = append(operations, name)
			assert.False(t, ids[operation.OperationID], "%s is there once", operation.OperationID)
			ids[operation.OperationID] = true
			assert.Equal(t, []map[string][]string{{"bearer": {}}}, operation.Security, name)
			for _, status := range []string{"401", "429", "500", "503"} {
				assert.Contains(t, operation.Responses[status].Content, "application/problem+json", "%s %s", name, status)
			}
			assert.Contains(t, operation.Responses["401"].Headers, "Www-Authenticate", name)
			for status, response := range operation.Responses {
				assert.NotEmpty(t, response.Content, "%s %s has a body", name, status)
			}
		}
	}
	slices.Sort(operations)
	assert.Equal(t, []string{
		"DELETE /subscriptions/{name}",
		"DELETE /tokens/{id}",
		"GET /audit",
		"GET /events",
		"GET /fleet",
		"GET /fleet/{id}",
		"GET /me",
		"GET /mini-programs",
		"GET /mini-programs/{id}",
		"GET /mini-programs/{id}/audit",
		"GET /mini-programs/{id}/comments",
		"GET /mini-programs/{id}/events",
		"GET /mini-programs/{id}/explain",
		"GET /mini-programs/{id}/feedback",
		"GET /mini-programs/{id}/packages/{version}/report",
		"GET /mini-programs/{id}/submissions",
		"GET /mini-programs/{id}/versions/{version}/files",
		"GET /mini-programs/{id}/versions/{version}/files/{path}",
		"GET /mini-programs/{id}/versions/{version}/package",
		"GET /platform",
		"GET /subscriptions",
		"GET /subscriptions/{name}",
		"GET /tokens",
		"POST /fleet",
		"POST /fleet/{id}/cancel",
		"POST /fleet/{id}/resume",
		"POST /mini-programs",
		"POST /mini-programs/{id}/actions/{action}",
		"POST /mini-programs/{id}/comments",
		"POST /mini-programs/{id}/packages",
		"POST /mini-programs/{id}/recover",
		"POST /mini-programs/{id}/versions/{version}/previews",
		"POST /platform/lift-the-stop",
		"POST /platform/stop-the-line",
		"POST /rehearsals",
		"POST /subscriptions",
		"POST /subscriptions/{name}/redeliver",
		"POST /subscriptions/{name}/test",
		"POST /tokens",
		"PUT /subscriptions/{name}",
	}, operations)
}

func TestEverySchemaOfTheDocumentIsOne(t *testing.T) {
	parsed, compiler := described()
	for name := range parsed.Components.Schemas {
		_, err := compiler.Compile("openapi.json#/components/schemas/" + name)
		assert.NoError(t, err, name)
	}
}

func TestTheDocumentTellsWhatIsSent(t *testing.T) {
	parsed, _ := described()
	for _, path := range []string{"/mini-programs", "/mini-programs/{id}/actions/{action}", "/mini-programs/{id}/packages"} {
		operation := parsed.Paths[path]["post"]
		require.NotNil(t, operation.RequestBody, path)
		key := struct{ Name, In string }{"Idempotency-Key", "header"}
		assert.Contains(t, operation.Parameters, key, path)
		assert.Contains(t, operation.Responses, "202", path)
	}
	assert.Contains(t, parsed.Paths["/mini-programs/{id}/packages"]["post"].RequestBody.Content, "multipart/form-data")
	command := parsed.Components.Schemas["ActionBody"].Properties
	assert.NotContains(t, command, "actor")
	for _, member := range []string{"request_id", "comment", "if_revision", "package", "notes", "plan", "at", "percent", "testers", "rating", "text"} {
		assert.Contains(t, command, member)
	}
	for _, path := range []string{"/events", "/mini-programs/{id}/events"} {
		assert.Contains(t, parsed.Paths[path]["get"].Responses["200"].Content, "text/event-stream")
	}
}
