package catalogtest

import (
	"context"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// Proxy stands between a catalogue and its PostgreSQL, and does what networks and machines do when they fail.
type Proxy struct {
	// URL is that of the database, by way of the proxy.
	URL string

	server   string
	listener net.Listener

	mu      sync.Mutex
	links   map[*link]struct{}
	silence Silence
	copying sync.WaitGroup
}

// Silence is which way nothing gets through any more.
type Silence int

const (
	// Talks lets everything through.
	Talks Silence = iota
	// KeepsAnswers lets questions through, but not their answers.
	KeepsAnswers
	// SwallowsAll is a network that takes what is sent and delivers nothing.
	SwallowsAll
	// Resets ends every new connection at once.
	Resets
)

// link is a connection with the one behind it. What was swallowed once is never delivered later.
type link struct {
	near, far net.Conn
	silence   Silence // guarded by Proxy.mu
}

// NewProxy stands before a database that Postgres returned, until the end of the test.
func NewProxy(t testing.TB, databaseURL string) *Proxy {
	t.Helper()
	parsed, err := url.Parse(databaseURL)
	require.NoError(t, err)
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &Proxy{
		URL:    "postgres://postgres@" + listener.Addr().String() + parsed.Path + "?sslmode=disable",
		server: filepath.Join(parsed.Query().Get("host"), ".s.PGSQL.5432"), listener: listener, links: map[*link]struct{}{},
	}
	p.copying.Go(p.accept)
	t.Cleanup(func() {
		p.Refuse()
		p.Cut(false)
		p.copying.Wait()
	})
	return p
}

// Become changes what gets through, of the connections that there are and of those to come. Only those to come talk again.
func (p *Proxy) Become(silence Silence) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.silence = silence
	for l := range p.links {
		l.silence = max(l.silence, silence)
	}
}

// Refuse takes no more connections.
func (p *Proxy) Refuse() {
	p.Become(Resets) // those that were waiting to be accepted
	_ = p.listener.Close()
}

// Cut ends all connections, with a reset or in good order.
func (p *Proxy) Cut(reset bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		if tcp, ok := l.near.(*net.TCPConn); ok && reset {
			_ = tcp.SetLinger(0)
		}
		_, _ = l.near.Close(), l.far.Close()
	}
}

func (p *Proxy) accept() {
	for {
		near, err := p.listener.Accept()
		if err != nil {
			return
		}
		far, err := (&net.Dialer{}).DialContext(context.Background(), "unix", p.server)
		if err != nil {
			_ = near.Close()
			continue
		}
		p.mu.Lock()
		if p.silence == Resets {
			_ = near.(*net.TCPConn).SetLinger(0)
			_, _ = near.Close(), far.Close()
		}
		l := &link{near: near, far: far, silence: p.silence}
		p.links[l] = struct{}{}
		p.mu.Unlock()
		p.copying.Go(func() { p.copy(l, l.far, l.near, SwallowsAll) })
		p.copying.Go(func() { p.copy(l, l.near, l.far, KeepsAnswers) })
	}
}

// copy hands on what comes while the link is not so silent.
func (p *Proxy) copy(l *link, to, from net.Conn, silence Silence) {
	defer func() { _, _ = l.near.Close(), l.far.Close() }()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		p.mu.Lock()
		swallowed := l.silence >= silence
		p.mu.Unlock()
		if swallowed {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// Hold lets somebody else hold the lock that every commit to a database needs which Postgres returned, until release.
func Hold(t testing.TB, databaseURL string) (release func()) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, databaseURL)
	require.NoError(t, err)
	release = sync.OnceFunc(func() { _ = conn.Close(ctx) })
	t.Cleanup(release)
	_, err = conn.Exec(ctx, "BEGIN; SELECT number FROM last_change FOR UPDATE")
	require.NoError(t, err)
	return release
}

// Freeze stops the processes that serve a database that Postgres returned, until thaw: its connections stay, and are silent.
func Freeze(t testing.TB, databaseURL string) (thaw func()) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, only.url("postgres"))
	require.NoError(t, err)
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, "SELECT pid FROM pg_stat_activity WHERE datname = $1", nameOf(t, databaseURL))
	require.NoError(t, err)
	pids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	require.NoError(t, err)
	thaw = sync.OnceFunc(func() { signal(pids, syscall.SIGCONT) })
	t.Cleanup(thaw)
	signal(pids, syscall.SIGSTOP)
	return thaw
}

func signal(pids []int, signal syscall.Signal) {
	for _, pid := range pids {
		_ = syscall.Kill(pid, signal) // one that has ended meanwhile is silent, too
	}
}
