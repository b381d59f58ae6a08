package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"slipway/devserver"
	"slipway/process"
)

const (
	postgresUser      = "temporal" // as in docker-compose.yml
	catalogueDatabase = "slipway"
	// schemaTimeout is for Temporal's tables: some hundred statements, each waiting for the disk.
	schemaTimeout = 5 * time.Minute
)

// production is a PostgreSQL server and Temporal's server on it, with the scripts and settings of docker-compose.yml but as processes, on a
// loopback address of their own.
type production struct {
	in       *installation
	root     string // the project's folder
	folder   string // PostgreSQL's user's
	host     string
	password string
	binaries string
}

// startProduction starts both, and makes the namespace and the catalogue's database.
func (in *installation) startProduction(ctx context.Context) error {
	p := &production{in: in, password: rand.Text()}
	for _, step := range []func(context.Context) error{
		p.find, p.initialize, p.startPostgres, p.makeTables, p.startTemporal, p.makeNamespace,
	} {
		if err := step(ctx); err != nil {
			return fmt.Errorf("the production shape: %w", err)
		}
	}
	in.databaseURL, in.size = p.url(catalogueDatabase), p.size
	in.fillingURL = in.databaseURL + "&synchronous_commit=off"
	var err error
	in.client.Temporal, err = connect(ctx, in.temporal)
	return err
}

// find finds the programs, the project and an address that nobody uses.
func (p *production) find(ctx context.Context) error {
	module, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return fmt.Errorf("the project's folder: %w", err)
	}
	p.root = strings.TrimSpace(string(module))
	for _, program := range []string{"temporal-server", "temporal-sql-tool"} {
		if _, err := os.Stat(filepath.Join(p.root, "bin", program)); err != nil {
			return fmt.Errorf("there is no bin/%s: run `make load`, which builds it", program)
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // Debian keeps them out of the PATH
	if err != nil || len(found) == 0 {
		return errors.New("PostgreSQL is not installed (Debian: apt-get install postgresql)")
	}
	p.binaries = filepath.Dir(found[len(found)-1])
	for range 20 {
		p.host = fmt.Sprintf("127.%d.%d.1", 64+mathrand.IntN(128), 1+mathrand.IntN(254)) //nolint:gosec // any will do
		if err = free(ctx, p.host); err == nil {
			return nil
		}
	}
	return fmt.Errorf("no address of 127.0.0.0/8 can be listened at, as Linux lets everybody do: %w", err)
}

// free tells whether the well-known ports are free.
func free(ctx context.Context, host string) error {
	for _, port := range []string{"5432", "7233"} {
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, port))
		if err != nil {
			return err
		}
		_ = listener.Close()
	}
	return nil
}

// initialize makes an empty database server. PostgreSQL refuses to run as root, which therefore runs it as its own user.
func (p *production) initialize(ctx context.Context) (err error) {
	if p.folder, err = os.MkdirTemp(filepath.Dir(p.in.folder), "slipway-postgres"); err != nil {
		return err
	}
	p.in.folders = append(p.in.folders, p.folder)
	if err := errors.Join(os.WriteFile(p.passwordFile(), []byte(p.password), 0o600), p.giveAway()); err != nil {
		return err
	}
	if err := p.run(ctx, p.asItsUser("initdb", "-D", p.data(), "-U", postgresUser, "--pwfile", p.passwordFile(),
		"--auth-local=trust", "--auth-host=scram-sha-256", "-E", "UTF8", "--no-locale")); err != nil {
		return err
	}
	rules, err := os.OpenFile(filepath.Join(p.data(), "pg_hba.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = rules.WriteString("host all all 127.0.0.0/8 scram-sha-256\n")
	return errors.Join(err, rules.Close())
}

func (p *production) passwordFile() string { return filepath.Join(p.folder, "password") }

func (p *production) data() string { return filepath.Join(p.folder, "data") }

// giveAway gives the folder to PostgreSQL's user.
func (p *production) giveAway() error {
	if os.Getuid() != 0 {
		return nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return err
	}
	uid, err1 := strconv.Atoi(account.Uid)
	gid, err2 := strconv.Atoi(account.Gid)
	return errors.Join(err1, err2, os.Chown(p.folder, uid, gid), os.Chown(p.passwordFile(), uid, gid))
}

func (p *production) asItsUser(program string, arguments ...string) *exec.Cmd {
	words := append([]string{filepath.Join(p.binaries, program)}, arguments...)
	if os.Getuid() == 0 {
		// Whoever changes its user loses the promise that it ends with its parent; setpriv gives it anew.
		words = append([]string{"setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", "--pdeathsig", "KILL", "--"}, words...)
	}
	command := exec.Command(words[0], words[1:]...)
	command.Dir = p.folder
	return command
}

// startPostgres starts it with the settings of docker-compose.yml. It waits for the disk as in production.
func (p *production) startPostgres(ctx context.Context) error {
	return p.in.supervisor.Start(ctx, process.Program{
		Name: "postgres", SilentStop: true,
		Command: p.asItsUser("postgres", "-D", p.data(), "-c", "listen_addresses="+p.host, "-c", "unix_socket_directories="+p.folder,
			"-c", "max_connections=200"),
		Ready: func(ctx context.Context) error { return p.query(ctx, "postgres", "SELECT") },
	})
}

func (p *production) url(database string) string {
	return (&url.URL{
		Scheme: "postgres", User: url.UserPassword(postgresUser, p.password), Host: net.JoinHostPort(p.host, "5432"), Path: database,
		RawQuery: "sslmode=disable",
	}).String()
}

func (p *production) query(ctx context.Context, database, statement string, into ...any) error {
	connection, err := pgx.Connect(ctx, p.url(database))
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close(ctx) }()
	if len(into) == 0 {
		_, err = connection.Exec(ctx, statement)
		return err
	}
	return connection.QueryRow(ctx, statement).Scan(into...)
}

// makeTables makes Temporal's databases, and an empty one for the catalogue.
func (p *production) makeTables(ctx context.Context) error {
	list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "go.temporal.io/server")
	list.Dir = filepath.Join(p.root, "tools", "temporal-server")
	module, err := list.Output()
	if err != nil {
		return fmt.Errorf("the folder of Temporal's module: %w", err)
	}
	err = p.script(ctx, "schema.sh", "SQL_HOST="+p.host, "SQL_PORT=5432", "SQL_USER="+postgresUser, "SQL_PASSWORD_FILE="+p.passwordFile(),
		"SCHEMA="+filepath.Join(strings.TrimSpace(string(module)), "schema", "postgresql", "v12"))
	if err != nil {
		return err
	}
	return p.query(ctx, "postgres", "CREATE DATABASE "+catalogueDatabase)
}

