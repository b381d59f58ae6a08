//go:build production

package production

import (
	"fmt"
	"os/exec"
	"sync"
	"time"

	"slipway/process"
)

// kept is how many of the last lines of a process are shown when something fails.
const kept = 80

// unit is a process that is started again when it ends by itself, as "restart: unless-stopped" does.
type unit struct {
	name    string
	command func() *exec.Cmd
	health  func() error

	mu       sync.Mutex
	said     process.LogTail
	child    *process.Process
	stopping chan struct{}
	ended    chan struct{}
	restarts int
}

func newUnit(name string, command func() *exec.Cmd) *unit {
	return &unit{name: name, command: command, said: process.LogTail{Max: kept}}
}

// pause is how long a process that ended by itself is left alone.
const pause = 500 * time.Millisecond

func (u *unit) start() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.stopping, u.ended = make(chan struct{}), make(chan struct{})
	go u.supervise(u.stopping, u.ended)
}

func (u *unit) supervise(stopping <-chan struct{}, ended chan<- struct{}) {
	defer close(ended)
	for {
		child := u.spawn()
		select {
		case <-stopping:
			return
		case <-child:
		}
		select {
		case <-stopping:
			return
		case <-time.After(pause):
		}
		u.mu.Lock()
		u.restarts++
		u.mu.Unlock()
	}
}

// spawn starts the process; what it returns is closed when that is over.
func (u *unit) spawn() <-chan struct{} {
	command := u.command()
	child, err := process.Start(command, u.said.Add)
	if err != nil {
		u.said.Add(fmt.Sprintf("(%s does not start: %s)", command.Path, err))
		failed := make(chan struct{})
		close(failed)
		return failed
	}
	u.mu.Lock()
	u.child = child
	u.mu.Unlock()
	over := make(chan struct{})
	go func() {
		defer close(over)
		<-child.Done()
		u.said.Add("(ended: " + child.Exit() + ")")
	}()
	return over
}

// healthy waits until the process says that it is.
func (u *unit) healthy() error { return until(u.name+" is healthy", u.health) }

// stop ends the process as compose does, and says how it ended.
func (u *unit) stop(grace time.Duration) string {
	u.mu.Lock()
	if u.stopping == nil {
		u.mu.Unlock()
		return ""
	}
	close(u.stopping)
	ended := u.ended
	u.stopping = nil
	u.mu.Unlock()
	<-ended
	if u.child == nil {
		return "it never ran"
	}
	u.child.Stop(grace)
	return u.child.Exit()
}

// String is what the process said last.
func (u *unit) String() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return fmt.Sprintf("--- %s, started again by itself %d times, its last lines:\n%s\n", u.name, u.restarts, &u.said)
}
