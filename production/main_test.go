//go:build production

package production

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"slipway/devserver"
	"slipway/process"
)

const (
	// patience is how long anything may take on a machine that does many other things; nothing is expected to.
	patience = 3 * time.Minute
	glance   = 100 * time.Millisecond
	// grace is what a process gets to end.
	grace = time.Minute
)

var (
	// ctx is that of the whole run.
	ctx = context.Background()
	// here has what all tests share: the databases and the Temporal server on them.
	here *site
)

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	var err error
	here, err = settle()
	if here != nil {
		defer here.close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "production-test:", err)
		here.tell(os.Stderr)
		return 1
	}
	return m.Run()
}

// site is PostgreSQL and a Temporal server on it, as docker-compose.yml has them.
type site struct {
	machine  *machine
	project  *types.Project
	postgres *postgres
	temporal *unit
	// built are our programs of this checkout.
	built string
}

func settle() (*site, error) {
	root, err := filepath.Abs("..")
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "slipway-production-")
	if err != nil {
		return nil, err
	}
	s := &site{machine: &machine{root: root, folder: folder, bin: filepath.Join(root, "bin")}, built: filepath.Join(folder, "built")}
	for _, step := range []func() error{s.machine.settle, s.read, s.build, s.makeSecrets, s.startPostgres, s.startTemporal} {
		if err := step(); err != nil {
			return s, err
		}
	}
	return s, nil
}

// read reads the compose file, as it is for an issuer that each test starts for itself.
func (s *site) read() (err error) {
	s.project, err = s.machine.load("OIDC_ISSUER=http://127.0.0.1")
	return err
}

func (s *site) service(name string) types.ServiceConfig { return s.project.Services[name] }

func (s *site) build() error {
	for _, program := range []string{"temporal-server", "temporal-sql-tool"} {
		if !exists(filepath.Join(s.machine.bin, program)) {
			return fmt.Errorf("there is no bin/%s: run `make production-test`, which builds it", program)
		}
	}
	list := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "go.temporal.io/server")
	list.Dir = filepath.Join(s.machine.root, "tools", "temporal-server")
	module, err := list.Output()
	if err != nil {
		return fmt.Errorf("the folder of Temporal's module: %w", err)
	}
	s.machine.schema = filepath.Join(strings.TrimSpace(string(module)), "schema", "postgresql", "v12")
	cli, err := devserver.CLI(ctx, os.Stderr)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.built, 0o755); err != nil { //nolint:gosec // programs, for everybody
		return err
	}
	if err := os.Symlink(cli, filepath.Join(s.built, "temporal")); err != nil {
		return err
	}
	return build(s.machine.root, s.built)
}

// build puts our programs of a source folder into another.
func build(source, into string) error {
	command := exec.Command("go", "build", "-o", into+"/", "./web", "./worker", "./starter")
	command.Dir = source
	return run(command)
}

// makeSecrets runs the script in a copy of its folder.
func (s *site) makeSecrets() error {
	script, err := os.ReadFile(filepath.Join(s.machine.root, "deploy", "compose", "secrets.sh"))
	if err != nil {
		return err
	}
	file := filepath.Join(s.machine.folder, "secrets.sh")
	if err := os.WriteFile(file, script, 0o600); err != nil {
		return err
	}
	command := exec.Command("sh", file)
	command.Env = append(os.Environ(), "OIDC_CLIENT_SECRET="+clientSecret)
	return run(command)
}

func (s *site) startPostgres() (err error) {
	if s.postgres, err = startPostgres(s.machine, s.service("postgres")); err != nil {
		return err
	}
	return s.postgres.prepare()
}

func (s *site) startTemporal() error {
	if err := s.once("temporal-schema"); err != nil {
		return err
	}
	settings, err := s.dynamicConfig()
	if err != nil {
		return err
	}
	s.temporal = newUnit("temporal", func() *exec.Cmd {
		return s.machine.command(s.service("temporal"), s.built, "DYNAMIC_CONFIG_FILE_PATH="+settings, "LOG_LEVEL=warn")
	})
	s.temporal.health = func() error { return devserver.Ready(ctx, s.temporalAddress()) }
	s.temporal.start()
	if err := s.temporal.healthy(); err != nil {
		return err
	}
	return s.once("temporal-namespace")
}

// dynamicConfig is that of docker-compose.yml, and besides that a worker's version is drained within seconds instead of minutes.
func (s *site) dynamicConfig() (file string, err error) {
	given, err := os.ReadFile(filepath.Join(s.machine.root, "deploy", "compose", "temporal.yaml"))
	if err != nil {
		return "", err
	}
	file = filepath.Join(s.machine.folder, "temporal.yaml")
	return file, os.WriteFile(file, append(given, `
matching.wv.VersionDrainageStatusVisibilityGracePeriod:
  - value: 2s
matching.wv.VersionDrainageStatusRefreshInterval:
  - value: 2s
`...), 0o600)
}

func (s *site) temporalAddress() string { return s.machine.reachable("temporal:7233") }

// once runs a service that ends, again until it succeeds.
func (s *site) once(name string, env ...string) error {
	return until(name+" succeeds", func() error { return run(s.machine.command(s.service(name), s.built, env...)) })
}

func (s *site) close() {
	if s.temporal != nil {
		s.temporal.stop(grace)
	}
	if s.postgres != nil {
		s.postgres.close()
	}
	_ = os.RemoveAll(s.machine.folder)
}

// tell writes what the processes said.
func (s *site) tell(out *os.File) {
	if s == nil {
		return
	}
	for _, each := range []*unit{s.temporal, s.database()} {
		if each != nil {
			fmt.Fprint(out, each)
		}
	}
}

func (s *site) database() *unit {
	if s.postgres == nil {
		return nil
	}
	return s.postgres.unit
}

// run runs a command to its end. The error has what it said.
func run(command *exec.Cmd) error {
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	child, err := process.Start(command, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	select {
	case <-child.Done():
	case <-time.After(patience):
		child.Stop(grace)
	}
	if !child.Succeeded() {
		return fmt.Errorf("%s: %s\n%s", command, child.Exit(), said.String())
	}
	return nil
}

// until tries until there is no error, or a final one. The error is the last one.
func until(what string, try func() error) (err error) {
	end := time.After(patience)
	for tick := time.Tick(glance); ; {
		if err = try(); err == nil {
			return nil
		}
		if last, ok := errors.AsType[final](err); ok {
			return fmt.Errorf("%s: %w", what, last.error)
		}
		select {
		case <-end:
			return fmt.Errorf("%s: not within %s: %w", what, patience, err)
		case <-tick:
		}
	}
}
