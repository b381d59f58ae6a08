package api_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"slipway/accounts"
	"slipway/catalog"
	"slipway/devserver/devservertest"
	"slipway/keyring"
	"slipway/lifecycle"
	"slipway/notify"
	"slipway/packages"
	"slipway/problem"
	"slipway/tokens"
	"slipway/web/access"
	"slipway/web/api"
	"slipway/web/events"
	"slipway/web/service"
	"slipway/workflows"
)

const (
	patience = 30 * time.Second
	glance   = 20 * time.Millisecond
	// soon is too early for an answer of a worker that stands still.
	soon         = time.Second
	largestBytes = 1 << 20
)

// home is the installation that the tests share, each with mini-programs of its own.
var home *installation

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	folder, err := os.MkdirTemp("", "slipway-api")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	temporal, err := devservertest.Launch(context.Background(), os.Stderr)
	if err != nil {
		panic(err)
	}
	defer temporal.Stop()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	home = &installation{folder: folder}
	home.log = zapcore.Lock(zapcore.AddSync(&home.logged))
	defer home.startWorker(temporal.Address)()
	home.open(ctx)
	home.temporal = temporal.Client
	home.server = httptest.NewServer(home.engine(ctx, home.temporal, patience))
	home.hasty = httptest.NewServer(home.engine(ctx, home.temporal, soon))
	defer home.server.Close()
	defer home.hasty.Close()
	code := m.Run()
	if code != 0 {
		fmt.Fprintf(os.Stderr, "the worker said:\n%s\nthe web said:\n%s", &home.said, &home.logged)
	}
	return code
}

// installation is the API in this process, on a real catalogue and a real Temporal, with the worker as a process.
type installation struct {
	folder   string
	temporal client.Client
	catalog  *catalog.Catalog
	store    *packages.Store
	server   *httptest.Server
	hasty    *httptest.Server // does not wait long for answers
	worker   *exec.Cmd
	said     bytes.Buffer // by the worker
	logged   bytes.Buffer // by the web
	log      zapcore.WriteSyncer
}

func (i *installation) startWorker(temporal string) (stop func()) {
	program := filepath.Join(i.folder, "worker")
	if out, err := exec.Command("go", "build", "-o", program, "slipway/worker").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("building the worker: %s\n%s", err, out))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	addr := listener.Addr().String()
	must(listener.Close())
	i.worker = exec.Command(program)
	i.worker.Env = append(os.Environ(), "VAR_DIR="+i.folder, "DATABASE_URL=", "PACKAGE_STORE=", "TEMPORAL_ADDRESS="+temporal, "WORKER_ADDR="+addr)
	i.worker.Stdout, i.worker.Stderr = &i.said, &i.said
	must(i.worker.Start())
	for end := time.Now().Add(patience); !isReady(addr); {
		if time.Now().After(end) {
			panic("the worker is not ready:\n" + i.said.String())
		}
		<-time.After(glance)
	}
	return func() { _, _ = i.worker.Process.Signal(os.Interrupt), i.worker.Wait() }
}

