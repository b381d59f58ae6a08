package deploy_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/debiantest"
)

// behindTheProxy runs nginx with the file that docker-compose.yml mounts, before two servers.
func behindTheProxy(t *testing.T, first, second string) (base string) {
	return proxyWith(t, websAt(first, second))
}

// websAt says where the webs are.
func websAt(first, second string) (here map[string]string) {
	here = map[string]string{}
	for name, at := range map[string]string{"web-1": first, "web-2": second} { // an address has no name that could be asked for again
		here["server "+name+":8080 max_fails=1 fail_timeout=2s resolve;"] = "server " + at + " max_fails=1 fail_timeout=2s;"
	}
	return here
}

// proxyWith runs nginx with some of the file said otherwise.
func proxyWith(t *testing.T, otherwise map[string]string) (base string) {
	nginx := debiantest.Program(t, "nginx", "nginx-light")
	addr, folder := free(t), t.TempDir()
	server := proxyFile(t)
	for said, here := range otherwise {
		require.Equal(t, 1, strings.Count(server, said), said)
		server = strings.Replace(server, said, here, 1)
	}
	server = strings.Replace(server, "listen 8080;", "listen "+addr+";", 1)
	var own strings.Builder // what the image's own configuration says, as far as it matters, in a folder of the test
	own.WriteString("daemon off; pid nginx.pid; error_log stderr; user root; events {}\nhttp { access_log off;\n")
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&own, "%s_temp_path %s;\n", kind, kind)
	}
	own.WriteString(server + "}\n")
	configuration := filepath.Join(folder, "nginx.conf")
	require.NoError(t, os.WriteFile(configuration, []byte(own.String()), 0o600))
	said, err := exec.CommandContext(t.Context(), nginx, "-t", "-q", "-p", folder, "-c", configuration, "-e", "stderr").CombinedOutput()
	require.NoError(t, err, string(said))
	proxy := exec.Command(nginx, "-p", folder, "-c", configuration, "-e", "stderr")
	proxy.Stderr = t.Output()
	require.NoError(t, proxy.Start())
	t.Cleanup(func() {
		_ = proxy.Process.Signal(os.Interrupt)
		_ = proxy.Wait()
	})
	base = "http://" + addr
	require.Eventually(t, func() bool {
		response, err := http.Get(base + "/metrics")
		if err == nil {
			_ = response.Body.Close()
		}
		return err == nil
	}, patience, glance)
	return base
}

func proxyFile(t *testing.T) string {
	text, err := os.ReadFile(filepath.Join("compose", "nginx.conf"))
	require.NoError(t, err)
	return string(text)
}

// backend is a web that remembers what it was asked.
type backend struct {
	*httptest.Server
	mu    sync.Mutex
	asked []*http.Request
}

func newBackend(t *testing.T, release <-chan struct{}) *backend {
	b := &backend{}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.asked = append(b.asked, r)
		b.mu.Unlock()
		if r.URL.Path == "/live" {
			_, _ = fmt.Fprintln(w, "data: first")
			w.(http.Flusher).Flush()
			<-release
		}
		_, _ = fmt.Fprintln(w, "data: last")
	}))
	t.Cleanup(b.Close)
	return b
}

func (b *backend) at() string { return strings.TrimPrefix(b.URL, "http://") }

func TestTheProxyHandsOnWhatTheWebsNeedAndKeepsTheRest(t *testing.T) {
	release := make(chan struct{})
	one, other := newBackend(t, release), newBackend(t, release)
	base := behindTheProxy(t, one.at(), other.at())
	for range 8 {
		request, err := http.NewRequest(http.MethodGet, base+"/", nil)
		require.NoError(t, err)
		request.Host = "slipway.example.com:8443"
		request.Header.Set("X-Forwarded-For", "6.6.6.6")
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, http.StatusOK, response.StatusCode)
	}
	for _, b := range []*backend{one, other} {
		require.NotEmpty(t, b.asked, "both are asked")
		for _, r := range b.asked {
			assert.Equal(t, "slipway.example.com:8443", r.Host)
			assert.Equal(t, []string{"127.0.0.1"}, r.Header["X-Forwarded-For"], "nobody says themselves who they are")
		}
	}
	response, err := http.Get(base + "/metrics")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, http.StatusNotFound, response.StatusCode)

	response, err = http.Get(base + "/live")
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	events := bufio.NewScanner(response.Body)
	require.True(t, events.Scan())
	assert.Equal(t, "data: first", events.Text(), "before the answer is over")
	close(release)
	require.True(t, events.Scan())
	assert.Equal(t, "data: last", events.Text())
}

func TestTheProxyAsksTheOtherWebWhenOneIsAway(t *testing.T) {
	there := newBackend(t, nil)
	base := behindTheProxy(t, free(t), there.at())
	for range 6 {
		response, err := http.Get(base + "/")
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, http.StatusOK, response.StatusCode)
	}
}

// silent is a web that was stopped in its tracks: connections are made, and nobody reads what arrives.
func silent(t *testing.T) (addr string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().String()
}

func TestTheProxyAsksTheOtherWebWhenOneIsSilent(t *testing.T) {
	for path, ask := range map[string]func(string) (*http.Response, error){
		"/ofrep/v1/evaluate/flags": func(url string) (*http.Response, error) {
			return http.Post(url, "application/json", strings.NewReader(`{"context": {"targetingKey": "u1"}}`))
		},
		"/packages/ab": http.Get,
	} {
		there := newBackend(t, nil)
		here := websAt(silent(t), there.at())
		here["proxy_read_timeout 3s;"], here["proxy_read_timeout 30s;"] = "proxy_read_timeout 300ms;", "proxy_read_timeout 300ms;"
		base := proxyWith(t, here)
		for range 2 { // the silent one is asked first, or second
			response, err := ask(base + path)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			assert.Equal(t, http.StatusOK, response.StatusCode, path)
		}
	}
}

func TestTheProxyKeepsNothingThatIsTooLargeForAQuestion(t *testing.T) {
	one, other := newBackend(t, nil), newBackend(t, nil)
	base := behindTheProxy(t, one.at(), other.at())
	for size, status := range map[int]int{64 << 10: http.StatusOK, 2 << 20: http.StatusRequestEntityTooLarge} {
		request, err := http.NewRequest(http.MethodPost, base+"/ofrep/v1/evaluate/flags", strings.NewReader(strings.Repeat(" ", size)))
		require.NoError(t, err)
		request.Header.Set("Expect", "100-continue") // else the connection may end before the answer was read
		response, err := patient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, status, response.StatusCode, size)
	}
	assert.Len(t, append(one.asked, other.asked...), 1, "the larger one came no further")
}

// patient waits to hear whether a body is wanted before it sends it.
var patient = http.Client{Transport: &http.Transport{ExpectContinueTimeout: patience}}
