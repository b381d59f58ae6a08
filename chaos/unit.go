package main

import (
	"fmt"
	"io"
	"os/exec"
	"sync"
	"time"

	"slipway/process"
)

const (
	// restartPause is how long a process that ended is left alone, as by "restart: unless-stopped".
	restartPause = 200 * time.Millisecond
	// stopGrace is what a process gets to end in good order.
	stopGrace = 15 * time.Second
	tailLines = 40
)

// unit is a process that is started again whenever it ends.
type unit struct {
	name    string
	command func() *exec.Cmd
	log     io.Writer

	mu    sync.Mutex
	child *process.Process
	tail  process.LogTail
	stop  chan struct{}
	ended chan struct{}
}

// startUnit starts the process for as long as stopped is not called.
func startUnit(name string, log io.Writer, command func() *exec.Cmd) *unit {
	u := &unit{
		name: name, command: command, log: log, tail: process.LogTail{Max: tailLines}, stop: make(chan struct{}), ended: make(chan struct{}),
	}
	go u.supervise()
	return u
}

func (u *unit) supervise() {
	defer close(u.ended)
	for {
		if child, err := process.Start(u.command(), u.say); err != nil {
			u.say("(does not start: " + err.Error() + ")")
		} else {
			u.mu.Lock()
			u.child = child
			u.mu.Unlock()
			select {
			case <-u.stop:
				child.Stop(stopGrace)
				return
			case <-child.Done():
				u.say("(ended: " + child.Exit() + ")")
			}
		}
		select {
		case <-u.stop:
			return
		case <-time.After(restartPause):
		}
	}
}

func (u *unit) say(line string) {
	u.tail.Add(line)
	_, _ = fmt.Fprintf(u.log, "%s %s | %s\n", time.Now().Format("15:04:05.000"), u.name, line)
}

// pid is that of the process that runs now, or ran last; 0 before the first.
func (u *unit) pid() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.child == nil {
		return 0
	}
	return u.child.Pid()
}

// close ends the process, and returns when it is gone.
func (u *unit) close() {
	close(u.stop)
	<-u.ended
}

// String is what the process said last.
func (u *unit) String() string { return fmt.Sprintf("the last lines of %s:\n%s\n", u.name, &u.tail) }

// shared lets several processes write into one file.
type shared struct {
	mu sync.Mutex
	to io.Writer
}

// Write writes all of a line.
func (s *shared) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.to.Write(b)
}
