package deploy_test

import (
	"go/version"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"slipway/debiantest"
)

// asksAgain is the first nginx that asks again for the name of a server of an upstream.
const asksAgain = "1.27.3"

// isBefore compares numbers with dots, as Go's versions are.
func isBefore(one, other string) bool { return version.Compare("go"+one, "go"+other) < 0 }

func TestTheProxyAsksDockerAgainWhereAWebIs(t *testing.T) {
	file := proxyFile(t)
	assert.Contains(t, file, "resolver 127.0.0.11 valid=5s")
	assert.Len(t, regexp.MustCompile(`(?m)^ +server web-[12]:8080 .*resolve;$`).FindAllString(file, -1), 2)
	image := strings.TrimPrefix(project(t).Services["proxy"].Image, "nginx:")
	pinned, _, _ := strings.Cut(image, "-")
	assert.False(t, isBefore(pinned, asksAgain), image)
}

// names is a name server that has one address for whatever it is asked.
type names struct {
	at      string
	address atomic.Pointer[[4]byte]
}

func newNames(t *testing.T) *names {
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = socket.Close() })
	n := &names{at: socket.LocalAddr().String()}
	go func() {
		packet := make([]byte, 512)
		for {
			size, from, err := socket.ReadFrom(packet)
			if err != nil {
				return
			}
			_, _ = socket.WriteTo(n.answer(packet[:size]), from)
		}
	}()
	return n
}

func (n *names) answer(packet []byte) []byte {
	var message dnsmessage.Message
	if message.Unpack(packet) != nil || len(message.Questions) != 1 {
		return nil
	}
	message.Response = true
	question := message.Questions[0]
	message.Answers = []dnsmessage.Resource{{
		Header: dnsmessage.ResourceHeader{Name: question.Name, Class: question.Class, Type: dnsmessage.TypeA, TTL: 600}, // as Docker says
		Body:   &dnsmessage.AResource{A: *n.address.Load()},
	}}
	answer, _ := message.Pack()
	return answer
}

// webAt is a web at an address and a port, "0" for any.
func webAt(t *testing.T, address, port string) *httptest.Server {
	listener, err := net.Listen("tcp", net.JoinHostPort(address, port))
	require.NoError(t, err)
	web := &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}} //nolint:gosec // a test's
	web.Start()
	t.Cleanup(web.Close)
	return web
}

func TestTheProxyFindsWebsThatWereMadeAnewAtAnotherAddress(t *testing.T) {
	said, err := exec.CommandContext(t.Context(), debiantest.Program(t, "nginx", "nginx-light"), "-v").CombinedOutput()
	require.NoError(t, err)
	if here := regexp.MustCompile(`[0-9.]+`).FindString(string(said)); isBefore(here, asksAgain) {
		t.Skipf("nginx %s asks for a name once; the image's asks again", here)
	}
	docker := newNames(t)
	docker.address.Store(&[4]byte{127, 0, 0, 2})
	before := webAt(t, "127.0.0.2", "0")
	_, port, err := net.SplitHostPort(before.Listener.Addr().String())
	require.NoError(t, err)
	base := proxyWith(t, map[string]string{
		"resolver 127.0.0.11 valid=5s": "resolver " + docker.at + " valid=1s", "web-1:8080": "web-1:" + port, "web-2:8080": "web-2:" + port,
	})
	answered := func() bool {
		response, err := http.Get(base + "/")
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	}
	require.Eventually(t, answered, patience, glance)
	before.Close()
	webAt(t, "127.0.0.3", port)
	docker.address.Store(&[4]byte{127, 0, 0, 3})
	assert.Eventually(t, answered, 10*time.Second, glance)
}
