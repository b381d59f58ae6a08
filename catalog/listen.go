package catalog

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// listener finds out that something was committed, by whatever process, and wakes all who wait in this one.
type listener struct {
	// hear calls wake after every commit, until ctx is done or an error.
	hear  func(ctx context.Context, wake func()) error
	start sync.Once
	ctx   context.Context
	stop  context.CancelFunc
	ended chan struct{}

	mu    sync.Mutex
	woken chan struct{}
}

const reconnectAfter = time.Second

func newListener(hear func(ctx context.Context, wake func()) error) *listener {
	l := &listener{hear: hear, ended: make(chan struct{}), woken: make(chan struct{})}
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
		_ = l.hear(l.ctx, l.wake)
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

// hearPostgres calls wake after every notification, which comes over a connection of its own, until ctx is done or an error.
func hearPostgres(ctx context.Context, config *pgx.ConnConfig, wake func()) error {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer closeSoon(ctx, conn)
	err = answered(ctx, answerTimeout, func(ctx context.Context) error {
		_, err := conn.Exec(ctx, "LISTEN slipway_changes")
		return err
	})
	for err == nil {
		wake() // also once now: something may have happened before LISTEN
		err = hearNext(ctx, conn)
	}
	return err
}

// silence is how long nothing may be heard before PostgreSQL is asked whether it is still there.
const silence = 10 * time.Second

// hearNext waits for a notification, or for the sign that there was none.
func hearNext(ctx context.Context, conn *pgx.Conn) error {
	waiting, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	_, err := conn.WaitForNotification(waiting)
	if ctx.Err() == nil && waiting.Err() != nil {
		return answered(ctx, answerTimeout, conn.Ping)
	}
	return err
}

// closeSoon waits for nobody who does not answer.
func closeSoon(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = conn.Close(ctx)
}
