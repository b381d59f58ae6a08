package main

import (
	"container/list"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// timeoutListener accepts connections that end when their client takes nothing of an answer for too long.
type timeoutListener struct {
	net.Listener
	timeout time.Duration
}

// Accept waits for the next connection.
func (l timeoutListener) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &timeoutConn{Conn: accepted, timeout: l.timeout}, nil
}

// chunk is how much a client has to take within the timeout, in bytes: few enough for the slowest phone.
const chunk = 16 << 10

// timeoutConn gives each chunk that is written a deadline of its own, so that a large answer may take as long as it needs
// while it moves on. A handler's own deadline stands instead, until it is taken back.
type timeoutConn struct {
	net.Conn
	timeout  time.Duration
	explicit atomic.Bool
}

// Write writes chunk by chunk.
func (c *timeoutConn) Write(p []byte) (written int, err error) {
	for {
		if !c.explicit.Load() {
			if err := c.Conn.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
				return written, err
			}
		}
		n, err := c.Conn.Write(p[written:min(len(p), written+chunk)])
		written += n
		if err != nil || written == len(p) {
			return written, err
		}
	}
}

// SetWriteDeadline sets a deadline for all that is written from now on; the zero time takes it back.
func (c *timeoutConn) SetWriteDeadline(deadline time.Time) error {
	c.explicit.Store(!deadline.IsZero())
	return c.Conn.SetWriteDeadline(deadline)
}

// SetDeadline is SetWriteDeadline, and the same for what is read.
func (c *timeoutConn) SetDeadline(deadline time.Time) error {
	c.explicit.Store(!deadline.IsZero())
	return c.Conn.SetDeadline(deadline)
}

// slots bound how many connections are open. One that has a request under way keeps its slot; of those that only wait, for their first
// request or the next, the one that has waited longest makes room for whoever comes: many that say nothing shut nobody out.
type slots struct {
	free    chan struct{}
	changed chan struct{} // a connection began to wait

	mu      sync.Mutex
	waiting *list.List // of net.Conn
	entries map[net.Conn]*list.Element
}

func newSlots(count int) *slots {
	s := &slots{free: make(chan struct{}, count), changed: make(chan struct{}, 1), waiting: list.New(), entries: map[net.Conn]*list.Element{}}
	for range count {
		s.free <- struct{}{}
	}
	return s
}

// follow is told of every change of a connection (http.Server.ConnState).
func (s *slots) follow(conn net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if entry, ok := s.entries[conn]; ok {
		s.waiting.Remove(entry)
		delete(s.entries, conn)
	}
	if state != http.StateNew && state != http.StateIdle {
		return
	}
	s.entries[conn] = s.waiting.PushBack(conn)
	select {
	case s.changed <- struct{}{}:
	default: // it is known already
	}
}

// take waits for a free slot; it is false when done came first.
func (s *slots) take(done <-chan struct{}) bool {
	for {
		select {
		case <-s.free:
			return true
		default:
		}
		if s.closeLongestWaiting() {
			continue
		}
		select {
		case <-s.free:
			return true
		case <-s.changed:
		case <-done:
			return false
		}
	}
}

// closeLongestWaiting is false when all have a request under way.
func (s *slots) closeLongestWaiting() bool {
	s.mu.Lock()
	first := s.waiting.Front()
	if first == nil {
		s.mu.Unlock()
		return false
	}
	conn := s.waiting.Remove(first).(net.Conn) //nolint:forcetypeassert // follow put it there
	delete(s.entries, conn)
	s.mu.Unlock()
	_ = conn.Close() // which gives its slot back
	return true
}

// slotsListener accepts connections as there are slots for them; those beyond wait.
type slotsListener struct {
	net.Listener
	slots *slots
	done  chan struct{}
	close func() error
}

func listenOn(slots *slots, listener net.Listener) *slotsListener {
	l := &slotsListener{Listener: listener, slots: slots, done: make(chan struct{})}
	l.close = sync.OnceValue(func() error {
		close(l.done)
		return listener.Close()
	})
	return l
}

// Accept waits for the next connection, and for its slot.
func (l *slotsListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if !l.slots.take(l.done) {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	return &slotConn{conn, sync.OnceFunc(func() { l.slots.free <- struct{}{} })}, nil
}

// Close ends the waiting of whoever has no slot yet.
func (l *slotsListener) Close() error { return l.close() }

// slotConn gives its slot back when it is closed.
type slotConn struct {
	net.Conn
	leave func()
}

// Close closes the connection.
func (c *slotConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}
