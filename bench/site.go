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

	"slipway/catalog"
	"slipway/devserver/devservertest"
	"slipway/packages"
	"slipway/process"
	samples "slipway/testdata/packages"
	"slipway/workflows"
)

const (
	readyLimit   = 30 * time.Second
	askInterval  = 50 * time.Millisecond
	stopGrace    = 5 * time.Second
	keptLogLines = 10
)

// site is one installation: a Temporal server of its own and, as in production, every worker in a process of its own.
type site struct {
	folder string
	server *devservertest.Server
	client workflows.Client
	// catalog answers the product's actions as it does in production; minimal workflows have none.
	catalog *catalog.Catalog
	answers *catalog.Answers
	sha256  string // of the package that every mini-program releases
	workers []crewman
}

// crewman is a running worker and what it said last.
type crewman struct {
	*process.Process
	name string
	log  *process.Tail
}

func install(ctx context.Context, folder string) (*site, error) {
	folder, err := os.MkdirTemp(folder, "slipway-bench")
	if err != nil {
		return nil, fmt.Errorf("folder for the catalogue: %w", err)
	}
	s := &site{folder: folder}
	if s.server, err = devservertest.Launch(ctx, os.Stderr); err == nil {
		s.client = workflows.Client{Temporal: s.server.Client}
		err = errors.Join(s.storePackage(ctx), s.startProduct(ctx), s.openCatalog(ctx), s.startMinimal(ctx))
	}
	if err != nil {
		return nil, s.fail(err)
	}
	return s, nil
}

// fail closes the site and adds to the error what its workers said last.
func (s *site) fail(err error) error {
	s.close()
	for _, worker := range s.workers {
		err = fmt.Errorf("%w\nthe %s worker said last:\n%s", err, worker.name, worker.log)
	}
	return err
}

func (s *site) close() {
	for _, worker := range s.workers {
		worker.Stop(stopGrace)
	}
	if s.catalog != nil {
		_ = s.catalog.Close()
	}
	if s.server != nil {
		s.server.Stop()
	}
	_ = os.RemoveAll(s.folder)
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
	program := filepath.Join(s.folder, "worker")
	if out, err := exec.Command("go", "build", "-o", program, "slipway/worker").CombinedOutput(); err != nil {
		return fmt.Errorf("building the worker: %w\n%s", err, out)
	}
	addr, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), "VAR_DIR="+s.folder, "DATABASE_URL=", "PACKAGE_STORE=", "SETTINGS_FILE=", "WORKER_DEPLOYMENT=",
		"WORKER_BUILD_ID=", "TEMPORAL_ADDRESS="+s.server.Address, "TEMPORAL_NAMESPACE=default", "WORKER_ADDR="+addr)
	if err := s.start("product", cmd); err != nil {
		return err
	}
	return untilReady(ctx, func(ctx context.Context) bool { return answers(ctx, "http://"+addr+"/readyz") })
}

// openCatalog follows the answers that the product's worker commits.
func (s *site) openCatalog(ctx context.Context) error {
	var err error
	if s.catalog, err = catalog.Open(ctx, "sqlite:"+filepath.Join(s.folder, "slipway.db")); err == nil {
		s.answers, err = s.catalog.Answers(ctx)
	}
	return err
}

// startMinimal starts this program again, as the worker of the minimal workflow.
func (s *site) startMinimal(ctx context.Context) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("starting the minimal worker: %w", err)
	}
	if err := s.start("minimal", exec.Command(program, minimalCommand, s.server.Address)); err != nil {
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
		return fmt.Errorf("starting the %s worker: %w", name, err)
	}
	s.workers = append(s.workers, crewman{started, name, log})
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
			return fmt.Errorf("a worker was not ready within %s", readyLimit)
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
