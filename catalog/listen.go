package catalog

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// listener finds out that something was committed, by whatever process, and wakes all who wait in this one.
type listener struct {
	// listen calls wake after every change, until ctx is done or an error.
	listen func(ctx context.Context) error
	start  sync.Once
	ctx    context.Context
	stop   context.CancelFunc
	ended  chan struct{}

	mu    sync.Mutex
	woken chan struct{}
}

const reconnectAfter = time.Second

func newListener() *listener {
	l := &listener{ended: make(chan struct{}), woken: make(chan struct{})}
	l.ctx, l.stop = context.WithCancel(context.Background())
	return l
}

// next returns a channel that is closed at the next change. The first call starts to listen.
func (l *listener) next() <-chan struct{} {
	l.start.Do(func() { go l.run() })
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.woken
}

func (l *listener) close() {
	l.stop()
	l.start.Do(func() { close(l.ended) })
	<-l.ended
}

// run listens until close. A lost connection is no error: who waits looks by itself from time to time.
func (l *listener) run() {
	defer close(l.ended)
	for l.ctx.Err() == nil {
		_ = l.listen(l.ctx)
		select {
		case <-l.ctx.Done():
		case <-time.After(reconnectAfter):
		}
	}
}

func (l *listener) wake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.woken)
	l.woken = make(chan struct{})
}

// hear listens to PostgreSQL, over a connection of its own.
func (l *listener) hear(ctx context.Context, config *pgx.ConnConfig) error {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "LISTEN slipway_changes"); err != nil {
		return err
	}
	for {
		l.wake() // also once now: something may have happened before LISTEN
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return err
		}
	}
}

// look looks into SQLite again and again, once for all who wait.
func (l *listener) look(ctx context.Context, c *Catalog) error {
	for known := int64(-1); ; {
		last, err := c.LastChange(ctx)
		if err != nil {
			return err
		}
		if last != known {
			known = last
			l.wake()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(sqlitePoll):
		}
	}
}
