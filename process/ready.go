package process

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"
)

// HTTPReady makes the Ready of a program that answers 200 at an address once it can be used.
func HTTPReady(url string) func(context.Context) error {
	client := &http.Client{Timeout: time.Second}
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %s", url, response.Status)
		}
		return nil
	}
}

// The ports of FreeAddress are below those that systems give to connections (on Linux from 32768 on), any of which might be taken by one
// before a program listens there, and above all that browsers refuse to open: https://fetch.spec.whatwg.org/#port-blocking
const (
	lowestFree  = 10_081
	highestFree = 32_767
)

// FreeAddress is an address of a host, such as 127.0.0.1, at which nobody listens at the moment.
func FreeAddress(ctx context.Context, host string) (address netip.AddrPort, err error) {
	for range 100 {
		port := lowestFree + rand.N(highestFree-lowestFree) //nolint:gosec // any will do
		var listener net.Listener
		listener, err = new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err == nil {
			return listener.Addr().(*net.TCPAddr).AddrPort(), listener.Close()
		}
	}
	return address, fmt.Errorf("no free port at %s: %w", host, err)
}
