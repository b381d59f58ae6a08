package process

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
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

// FreeAddress is an address of a host, such as 127.0.0.1, at which nobody listens at the moment.
func FreeAddress(ctx context.Context, host string) (netip.AddrPort, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("no free port at %s: %w", host, err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).AddrPort(), nil
}
