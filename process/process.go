// Package process starts child programs that never outlive the program that started them, alone or under a Supervisor.
package process

import (
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// outputDelay is how long a dead child's descendants may keep its output open before they are cut off.
const outputDelay = time.Second

// Process is a running child, alone in its process group: a Ctrl-C in the terminal reaches only us, who decide the order
// in which children stop.
type Process struct {
	cmd    *exec.Cmd
	output *lines // nil when the command has an output of its own
	done   chan struct{}
}

// Start starts the command. Each line that it writes goes to log; without log it writes to its own Stdout and Stderr. Stop must be
// called, or Done awaited, before the caller returns.
func Start(cmd *exec.Cmd, log func(line string)) (*Process, error) {
	cmd.SysProcAttr = attributes()
	cmd.WaitDelay = outputDelay
	p := &Process{cmd: cmd, done: make(chan struct{})}
	if log != nil {
		p.output = &lines{each: log}
		cmd.Stdout, cmd.Stderr = p.output, p.output
	}
	started := make(chan error)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Process) run(started chan<- error) {
	// Linux ends the child together with the thread that started it, so this thread must live as long as the child.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.done)
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	_ = p.cmd.Wait() // how it ended is in ProcessState
	if p.output != nil {
		p.output.flush()
	}
	p.signal(syscall.SIGKILL)
}

// Pid is the id of the child's process, and of its group.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Done is closed when the child and all that it left in its group are gone and its output is complete.
func (p *Process) Done() <-chan struct{} { return p.done }

// Exit says how the child ended, such as "exit status 1" or "signal: killed". It is known once Done is closed.
func (p *Process) Exit() string { return p.cmd.ProcessState.String() }

// Killed says whether a signal ended the child, which it did not take. It is known once Done is closed.
func (p *Process) Killed() bool {
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled()
}

// Succeeded says whether the child ended with exit status 0. It is known once Done is closed.
func (p *Process) Succeeded() bool { return p.cmd.ProcessState.Success() }

// Stop asks the child to end, insists when it has not done so after the grace, and returns when it is gone.
func (p *Process) Stop(grace time.Duration) {
	if p.gone() {
		return
	}
	p.signal(syscall.SIGTERM)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		p.signal(syscall.SIGKILL)
		<-p.done
	}
}

func (p *Process) gone() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// signal reaches the whole group; a group that is gone already needs no signal.
func (p *Process) signal(s syscall.Signal) {
	_ = syscall.Kill(-p.cmd.Process.Pid, s)
}
