package main

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"
)

// echoing is a link to somebody who says again what is said, and a connection over it.
func echoing(t *testing.T) (*link, net.Conn) {
	t.Helper()
	server, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = server.Close() })
	go func() {
		for {
			conn, err := server.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(conn, conn); _ = conn.Close() }()
		}
	}()
	l, err := openLink(t.Context(), "web", "echo", server.Addr().String())
	must(t, err)
	t.Cleanup(l.close)
	conn, err := net.Dial("tcp", l.addr())
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return l, conn
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// say requires what was said to come back.
func say(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	_, err := io.WriteString(conn, text)
	must(t, err)
	hear(t, conn, text)
}

func hear(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	must(t, conn.SetReadDeadline(time.Now().Add(time.Minute)))
	heard := make([]byte, len(text))
	_, err := io.ReadFull(conn, heard)
	must(t, err)
	if string(heard) != text {
		t.Errorf("heard %q, want %q", heard, text)
	}
}

func TestACutLinkIsSilentUntilItIsMended(t *testing.T) {
	l, conn := echoing(t)
	say(t, conn, "before")
	l.cut()
	_, err := io.WriteString(conn, "meanwhile")
	must(t, err)
	must(t, conn.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	if n, err := conn.Read(make([]byte, 1)); n > 0 || !errors.Is(err, syscall.ETIMEDOUT) && !isTimeout(err) {
		t.Errorf("read %d bytes and %v, want silence", n, err)
	}
	l.mend()
	hear(t, conn, "meanwhile")
}

func isTimeout(err error) bool {
	late, ok := errors.AsType[net.Error](err)
	return ok && late.Timeout()
}

func TestASlowLinkTakesItsTime(t *testing.T) {
	l, conn := echoing(t)
	const delay = 30 * time.Millisecond
	l.slow(delay)
	begin := time.Now()
	say(t, conn, "there and back")
	if took := time.Since(begin); took < 2*delay {
		t.Errorf("it took %s, want at least twice %s", took, delay)
	}
}

func TestAResetLinkEndsItsConnectionsAndTakesNewOnes(t *testing.T) {
	l, conn := echoing(t)
	say(t, conn, "before")
	l.reset()
	must(t, conn.SetReadDeadline(time.Now().Add(time.Minute)))
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v, want a reset", err)
	}
	again, err := net.Dial("tcp", l.addr())
	must(t, err)
	defer func() { _ = again.Close() }()
	say(t, again, "after")
}
