package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"slipway/process"
)

// startPatience is how long anything may take to start on a machine that does many other things.
const startPatience = 3 * time.Minute

// installation is the product as it runs in one shape.
type installation struct {
	folder   string
	disk     *disk
	webs     []string // their addresses, such as http://127.0.0.1:8080
	temporal string   // the address of its server
	targets  []target // what can be killed and stopped
	links    []*link
	closers  []func()
	log      io.Writer
	// tails are the last lines of every process.
	tails func() string
}

// target is a process that can be harmed.
type target struct {
	name   string
	weight int        // how often it is chosen, compared with others
	pid    func() int // 0 while it does not run
}

// kill ends the process at once. It is false when there was none.
func (t target) kill() bool {
	pid := t.pid()
	return pid > 1 && syscall.Kill(pid, syscall.SIGKILL) == nil
}

// stop stops the process and its descendants; the function that it returns lets them go on.
func (t target) stop() (proceed func(), stopped bool) {
	pids := family(t.pid())
	for _, pid := range pids {
		stopped = syscall.Kill(pid, syscall.SIGSTOP) == nil || stopped
	}
	return func() {
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGCONT)
		}
	}, stopped
}

// makeFolder makes the folder of an installation, with a disk in it.
func (in *installation) makeFolder(folder string) (err error) {
	in.folder = folder
	in.disk, err = mountDisk(filepath.Join(folder, "disk"))
	if err == nil {
		in.atClose(func() { in.disk.close(in.log) })
	}
	return err
}

func (in *installation) atClose(do func()) { in.closers = append(in.closers, do) }

// close ends all that was started, the last first.
func (in *installation) close() {
	for i := len(in.closers) - 1; i >= 0; i-- {
		in.closers[i]()
	}
}

// ready waits until every web says that all it needs answers.
func (in *installation) ready(ctx context.Context) error {
	for _, web := range in.webs {
		if err := until(ctx, "web at "+web, process.HTTPReady(web+"/readyz")); err != nil {
			return err
		}
	}
	return nil
}

// until tries until there is no error. The error is the last one.
func until(ctx context.Context, what string, try func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w (%w)", what, err, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// build puts programs of this project into a folder.
func build(into string, programs ...string) error {
	return run(exec.Command("go", append([]string{"build", "-o", into + "/"}, programs...)...))
}

// run runs a command to its end. The error has what it said.
func run(command *exec.Cmd) error {
	var said strings.Builder
	child, err := process.Start(command, func(line string) { said.WriteString(line + "\n") })
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	<-child.Done()
	if !child.Succeeded() {
		return fmt.Errorf("%s: %s\n%s", command, child.Exit(), &said)
	}
	return nil
}

// family is a process and all its descendants that run, the eldest first.
func family(pid int) []int {
	if pid <= 1 {
		return nil
	}
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		all = append(all, childrenOf(all[i])...)
	}
	return all
}

// childrenOf are the processes that another one has started, as Linux tells it.
func childrenOf(pid int) (children []int) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range files {
		text, _ := os.ReadFile(file) //nolint:gosec // of /proc
		for word := range strings.FieldsSeq(string(text)) {
			if child, err := strconv.Atoi(word); err == nil {
				children = append(children, child)
			}
		}
	}
	return children
}
