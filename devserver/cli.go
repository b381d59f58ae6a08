// Package devserver knows the Temporal development server: where its program is, with which arguments it is started, and
// when it is ready. The launcher and the tests start the same server through it.
package devserver

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"slipway/process"
)

const (
	cliPackage = "github.com/temporalio/cli/cmd/temporal"
	buildGrace = 5 * time.Second
)

// CLI gives the path of the temporal command: the one on PATH, or else bin/temporal of this project, which is built first
// when it is missing or older than its pin in tools/go.mod. Any number of processes may ask at once: one of them builds.
func CLI(ctx context.Context, progress io.Writer) (string, error) {
	if path, err := exec.LookPath("temporal"); err == nil {
		return path, nil
	}
	root, err := projectRoot()
	if err != nil {
		return "", err
	}
	path := filepath.Join(root, "bin", "temporal")
	if upToDate(path, root) {
		return path, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", fmt.Errorf("folder for the temporal command: %w", err)
	}
	unlock, err := process.Lock(ctx, path+".lock", func() {
		fmt.Fprintln(progress, "Waiting for another program that is building the temporal command.")
	})
	if err != nil {
		return "", err
	}
	defer unlock()
	if upToDate(path, root) {
		return path, nil
	}
	return path, build(ctx, root, path, progress)
}

// projectRoot is the folder that holds tools/go.mod, here or above: programs run from the top, tests from their package.
func projectRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for folder := start; ; folder = filepath.Dir(folder) {
		if _, err := os.Stat(pin(folder)); err == nil {
			return folder, nil
		}
		if folder == filepath.Dir(folder) {
			return "", fmt.Errorf("no temporal command on PATH, and %s is not inside the project, whose tools/go.mod "+
				"would build one: run this from the project's folder, or put temporal on PATH", start)
		}
	}
}

func pin(root string) string { return filepath.Join(root, "tools", "go.mod") }

func upToDate(path, root string) bool {
	built, err := os.Stat(path)
	if err != nil {
		return false
	}
	pinned, err := os.Stat(pin(root))
	return err == nil && !built.ModTime().Before(pinned.ModTime())
}

// build goes through a name of its own, so that nobody ever runs half a program.
func build(ctx context.Context, root, path string, progress io.Writer) error {
	fmt.Fprintln(progress, "No temporal command on PATH: building the one that tools/go.mod pins. "+
		"This happens once and takes some minutes.")
	unfinished := path + ".unfinished"
	cmd := exec.Command("go", "build", "-o", unfinished, cliPackage)
	cmd.Dir = filepath.Dir(pin(root))
	cmd.Stdout, cmd.Stderr = progress, progress
	child, err := process.Start(cmd, nil)
	if err != nil {
		return fmt.Errorf("build %s: %w", cliPackage, err)
	}
	select {
	case <-child.Done():
	case <-ctx.Done():
		child.Stop(buildGrace)
		return ctx.Err()
	}
	if !child.Succeeded() {
		return fmt.Errorf("build %s in tools: go build ended with %s, for the reason above", cliPackage, child.Exit())
	}
	return os.Rename(unfinished, path)
}
