package catalog

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// listener hears from PostgreSQL, over a connection of its own, that something was committed, and wakes those who wait.
// A nil listener, as with SQLite, wakes nobody.
type listener struct {
	config *pgx.ConnConfig
	start  sync.Once
	ctx    context.Context
	stop   context.CancelFunc
	ended  chan struct{}

	mu    sync.Mutex
	woken chan struct{}
}

const reconnectAfter = time.Second

func newListener(config *pgx.ConnConfig) *listener {
	l := &listener{config: config, ended: make(chan struct{}), woken: make(chan struct{})}
	l.ctx, l.stop = context.WithCancel(context.Background())
	return l
}

// next returns a channel that is closed at the next change. The first call starts to listen.
func (l *listener) next() <-chan struct{} {
	if l == nil {
		return nil
	}
	l.start.Do(func() { go l.run() })
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.woken
}

func (l *listener) close() {
	if l == nil {
		return
	}
	l.stop()
	l.start.Do(func() { close(l.ended) })
	<-l.ended
}

// run listens until close. A lost connection is no error: who waits looks by itself from time to time.
func (l *listener) run() {
	defer close(l.ended)
	for l.ctx.Err() == nil {
		_ = l.listen()
		select {
		case <-l.ctx.Done():
		case <-time.After(reconnectAfter):
		}
	}
}

func (l *listener) listen() error {
	conn, err := pgx.ConnectConfig(l.ctx, l.config)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(l.ctx)) }()
	if _, err := conn.Exec(l.ctx, "LISTEN slipway_changes"); err != nil {
		return err
	}
	for {
		l.wake() // also once now: something may have happened before LISTEN
		if _, err := conn.WaitForNotification(l.ctx); err != nil {
			return err
		}
	}
}

func (l *listener) wake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.woken)
	l.woken = make(chan struct{})
}
