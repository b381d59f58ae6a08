package main

import (
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// connected are both ends of a connection without a buffer between them.
func connected(t *testing.T, timeout time.Duration) (ours *timeoutConn, theirs net.Conn) {
	near, far := net.Pipe()
	t.Cleanup(func() { _, _ = near.Close(), far.Close() })
	return &timeoutConn{Conn: near, timeout: timeout}, far
}

func TestWhoTakesNothingIsNotWaitedFor(t *testing.T) {
	ours, theirs := connected(t, 50*time.Millisecond)
	go func() { _, _ = io.CopyN(io.Discard, theirs, 3*chunk) }()
	written, err := ours.Write(make([]byte, 10*chunk))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	assert.Equal(t, 3*chunk, written)
}

func TestALargeAnswerMayTakeLongerThanTheTimeoutWhileItMovesOn(t *testing.T) {
	const timeout, chunks = time.Second, 8
	ours, theirs := connected(t, timeout)
	begin := time.Now()
	go func() {
		for range chunks {
			<-time.After(timeout / 5)
			_, _ = io.CopyN(io.Discard, theirs, chunk)
		}
	}()
	_, err := ours.Write(make([]byte, chunks*chunk))
	require.NoError(t, err)
	assert.Greater(t, time.Since(begin), timeout)
}

func TestAHandlersOwnDeadlineStandsUntilItIsTakenBack(t *testing.T) {
	for _, set := range []func(*timeoutConn, time.Time) error{(*timeoutConn).SetWriteDeadline, (*timeoutConn).SetDeadline} {
		ours, theirs := connected(t, patience)
		go func() { _, _ = io.Copy(io.Discard, theirs) }()
		require.NoError(t, set(ours, time.Now().Add(-time.Second)))
		_, err := ours.Write([]byte("x"))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.NoError(t, set(ours, time.Time{}))
		_, err = ours.Write([]byte("x"))
		require.NoError(t, err)
	}
}
