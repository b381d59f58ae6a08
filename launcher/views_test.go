package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// What the script does to Temporal UI is seen in a browser, by the end-to-end tests.
func TestTheProxyServesWhatSetsTemporalUIUp(t *testing.T) {
	handler := uiHandler(freeAddress(t), "")
	for path, begins := range map[string]string{"/slipway": "text/html", "/slipway/views.js": "text/javascript"} {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "http://localhost"+path, nil))
		if answer.Code != http.StatusOK || !strings.HasPrefix(answer.Header().Get("Content-Type"), begins) {
			t.Errorf("%s: status %d, %s", path, answer.Code, answer.Header().Get("Content-Type"))
		}
	}
	stranger := httptest.NewRecorder()
	handler.ServeHTTP(stranger, httptest.NewRequest(http.MethodGet, "http://evil.example/slipway", nil))
	if stranger.Code != http.StatusForbidden {
		t.Errorf("under another name: status %d", stranger.Code)
	}
}