func isReady(addr string) bool {
	response, err := http.Get("http://" + addr + "/readyz")
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

func (i *installation) open(ctx context.Context) {
	var err error
	i.catalog, err = catalog.Open(ctx, "sqlite:"+filepath.Join(i.folder, "slipway.db"))
	must(err)
	i.store, err = packages.OpenStore(ctx, filepath.Join(i.folder, "packages"))
	must(err)
	i.store.MaxBytes = largestBytes
}

// engine is the API behind the guard, as the web has it.
func (i *installation) engine(ctx context.Context, temporal client.Client, answerWait time.Duration) http.Handler {
	feed, err := events.NewFeed(ctx, i.catalog, zap.NewNop())
	must(err)
	go feed.Run(ctx)
	core := zapcore.NewCore(zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig()), i.log, zap.WarnLevel)
	tokenStore := tokens.NewStore(i.catalog.Database())
	known := tokens.NewKnown(func(context.Context) (tokens.Source, error) { return tokenStore, nil }, zap.NewNop())
	go known.Run(ctx)
	offered := &service.Service{
		Workflows: workflows.Client{Temporal: temporal, Waiters: &feed.Waiters}, Catalog: i.catalog, Store: i.store,
		Sessions: accounts.NewSessions(i.catalog.Database()), People: accounts.NewPeople(i.catalog.Database()), TokenStore: tokenStore,
		Notifications: notify.NewStore(i.catalog.Database(), keyring.Ring{}),
		Temporal:      service.NewMonitor(ctx, temporal), Tokens: known, Logger: zap.New(core), Settings: lifecycle.DefaultSettings, AnswerWait: answerWait,
	}
	sessions := access.NewSessions(accounts.NewSessions(i.catalog.Database()), accounts.Dev(), nil)
	sessions.Tokens = known
	programs := api.New(offered, feed)
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	router := access.NewRouter(engine)
	guard := &access.Guard{Router: router, Sessions: sessions, Limits: access.NewLimits(0, 0), Requests: access.NewRequests(100, 100), Streams: access.NewStreams(100, 100), Refuse: programs.Refuse}
	router.Packages = access.Body{Bytes: largestBytes + 1<<16, Within: time.Second}
	engine.Use(router.Limit(patience, service.ErrTooSlow), guard.Check)
	programs.Register(router)
	return router.Handler()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// withoutWorker runs do while the worker stands still.
func withoutWorker(t *testing.T, do func()) {
	require.NoError(t, home.worker.Process.Signal(syscall.SIGSTOP))
	_, err := syscall.Wait4(home.worker.Process.Pid, nil, syscall.WUNTRACED, nil) // until it does
	require.NoError(t, err)
	defer func() { require.NoError(t, home.worker.Process.Signal(syscall.SIGCONT)) }()
	do()
}

// caller is somebody who uses the API.
type caller struct {
	t       *testing.T
	account string
	server  *httptest.Server
}

func as(t *testing.T, account string) caller { return caller{t, account, home.server} }

// at turns to another web process.
func (c caller) at(server *httptest.Server) caller { return caller{c.t, c.account, server} }

// answer is what the API answered; it is as the OpenAPI document says.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
}

// get asks, send sends a JSON text; header lines are as in "Idempotency-Key: x".
func (c caller) get(path string, header ...string) answer {
	c.t.Helper()
	return c.call(http.MethodGet, path, nil, header...)
}

func (c caller) send(path, body string, header ...string) answer {
	c.t.Helper()
	return c.call(http.MethodPost, path, strings.NewReader(body), append([]string{"Content-Type: application/json"}, header...)...)
}

func (c caller) call(method, path string, body io.Reader, header ...string) answer {
	c.t.Helper()
	response := c.open(method, path, body, header...)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(c.t, err)
	checkAnswer(c.t, method, path, response, text)
	return answer{c.t, response.StatusCode, response.Header, text}
}

func (c caller) open(method, path string, body io.Reader, header ...string) *http.Response {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.server.URL+api.Prefix+path, body)
	require.NoError(c.t, err)
	if c.account != "" {
		request.Header.Set("Authorization", "Bearer dev-"+c.account)
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(c.t, err)
	return response
}

// is requires a status, into reads the body.
func (a answer) is(status int) answer {
	a.t.Helper()
	require.Equal(a.t, status, a.status, string(a.body))
	return a
}

func (a answer) into(value any) {
	a.t.Helper()
	require.NoError(a.t, json.Unmarshal(a.body, value), string(a.body))
}

// refuses requires a problem with a code, "" for that of the status, and a sentence that contains all that is expected.
func (a answer) refuses(status int, code lifecycle.Code, sentence ...string) api.Problem {
	a.t.Helper()
	a.is(status)
	assert.Equal(a.t, "application/problem+json", a.header.Get("Content-Type"))
	var told api.Problem
	a.into(&told)
	assert.Equal(a.t, status, told.Status)
	assert.Equal(a.t, http.StatusText(status), told.Title)
	assert.Equal(a.t, cmp.Or(code, problem.CodeOf(status)), told.Code, told.Detail)
	for _, part := range sentence {
		assert.Contains(a.t, told.Detail, part)
	}
	return told
}

// requested is a mini-program of team acme that waits for its approval; created is approved.
func requested(t *testing.T, id string) lifecycle.Status {
	t.Helper()
	var status lifecycle.Status
	as(t, "developer").send("/mini-programs", fmt.Sprintf(`{"id": %q, "title": "Title of %s", "team": "acme"}`, id, id)).is(http.StatusCreated).into(&status)
	return status
}

func created(t *testing.T, id string) {
	t.Helper()
	requested(t, id)
	act(t, "reviewer", id, "approve-creation", "")
}

// act takes an action that has to be accepted.
func act(t *testing.T, account, id, action, body string, header ...string) lifecycle.Outcome {
	t.Helper()
	var outcome lifecycle.Outcome
	as(t, account).send("/mini-programs/"+id+"/actions/"+action, body, header...).is(http.StatusOK).into(&outcome)
	assert.True(t, outcome.Accepted)
	return outcome
}
