package deploy_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog/catalogtest"
	"slipway/debiantest"
	"slipway/devserver/devservertest"
	"slipway/keyring"
	"slipway/process"
	"slipway/web/oidc/oidctest"
)

const (
	nobody   = 65532
	patience = 3 * time.Minute
	glance   = 20 * time.Millisecond
)

// image is a root folder with what the Dockerfile copies, the folders that are mounted, and nothing else: no shell, no libraries.
type image struct {
	t    *testing.T
	root string
}

// newImage builds the programs as the Dockerfile does. To be somebody else with another root takes root's rights, which CI has.
func newImage(t *testing.T) image {
	if os.Geteuid() != 0 {
		debiantest.Lacks(t, "only root can run a program as somebody else, with another root folder")
	}
	i := image{t, t.TempDir()}
	require.NoError(t, os.Chmod(i.root, 0o755))
	for path := i.root; path != "/tmp" && path != "/"; path = filepath.Dir(path) {
		require.NoError(t, os.Chmod(path, 0o755))
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-ldflags=-s -X slipway/program.named=1.2.3", "-o", filepath.Join(i.root, "usr/local/bin")+"/", "../web", "../worker", "../starter")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	said, err := build.CombinedOutput()
	require.NoError(t, err, string(said))
	for _, writable := range []string{"tmp", "var/lib/slipway"} {
		require.NoError(t, os.MkdirAll(filepath.Join(i.root, writable), 0o755))
		require.NoError(t, os.Chown(filepath.Join(i.root, writable), nobody, nobody))
	}
	// A container has its own /proc. This is what is read of it: Temporal's client makes a worker's name for its build of the program.
	require.NoError(t, os.MkdirAll(filepath.Join(i.root, "proc/self"), 0o755))
	require.NoError(t, os.Symlink("/usr/local/bin/worker", filepath.Join(i.root, "proc/self/exe")))
	return i
}

// secret is a file that docker compose mounts.
func (i image) secret(name, content string) {
	path := filepath.Join(i.root, "run/secrets", name)
	require.NoError(i.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(i.t, os.WriteFile(path, []byte(content), 0o444))
}

// command is a program in the image, as the compose file runs it.
func (i image) command(environment map[string]string, program string, args ...string) *exec.Cmd {
	command := exec.Command("/usr/local/bin/"+program, args...)
	command.Dir, command.Env = "/", []string{"PATH=/usr/local/bin", "VAR_DIR=/var/lib/slipway"}
	for name, value := range environment {
		command.Env = append(command.Env, name+"="+value)
	}
	command.SysProcAttr = &syscall.SysProcAttr{Chroot: i.root, Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	return command
}

// starts runs a program until the test ends, or stop, and waits until its health check says that it is well.
func (i image) starts(environment map[string]string, program string, healthcheck []string) (stop func()) {
	var said bytes.Buffer
	command := i.command(environment, program)
	command.Stderr = &said
	require.NoError(i.t, command.Start())
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	var once bool
	stop = func() {
		if !once {
			once = true
			_ = command.Process.Signal(syscall.SIGTERM)
			assert.NoError(i.t, <-ended, "%s: %s", program, &said)
		}
	}
	i.t.Cleanup(stop)
	var last []byte
	healthy := func() bool {
		select {
		case err := <-ended:
			once = true
			require.FailNow(i.t, program+" has ended", "%v: %s", err, &said)
		default:
		}
		var err error
		last, err = i.command(environment, healthcheck[0], healthcheck[1:]...).CombinedOutput()
		return err == nil
	}
	for began := time.Now(); !healthy(); {
		require.Less(i.t, time.Since(began), patience, "%s is not well: %s", program, last)
	}
	assert.Empty(i.t, last)
	return stop
}

// written are the files that the programs made outside the places that are theirs.
func (i image) written() (files []string) {
	require.NoError(i.t, filepath.WalkDir(i.root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		inside, _ := filepath.Rel(i.root, path)
		owner := info.Sys().(*syscall.Stat_t) //nolint:forcetypeassert // on Linux it is
		if err == nil && owner.Uid == nobody && !strings.HasPrefix(inside, "var/lib/slipway") && !strings.HasPrefix(inside, "tmp") {
			files = append(files, inside)
		}
		return err
	}))
	return files
}

// free is an address that nobody listens at.
func free(t *testing.T) string {
	address, err := process.FreeAddress(t.Context(), "127.0.0.1")
	require.NoError(t, err)
	return address.String()
}

// environmentOf is what the compose file gives a service, with the addresses of this test.
func environmentOf(t *testing.T, service string, here map[string]string) (environment map[string]string, healthcheck []string) {
	composed := project(t).Services[service]
	environment = map[string]string{}
	for name, value := range composed.Environment {
		if value != nil {
			environment[name] = *value
		}
	}
	for name := range here {
		require.Contains(t, environment, name, "docker-compose.yml gives %s no such thing", service)
	}
	maps.Copy(environment, here)
	require.Equal(t, "CMD", composed.HealthCheck.Test[0])
	return environment, slices.Clone(composed.HealthCheck.Test[1:])
}

func TestOurProgramsNeedNothingButWhatTheImageHas(t *testing.T) {
	i := newImage(t)
	bucket := s3mem.New()
	require.NoError(t, bucket.CreateBucket("packages"))
	store := httptest.NewServer(gofakes3.New(bucket).Server())
	defer store.Close()
	var addr string
	issuer := oidctest.Start(t, func() string { return "http://" + addr + "/sign-in/callback" })
	i.secret("slipway_database_url", catalogtest.NewProxy(t, catalogtest.Postgres(t)).URL)
	i.secret("store_credentials", "[default]\naws_access_key_id = slipway\naws_secret_access_key = hush\n")
	i.secret("signal_key", keyring.Generate("k1"))
	i.secret("payload_key", keyring.Generate("k1"))
	i.secret("preview_key", keyring.Generate("k1"))
	i.secret("smtp_password", "")
	i.secret("oidc_client_secret", oidctest.ClientSecret+"\n")
	everybody := map[string]string{
		"TEMPORAL_ADDRESS": devservertest.Start(t).Address,
		"PACKAGE_STORE":    "s3://packages?region=us-east-1&use_path_style=true&endpoint=" + store.URL,
	}
	with := func(more map[string]string) map[string]string {
		all := maps.Clone(everybody)
		maps.Copy(all, more)
		return all
	}
	environment, healthcheck := environmentOf(t, "worker-1", with(map[string]string{"WORKER_ADDR": free(t), "METRICS_ADDR": free(t)}))
	stopWorker := i.starts(environment, "worker", healthcheck)
	addr = free(t)
	environment, healthcheck = environmentOf(t, "web-1", with(map[string]string{"WEB_ADDR": addr, "METRICS_ADDR": free(t), "OIDC_ISSUER": issuer.URL, "PUBLIC_URL": "http://" + addr}))
	stopWeb := i.starts(environment, "web", healthcheck)

	response, err := http.Get("http://" + addr + "/sign-in")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, http.StatusOK, response.StatusCode)
	for _, program := range []string{"web", "worker", "starter"} {
		said, err := i.command(nil, program, "--version").CombinedOutput()
		assert.NoError(t, err)
		assert.Contains(t, string(said), program+" 1.2.3 go1.", "the version that the image was built as")
	}

	stopWeb()
	assert.FileExists(t, filepath.Join(i.root, "var/lib/slipway/delivery.json"))
	said, err := i.command(environment, healthcheck[0], healthcheck[1:]...).CombinedOutput()
	exit, ended := errors.AsType[*exec.ExitError](err)
	require.True(t, ended, "%v: %s", err, said)
	assert.Equal(t, 1, exit.ExitCode(), "nobody serves any more")
	assert.Contains(t, string(said), "it does not answer")
	stopWorker()
	assert.Empty(t, i.written(), "everything else is read-only for them")
}

func TestWhatTheImageHasIsWhatTheDockerfileCopies(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "Dockerfile"))
	require.NoError(t, err)
	dockerfile := string(text)
	for _, said := range []string{
		"CGO_ENABLED=0 go build -trimpath -ldflags=\"-s -X slipway/program.named=${VERSION}\" -o /out/ ./web ./worker ./starter", "COPY --from=build /out/web /out/worker /out/starter /usr/local/bin/",
		"/out/var /var/lib/slipway", "ENV VAR_DIR=/var/lib/slipway", "USER nonroot", "FROM gcr.io/distroless/static-", // certificates and time zones are in it
	} {
		assert.Contains(t, dockerfile, said)
	}
	for _, service := range []string{"web-1", "worker-1"} {
		assert.Equal(t, fmt.Sprintf("%d:%d", nobody, nobody), project(t).Services[service].User)
	}
	assert.ElementsMatch(t, []string{"/tmp", "/var/lib/slipway:uid=65532,gid=65532"}, project(t).Services["worker-1"].Tmpfs)
}

// A tmpfs is gone with the container that docker compose makes anew.
func TestWhatHostAppsAreToldOutlivesTheContainerOfAWeb(t *testing.T) {
	volumes := map[string]bool{}
	for _, service := range []string{"web-1", "web-2"} {
		web := project(t).Services[service]
		assert.Equal(t, []string{"/tmp"}, []string(web.Tmpfs))
		require.Len(t, web.Volumes, 1)
		volume := web.Volumes[0]
		assert.Equal(t, types.VolumeTypeVolume, volume.Type)
		assert.Equal(t, volume.Target, filepath.Dir(*web.Environment["DELIVERY_FILE"]))
		assert.False(t, volume.ReadOnly)
		assert.Contains(t, project(t).Volumes, volume.Source)
		volumes[volume.Source] = true
	}
	assert.Len(t, volumes, 2, "each web has its own file")
}
