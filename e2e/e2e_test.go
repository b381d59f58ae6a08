// Package e2e tests the product as a whole: a real Temporal development server, the real worker as a process of its
// own, a real database and real packages.
package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/accounts"
	"slipway/catalog"
	"slipway/delivery"
	"slipway/devserver/devservertest"
	"slipway/lifecycle"
	"slipway/packages"
	samples "slipway/testdata/packages"
	"slipway/workflows"
)

const (
	// patience is how long anything may take on a machine that does many other things; nothing is expected to.
	patience = 2 * time.Minute
	glance   = 20 * time.Millisecond
)

var (
	server            *devservertest.Server
	workerBin, webBin string

	developer = accounts.Dev()["developer"]
	reviewer  = accounts.Dev()["reviewer"]
	manager   = accounts.Dev()["release-manager"]
	operator  = accounts.Dev()["operator"]
)

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	folder, err := os.MkdirTemp("", "slipway-e2e")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	workerBin, webBin = filepath.Join(folder, "worker"), filepath.Join(folder, "web")
	if out, err := exec.Command("go", "build", "-o", folder, "slipway/worker", "slipway/web").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("building worker and web: %s\n%s", err, out))
	}
	if server, err = launch(context.Background()); err != nil {
		panic(err)
	}
	defer server.Stop()
	code := m.Run()
	if code == 0 {
		if err := record(server); err != nil {
			panic(err)
		}
	}
	return code
}

// platform is one installation of the product: a worker at a time, its data, and a client.
type platform struct {
	t       *testing.T
	varDir  string
	env     []string
	client  workflows.Client
	catalog *catalog.Catalog
	store   *packages.Store
	// delivery follows the catalogue once somebody has asked what users get.
	delivery *delivery.Snapshot
	// program is the worker's.
	program string
	worker  *exec.Cmd
	output  *output
}

// output is what several processes say.
type output struct {
	mu   sync.Mutex
	said bytes.Buffer
}

func (o *output) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.said.Write(text)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.said.String()
}

// install prepares an installation without starting its worker; env adds to the worker's environment.
func install(t *testing.T, env ...string) *platform { return installOn(t, server, env...) }

func installOn(t *testing.T, server *devservertest.Server, env ...string) *platform {
	p := &platform{t: t, varDir: t.TempDir(), program: workerBin, client: workflows.Client{Temporal: server.Client}, output: &output{}}
	if !slices.ContainsFunc(env, isDatabase) {
		env = append(env, databaseVariable+catalogue(t))
	}
	p.env = append([]string{"VAR_DIR=" + p.varDir, "TEMPORAL_ADDRESS=" + server.Address, "TEMPORAL_NAMESPACE=default"}, env...)
	var err error
	p.store, err = packages.OpenStore(t.Context(), filepath.Join(p.varDir, "packages"))
	require.NoError(t, err)
	t.Cleanup(func() {
		p.stop(os.Interrupt)
		require.NoError(t, p.store.Close())
		if t.Failed() {
			t.Logf("worker and web said:\n%s", p.output)
		}
	})
	return p
}

// running starts an installation with its worker, on a catalogue of its own.
func running(t *testing.T) *platform { return install(t).start() }

// start starts the worker and waits until it is ready.
func (p *platform) start() *platform {
	p.t.Helper()
	addr := freeAddress(p)
	p.worker = exec.Command(p.program)
	p.worker.Env = append(append(os.Environ(), p.env...), "WORKER_ADDR="+addr)
	p.worker.Stdout, p.worker.Stderr = p.output, p.output
	require.NoError(p.t, p.worker.Start())
	p.eventually("the worker is ready", func() bool { return get("http://"+addr+"/readyz") == http.StatusOK })
	p.openCatalog()
	return p
}

const databaseVariable = "DATABASE_URL="

func isDatabase(variable string) bool { return strings.HasPrefix(variable, databaseVariable) }

func (p *platform) openCatalog() {
	if p.catalog != nil {
		return
	}
	url := strings.TrimPrefix(p.env[slices.IndexFunc(p.env, isDatabase)], databaseVariable)
	if url == "" {
		url = "sqlite:" + filepath.Join(p.varDir, "slipway.db")
	}
	var err error
	p.catalog, err = catalog.Open(p.t.Context(), url)
	require.NoError(p.t, err)
	p.t.Cleanup(func() { _ = p.catalog.Close() })
}

