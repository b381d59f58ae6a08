//go:build production

package production

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// postgres is the server of docker-compose.yml, from Debian's package, prepared as the image's entrypoint does.
type postgres struct {
	machine  *machine
	service  types.ServiceConfig
	binaries string
	folder   string   // its user's
	as       []string // a command that runs another as PostgreSQL's user, which root has to
	unit     *unit
}

func startPostgres(m *machine, service types.ServiceConfig) (*postgres, error) {
	p := &postgres{machine: m, service: service}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // Debian keeps them out of the PATH
	if err != nil || len(found) == 0 {
		return nil, errors.New("PostgreSQL is not installed (Debian: apt-get install postgresql)")
	}
	p.binaries = filepath.Dir(found[len(found)-1])
	if p.folder, err = os.MkdirTemp("", "slipway-postgres-"); err != nil {
		return nil, err
	}
	if os.Getuid() == 0 {
		if err := p.leaveRoot(); err != nil {
			return p, err
		}
	}
	if err := p.initialize(); err != nil {
		return p, err
	}
	p.unit = newUnit("postgres", p.server)
	p.unit.start()
	return p, until("PostgreSQL answers", func() error {
		return run(p.asItsUser(filepath.Join(p.binaries, "pg_isready"), "-h", p.folder))
	})
}

func (p *postgres) leaveRoot() error {
	account, err := user.Lookup("postgres")
	if err != nil {
		return err
	}
	uid, err1 := strconv.Atoi(account.Uid)
	gid, err2 := strconv.Atoi(account.Gid)
	if err := errors.Join(err1, err2, os.Chown(p.folder, uid, gid)); err != nil {
		return err
	}
	// Whoever changes its user loses the promise that it ends with its parent; setpriv gives it anew.
	p.as = []string{"setpriv", "--reuid", account.Uid, "--regid", account.Gid, "--clear-groups", "--pdeathsig", "KILL", "--"}
	return nil
}

func (p *postgres) asItsUser(program string, arguments ...string) *exec.Cmd {
	words := append(append(p.as, program), arguments...)
	command := exec.Command(words[0], words[1:]...)
	command.Dir = p.folder
	return command
}

func (p *postgres) initialize() error {
	password, err := os.ReadFile(p.machine.secret("postgres_password"))
	if err != nil {
		return err
	}
	file := filepath.Join(p.folder, "password")
	if err := os.WriteFile(file, password, 0o644); err != nil { //nolint:gosec // in a folder that is PostgreSQL's alone
		return err
	}
	if err := run(p.asItsUser(filepath.Join(p.binaries, "initdb"), "-D", p.data(), "-U", p.user(), "--pwfile", file,
		"--auth-local=trust", "--auth-host=scram-sha-256", "-E", "UTF8", "--no-locale", "--no-sync")); err != nil {
		return err
	}
	return run(p.asItsUser("sh", "-c", `echo "host all all all scram-sha-256" >>"$1/pg_hba.conf"`, "sh", p.data()))
}

func (p *postgres) data() string { return filepath.Join(p.folder, "data") }

func (p *postgres) user() string { return *p.service.Environment["POSTGRES_USER"] }

// server is the image's command with the image's settings, but that it does not wait for the disk: no machine of a test loses its power.
func (p *postgres) server() *exec.Cmd {
	return p.asItsUser(filepath.Join(p.binaries, "postgres"), append([]string{"-D", p.data(), "-c", "listen_addresses=" + p.machine.address("postgres"),
		"-c", "unix_socket_directories=" + p.folder, "-c", "fsync=off"}, p.settings()...)...)
}

// settings are those that docker-compose.yml gives to the image.
func (p *postgres) settings() []string {
	if len(p.service.Command) == 0 {
		return nil
	}
	return p.service.Command[1:]
}

// environment is that of the scripts which the image runs in a new database.
func (p *postgres) environment() []string {
	return append(os.Environ(), "PATH="+p.binaries+":"+os.Getenv("PATH"), "PGHOST="+p.folder, "POSTGRES_USER="+p.user(),
		"SLIPWAY_PASSWORD_FILE="+p.machine.secret("slipway_password"))
}

// prepare runs the scripts of docker-entrypoint-initdb.d.
func (p *postgres) prepare() error {
	for _, volume := range p.service.Volumes {
		if !strings.HasPrefix(volume.Target, "/docker-entrypoint-initdb.d/") {
			continue
		}
		script := exec.Command("sh", volume.Source)
		script.Env = p.environment()
		if err := run(script); err != nil {
			return err
		}
	}
	return nil
}

// database makes one more for a catalogue and returns its URL.
func (p *postgres) database(name string) (url string, err error) {
	psql := exec.Command("psql", "-v", "ON_ERROR_STOP=1", "-U", p.user(), "-d", "postgres", "-c", fmt.Sprintf("CREATE DATABASE %s OWNER slipway", name))
	psql.Env = p.environment()
	if err := run(psql); err != nil {
		return "", err
	}
	given, err := os.ReadFile(p.machine.secret("slipway_database_url"))
	return strings.Replace(p.machine.reachable(string(given)), "/slipway?", "/"+name+"?", 1), err
}

func (p *postgres) close() {
	if p.unit != nil {
		p.unit.stop(grace)
	}
	_ = os.RemoveAll(p.folder)
}
