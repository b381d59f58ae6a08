package process_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"slipway/leaktest"
	"slipway/process"
)

const role = "PROCESS_TEST_ROLE"

// TestMain lets this test binary play the children, too.
func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "":
		_ = os.Setenv("GORACE", "atexit_sleep_ms=0") // or the race detector holds every child for a second
		leaktest.Main(m)
	case "polite":
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, syscall.SIGTERM)
		fmt.Println("ready")
		<-asked
		fmt.Println("goodbye")
	case "stubborn":
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, syscall.SIGTERM)
		fmt.Println("ready")
		for range asked {
			fmt.Println("no")
		}
	case "broken":
		fmt.Println("cannot open the database")
		os.Exit(3)
	case "parent":
		beParent()
	}
}

// beParent starts a child that would never end by itself, lets it write to our own output, and stays.
func beParent() {
	cmd := play("stubborn")
	cmd.Stdout = os.Stdout
	if _, err := process.Start(cmd, nil); err != nil {
		panic(err)
	}
	select {}
}

func play(name string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), role+"="+name)
	return cmd
}

// start starts a child and waits until it has said "ready"; the reader has the rest of what it says.
func start(t *testing.T, cmd *exec.Cmd) (*process.Process, *bufio.Reader) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = read.Close() })
	_ = read.SetReadDeadline(time.Now().Add(10 * time.Second)) // a child that never ends fails the test
	cmd.Stdout = write
	child, err := process.Start(cmd, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { child.Stop(0) })
	_ = write.Close()
	output := bufio.NewReader(read)
	if line, err := output.ReadString('\n'); line != "ready\n" {
		t.Fatalf("the child said %q (%v), want ready", line, err)
	}
	return child, output
}

func rest(t *testing.T, output io.Reader) string {
	t.Helper()
	all, err := io.ReadAll(output)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

func TestStopLetsAChildFinishItsWork(t *testing.T) {
	child, output := start(t, play("polite"))
	child.Stop(time.Minute)
	if said := rest(t, output); said != "goodbye\n" {
		t.Errorf("asked to stop, the child said %q, want goodbye", said)
	}
	if !child.Succeeded() || child.Exit() != "exit status 0" {
		t.Errorf("the child ended with %s, want exit status 0", child.Exit())
	}
}

func TestStopKillsAChildThatDoesNotStop(t *testing.T) {
	child, _ := start(t, play("stubborn"))
	child.Stop(time.Millisecond)
	if child.Exit() != "signal: killed" {
		t.Errorf("the child ended with %s, want signal: killed", child.Exit())
	}
}

func TestStopOfAChildThatHasEndedReturnsAtOnce(t *testing.T) {
	child, _ := start(t, exec.Command("sh", "-c", "echo ready; exit 3"))
	<-child.Done()
	child.Stop(time.Hour)
	if child.Exit() != "exit status 3" {
		t.Errorf("the child ended with %s, want exit status 3", child.Exit())
	}
}

func TestWhatAChildLeftBehindEndsWithIt(t *testing.T) {
	child, output := start(t, exec.Command("sh", "-c", "sleep 600 & echo ready"))
	<-child.Done()
	rest(t, output) // ends only when nobody has the pipe open any more
}

func TestEveryLineIsLoggedBeforeTheEndIsKnown(t *testing.T) {
	var said []string
	child, err := process.Start(exec.Command("sh", "-c", "echo one; echo two >&2; printf three"), func(line string) { said = append(said, line) })
	if err != nil {
		t.Fatal(err)
	}
	<-child.Done()
	if want := []string{"one", "two", "three"}; !slices.Equal(said, want) {
		t.Errorf("got %q, want %q", said, want)
	}
}

func TestACommandThatCannotStartIsAnError(t *testing.T) {
	if _, err := process.Start(exec.Command("/nowhere/at/all"), nil); err == nil || !strings.Contains(err.Error(), "/nowhere/at/all") {
		t.Errorf("got error %v, want one that names the command", err)
	}
}
