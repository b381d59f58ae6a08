package process_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"slipway/process"
)

// transcript is what the programs of a supervisor wrote, each line under the name of its program.
type transcript struct {
	mu   sync.Mutex
	text strings.Builder
}

func (tr *transcript) log(program, line string) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.text.WriteString(program + " | " + line + "\n")
}

func (tr *transcript) String() string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.text.String()
}

// after is the Ready of a program that has written a line.
func (tr *transcript) after(line string) func(context.Context) error {
	return func(context.Context) error {
		if !strings.Contains(tr.String(), line+"\n") {
			return errors.New("it has not written " + line)
		}
		return nil
	}
}

// polite is a program that is ready when it says so, and ends when it is asked to.
func (tr *transcript) polite(name string) process.Program {
	return process.Program{Name: name, Command: play("polite"), Ready: tr.after(name + " | ready")}
}

// supervise makes a supervisor that has ended all its programs when the test ends.
func supervise(t *testing.T) (*process.Supervisor, *transcript) {
	var said transcript
	supervisor := &process.Supervisor{StartTimeout: time.Minute, StopTimeout: time.Minute, Log: said.log}
	t.Cleanup(supervisor.Stop)
	return supervisor, &said
}

func mustStart(t *testing.T, supervisor *process.Supervisor, programs ...process.Program) {
	t.Helper()
	for _, program := range programs {
		if err := supervisor.Start(t.Context(), program); err != nil {
			t.Fatal(err)
		}
	}
}

func mustSay(t *testing.T, err error, wanted ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("there was no error")
	}
	for _, want := range wanted {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in: %v", want, err)
		}
	}
}

func never(context.Context) error { return errors.New("/readyz answers 503") }

func TestAProgramIsAskedUntilItIsReady(t *testing.T) {
	supervisor, said := supervise(t)
	asked := 0
	program := said.polite("web")
	program.Ready = func(context.Context) error {
		if asked++; asked < 3 {
			return errors.New("not yet")
		}
		return nil
	}
	mustStart(t, supervisor, program)
	if asked != 3 {
		t.Errorf("it was asked %d times, want 3", asked)
	}
}

func TestProgramsStopInReverse(t *testing.T) {
	supervisor, said := supervise(t)
	mustStart(t, supervisor, said.polite("first"), said.polite("second"))
	supervisor.Stop()
	want := "first | (starting)\nfirst | ready\nsecond | (starting)\nsecond | ready\n" +
		"second | goodbye\nsecond | (ended: exit status 0)\nfirst | goodbye\nfirst | (ended: exit status 0)\n"
	if said.String() != want {
		t.Errorf("got:\n%swant:\n%s", said, want)
	}
}

func TestTheLastLinesOfASilentStopAreLeftOut(t *testing.T) {
	supervisor, said := supervise(t)
	program := said.polite("temporal")
	program.SilentStop = true
	mustStart(t, supervisor, program)
	supervisor.Stop()
	if want := "temporal | (starting)\ntemporal | ready\ntemporal | (ended: exit status 0)\n"; said.String() != want {
		t.Errorf("got:\n%swant:\n%s", said, want)
	}
}

func TestAProgramThatDoesNotStopInTimeIsKilled(t *testing.T) {
	supervisor, said := supervise(t)
	supervisor.StopTimeout = time.Millisecond
	mustStart(t, supervisor, process.Program{Name: "web", Command: play("stubborn"), Ready: said.after("web | ready")})
	supervisor.Stop()
	if !strings.Contains(said.String(), "web | (ended: signal: killed)\n") {
		t.Errorf("got:\n%s", said)
	}
}

func TestAProgramThatEndsWhileItStartsIsNamedWithItsLogTail(t *testing.T) {
	supervisor, _ := supervise(t)
	err := supervisor.Start(t.Context(), process.Program{Name: "web", Command: play("broken"), Ready: never})
	mustSay(t, err, "web ended by itself (exit status 3)", "    cannot open the database")
}

func TestAProgramThatEndsWhileAnotherStartsIsNamed(t *testing.T) {
	supervisor, _ := supervise(t)
	mustStart(t, supervisor, process.Program{Name: "first", Command: play("broken"), Ready: func(context.Context) error { return nil }})
	err := supervisor.Start(t.Context(), process.Program{Name: "second", Command: play("polite"), Ready: never})
	mustSay(t, err, "first ended by itself (exit status 3)")
}

