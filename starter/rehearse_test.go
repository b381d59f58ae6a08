package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

// rehearsing is a server that rehearses by the default settings.
func rehearsing(t *testing.T) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "POST /api/v1/rehearsals", r.Method+" "+r.URL.Path)
		var asked lifecycle.Rehearse
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&asked))
		rehearsal, refusal := lifecycle.DefaultSettings().Rehearse(asked)
		w.Header().Set("Content-Type", "application/json")
		if refusal != nil {
			w.WriteHeader(http.StatusUnprocessableEntity)
			_ = json.NewEncoder(w).Encode(map[string]any{"status": 422, "code": refusal.Code, "detail": refusal.Message})
			return
		}
		_ = json.NewEncoder(w).Encode(rehearsal)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func runs(t *testing.T, args ...string) (code int, stdout, stderr string) {
	var out, complaints bytes.Buffer
	code = run(t.Context(), args, &out, &complaints)
	return code, out.String(), complaints.String()
}

func TestARehearsalIsATableInTheZoneOfThisMachine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new.json")
	require.NoError(t, os.WriteFile(file, []byte("\ufeff"+`{"calendar": {"freezes": [{"from": "2026-12-17T01:30:00Z", "to": "2026-12-18T00:00:00Z", "reason": "a fair"}]}}`), 0o600))
	code, out, complaints := runs(t, "--server", rehearsing(t), "--as", "developer", "rehearse", "fast", "--start", "2026-12-17T01:00:00Z", "--settings", file)
	require.Equal(t, exitDone, code, complaints)
	for _, at := range []string{"2026-12-17T01:00:00Z", "2026-12-17T02:00:00Z", "2026-12-18T00:00:00Z"} {
		moment, err := time.Parse(time.RFC3339, at)
		require.NoError(t, err)
		assert.Contains(t, out, shownLocally(moment))
	}
	assert.Contains(t, out, "a fair; until")
	assert.Contains(t, out, "Published on")
}

func TestWhatCannotBeRehearsedIsSaid(t *testing.T) {
	code, out, complaints := runs(t, "--server", rehearsing(t), "--as", "developer", "rehearse", "fast", "--breach-at", "in 2h")
	assert.Equal(t, exitRefused, code)
	assert.Contains(t, out+complaints, "no health gate")
	code, _, complaints = runs(t, "rehearse", "fast", "--rule", "errors")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, complaints, "--breach-at")
}
