//go:build production

package production

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/web/access"
	"slipway/web/oidc/oidctest"
)

const (
	clientSecret = oidctest.ClientSecret
	// hostAppToken is what the host app shows when it asks.
	hostAppToken = "the host app's token"
)

// installation is what one test has on the backend: a namespace and a catalogue of its own, workers, webs behind a proxy, a store for packages, and
// a provider that knows its people.
type installation struct {
	t         *testing.T
	backend   *backend
	namespace string
	project   *types.Project
	proxy     *proxy
	provider  *oidctest.Provider
	tokens    map[string]string
	catalog   *catalog.Catalog
	env       []string
	units     map[string]*unit

	acknowledged acknowledged
}

// install prepares everything but workers and webs.
func install(t *testing.T, name string) *installation {
	t.Helper()
	i := &installation{t: t, backend: here, namespace: name, tokens: map[string]string{}, units: map[string]*unit{}}
	t.Cleanup(i.close)
	i.proxy = newProxy(t, here.machine.reachable("web-1:8080"), here.machine.reachable("web-2:8080"))
	i.provider = oidctest.Start(t, func() string { return i.proxy.URL + access.SignedInPath })
	i.employ()
	i.openStore()
	databaseURL, err := here.postgres.database(name)
	require.NoError(t, err)
	file := here.machine.secret("database_of_" + name)
	require.NoError(t, os.WriteFile(file, []byte(databaseURL), 0o600))
	require.NoError(t, here.once("temporal-namespace", "TEMPORAL_NAMESPACE="+name))
	sum := sha256.Sum256([]byte(hostAppToken))
	i.project, err = here.machine.load("OIDC_ISSUER="+i.provider.URL, "PUBLIC_URL="+i.proxy.URL, "RATE_LIMIT=0", "DELIVERY_TOKENS=host-app="+hex.EncodeToString(sum[:]))
	require.NoError(t, err)
	i.env = []string{"TEMPORAL_NAMESPACE=" + name, "DATABASE_URL_FILE=" + file, "TRUSTED_PROXIES=127.0.0.0/8"}
	i.catalog, err = catalog.Open(ctx, databaseURL)
	require.NoError(t, err)
	return i
}

// employ makes people known to the provider, which vouches for them.
func (i *installation) employ() {
	for user, said := range map[string]oidctest.Claims{
		"dana": {"roles": []string{"developer"}, "teams": []string{"acme"}},
		"rita": {"roles": []string{"reviewer"}, "teams": []string{}},
		"mara": {"roles": []string{"release-manager"}, "teams": []string{}},
	} {
		i.provider.Person(user, said)
		token := i.provider.Usual(user)
		for name, value := range said {
			token[name] = value
		}
		token["exp"] = time.Now().Add(24 * time.Hour).Unix()
		i.tokens[user] = i.provider.Sign(token)
	}
}

// openStore is an S3 server with the bucket that docker-compose.yml makes.
func (i *installation) openStore() {
	backend := s3mem.New()
	require.NoError(i.t, backend.CreateBucket("packages"))
	listener, err := net.Listen("tcp", here.machine.reachable("store:8333"))
	require.NoError(i.t, err)
	server := &http.Server{Handler: gofakes3.New(backend).Server(), ReadHeaderTimeout: patience}
	go func() { _ = server.Serve(listener) }()
	i.t.Cleanup(func() { _ = server.Close() })
}

// service is one of docker-compose.yml, or one more of its kind.
func (i *installation) service(name string) types.ServiceConfig {
	kind, number, _ := strings.Cut(name, "-")
	service, ok := i.project.Services[name]
	if !ok {
		service = i.project.Services[kind+"-1"]
		service.Name = kind + "-" + number
	}
	return service
}

// run starts a worker or a web with programs of a folder.
func (i *installation) run(name, programs string, env ...string) *unit {
	service, env := i.service(name), slices.Concat(i.env, env)
	i.units[name] = newUnit(name, func() *exec.Cmd { return here.machine.command(service, programs, env...) })
	i.units[name].health = func() error {
		asking := service
		asking.Command = types.ShellCommand(service.HealthCheck.Test[1:])
		return run(here.machine.command(asking, programs, env...))
	}
	i.units[name].start()
	return i.units[name]
}

// everything starts two workers and two webs, and waits until they are healthy.
func (i *installation) everything(programs string, env ...string) {
	i.t.Helper()
	names := []string{"worker-1", "worker-2", "web-1", "web-2"}
	for _, name := range names {
		i.run(name, programs, env...)
	}
	for _, name := range names {
		require.NoError(i.t, i.units[name].healthy())
	}
}

// inGoodOrder is how a process ends that was told to.
const inGoodOrder = "exit status 0"

// replace ends a process and starts another program, or the same with another environment, in its place.
func (i *installation) replace(name, programs string, env ...string) error {
	if how := i.units[name].stop(grace); how != inGoodOrder {
		return fmt.Errorf("%s did not stop in good order: %s", name, how)
	}
	return i.run(name, programs, env...).healthy()
}

// restart ends a process in good order and starts it again. The next may follow when it is healthy.
func (i *installation) restart(u *unit) error {
	if how := u.stop(grace); how != inGoodOrder {
		return fmt.Errorf("%s did not stop in good order: %s", u.name, how)
	}
	if !strings.HasPrefix(u.name, "web") { // a new container has an empty tmpfs; a web's copy is on a volume
		if err := os.RemoveAll(filepath.Join(here.machine.folder, u.name)); err != nil {
			return err
		}
	}
	u.start()
	return u.healthy()
}

func (i *installation) close() {
	for _, name := range []string{"web-1", "web-2", "worker-1", "worker-2", "worker-3", "worker-4"} {
		if u := i.units[name]; u != nil {
			u.stop(grace)
		}
	}
	if i.catalog != nil {
		_ = i.catalog.Close()
	}
	if i.t.Failed() {
		for _, u := range i.units {
			i.t.Log(u)
		}
		here.tell(os.Stderr)
	}
}
