package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// fake is a row for a child that this test binary plays; it is ready when it has said hello.
func fake(name, part string, said *transcript) program {
	return program{
		name:   name,
		locate: func(context.Context, io.Writer) (string, error) { return self(), nil },
		env:    append(os.Environ(), role+"="+part),
		ready: func(context.Context) error {
			if !strings.Contains(said.String(), "| hello") {
				return errors.New("it has not said hello")
			}
			return nil
		},
	}
}

// man starts the programs and stops them when the test ends.
func man(t *testing.T, said *transcript, programs ...program) (*crew, error) {
	t.Helper()
	crew := newCrew(said, programs)
	t.Cleanup(crew.stop)
	commands, err := locate(t.Context(), programs, said)
	check(t, err)
	return crew, crew.start(t.Context(), programs, commands)
}

func TestAProgramStartsOnlyWhenTheOneBeforeItIsReady(t *testing.T) {
	var said transcript
	first, second := fake("first", "steady", &said), fake("second", "steady", &said)
	asked := 0
	first.ready = func(context.Context) error {
		if strings.Contains(said.String(), "second") {
			t.Error("the second started before the first was ready")
		}
		if asked++; asked < 3 {
			return errors.New("not yet")
		}
		return nil
	}
	if _, err := man(t, &said, first, second); err != nil {
		t.Fatal(err)
	}
	said.await(t, "second | hello")
}

func TestLinesStandUnderTheNamesOfTheirPrograms(t *testing.T) {
	var said transcript
	if _, err := man(t, &said, fake("temporal", "steady", &said), fake("web", "steady", &said)); err != nil {
		t.Fatal(err)
	}
	said.await(t, "temporal | hello\n")
	said.await(t, "web      | hello\n")
}

func TestProgramsStopInReverse(t *testing.T) {
	var said transcript
	crew, err := man(t, &said, fake("first", "steady", &said), fake("second", "steady", &said))
	check(t, err)
	said.await(t, "second | hello")
	crew.stop()
	want := "second | goodbye\nsecond | (ended: exit status 0)\nfirst  | goodbye\nfirst  | (ended: exit status 0)\n"
	mustSay(t, said.String(), want)
}

func TestTheLastLinesOfASilentStopAreLeftOut(t *testing.T) {
	var said transcript
	silent := fake("temporal", "steady", &said)
	silent.silentStop = true
	crew, err := man(t, &said, silent)
	check(t, err)
	crew.stop()
	want := "temporal | (starting)\ntemporal | hello\ntemporal | (ended: exit status 0)\n"
	if said.String() != want {
		t.Errorf("got:\n%swant:\n%s", &said, want)
	}
}

func TestAProgramThatDiesIsNamedWithItsLastWords(t *testing.T) {
	var said transcript
	_, err := man(t, &said, fake("web", "broken", &said))
	if err == nil {
		t.Fatal("a program that died did not stop the start")
	}
	mustSay(t, err.Error(), "web ended by itself (exit status 3)", "    cannot open the database")
}

func TestAProgramThatDiesWhileAnotherStartsIsNamed(t *testing.T) {
	var said transcript
	dying, waiting := fake("dying", "broken", &said), fake("waiting", "steady", &said)
	dying.ready = func(context.Context) error { return nil }
	waiting.ready = func(context.Context) error { return errors.New("never") }
	_, err := man(t, &said, dying, waiting)
	if err == nil {
		t.Fatal("a program that died did not stop the start")
	}
	mustSay(t, err.Error(), "dying ended by itself")
}

func TestAProgramThatIsNeverReadyIsNamedWithTheReason(t *testing.T) {
	var said transcript
	programs := []program{fake("web", "steady", &said)}
	programs[0].ready = func(context.Context) error { return errors.New("/readyz answers 503") }
	crew := newCrew(&said, programs)
	crew.readyLimit = time.Millisecond
	defer crew.stop()
	err := crew.start(t.Context(), programs, []string{self()})
	if err == nil {
		t.Fatal("a program that was never ready did not stop the start")
	}
	mustSay(t, err.Error(), "web was not ready within 1ms: /readyz answers 503")
}

func TestBeingToldToStopEndsTheWaiting(t *testing.T) {
	var said transcript
	ctx, cancel := context.WithCancel(t.Context())
	programs := []program{fake("web", "steady", &said)}
	programs[0].ready = func(context.Context) error {
		cancel()
		return errors.New("not yet")
	}
	crew := newCrew(&said, programs)
	defer crew.stop()
	err := crew.start(ctx, programs, []string{self()})
	if unlessToldToStop(ctx, err) != nil {
		t.Errorf("got %v, want success: somebody told us to stop", err)
	}
}

func TestAProgramThatCannotBeStartedIsNamed(t *testing.T) {
	programs := []program{{name: "web"}}
	err := newCrew(io.Discard, programs).start(t.Context(), programs, []string{"/nowhere/web"})
	if err == nil {
		t.Fatal("a missing program was started")
	}
	mustSay(t, err.Error(), "web did not start", "/nowhere/web")
}
