package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.uber.org/zap"

	"slipway/catalog"
	"slipway/devserver/devservertest"
	"slipway/packages"
	"slipway/process"
	samples "slipway/testdata/packages"
	"slipway/web/events"
	"slipway/workflows"
)

const (
	readyLimit   = 30 * time.Second
	askInterval  = 50 * time.Millisecond
	stopGrace    = 5 * time.Second
	keptLogLines = 10
)

// site is one installation: a Temporal server of its own and, as in production, every program in a process of its own.
type site struct {
	folder string
	server *devservertest.Server
	client workflows.Client
	// catalog answers the product's actions as it does in production; minimal workflows have none.
	catalog    *catalog.Catalog
	answers    *catalog.Waiters
	sha256     string // of the package that every mini-program releases
	web        string // where the web is
	worker     string // where the worker is asked about itself
	prometheus string // where health gates ask; "" is nowhere
	lateCursor string // leads to the last pages of the list
	programs   []crewman
}

// crewman is a running program and what it said last.
type crewman struct {
	*process.Process
	name string
	log  *process.Tail
}

// install takes the steps in a new folder. What it starts runs until close.
func install(ctx context.Context, folder string, steps ...func(*site, context.Context) error) (*site, error) {
	folder, err := os.MkdirTemp(folder, "slipway-bench")
	if err != nil {
		return nil, fmt.Errorf("folder for the catalogue: %w", err)
	}
	s := &site{folder: folder}
	for _, step := range steps {
		if err := step(s, ctx); err != nil {
			defer s.close()
			return nil, s.explain(err)
		}
	}
	return s, nil
}

// explain adds to the error what the programs said last.
func (s *site) explain(err error) error {
	for _, program := range s.programs {
		err = fmt.Errorf("%w\nthe %s said last:\n%s", err, program.name, program.log)
	}
	return err
}

func (s *site) close() {
	for _, program := range s.programs {
		program.Stop(stopGrace)
	}
	if s.catalog != nil {
		_ = s.catalog.Close()
	}
	if s.client.Temporal != nil {
		s.client.Temporal.Close()
	}
	if s.server != nil {
		s.server.Stop()
	}
	_ = os.RemoveAll(s.folder)
}

func (s *site) startTemporal(ctx context.Context) error {
	var err error
	if s.server, err = devservertest.Launch(ctx, os.Stderr); err != nil {
		return err
	}
	s.client.Temporal, err = connect(ctx, s.server.Address)
	return err
}

func (s *site) storePackage(ctx context.Context) error {
	path := filepath.Join(s.folder, "coffee.zip")
	packed, err := os.Create(path) //nolint:gosec // in our own folder
	if err != nil {
		return err
	}
	defer func() { _ = packed.Close() }()
	if err := packages.Zip(packed, samples.Coffee()); err != nil {
		return err
	}
	if _, err := packed.Seek(0, 0); err != nil {
		return err
	}
	store, err := packages.OpenStore(ctx, filepath.Join(s.folder, "packages"))
	if err != nil {
		return err
	}
	s.sha256, _, err = store.Put(ctx, packed)
	return errors.Join(err, store.Close())
}

// startProduct starts the real worker, on a SQLite catalogue with the settings of production.
func (s *site) startProduct(ctx context.Context) error {
	addr, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	s.worker = "http://" + addr
	return s.startProgram(ctx, "worker", addr, "WORKER_ADDR="+addr, "WORKER_DEPLOYMENT=", "WORKER_BUILD_ID=", "PROMETHEUS_URL="+s.prometheus)
}

// startWeb starts the real web. Only its limit on how often one person may ask is lifted.
func (s *site) startWeb(ctx context.Context) error {
	addr, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	s.web = "http://" + addr
	return s.startProgram(ctx, "web", addr, "WEB_ADDR="+addr, "AUTH=dev", "RATE_LIMIT=0", "ANSWER_WAIT=5s")
}

// startProgram builds and starts one of our programs, and waits until it is ready at the address.
func (s *site) startProgram(ctx context.Context, name, addr string, environment ...string) error {
	program := filepath.Join(s.folder, name)
	if out, err := exec.Command("go", "build", "-o", program, "slipway/"+name).CombinedOutput(); err != nil {
		return fmt.Errorf("building the %s: %w\n%s", name, err, out)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), "VAR_DIR="+s.folder, "DATABASE_URL=", "PACKAGE_STORE=", "SETTINGS_FILE=",
		"TEMPORAL_ADDRESS="+s.server.Address, "TEMPORAL_NAMESPACE=default")
	cmd.Env = append(cmd.Env, environment...)
	if err := s.start(name, cmd); err != nil {
		return err
	}
	return untilReady(ctx, func(ctx context.Context) bool { return answers(ctx, "http://"+addr+"/readyz") })
}

// openCatalog follows the answers that the product's worker commits.
func (s *site) openCatalog(ctx context.Context) error {
	var err error
	if s.catalog, err = catalog.Open(ctx, "sqlite:"+filepath.Join(s.folder, "slipway.db")); err != nil {
		return err
	}
	feed, err := events.NewFeed(ctx, s.catalog, zap.NewNop())
	if err != nil {
		return err
	}
	s.answers = &feed.Answers
	go feed.Run(ctx)
	return nil
}

// startMinimal starts this program again, as the worker of the minimal workflow.
func (s *site) startMinimal(ctx context.Context) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("starting the minimal worker: %w", err)
	}
	if err := s.start("minimal worker", exec.Command(program, minimalCommand, s.server.Address)); err != nil {
		return err
	}
	return untilReady(ctx, func(ctx context.Context) bool {
		queue, err := s.server.Client.DescribeTaskQueue(ctx, minimalQueue, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
		return err == nil && len(queue.GetPollers()) > 0
	})
}

func (s *site) start(name string, cmd *exec.Cmd) error {
	log := &process.Tail{Max: keptLogLines}
	output := &process.Lines{Each: log.Add}
	cmd.Stdout, cmd.Stderr = output, output
	started, err := process.Start(cmd)
	if err != nil {
		return fmt.Errorf("starting the %s: %w", name, err)
	}
	s.programs = append(s.programs, crewman{started, name, log})
	return nil
}

func untilReady(ctx context.Context, ready func(context.Context) bool) error {
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	ticker := time.NewTicker(askInterval)
	defer ticker.Stop()
	for !ready(ctx) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("a program was not ready within %s", readyLimit)
		case <-ticker.C:
		}
	}
	return nil
}

func answers(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

func freeAddress(ctx context.Context) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("free port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}
