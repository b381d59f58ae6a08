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
	"slipway/devserver"
	"slipway/lifecycle"
	"slipway/process"
)

const (
	deliveryRounds = 50 // many and short: what else the machine does disturbs few of them, and all their parts alike
	deliveryEach   = 200 * time.Millisecond
	connections    = 16
)

// evaluation is what a host app asks at every launch.
const evaluation = `{"context":{"targetingKey":"user-4711","platform_version":12,"country":"NZ","language":"en"}}`

// deliveryPaths are asked in turn: the bare handler first, then what is compared with it.
var deliveryPaths = []string{"/bare", "/ofrep/v1/evaluate/flags/program-7", "/ofrep/v1/evaluate/flags"}

// benchDelivery measures evaluations over HTTP beside a bare gin handler that writes as many bytes as a single one.
func benchDelivery(ctx context.Context, out io.Writer) error {
	supervisor := &process.Supervisor{StartTimeout: startTimeout, StopTimeout: stopTimeout}
	defer supervisor.Stop()
	address, err := startDelivery(ctx, supervisor)
	if err != nil {
		return err
	}
	rates, ratios := make([][]float64, len(deliveryPaths)), make([][]float64, len(deliveryPaths))
	for range deliveryRounds {
		for i, path := range deliveryPaths {
			rate, err := evaluationRate(ctx, address, path)
			if err != nil {
				return fmt.Errorf("asking %s: %w\n%s", path, err, supervisor.LogTails())
			}
			rates[i] = append(rates[i], rate)
			ratios[i] = append(ratios[i], rate/rates[0][len(rates[0])-1])
		}
	}
	fmt.Fprintf(out, "\nAnswers to host apps over HTTP, %d connections: medians of %d rounds of %s each.\n"+
		"Goal: a single answer at 0.9 of a bare gin handler that writes as many bytes. A bulk answer has 1,000 mini-programs.\n\n",
		connections, deliveryRounds, deliveryEach)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "answers\t/s\tratio\t")
	for i, name := range []string{"bare", "single", "bulk"} {
		fmt.Fprintf(table, "%s\t%.0f\t%.3f\t\n", name, quantile(rates[i], 0.5), quantile(ratios[i], 0.5))
	}
	return table.Flush()
}

// startDelivery starts this program again, as the server, and returns its address. Where there is taskset, server and load have a
// core each: how fast it answers must not depend on how fast it is asked.
func startDelivery(ctx context.Context, supervisor *process.Supervisor) (address string, err error) {
	free, err := process.FreeAddress(ctx, devserver.Host)
	if err != nil {
		return "", err
	}
	address = free.String()
	command := []string{os.Args[0], deliveryServerCommand, address}
	if taskset, err := exec.LookPath("taskset"); err == nil && runtime.NumCPU() > 1 {
		_ = exec.Command(taskset, "-a", "-p", "-c", "1", strconv.Itoa(os.Getpid())).Run() // else it is only noisier
		command = append([]string{taskset, "-c", "0"}, command...)
	}
	return address, supervisor.Start(ctx, process.Program{
		Name: "delivery server", Command: exec.Command(command[0], command[1:]...), Ready: process.HTTPReady("http://" + address + "/readyz"),
	})
}

// evaluationRate asks over all connections at once, and returns the answers per second.
func evaluationRate(ctx context.Context, address, path string) (float64, error) {
	opened := make([]*connection, connections)
	for i := range opened {
		var err error
		if opened[i], err = openConnection(ctx, address, path); err != nil {
			return 0, err
		}
		defer opened[i].close()
	}
	sample, _, err := drive(ctx, connections, deliveryEach, func(i, _ int) error { return opened[i].ask() })
	return sample.perSecond, err
}

// connection sends the same evaluation again and again at the least cost: every answer is as long as the first one.
type connection struct {
	net.Conn
	request []byte
	answer  []byte
}

// openConnection asks once and keeps room for an answer of this length.
func openConnection(ctx context.Context, address, path string) (*connection, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	c := &connection{Conn: conn, request: fmt.Appendf(nil,
		"POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		path, address, len(evaluation), evaluation)}
	length, err := c.measure()
	c.answer = make([]byte, length)
	return c, err
}

func (c *connection) measure() (length int64, err error) {
	if _, err := c.Write(c.request); err != nil {
		return 0, err
	}
	var counted counter
	response, err := http.ReadResponse(bufio.NewReader(io.TeeReader(c, &counted)), nil)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return 0, err
	}
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("status %s", response.Status)
	}
	return int64(counted), nil
}

func (c *connection) ask() error {
	if _, err := c.Write(c.request); err != nil {
		return err
	}
	_, err := io.ReadFull(c, c.answer)
	return err
}

func (c *connection) close() { _ = c.Close() }

// counter counts what is written to it.
type counter int

func (c *counter) Write(text []byte) (int, error) {
	*c += counter(len(text))
	return len(text), nil
}

// serveDelivery serves 1,000 mini-programs at the address until ctx is done, and the bare handler.
func serveDelivery(ctx context.Context, address string) error {
	snapshot, err := delivery.Open(ctx, fixture{}, delivery.Options{})
	if err != nil {
		return err
	}
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	(&delivery.Handlers{Snapshot: snapshot}).Register(engine)
	sample := httptest.NewRecorder()
	engine.ServeHTTP(sample, httptest.NewRequestWithContext(ctx, http.MethodPost, deliveryPaths[1], strings.NewReader(evaluation)))
	engine.POST("/bare", func(c *gin.Context) { c.Data(http.StatusOK, "application/json", sample.Body.Bytes()) })
	engine.GET("/readyz", func(*gin.Context) {})
	server := &http.Server{Addr: address, Handler: engine, ReadHeaderTimeout: outcomeTimeout}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// fixture is a catalogue of 1,000 mini-programs in the middle of a rollout.
type fixture struct{}

// Releases hands over all of them.
func (fixture) Releases(_ context.Context, _ int64, handle func([]catalog.Release)) error {
	of := func(version string) lifecycle.Version {
		return lifecycle.Version{Version: version, SHA256: strings.Repeat("0123456789abcdef", 4), MinPlatform: 3}
	}
	for i := range 1000 {
		handle([]catalog.Release{{ID: fmt.Sprintf("program-%d", i), Change: int64(i + 1), Serving: lifecycle.Serving{
			Candidate: new(of("1.2.0")), Percent: lifecycle.WholePercent(5), Live: new(of("1.1.0")), Previous: []lifecycle.Version{of("1.0.0")},
		}}})
	}
	return nil
}

// LastChange never changes.
func (fixture) LastChange(context.Context) (int64, error) { return 1000, nil }

// Wait waits in vain.
func (fixture) Wait(ctx context.Context, _ int64) (int64, error) {
	<-ctx.Done()
	return 1000, ctx.Err()
}
