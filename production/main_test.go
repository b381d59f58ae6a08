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
	here *backend
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

// backend is PostgreSQL and a Temporal server on it, as docker-compose.yml has them.
type backend struct {
	machine  *machine
	project  *types.Project
	postgres *postgres
	temporal *unit
	// built are our programs of this checkout.
	built string
}

func settle() (*backend, error) {
	root, err := filepath.Abs("..")
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "slipway-production-")
	if err != nil {
		return nil, err
	}
	b := &backend{machine: &machine{root: root, folder: folder, bin: filepath.Join(root, "bin")}, built: filepath.Join(folder, "built")}
	for _, step := range []func() error{b.machine.settle, b.read, b.build, b.makeSecrets, b.startPostgres, b.startTemporal} {
		if err := step(); err != nil {
			return b, err
		}
	}
	return b, nil
}

// read reads the compose file, as it is for an issuer that each test starts for itself.
func (b *backend) read() (err error) {
	b.project, err = b.machine.load("OIDC_ISSUER=http://127.0.0.1")
	return err
}

func (b *backend) service(name string) types.ServiceConfig { return b.project.Services[name] }

func (b *backend) build() error {
	for _, program := range []string{"temporal-server", "temporal-sql-tool"} {
		if !exists(filepath.Join(b.machine.bin, program)) {
			return fmt.Errorf("there is no bin/%s: run `make production-test`, which builds it", program)
		}
	}
	list := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "go.temporal.io/server")
	list.Dir = filepath.Join(b.machine.root, "tools", "temporal-server")
	module, err := list.Output()
	if err != nil {
		return fmt.Errorf("the folder of Temporal's module: %w", err)
	}
	b.machine.schema = filepath.Join(strings.TrimSpace(string(module)), "schema", "postgresql", "v12")
	cli, err := devserver.CLI(ctx, os.Stderr)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(b.built, 0o755); err != nil { //nolint:gosec // programs, for everybody
		return err
	}
	if err := os.Symlink(cli, filepath.Join(b.built, "temporal")); err != nil {
		return err
	}
	return build(b.machine.root, b.built)
}

// build puts our programs of a source folder into another.
func build(source, into string) error {
	command := exec.Command("go", "build", "-o", into+"/", "./web", "./worker", "./starter")
	command.Dir = source
	return run(command)
}

// makeSecrets runs the script in a copy of its folder.
func (b *backend) makeSecrets() error {
	script, err := os.ReadFile(filepath.Join(b.machine.root, "deploy", "compose", "secrets.sh"))
	if err != nil {
		return err
	}
	file := filepath.Join(b.machine.folder, "secrets.sh")
	if err := os.WriteFile(file, script, 0o600); err != nil {
		return err
	}
	command := exec.Command("sh", file)
	command.Env = append(os.Environ(), "OIDC_CLIENT_SECRET="+clientSecret)
	return run(command)
}

func (b *backend) startPostgres() (err error) {
	if b.postgres, err = startPostgres(b.machine, b.service("postgres")); err != nil {
		return err
	}
	return b.postgres.prepare()
}

func (b *backend) startTemporal() error {
	if err := b.once("temporal-schema"); err != nil {
		return err
	}
	settings, err := b.dynamicConfig()
	if err != nil {
		return err
	}
	b.temporal = newUnit("temporal", func() *exec.Cmd {
		return b.machine.command(b.service("temporal"), b.built, "DYNAMIC_CONFIG_FILE_PATH="+settings, "LOG_LEVEL=warn")
	})
	b.temporal.health = func() error { return devserver.Ready(ctx, b.temporalAddress()) }
	b.temporal.start()
	if err := b.temporal.healthy(); err != nil {
		return err
	}
	return b.once("temporal-namespace")
}

// dynamicConfig is that of docker-compose.yml, and besides that a worker's version is drained within seconds instead of minutes.
func (b *backend) dynamicConfig() (file string, err error) {
	given, err := os.ReadFile(filepath.Join(b.machine.root, "deploy", "compose", "temporal.yaml"))
	if err != nil {
		return "", err
	}
	file = filepath.Join(b.machine.folder, "temporal.yaml")
	return file, os.WriteFile(file, append(given, `
matching.wv.VersionDrainageStatusVisibilityGracePeriod:
  - value: 2s
matching.wv.VersionDrainageStatusRefreshInterval:
  - value: 2s
`...), 0o600)
}

func (b *backend) temporalAddress() string { return b.machine.reachable("temporal:7233") }

// once runs a service that ends, again until it succeeds.
func (b *backend) once(name string, env ...string) error {
	return until(name+" succeeds", func() error { return run(b.machine.command(b.service(name), b.built, env...)) })
}

func (b *backend) close() {
	if b.temporal != nil {
		b.temporal.stop(grace)
	}
	if b.postgres != nil {
		b.postgres.close()
	}
	_ = os.RemoveAll(b.machine.folder)
}

// tell writes what the processes said.
func (b *backend) tell(out *os.File) {
	if b == nil {
		return
	}
	for _, each := range []*unit{b.temporal, b.database()} {
		if each != nil {
			fmt.Fprint(out, each)
		}
	}
}

func (b *backend) database() *unit {
	if b.postgres == nil {
		return nil
	}
	return b.postgres.unit
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
