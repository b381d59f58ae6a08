package process_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"slipway/process"
)

func TestAProgramIsReadyWhenItAnswersOK(t *testing.T) {
	status := http.StatusServiceUnavailable
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	ready := process.HTTPReady(server.URL + "/readyz")
	mustSay(t, ready(t.Context()), "/readyz answers 503 Service Unavailable")
	status = http.StatusOK
	if err := ready(t.Context()); err != nil {
		t.Error(err)
	}
	server.Close()
	mustSay(t, ready(t.Context()), "connection refused")
}

func TestAFreeAddressCanBeListenedAt(t *testing.T) {
	address, err := process.FreeAddress(t.Context(), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", address.String())
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	_, err = process.FreeAddress(t.Context(), "192.0.2.1") // nobody's
	mustSay(t, err, "no free port at 192.0.2.1")
}

func TestAFreeAddressIsOneThatBrowsersOpen(t *testing.T) {
	const lastBlocked = 10080 // https://fetch.spec.whatwg.org/#port-blocking
	if process.LowestFree <= lastBlocked {
		t.Errorf("a browser refuses to open port %d, ports from %d on are given", lastBlocked, process.LowestFree)
	}
}