func TestWaitingEndsWithTheFirstProgramThatEndsByItself(t *testing.T) {
	supervisor, said := supervise(t)
	last := exec.Command("sh", "-c", "echo ready; read line; exit 5")
	stdin, err := last.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	mustStart(t, supervisor, said.polite("first"), process.Program{Name: "last", Command: last, Ready: said.after("last | ready")})
	if err := stdin.Close(); err != nil {
		t.Fatal(err)
	}
	mustSay(t, supervisor.Wait(t.Context()), "last ended by itself (exit status 5)")
}

func TestWaitingEndsWhenNobodyWantsTheProgramsAnyMore(t *testing.T) {
	supervisor, said := supervise(t)
	mustStart(t, supervisor, said.polite("web"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := supervisor.Wait(ctx); err != nil {
		t.Errorf("got %v, want success: somebody asked for the end", err)
	}
}

func TestAProgramThatIsNeverReadyIsNamedWithTheReasonAndItsLogTail(t *testing.T) {
	supervisor, said := supervise(t)
	supervisor.StartTimeout = time.Millisecond
	wrote := make(chan struct{})
	supervisor.Log = func(_, line string) {
		if line == "ready" {
			close(wrote)
		}
	}
	program := said.polite("web")
	program.Ready = func(ctx context.Context) error {
		<-wrote
		return never(ctx)
	}
	mustSay(t, supervisor.Start(t.Context(), program), "web was not ready within 1ms: /readyz answers 503", "    ready")
}

func TestNothingIsWaitedForOnceNobodyWantsIt(t *testing.T) {
	supervisor, said := supervise(t)
	ctx, cancel := context.WithCancel(t.Context())
	program := said.polite("web")
	program.Ready = func(context.Context) error {
		cancel()
		return errors.New("not yet")
	}
	if err := supervisor.Start(ctx, program); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context canceled", err)
	}
}

func TestAProgramThatCannotStartIsNamed(t *testing.T) {
	supervisor := &process.Supervisor{StartTimeout: time.Minute} // without a log
	err := supervisor.Start(t.Context(), process.Program{Name: "web", Command: exec.Command("/nowhere/web"), Ready: never})
	mustSay(t, err, "web did not start", "/nowhere/web")
}

func TestLogTailsHaveTheLastLinesOfEveryProgram(t *testing.T) {
	supervisor, said := supervise(t)
	mustStart(t, supervisor, said.polite("first"), said.polite("second"))
	supervisor.Stop()
	want := "the last lines of first:\n    ready\n    goodbye\nthe last lines of second:\n    ready\n    goodbye\n"
	if got := supervisor.LogTails(); got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
}

// restarted starts a program that is started again when it ends. Of each process that says that it is ready there is the id, and each end
// is told.
func restarted(t *testing.T) (supervisor *process.Supervisor, said *transcript, pids <-chan int, ends <-chan struct{}) {
	t.Helper()
	supervisor, said = supervise(t)
	ready, ended := make(chan int, 10), make(chan struct{}, 10)
	supervisor.Log = func(program, line string) {
		var pid int
		if _, err := fmt.Sscanf(line, "ready as %d", &pid); err == nil {
			ready <- pid
			line = "ready"
		}
		said.log(program, line)
		if strings.HasPrefix(line, "(ended") {
			ended <- struct{}{}
		}
	}
	command := exec.Command("sh", "-c", "echo ready as $$; exec sleep 600")
	mustStart(t, supervisor, process.Program{Name: "web", Command: command, Ready: said.after("web | ready"), Restart: true})
	return supervisor, said, ready, ended
}

func mustKill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

func TestAProgramThatEndsByItselfIsStartedAgain(t *testing.T) {
	supervisor, said, pids, _ := restarted(t)
	mustKill(t, <-pids)
	<-pids
	supervisor.Stop()
	want := "web | (starting)\nweb | ready\nweb | (ended: signal: killed)\nweb | (starting)\nweb | ready\nweb | (ended: signal: terminated)\n"
	if said.String() != want {
		t.Errorf("got:\n%swant:\n%s", said, want)
	}
}

func TestAProgramThatEndsAgainAndAgainIsStartedAsOften(t *testing.T) {
	supervisor, said, pids, _ := restarted(t)
	for range 3 {
		mustKill(t, <-pids)
	}
	<-pids
	supervisor.Stop()
	if starts := strings.Count(said.String(), "(starting)"); starts != 4 {
		t.Errorf("%d starts, want 4:\n%s", starts, said)
	}
}

func TestAProgramThatWasNeverReadyIsNotStartedAgain(t *testing.T) {
	supervisor, said := supervise(t)
	err := supervisor.Start(t.Context(), process.Program{Name: "web", Command: play("broken"), Ready: never, Restart: true})
	mustSay(t, err, "web ended by itself (exit status 3)")
	supervisor.Stop()
	if strings.Count(said.String(), "(starting)") != 1 {
		t.Errorf("got:\n%s", said)
	}
}

func TestAProgramThatWasReadyIsStartedAgainThoughAnotherIsNotReadyYet(t *testing.T) {
	supervisor, said := supervise(t)
	seen := filepath.Join(t.TempDir(), "seen")
	web := process.Program{
		Name: "web", Ready: said.after("web | ready"), Restart: true,
		Command: exec.Command("sh", "-c", `[ -e "$0" ] && echo back && exec sleep 600; echo ready; until [ -e "$0" ]; do sleep 0.01; done; exit 3`, seen),
	}
	asked := 0
	temporal := process.Program{Name: "temporal", Command: exec.Command("sleep", "600"), Ready: func(ctx context.Context) error {
		if web.Ready(ctx) == nil {
			asked++
		}
		if asked == 3 { // that the web is ready was noticed long ago
			return errors.Join(errors.New("not yet"), os.WriteFile(seen, nil, 0o600))
		}
		return said.after("web | back")(ctx)
	}}
	if err := supervisor.Start(t.Context(), temporal, web); err != nil {
		t.Fatal(err)
	}
}

func TestAProgramThatFailsAtFirstIsGivenTime(t *testing.T) {
	supervisor, said := supervise(t)
	command := exec.Command("sh", "-c", `[ -e "$0" ] && echo ready && exec sleep 600; touch "$0"; exit 3`, filepath.Join(t.TempDir(), "once"))
	mustStart(t, supervisor, process.Program{Name: "web", Command: command, Ready: said.after("web | ready"), Restart: true, Patience: time.Hour})
	if want := "web | (starting)\nweb | (ended: exit status 3)\nweb | (starting)\nweb | ready\n"; said.String() != want {
		t.Errorf("got:\n%swant:\n%s", said, want)
	}
}

func TestAProgramThatOnlyFailsIsGivenUpWithItsReason(t *testing.T) {
	supervisor, said := supervise(t)
	program := process.Program{Name: "web", Command: play("broken"), Ready: never, Restart: true, Patience: 50 * time.Millisecond}
	mustSay(t, supervisor.Start(t.Context(), program), "web ended by itself (exit status 3)")
	supervisor.Stop()
	if strings.Count(said.String(), "(starting)") > 2 {
		t.Errorf("got:\n%s", said)
	}
}

func TestAProgramThatSomebodyKillsBeforeItIsReadyIsStartedAgain(t *testing.T) {
	supervisor, said := supervise(t)
	command := exec.Command("sh", "-c", `[ -e "$0" ] && echo ready && exec sleep 600; touch "$0"; kill -KILL $$`, filepath.Join(t.TempDir(), "once"))
	mustStart(t, supervisor, process.Program{Name: "web", Command: command, Ready: said.after("web | ready"), Restart: true})
	if want := "web | (starting)\nweb | (ended: signal: killed)\nweb | (starting)\nweb | ready\n"; said.String() != want {
		t.Errorf("got:\n%swant:\n%s", said, want)
	}
}

func TestAProgramIsNotStartedAgainOnceItWasToldToStop(t *testing.T) {
	supervisor, said, pids, ends := restarted(t)
	mustKill(t, <-pids)
	<-ends
	supervisor.Stop() // most likely in the pause before it is started again
	if starts, ends := strings.Count(said.String(), "(starting)"), strings.Count(said.String(), "(ended"); starts != ends {
		t.Errorf("%d starts and %d ends:\n%s", starts, ends, said)
	}
}

func TestProgramsAreStartedAtOnce(t *testing.T) {
	supervisor, said := supervise(t)
	first := said.polite("first")
	first.Ready = said.after("second | ready") // which it would wait for in vain, if the second came after it
	if err := supervisor.Start(t.Context(), first, said.polite("second")); err != nil {
		t.Error(err)
	}
}
