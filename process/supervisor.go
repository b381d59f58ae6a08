package process

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

const (
	readyInterval = 50 * time.Millisecond
	logTailLines  = 20
)

// Supervisor starts several programs, waits until they are ready, and ends them together.
type Supervisor struct {
	// StartTimeout is how long a program may take to become ready, StopTimeout how long it may take to end when it is asked to.
	StartTimeout, StopTimeout time.Duration
	// Log gets every line of every program; it may be nil.
	Log func(program, line string)

	programs []*supervised // in the order in which they started
	ended    chan error    // has why the first one ended by itself
}

// Program is one of those that a Supervisor starts.
type Program struct {
	Name    string
	Command *exec.Cmd
	// Ready tells why the program cannot be used yet; nil when it can.
	Ready func(context.Context) error
	// SilentStop leaves out of the log what the program writes once it was asked to stop.
	SilentStop bool
}

type supervised struct {
	Program
	process  *Process
	tail     LogTail
	stopping atomic.Bool
	logged   chan struct{} // closed when its end is in the log
}

// Start starts a program and returns when it is ready. The error says why it is not, or which program has ended meanwhile.
func (s *Supervisor) Start(ctx context.Context, program Program) error {
	p, err := s.launch(program)
	if err != nil {
		return err
	}
	limit := time.NewTimer(s.StartTimeout)
	defer limit.Stop()
	ticker := time.NewTicker(readyInterval)
	defer ticker.Stop()
	for {
		notYet := p.Ready(ctx)
		if notYet == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-s.ended:
			return err
		case <-limit.C:
			return fmt.Errorf("%s was not ready within %s: %w; its last lines:\n%s", p.Name, s.StartTimeout, notYet, &p.tail)
		case <-ticker.C:
		}
	}
}

func (s *Supervisor) launch(program Program) (*supervised, error) {
	if s.ended == nil {
		s.ended = make(chan error, 1)
	}
	s.log(program.Name, "(starting)")
	p := &supervised{Program: program, tail: LogTail{Max: logTailLines}, logged: make(chan struct{})}
	var err error
	p.process, err = Start(p.Command, func(line string) {
		p.tail.Add(line)
		if !p.SilentStop || !p.stopping.Load() {
			s.log(p.Name, line)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("%s did not start: %w", p.Name, err)
	}
	s.programs = append(s.programs, p)
	go s.watch(p)
	return p, nil
}

func (s *Supervisor) watch(p *supervised) {
	<-p.process.Done()
	s.log(p.Name, "(ended: "+p.process.Exit()+")")
	close(p.logged)
	if p.stopping.Load() {
		return
	}
	select {
	case s.ended <- fmt.Errorf("%s ended by itself (%s); its last lines:\n%s", p.Name, p.process.Exit(), &p.tail):
	default: // it is not the first
	}
}

func (s *Supervisor) log(program, line string) {
	if s.Log != nil {
		s.Log(program, line)
	}
}

// Wait returns nil when ctx is done, or as soon as a program has ended by itself an error that says why.
func (s *Supervisor) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.ended:
		return err
	}
}

// Stop ends the programs in reverse, so that none loses one that it needs.
func (s *Supervisor) Stop() {
	for _, p := range slices.Backward(s.programs) {
		p.stopping.Store(true)
		p.process.Stop(s.StopTimeout)
		<-p.logged
	}
}

// LogTails has the last lines of every program, for an error that they may explain.
func (s *Supervisor) LogTails() string {
	var text strings.Builder
	for _, p := range s.programs {
		fmt.Fprintf(&text, "the last lines of %s:\n%s\n", p.Name, &p.tail)
	}
	return text.String()
}
