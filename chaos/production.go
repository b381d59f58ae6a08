package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"slipway/devserver"
	"slipway/keyring"
	"slipway/process"
)

// stack is the shape of docker-compose.yml as processes: PostgreSQL, a Temporal server on it, two workers and two webs. Each reaches what
// it needs over a link of its own.
type stack struct {
	*installation
	root     string // of the project
	postgres *postgres
	units    []*unit
}

func installProduction(ctx context.Context, folder string, log io.Writer) (*installation, error) {
	s := &stack{installation: &installation{log: log}}
	s.tails = func() string {
		var text strings.Builder
		for _, unit := range s.units {
			text.WriteString(unit.String())
		}
		return text.String()
	}
	if err := s.start(ctx, folder); err != nil {
		s.close()
		return nil, fmt.Errorf("%w\n%s", err, s.tails())
	}
	return s.installation, nil
}

func (s *stack) start(ctx context.Context, folder string) (err error) {
	if s.root, err = os.Getwd(); err != nil {
		return err
	}
	if err := s.makeFolder(folder); err != nil {
		return err
	}
	if err := build(filepath.Join(folder, "bin"), "./worker", "./web"); err != nil {
		return err
	}
	if err := os.WriteFile(s.key(), []byte(keyring.Generate("k1")+"\n"), 0o600); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{s.startPostgres, s.startTemporal, s.startPrograms, s.ready} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *stack) key() string { return filepath.Join(s.folder, "signal.key") }

// unit starts a process that can be killed and stopped.
func (s *stack) unit(name string, weight int, command func() *exec.Cmd) {
	unit := startUnit(name, s.log, command)
	s.units = append(s.units, unit)
	s.targets = append(s.targets, target{name, weight, unit.pid})
	s.atClose(unit.close)
}

// link leads from a process to an address.
func (s *stack) link(ctx context.Context, from, name, to string) (string, error) {
	opened, err := openLink(ctx, from, name, to)
	if err != nil {
		return "", err
	}
	s.links = append(s.links, opened)
	s.atClose(opened.close)
	return opened.addr(), nil
}

func (s *stack) startPostgres(ctx context.Context) (err error) {
	if s.postgres, err = initialize(s.disk.folder); err != nil {
		return err
	}
	address, err := process.FreeAddress(ctx, devserver.Host)
	if err != nil {
		return err
	}
	s.postgres.port = address.Port()
	s.unit("postgres", 2, s.postgres.server)
	if err := until(ctx, "PostgreSQL", func(context.Context) error { return s.postgres.accepts() }); err != nil {
		return err
	}
	return s.postgres.create("slipway")
}

// startTemporal makes the tables and the namespace, as docker-compose.yml does.
func (s *stack) startTemporal(ctx context.Context) error {
	database, err := s.link(ctx, "temporal", "postgres", s.postgres.addr())
	if err != nil {
		return err
	}
	_, port, _ := net.SplitHostPort(database)
	if err := s.makeSchema(ctx); err != nil {
		return err
	}
	host, err := freeHost(ctx, "7233")
	if err != nil {
		return err
	}
	s.temporal = net.JoinHostPort(host, "7233")
	command := func() *exec.Cmd {
		command := exec.Command(filepath.Join(s.root, "bin", "temporal-server"), "start")
		command.Dir = s.folder
		command.Env = append(withoutOurs(os.Environ()), "DB=postgres12", "DB_PORT="+port, "POSTGRES_SEEDS=127.0.0.1",
			"POSTGRES_USER="+postgresUser, "POSTGRES_PWD="+s.postgres.password, "BIND_ON_IP="+host, "NUM_HISTORY_SHARDS=16", "LOG_LEVEL=warn",
			"DYNAMIC_CONFIG_FILE_PATH="+filepath.Join(s.root, "deploy", "compose", "temporal.yaml"))
		return command
	}
	s.unit("temporal", 2, command)
	if err := until(ctx, "Temporal", func(ctx context.Context) error { return devserver.Ready(ctx, s.temporal) }); err != nil {
		return err
	}
	return until(ctx, "Temporal's namespace", func(context.Context) error {
		return s.script(ctx, "namespace.sh", "TEMPORAL_NAMESPACE=default")
	})
}

func (s *stack) makeSchema(ctx context.Context) error {
	list := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "go.temporal.io/server")
	list.Dir = filepath.Join(s.root, "tools", "temporal-server")
	module, err := list.Output()
	if err != nil {
		return fmt.Errorf("the folder of Temporal's module: %w", err)
	}
	password := filepath.Join(s.folder, "password")
	if err := os.WriteFile(password, []byte(s.postgres.password), 0o600); err != nil {
		return err
	}
	return s.script(ctx, "schema.sh", "SCHEMA="+filepath.Join(strings.TrimSpace(string(module)), "schema", "postgresql", "v12"),
		"SQL_HOST=127.0.0.1", fmt.Sprintf("SQL_PORT=%d", s.postgres.port), "SQL_USER="+postgresUser, "SQL_PASSWORD_FILE="+password)
}

// script runs one of deploy/compose.
func (s *stack) script(ctx context.Context, name string, environment ...string) error {
	cli, err := devserver.CLI(ctx, s.log)
	if err != nil {
		return err
	}
	command := exec.Command("sh", filepath.Join(s.root, "deploy", "compose", name))
	command.Env = append(withoutOurs(os.Environ()), environment...)
	path := filepath.Join(s.root, "bin") + ":" + filepath.Dir(cli) + ":" + os.Getenv("PATH")
	command.Env = append(command.Env, "PATH="+path, "TEMPORAL_ADDRESS="+s.temporal)
	return run(command)
}

func (s *stack) startPrograms(ctx context.Context) error {
	for _, name := range []string{"worker-1", "worker-2", "web-1", "web-2"} {
		if err := s.startProgram(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func (s *stack) startProgram(ctx context.Context, name string) error {
	database, err1 := s.link(ctx, name, "postgres", s.postgres.addr())
	temporal, err2 := s.link(ctx, name, "temporal", s.temporal)
	address, err3 := process.FreeAddress(ctx, devserver.Host)
	folder := filepath.Join(s.folder, name)
	if err := errors.Join(err1, err2, err3, os.MkdirAll(folder, 0o750)); err != nil {
		return err
	}
	kind, _, _ := strings.Cut(name, "-")
	environment := slices.Concat(withoutOurs(os.Environ()), []string{
		"DATABASE_URL=" + s.postgres.url(database, "slipway"), "PACKAGE_STORE=" + filepath.Join(s.folder, "packages"), "VAR_DIR=" + folder,
		"TEMPORAL_ADDRESS=" + temporal, "TEMPORAL_CONFIG_FILE=" + os.DevNull, "SIGNAL_KEY_FILE=" + s.key(), "LOG_LEVEL=warn",
		strings.ToUpper(kind) + "_ADDR=" + address.String(),
	})
	if kind == "web" {
		environment = append(environment, "DELIVERY_FILE="+filepath.Join(folder, "delivery.json"), "RATE_LIMIT=0", "ANSWER_WAIT=2s", "AUTH=dev")
		s.webs = append(s.webs, "http://"+address.String())
	} else {
		environment = append(environment, "SIGNALS_FROM=web")
	}
	s.unit(name, 4, func() *exec.Cmd {
		command := exec.Command(filepath.Join(s.folder, "bin", kind))
		command.Dir, command.Env = s.folder, environment
		return command
	})
	return nil
}
