package notify_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"slipway/notify"
)

func TestTargetsInPrivateNetworksAreNotReached(t *testing.T) {
	client := notify.NewHTTP(notify.Allowed{}, nil)
	for _, host := range []string{
		"127.0.0.1", "localhost", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
		"255.255.255.255", "198.18.0.1", "192.0.2.1", "2130706433", "[::1]", "[::]", "[fe80::1]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]",
		"[::ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]", "[64:ff9b::7f00:1]", "[64:ff9b:1::a9fe:a9fe]", "[2002:7f00:1::]", "[2001:db8::1]", "[2001:0:7f00:1::]",
		"[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[100::1]", "[5f00::1]", "[fec0::1]", "[4000::1]", "168.63.129.16", "100.100.100.200", "0.1.2.3",
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+host+":9/", nil)
		require.NoError(t, err)
		_, err = client.Do(request)
		if host == "2130706433" { // 127.0.0.1 as some write it; to resolvers that know it as a name it is none
			assert.Error(t, err, host)
			continue
		}
		assert.ErrorIs(t, err, notify.ErrForbiddenTarget, host)
	}
}

// A proxy would resolve the name and connect by itself, past the check.
func TestNoProxyOfTheEnvironmentIsUsed(t *testing.T) {
	var asked atomic.Bool
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Store(true) }))
	t.Cleanup(proxy.Close)
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"} {
		t.Setenv(name, proxy.URL)
	}
	allowed, err := notify.ParseAllowed("127.0.0.0/8")
	require.NoError(t, err)
	for _, target := range []string{"http://10.1.2.3:9/", "https://10.1.2.3:9/"} {
		_, err = notify.NewHTTP(allowed, nil).Post(target, "text/plain", nil)
		require.ErrorIs(t, err, notify.ErrForbiddenTarget)
	}
	assert.False(t, asked.Load())
}

func TestWhatIsAllowedIsReached(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	require.NoError(t, err)
	for allowed, reached := range map[string]map[string]bool{
		"127.0.0.0/8":           {"127.0.0.1": true, "localhost": true},
		"127.0.0.1":             {"127.0.0.1": true},
		" localhost , 10.0.0.1": {"localhost": true, "127.0.0.1": false},
		"10.0.0.0/8":            {"127.0.0.1": false},
	} {
		parsed, err := notify.ParseAllowed(allowed)
		require.NoError(t, err)
		for host, want := range reached {
			response, err := notify.NewHTTP(parsed, nil).Get("http://" + net.JoinHostPort(host, port))
			assert.Equal(t, want, err == nil, "%s with WEBHOOK_ALLOW=%s: %v", host, allowed, err)
			if err == nil {
				require.NoError(t, response.Body.Close())
			}
		}
	}
	_, err = notify.ParseAllowed("https://example.com")
	assert.ErrorContains(t, err, `"https://example.com" is neither a network`)
}

func TestARedirectIsNotFollowed(t *testing.T) {
	var followed atomic.Bool
	inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Store(true) }))
	t.Cleanup(inner.Close)
	outer := httptest.NewServer(http.RedirectHandler(inner.URL, http.StatusPermanentRedirect))
	t.Cleanup(outer.Close)
	allowed, err := notify.ParseAllowed("127.0.0.0/8")
	require.NoError(t, err)
	_, err = notify.NewHTTP(allowed, nil).Post(outer.URL, "text/plain", nil)
	assert.ErrorContains(t, err, "the target redirects")
	assert.False(t, followed.Load())
}

// A name that was allowed when somebody looked must not lead elsewhere when it is connected to.
func TestANameThatResolvesAnewToAPrivateAddressIsNotReached(t *testing.T) {
	var reached atomic.Bool
	secret, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) })} //nolint:gosec // a test
	go func() { _ = server.Serve(secret) }()
	t.Cleanup(func() { _ = server.Close() })
	_, port, err := net.SplitHostPort(secret.Addr().String())
	require.NoError(t, err)

	public, rebound := [4]byte{127, 0, 0, 2}, [4]byte{127, 0, 0, 1} // the first stands for a public address
	var answer atomic.Pointer[[4]byte]
	answer.Store(&public)
	allowed, err := notify.ParseAllowed("127.0.0.2")
	require.NoError(t, err)
	client := notify.NewHTTP(allowed, nameServer(t, &answer))
	_, err = client.Get("http://rebinding.example:" + port)
	require.Error(t, err)
	assert.NotErrorIs(t, err, notify.ErrForbiddenTarget, "nobody listens there, but it may be reached")
	answer.Store(&rebound)
	_, err = client.Get("http://rebinding.example:" + port)
	assert.ErrorIs(t, err, notify.ErrForbiddenTarget)
	assert.False(t, reached.Load())
}

// nameServer resolves every name to the address of the moment.
func nameServer(t *testing.T, answer *atomic.Pointer[[4]byte]) *net.Resolver {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		buffer := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			var asked dnsmessage.Message
			if asked.Unpack(buffer[:n]) != nil || len(asked.Questions) == 0 {
				continue
			}
			asked.Response, asked.Additionals = true, nil
			if q := asked.Questions[0]; q.Type == dnsmessage.TypeA {
				header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
				asked.Answers = []dnsmessage.Resource{{Header: header, Body: &dnsmessage.AResource{A: *answer.Load()}}}
			}
			if packed, err := asked.Pack(); err == nil {
				_, _ = conn.WriteTo(packed, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}
