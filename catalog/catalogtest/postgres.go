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
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

var (
	server    = sync.OnceValues(startPostgres)
	databases atomic.Int64
	errAbsent = errors.New("PostgreSQL is not installed (Debian: apt-get install postgresql)")
)

// Postgres returns the URL of an empty PostgreSQL database of the test's own. The server is started for the first test
// of the process that asks, and ends with the process. Without PostgreSQL the test is skipped, but fails where CI=true.
func Postgres(t testing.TB) string {
	t.Helper()
	dir, err := server()
	if errors.Is(err, errAbsent) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	require.NoError(t, err)
	name := fmt.Sprintf("test_%d", databases.Add(1))
	execute(t, dir, "CREATE DATABASE "+name)
	t.Cleanup(func() { execute(t, dir, "DROP DATABASE "+name+" WITH (FORCE)") })
	return databaseURL(dir, name)
}

func databaseURL(dir, name string) string {
	return fmt.Sprintf("postgres://postgres@/%s?host=%s", name, url.QueryEscape(dir))
}

func execute(t testing.TB, dir, statement string) {
	conn, err := pgx.Connect(context.Background(), databaseURL(dir, "postgres"))
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	_, err = conn.Exec(context.Background(), statement)
	require.NoError(t, err)
}

// The shell outlives the tests for a moment: when they end, in whatever way, its input ends, and it stops the server.
const serverScript = `
	trap '' HUP INT TERM
	trap '"$1/pg_ctl" -D "$2/data" -m immediate stop >/dev/null 2>&1; rm -rf "$2"' EXIT
	"$1/initdb" -D "$2/data" -U postgres -A trust -E UTF8 --no-locale --no-sync &&
	"$1/pg_ctl" -D "$2/data" -l "$2/log" -w -o "-k '$2' -c listen_addresses='' -c max_connections=300" start &&
	echo ready && cat`

// untilExit is the input of the shell; the end of this process closes it.
var untilExit io.WriteCloser

// startPostgres starts a server that listens on a socket in the folder that it returns, and nowhere else.
func startPostgres() (dir string, err error) {
	binaries, err := findBinaries()
	if err != nil {
		return "", err
	}
	if dir, err = os.MkdirTemp("", "slipway-postgres-"); err != nil {
		return "", err
	}
	command := []string{"sh", "-c", serverScript, "sh", binaries, dir}
	if os.Getuid() == 0 { // PostgreSQL refuses to run as root
		if command, err = asPostgres(command, dir); err != nil {
			return "", err
		}
	}
	return dir, start(exec.Command(command[0], command[1:]...)) //nolint:gosec // the arguments are our own
}

func start(shell *exec.Cmd) (err error) {
	if untilExit, err = shell.StdinPipe(); err != nil {
		return err
	}
	output, err := shell.StdoutPipe()
	if err != nil {
		return err
	}
	shell.Dir = os.TempDir()
	if err := shell.Start(); err != nil {
		return err
	}
	log := ""
	for lines := bufio.NewScanner(output); lines.Scan(); log += lines.Text() + "\n" {
		if lines.Text() == "ready" {
			return nil
		}
	}
	return fmt.Errorf("PostgreSQL did not start: %w\n%s", shell.Wait(), log)
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
