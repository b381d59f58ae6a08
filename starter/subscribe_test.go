package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// keeping is a server with one subscription, which writes down what it is asked to change.
func keeping(t *testing.T) (url string, asked func() (route string, body map[string]any)) {
	var route string
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			route = r.Method + " " + r.URL.Path
			body, _ = io.ReadAll(r.Body)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"name": "room", "channel": "slack", "events": ["publish"], "teams": ["acme"], "to": ["https://chat.example/…"], "language": "zh-Hans"}`)
	}))
	t.Cleanup(server.Close)
	return server.URL, func() (string, map[string]any) {
		var members map[string]any
		if len(body) > 0 {
			require.NoError(t, json.Unmarshal(body, &members))
		}
		return route, members
	}
}

func TestASubscriptionIsMadeChangedAndDeletedFromTheCommandLine(t *testing.T) {
	url, asked := keeping(t)
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("\ufeffwhsec_x\n"), 0o600))
	for _, c := range []struct {
		typed []string
		route string
		sent  map[string]any
	}{
		{[]string{"add", "ci", "webhook", "--to", "https://ci.example/x", "--secret-file", secret, "--events", "publish,held"}, "POST /api/v1/subscriptions", map[string]any{
			"name": "ci", "channel": "webhook", "to": []any{"https://ci.example/x"}, "secret": "whsec_x", "events": []any{"publish", "held"},
		}},
		{[]string{"change", "room", "--teams", "*", "--mini-programs", "weather"}, "PUT /api/v1/subscriptions/room", map[string]any{
			"events": []any{"publish"}, "mini_programs": []any{"weather"}, "language": "zh-Hans", // address and secret stay by being left out
		}},
		{[]string{"change", "room", "--to-file", secret, "--language", "en"}, "PUT /api/v1/subscriptions/room", map[string]any{
			"events": []any{"publish"}, "teams": []any{"acme"}, "to": []any{"whsec_x"}, "language": "en",
		}},
		{[]string{"delete", "room"}, "DELETE /api/v1/subscriptions/room", nil},
	} {
		code, out, complaints := runs(t, append([]string{"--server", url, "--as", "operator", "subscriptions"}, c.typed...)...)
		require.Equal(t, exitDone, code, complaints)
		route, sent := asked()
		assert.Equal(t, c.route, route)
		assert.Equal(t, c.sent, sent)
		assert.Contains(t, out, "the subscription room is ")
	}
}
