// Package programtest has what tests of programs need that start while something is away.
package programtest

import (
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// Outage is an address behind which a server is, as long as the outage is over.
type Outage struct {
	Addr string
	// Tried has something as soon as somebody was turned away.
	Tried chan struct{}
	over  atomic.Bool
}

// NewOutage is one that has begun. It ends with the test.
func NewOutage(t testing.TB, server string) *Outage {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	o := &Outage{Addr: listener.Addr().String(), Tried: make(chan struct{}, 1)}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go o.serve(client, server)
		}
	}()
	return o
}

// End lets everybody through from now on.
func (o *Outage) End() { o.over.Store(true) }

func (o *Outage) serve(client net.Conn, server string) {
	defer func() { _ = client.Close() }()
	if !o.over.Load() {
		select {
		case o.Tried <- struct{}{}:
		default:
		}
		return
	}
	there, err := net.Dial("tcp", server) //nolint:noctx // on loopback
	if err != nil {
		return
	}
	defer func() { _ = there.Close() }()
	go func() {
		_, _ = io.Copy(there, client)
		_ = there.Close()
	}()
	_, _ = io.Copy(client, there)
}
