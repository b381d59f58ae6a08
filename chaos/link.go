package main

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// link is the network between a process and one that it needs: a proxy for TCP that can be cut, slowed down and reset.
type link struct {
	name     string // such as web-1>postgres
	from     string // whose process connects
	to       string // an address
	listener net.Listener

	mended atomic.Pointer[chan struct{}] // while it is cut: closed when it no longer is
	delay  atomic.Int64                  // nanoseconds, for each piece that is sent

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	done  chan struct{}
	alive sync.WaitGroup
}

// openLink listens at a free port of loopback until close.
func openLink(ctx context.Context, from, name, to string) (*link, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &link{from: from, name: from + ">" + name, to: to, listener: listener, conns: map[net.Conn]struct{}{}, done: make(chan struct{})}
	l.alive.Go(l.accept)
	return l, nil
}

func (l *link) addr() string { return l.listener.Addr().String() }

func (l *link) accept() {
	for {
		conn, err := l.listener.Accept()
		if err != nil {
			return
		}
		l.alive.Go(func() { l.carry(conn) })
	}
}

// carry hands on what both sides send. A connection that begins while the link is cut is silent until it is mended.
func (l *link) carry(near net.Conn) {
	defer func() { _ = near.Close() }()
	if !l.passable() {
		return
	}
	far, err := (&net.Dialer{Timeout: time.Second}).DialContext(context.Background(), "tcp", l.to)
	if err != nil {
		return
	}
	defer func() { _ = far.Close() }()
	l.remember(near, far)
	defer l.forget(near, far)
	var both sync.WaitGroup
	both.Go(func() { l.pump(far, near) })
	both.Go(func() { l.pump(near, far) })
	both.Wait()
}

// pump ends both connections with the first that ends.
func (l *link) pump(to, from net.Conn) {
	defer func() { _, _ = to.Close(), from.Close() }()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if !l.passable() {
			return
		}
		if delay := time.Duration(l.delay.Load()); delay > 0 {
			select {
			case <-time.After(delay):
			case <-l.done:
				return
			}
		}
		if _, wrong := to.Write(buffer[:n]); wrong != nil || err != nil {
			return
		}
	}
}

// passable waits until the link is not cut: nothing arrives meanwhile, and nobody is told. It is false when the link was closed.
func (l *link) passable() bool {
	if mended := l.mended.Load(); mended != nil {
		select {
		case <-*mended:
		case <-l.done:
		}
	}
	select {
	case <-l.done:
		return false
	default:
		return true
	}
}

// cut lets nothing pass until mend.
func (l *link) cut() { l.mended.Store(new(make(chan struct{}))) }

// mend lets everything pass again, at full speed.
func (l *link) mend() {
	l.delay.Store(0)
	if mended := l.mended.Swap(nil); mended != nil {
		close(*mended)
	}
}

// slow delays each piece that is sent until mend.
func (l *link) slow(by time.Duration) { l.delay.Store(int64(by)) }

// reset ends all connections as a crashed machine does, with RST.
func (l *link) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for conn := range l.conns { // all before the first ends, because its pump ends another
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
	}
	for conn := range l.conns {
		_ = conn.Close()
	}
}

func (l *link) remember(conns ...net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range conns {
		l.conns[conn] = struct{}{}
	}
}

func (l *link) forget(conns ...net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range conns {
		delete(l.conns, conn)
	}
}

func (l *link) close() {
	close(l.done)
	_ = l.listener.Close()
	l.reset()
	l.alive.Wait()
}
