package main

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
)

// asked is a request as a browser makes it: which name stood in the address bar, and which page sent it.
type asked struct {
	host, origin, site string
	refused            bool
}

// signals are sent to Temporal UI at PORT. All have an Authorization, with which Temporal UI asks for no token of its own pages.
var signals = []asked{
	{host: "127.0.0.1:PORT", origin: "http://127.0.0.1:PORT", site: "same-origin"},
	{host: "127.0.0.1:PORT", origin: "http://127.0.0.1:PORT"},
	{host: "127.0.0.1:PORT"},
	{host: "127.8.8.8"},
	{host: "localhost:PORT", origin: "http://localhost:PORT", site: "same-origin"},
	{host: "localhost"},
	{host: "[::1]:PORT", origin: "http://[::1]:PORT"},
	{host: "[::1]"},

	{host: "evil.example", origin: "http://evil.example", site: "same-origin", refused: true}, // points at this machine
	{host: "evil.example:PORT", refused: true},
	{host: "127.0.0.1.evil.example:PORT", refused: true},
	{host: "localhost.evil.example", refused: true},
	{host: "evil@127.0.0.1:PORT", refused: true},
	{host: "evil@127.0.0.1", refused: true},
	{host: "evil@localhost:PORT", refused: true},
	{host: "localhost:PORT@evil.example", refused: true},
	{host: "localhost.:PORT", refused: true},
	{host: "localhost:http", refused: true},
	{host: "[127.0.0.1]:PORT", refused: true},
	{host: "::1", refused: true},
	{host: "127.1:PORT", refused: true},
	{host: "2130706433:PORT", refused: true},
	{host: "192.168.1.1:PORT", refused: true},
	{host: "0.0.0.0:PORT", refused: true},
	{host: "127.0.0.1:PORT", origin: "http://evil.example", site: "cross-site", refused: true},
	{host: "127.0.0.1:PORT", origin: "http://evil.example", refused: true},
	{host: "127.0.0.1:PORT", origin: "null", refused: true},
	{host: "127.0.0.1:PORT", origin: "http://127.0.0.1:1", site: "same-site", refused: true},
	{host: "127.0.0.1:PORT", origin: "http://localhost:PORT", refused: true},
}

func TestTemporalUITakesSignalsOnlyFromItsOwnPagesOnThisMachine(t *testing.T) {
	h, address := installationWithTemporal(t, "")
	launcher := h.launch()
	launcher.output.await(t, "Slipway is ready")
	temporal := must(client.Dial(client.Options{HostPort: address}))
	defer temporal.Close()
	_ = must(temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "one", TaskQueue: "any"}, "Any"))
	expected := 0
	for _, each := range signals {
		want := http.StatusForbidden
		if !each.refused {
			want = http.StatusOK
			expected++
		}
		if got := h.sendsSignal(each); got != want {
			t.Errorf("%+v is answered with %d, want %d", each, got, want)
		}
	}
	if got := signalsOf(t, temporal, "one"); got != expected {
		t.Errorf("the workflow has %d signals, want %d", got, expected)
	}
}

func (h *installation) sendsSignal(a asked) (status int) {
	h.t.Helper()
	url := "http://" + h.uiAddr + "/api/v1/namespaces/default/workflows/one/signal/stop"
	request := must(http.NewRequestWithContext(h.t.Context(), http.MethodPost, url, strings.NewReader("{}")))
	_, port, _ := net.SplitHostPort(h.uiAddr)
	request.Host = strings.ReplaceAll(a.host, "PORT", port)
	request.Header.Set("Authorization", "any")
	for name, value := range map[string]string{"Origin": strings.ReplaceAll(a.origin, "PORT", port), "Sec-Fetch-Site": a.site} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	response := must(http.DefaultClient.Do(request))
	defer response.Body.Close()
	return response.StatusCode
}

func signalsOf(t *testing.T, temporal client.Client, id string) (n int) {
	t.Helper()
	history := temporal.GetWorkflowHistory(t.Context(), id, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for history.HasNext() {
		if must(history.Next()).EventType == enums.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED {
			n++
		}
	}
	return n
}

func TestTemporalUIBehindTheProxyIsOnThisMachineToo(t *testing.T) {
	if address := must(hidden(t.Context())); !address.Addr().IsLoopback() || address.Port() == 0 {
		t.Errorf("got %s, want a port of this machine alone", address)
	}
}

func TestAProxyWithoutTemporalUIBehindItSaysSo(t *testing.T) {
	asker := httptest.NewRecorder()
	uiHandler(freeAddress(t), "").ServeHTTP(asker, httptest.NewRequest(http.MethodGet, "http://localhost", nil))
	if asker.Code != http.StatusBadGateway {
		t.Errorf("status %d, want 502", asker.Code)
	}
	mustSay(t, asker.Body.String(), "Temporal UI does not answer", "connection refused")
}

func TestTemporalUIIsToldOfTheCodecUnderTheNameThatItWasAskedBy(t *testing.T) {
	ui := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`{"Version": "` + r.URL.Path + `", "Codec": {"Endpoint": "", "IncludeCredentials": false}}`))
	}))
	defer ui.Close()
	address := must(url.Parse(ui.URL)).Host
	for _, asked := range []struct{ host, path, web, endpoint string }{
		{"127.0.0.1:8233", "/api/v1/settings", "127.0.0.1:8080", "http://127.0.0.1:8080/codec"},
		{"localhost:8233", "/api/v1/settings", "127.0.0.1:8080", "http://localhost:8080/codec"},
		{"[::1]:8233", "/api/v1/settings", "127.0.0.1:8080", "http://[::1]:8080/codec"},
		{"localhost:8233", "/api/v1/settings", "127.0.0.5:8080", "http://127.0.0.5:8080/codec"},
		{"localhost:8233", "/api/v1/settings", "", ""},
		{"localhost:8233", "/api/v1/cluster", "127.0.0.1:8080", ""},
	} {
		request := httptest.NewRequest(http.MethodGet, "http://"+asked.host+asked.path, nil)
		request.Header.Set("Accept-Encoding", "gzip")
		answer := httptest.NewRecorder()
		uiHandler(address, asked.web).ServeHTTP(answer, request)
		var settings struct {
			Version string
			Codec   struct {
				Endpoint           string
				IncludeCredentials bool
			}
		}
		check(t, json.Unmarshal(answer.Body.Bytes(), &settings))
		if settings.Version != asked.path || settings.Codec.Endpoint != asked.endpoint || settings.Codec.IncludeCredentials != (asked.endpoint != "") {
			t.Errorf("%+v got %s", asked, answer.Body)
		}
	}
}
