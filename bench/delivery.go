package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/gin-gonic/gin"

	"slipway/catalog"
	"slipway/delivery"
	"slipway/lifecycle"
)

// deliveryCommand measures what host apps ask; the other one is its server, in a process of its own.
const (
	deliveryCommand       = "delivery"
	deliveryServerCommand = "delivery-server"
)

const (
	deliveryRounds = 50 // many and short: what else the machine does disturbs few of them, and all their parts alike
	deliveryEach   = 200 * time.Millisecond
	connections    = 16
)

// question is one that a host app asks at every launch.
const question = `{"context":{"targetingKey":"user-4711","platform_version":12,"country":"NZ","language":"en"}}`

// deliveryPaths are asked in turn: the bare handler first, then what is compared with it.
var deliveryPaths = []string{"/bare", "/ofrep/v1/evaluate/flags/program-7", "/ofrep/v1/evaluate/flags"}

// benchDelivery measures answers over HTTP beside a bare gin handler that writes as many bytes as a single one.
func benchDelivery(ctx context.Context, out io.Writer) error {
	address, stop, err := startDelivery()
	if err != nil {
		return err
	}
	defer stop()
	rates, ratios := make([][]float64, len(deliveryPaths)), make([][]float64, len(deliveryPaths))
	for range deliveryRounds {
		for i, path := range deliveryPaths {
			rate, err := askAll(ctx, address, path)
			if err != nil {
				return fmt.Errorf("asking %s: %w", path, err)
			}
			rates[i] = append(rates[i], rate)
			ratios[i] = append(ratios[i], rate/rates[0][len(rates[0])-1])
		}
	}
	fmt.Fprintf(out, "\nAnswers to host apps over HTTP, %d connections: medians of %d rounds of %s each.\n", connections, deliveryRounds, deliveryEach)
	fmt.Fprintf(out, "Goal: a single answer at 0.9 of a bare gin handler that writes as many bytes. A bulk answer has 1,000 mini-programs.\n\n")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "answers\t/s\tratio\t")
	for i, name := range []string{"bare", "single", "bulk"} {
		fmt.Fprintf(table, "%s\t%.0f\t%.3f\t\n", name, quantile(rates[i], 0.5), quantile(ratios[i], 0.5))
	}
	return table.Flush()
}

// startDelivery starts the server, until stop, and returns its address. Where there is taskset, server and load have a core each: how
// fast it answers must not depend on how fast it is asked.
func startDelivery() (address string, stop func(), err error) {
	command := []string{os.Args[0], deliveryServerCommand}
	if taskset, err := exec.LookPath("taskset"); err == nil && runtime.NumCPU() > 1 {
		_ = exec.Command(taskset, "-a", "-p", "-c", "1", strconv.Itoa(os.Getpid())).Run() // else it is only noisier
		command = append([]string{taskset, "-c", "0"}, command...)
	}
	server := exec.Command(command[0], command[1:]...)
	server.Stderr = os.Stderr
	said, err := server.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := server.Start(); err != nil {
		return "", nil, fmt.Errorf("starting the server: %w", err)
	}
	stop = func() {
		_ = server.Process.Signal(os.Interrupt)
		_ = server.Wait()
	}
	address, err = bufio.NewReader(said).ReadString('\n')
	if err != nil {
		stop()
	}
	return strings.TrimSpace(address), stop, err
}

// askAll asks over all connections at once, and returns the answers per second.
func askAll(ctx context.Context, address, path string) (float64, error) {
	callers := make([]*caller, connections)
	for i := range callers {
		var err error
		if callers[i], err = call(ctx, address, path); err != nil {
			return 0, err
		}
		defer callers[i].close()
	}
	sample, _, err := drive(ctx, connections, deliveryEach, func(i, _ int) error { return callers[i].ask() })
	return sample.perSecond, err
}

// serveDelivery serves 1,000 mini-programs until ctx is done, and the bare handler. It prints its address.
func serveDelivery(ctx context.Context, out io.Writer) error {
	snapshot, err := delivery.Open(ctx, thousand{}, delivery.Options{})
	if err != nil {
		return err
	}
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	(&delivery.Handlers{Snapshot: snapshot}).Register(engine)
	answer := sampleAnswer(ctx, engine)
	engine.POST("/bare", func(c *gin.Context) { c.Data(http.StatusOK, "application/json", answer) })
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintln(out, listener.Addr())
	server := &http.Server{Handler: engine, ReadHeaderTimeout: patience}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func sampleAnswer(ctx context.Context, engine http.Handler) []byte {
	recorder := httptest.NewRecorder()
	engine.ServeHTTP(recorder, httptest.NewRequestWithContext(ctx, http.MethodPost, deliveryPaths[1], strings.NewReader(question)))
	return recorder.Body.Bytes()
}

// thousand is a catalogue of 1,000 mini-programs in the middle of a rollout.
type thousand struct{}

// Releases hands over all of them.
func (thousand) Releases(_ context.Context, _ int64, handle func(catalog.Release)) error {
	of := func(version string) lifecycle.Version {
		return lifecycle.Version{Version: version, SHA256: strings.Repeat("0123456789abcdef", 4), MinPlatform: 3}
	}
	for i := range 1000 {
		handle(catalog.Release{ID: fmt.Sprintf("program-%d", i), Change: int64(i + 1), Serving: lifecycle.Serving{
			Candidate: new(of("1.2.0")), Percent: lifecycle.WholePercent(5), Live: new(of("1.1.0")), Previous: []lifecycle.Version{of("1.0.0")},
		}})
	}
	return nil
}

// LastChange never changes.
func (thousand) LastChange(context.Context) (int64, error) { return 1000, nil }

// Wait waits in vain.
func (thousand) Wait(ctx context.Context, _ int64) (int64, error) {
	<-ctx.Done()
	return 1000, ctx.Err()
}
