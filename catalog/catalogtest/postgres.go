package catalogtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"slipway/debiantest"
)

var (
	only struct {
		sync.Once
		server
		err error
	}
	databases atomic.Int64
	errAbsent = errors.New("PostgreSQL is not installed (Debian: apt-get install postgresql)")
)

// Postgres returns the URL of an empty PostgreSQL database of the test's own. The server is started for the first test
// of the process that asks, and ends with the process. Without PostgreSQL the test is skipped, but fails where CI=true.
func Postgres(t testing.TB) string {
	t.Helper()
	only.Do(func() { only.server, only.err = startPostgres(durable(t)) })
	if errors.Is(only.err, errAbsent) {
		debiantest.Lacks(t, only.err.Error())
	}
	require.NoError(t, only.err)
	name := fmt.Sprintf("test_%d", databases.Add(1))
	only.execute(t, "CREATE DATABASE "+name)
	t.Cleanup(func() { only.execute(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	return only.url(name)
}

// CutOff ends all connections to a database that Postgres returned, and lets nobody connect any more.
func CutOff(t testing.TB, databaseURL string) {
	t.Helper()
	name := nameOf(t, databaseURL)
	only.execute(t, "ALTER DATABASE "+name+" ALLOW_CONNECTIONS false")
	only.execute(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+name+"'")
}

func nameOf(t testing.TB, databaseURL string) string {
	t.Helper()
	parsed, err := url.Parse(databaseURL)
	require.NoError(t, err)
	return strings.TrimPrefix(parsed.Path, "/")
}

// server is a PostgreSQL server that listens on a socket in its folder, and nowhere else.
type server struct {
	dir string
	// untilExit is the input of the shell that watches over the server; the end of this process closes it.
	untilExit io.Closer
}

func (s server) url(database string) string {
	return fmt.Sprintf("postgres://postgres@/%s?host=%s", database, url.QueryEscape(s.dir))
}

func (s server) execute(t testing.TB, statement string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), s.url("postgres"))
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	_, err = conn.Exec(context.Background(), statement)
	require.NoError(t, err)
}

// The shell outlives the tests for a moment: when they end, in whatever way, its input ends, and it stops the server.
const serverScript = `
	exec 2>&1
	trap '' HUP INT TERM
	trap '"$1/pg_ctl" -D "$2/data" -m immediate stop >/dev/null 2>&1; rm -rf "$2"' EXIT
	"$1/initdb" -D "$2/data" -U postgres -A trust -E UTF8 --no-locale --no-sync &&
	"$1/pg_ctl" -D "$2/data" -l "$2/log" -w -o "-k '$2' -c listen_addresses='' -c max_connections=300 -c fsync=$3" start &&
	echo ready && cat`

func startPostgres(durable bool) (server, error) {
	binaries, err := findBinaries()
	if err != nil {
		return server{}, err
	}
	dir, err := os.MkdirTemp("", "slipway-postgres-")
	if err != nil {
		return server{}, err
	}
	command := []string{"sh", "-c", serverScript, "sh", binaries, dir, strconv.FormatBool(durable)}
	if os.Getuid() == 0 { // PostgreSQL refuses to run as root
		if command, err = asPostgres(command, dir); err != nil {
			return server{}, err
		}
	}
	input, err := startShell(command)
	return server{dir, input}, err
}

// startShell returns when the server is ready.
func startShell(command []string) (input io.Closer, err error) {
	shell := exec.Command(command[0], command[1:]...)
	shell.Dir = os.TempDir()
	input, err1 := shell.StdinPipe()
	output, err2 := shell.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	if err := shell.Start(); err != nil {
		return nil, err
	}
	log := ""
	for lines := bufio.NewScanner(output); lines.Scan(); log += lines.Text() + "\n" {
		if lines.Text() == "ready" {
			return input, nil
		}
	}
	return nil, fmt.Errorf("PostgreSQL did not start: %w\n%s", shell.Wait(), log)
}

func findBinaries() (dir string, err error) {
	if initdb, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(initdb), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // Debian keeps them out of the PATH
	if err != nil || len(found) == 0 {
		return "", errAbsent
	}
	return filepath.Dir(found[len(found)-1]), nil
}

// asPostgres makes the command one of the user that the package of PostgreSQL created, and the folder this user's.
func asPostgres(command []string, dir string) ([]string, error) {
	account, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err1 := strconv.Atoi(account.Uid)
	gid, err2 := strconv.Atoi(account.Gid)
	if err := errors.Join(err1, err2, os.Chown(dir, uid, gid)); err != nil {
		return nil, err
	}
	return append([]string{"runuser", "-u", account.Username, "--"}, command...), nil
}