// stop ends the worker with a signal and waits until it is gone.
func (p *platform) stop(signal os.Signal) {
	if p.worker == nil {
		return
	}
	_ = p.worker.Process.Signal(signal)
	_ = p.worker.Wait()
	p.worker = nil
}

func get(url string) int {
	response, err := http.Get(url) //nolint:gosec // a server of this test
	if err != nil {
		return 0
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

func (p *platform) eventually(what string, condition func() bool) {
	p.t.Helper()
	require.Eventually(p.t, condition, patience, glance, what)
}

// upload puts a real package into the store; its format takes the version from the upload.
func (p *platform) upload() string {
	var packed bytes.Buffer
	require.NoError(p.t, packages.Zip(&packed, samples.Coffee()))
	sha256, _, err := p.store.Put(p.t.Context(), &packed)
	require.NoError(p.t, err)
	return sha256
}

// request creates a mini-program, approved and ready for code.
func (p *platform) request(id string) string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	outcome, err := p.client.RequestCreation(ctx, lifecycle.Creation{ID: id, Title: strings.ToUpper(id[:1]) + id[1:], Team: "acme", Actor: developer, RequestID: "creation"})
	require.NoError(p.t, err)
	require.True(p.t, outcome.Accepted, outcome.Message)
	p.do(id, lifecycle.ApproveCreation, reviewer)
	return id
}

// do takes an action and requires it to be accepted.
func (p *platform) do(id string, action lifecycle.Action, by lifecycle.Actor, fill ...func(*lifecycle.Command)) lifecycle.Outcome {
	p.t.Helper()
	outcome := p.try(id, action, by, fill...)
	require.True(p.t, outcome.Accepted, "%s: %s", action, outcome.Message)
	return outcome
}

func (p *platform) try(id string, action lifecycle.Action, by lifecycle.Actor, fill ...func(*lifecycle.Command)) lifecycle.Outcome {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	command := lifecycle.Command{Action: action, Actor: by, Comment: "as agreed with the team"}
	for _, f := range fill {
		f(&command)
	}
	outcome, err := p.client.Act(ctx, id, command)
	require.NoError(p.t, err)
	return outcome
}

// approved brings a version to ReadyToPublish.
func (p *platform) approved(id, version string) {
	p.t.Helper()
	sha256 := p.upload()
	p.do(id, lifecycle.UploadCode, developer, func(c *lifecycle.Command) { c.Package = &lifecycle.Package{Version: version, SHA256: sha256} })
	p.do(id, lifecycle.RequestPublishing, developer)
	p.do(id, lifecycle.ApprovePublishing, reviewer)
}

// plan is a rollout whose four stages take the time given each.
func plan(stage time.Duration) func(*lifecycle.Command) {
	hold := lifecycle.Duration(stage)
	return func(c *lifecycle.Command) {
		c.Plan = &lifecycle.Plan{
			Grayscale:  lifecycle.Grayscale{Percent: lifecycle.WholePercent(5), Bake: hold},
			Production: []lifecycle.Stage{{Percent: lifecycle.WholePercent(25), Hold: hold}, {Percent: lifecycle.WholePercent(50), Hold: hold}, {Percent: lifecycle.Everyone}},
		}
	}
}

func (p *platform) status(id string) lifecycle.Status {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	status, err := p.client.Status(ctx, id)
	require.NoError(p.t, err)
	return status
}

func (p *platform) becomes(id string, state lifecycle.State) {
	p.t.Helper()
	p.eventually(id+" becomes "+string(state), func() bool { return p.status(id).State == state })
}

// trail is the audit trail, oldest first; it must have no gaps and agree with the workflow.
func (p *platform) trail(id string) []lifecycle.Action {
	p.t.Helper()
	entries, err := p.catalog.Audit(p.t.Context(), id, 0, 1000)
	require.NoError(p.t, err)
	var actions []lifecycle.Action
	for i := len(entries) - 1; i >= 0; i-- {
		require.NoError(p.t, entries[i].Err)
		actions = append(actions, entries[i].Record.Action)
		assert.Equal(p.t, len(actions), entries[i].Record.Sequence, "the audit trail has no gaps and no doubles")
	}
	assert.Equal(p.t, p.status(id).Sequence, len(actions))
	return actions
}
