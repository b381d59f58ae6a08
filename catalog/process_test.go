package catalog_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/leaktest"
)

// helpers are what another process does for a test: this test binary, started with the name of a helper and the URL of
// a database. It tells on its output how far it is and ends when its input ends.
var helpers = map[string]func(t *outsider, databaseURL string){
	"open":   func(t *outsider, databaseURL string) { t.open(databaseURL) },
	"commit": commitForever,
	"lock":   lockSQLite,
}

func TestMain(m *testing.M) {
	help, ok := helpers[os.Getenv("CATALOG_TEST_HELPER")]
	if !ok {
		leaktest.Main(m)
	}
	help(&outsider{}, os.Getenv("CATALOG_TEST_DATABASE"))
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// outsider fails a helper process.
type outsider struct{}

// Errorf tells on one line, because a test reads lines.
func (*outsider) Errorf(format string, args ...any) {
	fmt.Printf("%q\n", fmt.Sprintf(format, args...))
}
func (*outsider) FailNow()                 { os.Exit(1) }
func (*outsider) Context() context.Context { return context.Background() }

func (t *outsider) open(databaseURL string) *catalog.Catalog {
	c, err := catalog.Open(t.Context(), databaseURL)
	require.NoError(t, err)
	return c
}

// commitForever tells every revision that is acknowledged.
func commitForever(t *outsider, databaseURL string) {
	c := t.open(databaseURL)
	p := weather(t, c)
	commit(t, c, p.release("1.0.0")...)
	for {
		commit(t, c, p.do(developer, pauseOrResume(p)))
		fmt.Println(p.Revision)
	}
}

// lockSQLite holds the write lock of the file until the process ends.
func lockSQLite(t *outsider, databaseURL string) {
	db, err := sql.Open("sqlite", databaseURL)
	require.NoError(t, err)
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	_, err = conn.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	require.NoError(t, err)
}

// process is a running helper.
type process struct {
	command *exec.Cmd
	input   io.Closer
	output  *bufio.Scanner
}

func start(t *testing.T, helper, databaseURL string) process {
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), "CATALOG_TEST_HELPER="+helper, "CATALOG_TEST_DATABASE="+databaseURL)
	input, err := command.StdinPipe()
	require.NoError(t, err)
	output, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	p := process{command, input, bufio.NewScanner(output)}
	t.Cleanup(func() { _, _ = input.Close(), command.Wait() })
	return p
}

func (p process) line(t *testing.T) string {
	require.True(t, p.output.Scan(), "the process ended")
	return p.output.Text()
}

func (p process) kill(t *testing.T) {
	require.NoError(t, p.command.Process.Kill())
}
