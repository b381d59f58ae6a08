package devserver_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"slipway/devserver"
	"slipway/process"
)

func TestTheServerListensOnLoopbackOnly(t *testing.T) {
	args := devserver.Options{Port: 7300}.Args()
	if i := slices.Index(args, "--ip"); i < 0 || args[i+1] != "127.0.0.1" {
		t.Errorf("arguments %q do not bind to 127.0.0.1", args)
	}
}

func TestTheServerDoesNotHoldSignalsBack(t *testing.T) {
	args := devserver.Options{Port: 7300}.Args()
	if !slices.Contains(args, "history.transferProcessorMaxPollRPS=2000") {
		t.Errorf("arguments %q leave the transfer queue at 20 reads a second", args)
	}
}

func TestTheServerHasAUserInterfaceAndKeepsItsDataWhenAsked(t *testing.T) {
	kept := strings.Join(devserver.Options{UI: netip.MustParseAddrPort("127.0.0.2:8300"), DBFile: "a/b.db"}.Args(), " ")
	for _, want := range []string{"--ui-ip 127.0.0.2 --ui-port 8300", "--db-filename a/b.db"} {
		if !strings.Contains(kept, want) {
			t.Errorf("arguments %q do not have %q", kept, want)
		}
	}
	plain := strings.Join(devserver.Options{}.Args(), " ")
	if !strings.Contains(plain, "--headless") || strings.Contains(plain, "--db-filename") {
		t.Errorf("arguments %q, want no user interface and no data file", plain)
	}
}

// httpAPI starts a server whose HTTP API, which otherwise takes any free port, is at the address.
func httpAPI(t *testing.T) (address string) {
	t.Helper()
	cli, err := devserver.CLI(t.Context(), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	grpc, http := freeAddress(t), freeAddress(t)
	program := devserver.Options{Port: int(grpc.Port())}.Program(cli)
	program.Command.Args = append(program.Command.Args, "--http-port", strconv.Itoa(int(http.Port())))
	supervisor := &process.Supervisor{StartTimeout: time.Minute, StopTimeout: time.Minute}
	t.Cleanup(supervisor.Stop)
	if err := supervisor.Start(t.Context(), program); err != nil {
		t.Fatal(err)
	}
	return http.String()
}

func freeAddress(t *testing.T) netip.AddrPort {
	t.Helper()
	address, err := process.FreeAddress(t.Context(), devserver.Host)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func TestTheHTTPAPIAnswersNobody(t *testing.T) {
	address := httpAPI(t)
	for _, host := range []string{address, "localhost", "127.0.0.1.evil.example", "no", "host", ""} {
		for _, question := range []struct {
			method, path string
			want         int
		}{
			{http.MethodPost, "/api/v1/namespaces/default/workflows/any/signal/stop", http.StatusForbidden},
			{http.MethodPost, "/namespaces/default/workflows/any/signal/stop", http.StatusForbidden},
			{http.MethodGet, "/api/v1/namespaces", http.StatusForbidden},
			{http.MethodPost, "/namespaces/default/task-queues/any/nexus-services/any/any", http.StatusNotFound},
		} {
			if got := status(t, address, host, question.method, question.path); got != question.want {
				t.Errorf("%s %s to host %q is answered with %d, want %d", question.method, question.path, host, got, question.want)
			}
		}
	}
}

// status asks what the page of another site may ask without further ado.
func status(t *testing.T, address, host, method, path string) int {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	_, _ = fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nOrigin: http://evil.example\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", method, path, host)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode
}
