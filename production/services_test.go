//go:build production

package production

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// machine runs services of docker-compose.yml as processes. Each has a loopback address of its own, so that all have the ports that they
// have there; and since the system gives none of these addresses to anybody, a port is still free when a service starts again.
type machine struct {
	root   string // the project's folder
	folder string // what the containers would have as secrets and as tmpfs
	bin    string // Temporal's programs
	schema string // Temporal's tables
	// net is the beginning of the addresses, such as "127.81.203.".
	net      string
	services []string // in the order of their addresses
}

// inside are the places of the images that are somewhere else on this machine.
func (m *machine) inside(service types.ServiceConfig) *strings.Replacer {
	places := []string{
		"/run/secrets/", m.secret(""),
		"/var/lib/slipway", filepath.Join(m.folder, service.Name),
		"/etc/temporal/entrypoint.sh", "temporal-server start", // which is all that it does once BIND_ON_IP is an address
		"0.0.0.0", m.address(service.Name),
	}
	for _, volume := range service.Volumes {
		if volume.Type == types.VolumeTypeBind {
			places = append(places, volume.Target, volume.Source)
		}
	}
	return strings.NewReplacer(places...)
}

func (m *machine) secret(name string) string { return filepath.Join(m.folder, "secrets") + "/" + name }

// address is where a service listens.
func (m *machine) address(service string) string {
	place := slices.Index(m.services, service)
	if place < 0 {
		panic("docker-compose.yml has no service " + service)
	}
	return fmt.Sprint(m.net, place+1)
}

// reachable puts addresses in the place of the names of services that stand before a port.
func (m *machine) reachable(text string) string {
	names := regexp.MustCompile(`\b(` + strings.Join(m.services, "|") + `):(\d+)\b`)
	return names.ReplaceAllStringFunc(text, func(found string) string {
		name, port, _ := strings.Cut(found, ":")
		return net.JoinHostPort(m.address(name), port)
	})
}

// command is that of a service's container; env adds to its environment. Programs are looked for in the folder first.
func (m *machine) command(service types.ServiceConfig, programs string, env ...string) *exec.Cmd {
	inside := m.inside(service)
	var words []string
	for _, word := range append(slices.Clone(service.Entrypoint), service.Command...) {
		words = append(words, m.reachable(inside.Replace(word)))
	}
	path := programs + ":" + m.bin + ":" + os.Getenv("PATH")
	if program := filepath.Join(programs, words[0]); exists(program) {
		words[0] = program
	}
	command := exec.Command(words[0], words[1:]...)
	command.Dir = m.folder
	command.Env = []string{"PATH=" + path, "HOME=" + m.folder, "VAR_DIR=" + filepath.Join(m.folder, service.Name), "SCHEMA=" + m.schema}
	for name, value := range service.Environment {
		if value == nil {
			continue
		}
		if slices.Contains(m.services, *value) && (name == "POSTGRES_SEEDS" || name == "SQL_HOST") {
			value = new(m.address(*value))
		}
		command.Env = append(command.Env, name+"="+m.reachable(inside.Replace(*value)))
	}
	command.Env = append(command.Env, env...)
	return command
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// load reads docker-compose.yml as docker compose would, with the variables.
func (m *machine) load(variables ...string) (*types.Project, error) {
	options, err := cli.NewProjectOptions([]string{filepath.Join(m.root, "docker-compose.yml")}, cli.WithEnv(variables), cli.WithProfiles([]string{"*"}))
	if err != nil {
		return nil, err
	}
	return options.LoadProject(ctx)
}

// settle finds addresses that nobody uses.
func (m *machine) settle() error {
	project, err := m.load("OIDC_ISSUER=http://127.0.0.1")
	if err != nil {
		return err
	}
	m.services = project.ServiceNames()
	slices.Sort(m.services)
	m.services = append(m.services, "worker-3", "worker-4") // beside the others in an upgrade
	for range 20 {
		m.net = fmt.Sprintf("127.%d.%d.", 64+rand.IntN(128), 1+rand.IntN(254)) //nolint:gosec // any will do
		if err = m.free(); err == nil {
			return nil
		}
	}
	return fmt.Errorf("no address of 127.0.0.0/8 can be listened at, as Linux lets everybody do: %w", err)
}

// free tells whether the well-known ports of the services are free.
func (m *machine) free() error {
	for service, port := range map[string]string{"postgres": "5432", "temporal": "7233", "store": "8333", "web-1": "8080", "worker-1": "8081"} {
		listener, err := net.Listen("tcp", net.JoinHostPort(m.address(service), port))
		if err != nil {
			return err
		}
		_ = listener.Close()
	}
	return nil
}