func (p *production) startTemporal(ctx context.Context) error {
	p.in.temporal = net.JoinHostPort(p.host, "7233")
	command := exec.Command(filepath.Join(p.root, "bin", "temporal-server"), "start")
	command.Dir = p.in.folder
	command.Env = append(os.Environ(), "DB=postgres12", "DB_PORT=5432", "POSTGRES_SEEDS="+p.host, "POSTGRES_USER="+postgresUser,
		"POSTGRES_PWD="+p.password, "BIND_ON_IP="+p.host, "NUM_HISTORY_SHARDS=512", "LOG_LEVEL=error",
		"DYNAMIC_CONFIG_FILE_PATH="+filepath.Join(p.root, "deploy", "compose", "temporal.yaml"))
	p.in.temporalServer = command
	return p.in.supervisor.Start(ctx, process.Program{
		Name: "temporal", Command: command, SilentStop: true,
		Ready: func(ctx context.Context) error { return devserver.Ready(ctx, p.in.temporal) },
	})
}

func (p *production) makeNamespace(ctx context.Context) error {
	return p.script(ctx, "namespace.sh", "TEMPORAL_ADDRESS="+p.in.temporal, "TEMPORAL_NAMESPACE=default")
}

// script runs one of docker-compose.yml's, with the programs of bin and the temporal command.
func (p *production) script(ctx context.Context, name string, environment ...string) error {
	cli, err := devserver.CLI(ctx, os.Stderr)
	if err != nil {
		return err
	}
	command := exec.Command("sh", filepath.Join(p.root, "deploy", "compose", name))
	path := filepath.Join(p.root, "bin") + ":" + filepath.Dir(cli) + ":" + os.Getenv("PATH")
	command.Env = append(append(os.Environ(), "PATH="+path), environment...)
	return p.run(ctx, command)
}

// run runs a command to its end.
func (p *production) run(ctx context.Context, command *exec.Cmd) error {
	said := &process.LogTail{Max: logTail}
	child, err := process.Start(command, said.Add)
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	ctx, cancel := context.WithTimeout(ctx, schemaTimeout)
	defer cancel()
	select {
	case <-child.Done():
	case <-ctx.Done():
		child.Stop(stopTimeout)
	}
	if !child.Succeeded() {
		return fmt.Errorf("%s: %s\n%s", command, child.Exit(), said)
	}
	return nil
}

// size is how many bytes Temporal's databases have, and the catalogue's.
func (p *production) size(ctx context.Context) (temporal, catalogue int64, err error) {
	const sizes = `SELECT pg_database_size('temporal') + pg_database_size('temporal_visibility'), pg_database_size('slipway')`
	err = p.query(ctx, "postgres", sizes, &temporal, &catalogue)
	return temporal, catalogue, err
}
