package main

import (
	"container/list"
	"net"
	"net/http"
	"sync"
)

// places bounds how many connections are open. One that has a request under way keeps its place; of those that only wait, for their first
// request or the next, the one that has waited longest makes room for whoever comes: many that say nothing shut nobody out.
type places struct {
	free    chan struct{}
	changed chan struct{} // a connection began to wait

	mu      sync.Mutex
	waiting *list.List // of net.Conn
	entries map[net.Conn]*list.Element
}

func newPlaces(count int) *places {
	p := &places{free: make(chan struct{}, count), changed: make(chan struct{}, 1), waiting: list.New(), entries: map[net.Conn]*list.Element{}}
	for range count {
		p.free <- struct{}{}
	}
	return p
}

// follow is told of every change of a connection (http.Server.ConnState).
func (p *places) follow(conn net.Conn, state http.ConnState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if entry, ok := p.entries[conn]; ok {
		p.waiting.Remove(entry)
		delete(p.entries, conn)
	}
	if state != http.StateNew && state != http.StateIdle {
		return
	}
	p.entries[conn] = p.waiting.PushBack(conn)
	select {
	case p.changed <- struct{}{}:
	default: // it is known already
	}
}

// take waits for a free place; it is false when done came first.
func (p *places) take(done <-chan struct{}) bool {
	for {
		select {
		case <-p.free:
			return true
		default:
		}
		if p.closeLongestWaiting() {
			continue
		}
		select {
		case <-p.free:
			return true
		case <-p.changed:
		case <-done:
			return false
		}
	}
}

// closeLongestWaiting is false when all have a request under way.
func (p *places) closeLongestWaiting() bool {
	p.mu.Lock()
	first := p.waiting.Front()
	if first == nil {
		p.mu.Unlock()
		return false
	}
	conn := p.waiting.Remove(first).(net.Conn) //nolint:forcetypeassert // follow put it there
	delete(p.entries, conn)
	p.mu.Unlock()
	_ = conn.Close() // which gives its place back
	return true
}

// placesListener accepts connections as there are places for them; those beyond wait.
type placesListener struct {
	net.Listener
	places *places
	done   chan struct{}
	close  func() error
}

func listenWith(places *places, listener net.Listener) *placesListener {
	l := &placesListener{Listener: listener, places: places, done: make(chan struct{})}
	l.close = sync.OnceValue(func() error {
		close(l.done)
		return listener.Close()
	})
	return l
}

// Accept waits for the next connection, and for its place.
func (l *placesListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if !l.places.take(l.done) {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	return &placedConn{conn, sync.OnceFunc(func() { l.places.free <- struct{}{} })}, nil
}

// Close ends the waiting of whoever has no place yet.
func (l *placesListener) Close() error { return l.close() }

// placedConn gives its place back when it is closed.
type placedConn struct {
	net.Conn
	leave func()
}

// Close closes the connection.
func (c *placedConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}
