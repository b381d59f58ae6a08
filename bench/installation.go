package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.uber.org/zap"

	"slipway/catalog"
	"slipway/devserver"
	"slipway/devserver/devservertest"
	"slipway/packages"
	"slipway/process"
	samples "slipway/testdata/packages"
	"slipway/web/events"
	"slipway/workflows"
)

const (
	startTimeout = 30 * time.Second
	stopTimeout  = 5 * time.Second
)

// installation is a Temporal server of its own and, as in production, every program in a process of its own.
type installation struct {
	folder     string
	folders    []string // others that are removed at the end
	server     *devservertest.Server
	supervisor process.Supervisor
	pids       map[string]int // of the programs, by their names
	client     workflows.Client
	// catalog has the outcomes of the product's actions, as in production; minimal workflows have none.
	catalog    *catalog.Catalog
	waiters    *catalog.Waiters
	sha256     string // of the package that every mini-program releases
	web        string // where the web is
	worker     string // where the worker tells its metrics
	prometheus string // where health gates ask; "" is nowhere
	lateCursor string // leads to the last pages of the list

	temporal       string    // the address of Temporal
	temporalServer *exec.Cmd // nil where it is not known
	databaseURL    string    // "" is the SQLite database in the folder
	fillingURL     string    // how this program opens it where it fills it: the disk need not confirm each mini-program
	// size is how many bytes Temporal and the catalogue have stored; nil where that is not measured.
	size func(context.Context) (temporal, catalogue int64, err error)
}

// install takes the steps in a new folder. What it starts runs until close.
func install(ctx context.Context, folder string, steps ...func(*installation, context.Context) error) (*installation, error) {
	folder, err := os.MkdirTemp(folder, "slipway-bench")
	if err != nil {
		return nil, fmt.Errorf("folder for the catalogue: %w", err)
	}
	in := &installation{
		folder: folder, pids: map[string]int{}, supervisor: process.Supervisor{StartTimeout: startTimeout, StopTimeout: stopTimeout},
	}
	for _, step := range steps {
		if err := step(in, ctx); err != nil {
			in.close()
			return nil, err
		}
	}
	return in, nil
}

// explain adds to an error what the programs wrote last.
func (in *installation) explain(err error) error {
	return fmt.Errorf("%w\n%s", err, in.supervisor.LogTails())
}

func (in *installation) close() {
	in.supervisor.Stop()
	if in.catalog != nil {
		_ = in.catalog.Close()
	}
	if in.client.Temporal != nil {
		in.client.Temporal.Close()
	}
	if in.server != nil {
		in.server.Stop()
	}
	for _, folder := range append(in.folders, in.folder) {
		_ = os.RemoveAll(folder)
	}
}

func (in *installation) startTemporal(ctx context.Context) error {
	var err error
	if in.server, err = devservertest.Launch(ctx, os.Stderr); err != nil {
		return err
	}
	in.temporal = in.server.Address
	in.client.Temporal, err = connect(ctx, in.temporal)
	return err
}

func (in *installation) storePackage(ctx context.Context) error {
	path := filepath.Join(in.folder, "coffee.zip")
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
	store, err := packages.OpenStore(ctx, filepath.Join(in.folder, "packages"))
	if err != nil {
		return err
	}
	in.sha256, _, err = store.Put(ctx, packed)
	return errors.Join(err, store.Close())
}

// startWorker starts the real worker, on a SQLite catalogue with the settings of production.
func (in *installation) startWorker(ctx context.Context) (err error) {
	in.worker, err = in.startProgram(ctx, "worker", "WORKER_ADDR", "WORKER_DEPLOYMENT=", "WORKER_BUILD_ID=", "PROMETHEUS_URL="+in.prometheus,
		"WEBHOOK_ALLOW="+devserver.Host)
	return err
}

// startWeb starts the real web. Only its limit on how often one person may ask is lifted.
func (in *installation) startWeb(ctx context.Context) (err error) {
	in.web, err = in.startProgram(ctx, "web", "WEB_ADDR", "AUTH=dev", "RATE_LIMIT=0", "ANSWER_WAIT=5s")
	return err
}

// startProgram builds and starts one of our programs, and returns its URL when it is ready. The variable tells it where to listen.
func (in *installation) startProgram(ctx context.Context, name, variable string, environment ...string) (url string, err error) {
	program, err := in.build(ctx, name, variable, environment...)
	if err != nil {
		return "", err
	}
	return program.url, in.start(ctx, process.Program{
		Name: name, Command: program.command(), Ready: process.HTTPReady(program.url + "/readyz"),
	})
}

// build builds one of our programs, and finds it an address.
func (in *installation) build(ctx context.Context, name, variable string, environment ...string) (*service, error) {
	path := filepath.Join(in.folder, name)
	if out, err := exec.Command("go", "build", "-o", path, "slipway/"+name).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the %s: %w\n%s", name, err, out)
	}
	address, err := process.FreeAddress(ctx, devserver.Host)
	if err != nil {
		return nil, err
	}
	return &service{name: name, url: "http://" + address.String(), command: func() *exec.Cmd {
		command := exec.Command(path)
		command.Env = append(os.Environ(), "VAR_DIR="+in.folder, "DATABASE_URL="+in.databaseURL, "PACKAGE_STORE=", "SETTINGS_FILE=",
			"TEMPORAL_ADDRESS="+in.temporal, "TEMPORAL_NAMESPACE=default", variable+"="+address.String())
		command.Env = append(command.Env, environment...)
		return command
	}}, nil
}

func (in *installation) start(ctx context.Context, program process.Program) error {
	err := in.supervisor.Start(ctx, program)
	if err == nil {
		in.pids[program.Name] = program.Command.Process.Pid
	}
	return err
}

// startMinimal starts this program again, as the worker of the minimal workflows.
func (in *installation) startMinimal(ctx context.Context) error {
	path, err := os.Executable()
	if err != nil {
		return fmt.Errorf("starting the minimal worker: %w", err)
	}
	ready := func(ctx context.Context) error {
		queue, err := in.server.Client.DescribeTaskQueue(ctx, minimalQueue, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
		if err == nil && len(queue.GetPollers()) == 0 {
			err = errors.New("it does not poll")
		}
		return err
	}
	return in.supervisor.Start(ctx, process.Program{
		Name: "minimal worker", Command: exec.Command(path, minimalCommand, in.server.Address), Ready: ready,
	})
}

// openCatalog follows the outcomes that the product's worker commits.
func (in *installation) openCatalog(ctx context.Context) error {
	var err error
	if in.catalog, err = catalog.Open(ctx, cmp.Or(in.fillingURL, "sqlite:"+filepath.Join(in.folder, "slipway.db"))); err != nil {
		return err
	}
	feed, err := events.NewFeed(ctx, in.catalog, zap.NewNop())
	if err != nil {
		return err
	}
	in.waiters = &feed.Waiters
	go feed.Run(ctx)
	return nil
}
