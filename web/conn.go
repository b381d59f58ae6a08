package main

import (
	"net"
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
