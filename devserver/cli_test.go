package devserver_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"slipway/devserver"
)

// inProject makes a project with a pin, works in a folder of it, and puts only the given "go" on PATH.
func inProject(t *testing.T, fakeGo string) (root string) {
	t.Helper()
	root = t.TempDir()
	write(t, filepath.Join(root, "tools", "go.mod"), "module tools\n")
	write(t, filepath.Join(root, "path", "go"), "#!/bin/sh\n"+fakeGo)
	write(t, filepath.Join(root, "some", "package", "file.go"), "")
	t.Setenv("PATH", filepath.Join(root, "path"))
	t.Chdir(filepath.Join(root, "some", "package"))
	return root
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
}

func builds(t *testing.T, root string) int {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(root, "builds"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Count(string(log), "\n")
}

// fakeBuild is called as "go build -o <file> <package>" in tools.
const fakeBuild = `echo "$4" >>../builds; echo program >"$3"`

func TestATemporalOnPathIsUsed(t *testing.T) {
	root := inProject(t, fakeBuild)
	onPath := filepath.Join(root, "path", "temporal")
	write(t, onPath, "")
	path, err := devserver.CLI(t.Context(), io.Discard)
	if err != nil || path != onPath {
		t.Errorf("got %q, %v; want %q", path, err, onPath)
	}
	if n := builds(t, root); n != 0 {
		t.Errorf("built %d times, want none", n)
	}
}

func TestAMissingTemporalIsBuiltOnceHoweverManyAsk(t *testing.T) {
	root := inProject(t, fakeBuild)
	want := filepath.Join(root, "bin", "temporal")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			path, err := devserver.CLI(t.Context(), io.Discard)
			if err != nil || path != want {
				t.Errorf("got %q, %v; want %q", path, err, want)
			}
		})
	}
	all.Wait()
	if n := builds(t, root); n != 1 {
		t.Errorf("built %d times, want once", n)
	}
	if _, err := os.Stat(want); err != nil {
		t.Errorf("what was built is not there: %v", err)
	}
}

func TestTheBuildSaysThatItTakesLong(t *testing.T) {
	inProject(t, fakeBuild)
	var progress bytes.Buffer
	if _, err := devserver.CLI(t.Context(), &progress); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(progress.String(), "takes some minutes") {
		t.Errorf("it says %q, not that it takes some minutes", &progress)
	}
}

func TestTemporalIsBuiltAgainWhenItsPinChanges(t *testing.T) {
	root := inProject(t, fakeBuild)
	for range 2 {
		if _, err := devserver.CLI(t.Context(), io.Discard); err != nil {
			t.Fatal(err)
		}
	}
	if n := builds(t, root); n != 1 {
		t.Fatalf("built %d times with one pin, want once", n)
	}
	later := time.Now().Add(time.Minute)
	if err := os.Chtimes(filepath.Join(root, "tools", "go.mod"), later, later); err != nil {
		t.Fatal(err)
	}
	if _, err := devserver.CLI(t.Context(), io.Discard); err != nil {
		t.Fatal(err)
	}
	if n := builds(t, root); n != 2 {
		t.Errorf("built %d times with two pins, want twice", n)
	}
}

func TestABuildThatFailsIsReportedAndLeavesNoProgram(t *testing.T) {
	root := inProject(t, `echo half >"$3"; echo no such module; exit 7`)
	var progress bytes.Buffer
	_, err := devserver.CLI(t.Context(), &progress)
	if err == nil || !strings.Contains(err.Error(), "exit status 7") {
		t.Errorf("got error %v, want one with exit status 7", err)
	}
	if !strings.Contains(progress.String(), "no such module") {
		t.Errorf("progress %q does not have the compiler's words", &progress)
	}
	if _, err := os.Stat(filepath.Join(root, "bin", "temporal")); !os.IsNotExist(err) {
		t.Errorf("there is a temporal after a failed build (%v)", err)
	}
}

func TestABuildEndsWhenNobodyWantsItAnyMore(t *testing.T) {
	inProject(t, `echo compiling; while :; do :; done`)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := devserver.CLI(ctx, when("compiling", cancel))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context canceled", err)
	}
}

// when calls do as soon as the text is written.
func when(text string, do func()) io.Writer {
	return writer(func(b []byte) (int, error) {
		if strings.Contains(string(b), text) {
			do()
		}
		return len(b), nil
	})
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }

func TestOutsideTheProjectAPersonIsToldWhatToDo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Chdir(t.TempDir())
	_, err := devserver.CLI(t.Context(), io.Discard)
	if err == nil || !strings.Contains(err.Error(), "put temporal on PATH") {
		t.Errorf("got %v, want an error that says what to do", err)
	}
}
