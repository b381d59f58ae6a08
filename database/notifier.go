package database

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/jackc/pgx/v5"
)

// Notify tells whoever waits, in whatever process, that something was committed. PostgreSQL needs no telling: a trigger does it.
func (db *DB) Notify() { db.notifier.channel.notify() }

// Notified returns a channel that is closed as soon as something was committed, or may have been. A notification may get lost, so whoever
// waits also looks from time to time.
func (db *DB) Notified() <-chan struct{} { return db.notifier.subscribe() }

// channel carries notifications between processes.
type channel interface {
	notify()
	// watch calls wake at every notification, until ctx is done or an error; also once at the beginning, for what happened before.
	watch(ctx context.Context, wake func()) error
	close()
}

// notifier watches a channel for all who wait in this process.
type notifier struct {
	channel  channel
	watching sync.WaitGroup

	mu       sync.Mutex
	notified chan struct{}      // closed at the next notification
	stop     context.CancelFunc // nil until the first subscription
}

func newNotifier(channel channel) *notifier {
	return &notifier{channel: channel, notified: make(chan struct{})}
}

func (n *notifier) subscribe() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.stop == nil {
		ctx, stop := context.WithCancel(context.Background())
		n.stop = stop
		n.watching.Go(func() { n.watch(ctx) })
	}
	return n.notified
}

const reconnectAfter = time.Second

// watch goes on until close: a connection that was lost is made again.
func (n *notifier) watch(ctx context.Context) {
	for ctx.Err() == nil {
		_ = n.channel.watch(ctx, n.wake)
		select {
		case <-ctx.Done():
		case <-time.After(reconnectAfter):
		}
	}
}

func (n *notifier) wake() {
	n.mu.Lock()
	defer n.mu.Unlock()
	close(n.notified)
	n.notified = make(chan struct{})
}

func (n *notifier) close() {
	n.mu.Lock()
	if n.stop == nil {
		n.stop = func() {} // nobody starts watching any more
	}
	stop := n.stop
	n.mu.Unlock()
	stop()
	n.watching.Wait()
	n.channel.close()
}

// notifyFile is the channel of a SQLite database, which itself tells nobody: whoever has committed writes into a file beside it, and the
// operating system wakes those who watch that file. Looking into the database every two milliseconds instead kept an idle process at 9 % of
// a core, and was slower.
type notifyFile struct{ *os.File }

func openNotifyFile(database string) (notifyFile, error) {
	// The suffix is older than the word notifier: processes of different versions share the file during an upgrade.
	file, err := os.OpenFile(database+"-bell", os.O_CREATE|os.O_WRONLY, 0o640) //nolint:gosec // beside the database, for who may read it
	if err != nil {
		return notifyFile{}, fmt.Errorf("open the file for notifications of commits: %w", err)
	}
	return notifyFile{file}, nil
}

func (f notifyFile) notify() { _, _ = f.WriteAt([]byte{'\n'}, 0) } // whoever waits looks from time to time

func (f notifyFile) close() { _ = f.Close() } // nothing in it has to be kept

func (f notifyFile) watch(ctx context.Context, wake func()) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer func() { _ = watcher.Close() }()
	if err := watcher.Add(f.Name()); err != nil {
		return err
	}
	for {
		wake()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-watcher.Errors:
			return err
		case <-watcher.Events:
		}
	}
}

// postgresChannel is PostgreSQL's own, which a trigger of the tables notifies; it is listened to over a connection for nothing else.
type postgresChannel struct{ config *pgx.ConnConfig }

func (postgresChannel) notify() {}
func (postgresChannel) close()  {}

func (c postgresChannel) watch(ctx context.Context, wake func()) error {
	conn, err := pgx.ConnectConfig(ctx, c.config)
	if err != nil {
		return err
	}
	defer closeSoon(ctx, conn)
	err = within(ctx, AnswerTimeout, func(ctx context.Context) error {
		_, err := conn.Exec(ctx, "LISTEN slipway_changes")
		return err
	})
	for err == nil {
		wake()
		err = waitForNotification(ctx, conn)
	}
	return err
}

// silence is how long PostgreSQL may say nothing before it is asked whether it is still there.
const silence = 10 * time.Second

// waitForNotification also ends when there was none for a while, but the connection is alive.
func waitForNotification(ctx context.Context, conn *pgx.Conn) error {
	waiting, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	_, err := conn.WaitForNotification(waiting)
	if ctx.Err() == nil && waiting.Err() != nil {
		return within(ctx, AnswerTimeout, conn.Ping)
	}
	return err
}

// closeSoon waits for nobody who does not answer.
func closeSoon(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = conn.Close(ctx)
}
