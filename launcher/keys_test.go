package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"slipway/keyring"
)

func TestAKeyForSignalsIsMadeOnce(t *testing.T) {
	unset(t, "SIGNAL_KEY", "SIGNAL_KEY_FILE")
	folder := t.TempDir()
	path := must(signalKey(folder))
	if path != filepath.Join(folder, "signal.key") {
		t.Errorf("the key is in %s", path)
	}
	made := must(os.ReadFile(path))
	var ring keyring.Ring
	check(t, ring.UnmarshalText(made))
	if mode := must(os.Stat(path)).Mode().Perm(); mode != 0o600 {
		t.Errorf("others may read it: %o", mode)
	}
	must(signalKey(folder))
	if again := must(os.ReadFile(path)); string(again) != string(made) {
		t.Error("the second start made another key")
	}
	_, err := signalKey(filepath.Join(folder, "nowhere"))
	mustSay(t, err.Error(), "key for signals", "nowhere")
}

func TestAKeyOfTheEnvironmentIsUsed(t *testing.T) {
	for _, variable := range []string{"SIGNAL_KEY", "SIGNAL_KEY_FILE"} {
		unset(t, "SIGNAL_KEY", "SIGNAL_KEY_FILE")
		t.Setenv(variable, "something")
		folder := t.TempDir()
		if path := must(signalKey(folder)); path != "" {
			t.Errorf("%s is put in its place", path)
		}
		if files := must(os.ReadDir(folder)); len(files) > 0 {
			t.Errorf("a key was made: %v", files)
		}
	}
}

func unset(t *testing.T, variables ...string) {
	for _, variable := range variables {
		t.Setenv(variable, "") // puts it back at the end
	}
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
		shielded(address, asked.web).ServeHTTP(answer, request)
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
