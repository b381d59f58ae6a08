package process

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	readyInterval = 50 * time.Millisecond
	logTailLines  = 20
	// A program that has ended is started again after a pause, which doubles each time that it ended itself and did not even live for brief.
	shortestPause, longestPause = 100 * time.Millisecond, 2 * time.Second
	brief                       = 2 * time.Second
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
	// Restart starts the program again when it ends by itself, once it has been ready; and always when somebody else killed it.
	Restart bool
	// Patience is how long one with Restart that is not ready yet is started again, too.
	Patience time.Duration
}

type supervised struct {
	Program
	tail     LogTail
	ready    atomic.Bool // it has been
	stopping chan struct{}
	logged   chan struct{} // closed when its end is in the log

	mu      sync.Mutex // held while it is started, and while it is asked to stop
	process *Process
}

// Start starts programs, all at once, and returns when they are ready. The error says why one is not, or which has ended meanwhile.
func (s *Supervisor) Start(ctx context.Context, programs ...Program) error {
	var started []*supervised
	for _, program := range programs {
		p, err := s.launch(program)
		if err != nil {
			return err
		}
		started = append(started, p)
	}
	waiting, ctx := errgroup.WithContext(ctx) // side by side: who is ready is noticed though others are not
	for _, p := range started {
		waiting.Go(func() error { return s.await(ctx, p) })
	}
	return waiting.Wait()
}

func (s *Supervisor) await(ctx context.Context, p *supervised) error {
	limit := time.NewTimer(s.StartTimeout)
	defer limit.Stop()
	ticker := time.NewTicker(readyInterval)
	defer ticker.Stop()
	for {
		notYet := p.Ready(ctx)
		if notYet == nil {
			p.ready.Store(true)
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
	p := &supervised{Program: program, tail: LogTail{Max: logTailLines}, stopping: make(chan struct{}), logged: make(chan struct{})}
	if err := s.spawn(p, p.Command); err != nil {
		return nil, err
	}
	s.programs = append(s.programs, p)
	go s.watch(p)
	return p, nil
}

var errStopping = errors.New("it was asked to stop")

// spawn starts the program's process, unless it was asked to stop.
func (s *Supervisor) spawn(p *supervised, command *exec.Cmd) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.isStopping() {
		return errStopping
	}
	s.log(p.Name, "(starting)")
	process, err := Start(command, func(line string) {
		p.tail.Add(line)
		if !p.SilentStop || !p.isStopping() {
			s.log(p.Name, line)
		}
	})
	if err != nil {
		return fmt.Errorf("%s did not start: %w", p.Name, err)
	}
	p.process = process
	return nil
}

func (p *supervised) isStopping() bool {
	select {
	case <-p.stopping:
		return true
	default:
		return false
	}
}

// watch returns when the program has ended for good.
func (s *Supervisor) watch(p *supervised) {
	defer close(p.logged)
	patient := time.Now().Add(p.Patience)
	for pause := shortestPause; ; pause = min(2*pause, longestPause) {
		began := time.Now()
		<-p.process.Done()
		s.log(p.Name, "(ended: "+p.process.Exit()+")")
		if time.Since(began) > brief || p.process.Killed() {
			pause = shortestPause // what somebody else ended may work
		}
		if p.isStopping() {
			return
		}
		if !p.startsAgain(patient) {
			s.tell(fmt.Errorf("%s ended by itself (%s); its last lines:\n%s", p.Name, p.process.Exit(), &p.tail))
			return
		}
		select {
		case <-p.stopping:
			return
		case <-time.After(pause):
		}
		switch err := s.spawn(p, again(p.Command)); {
		case errors.Is(err, errStopping):
			return
		case err != nil:
			s.tell(err)
			return
		}
	}
}

// startsAgain tells whether the program, which has ended, is started again; patient is until when it may fail to become ready.
func (p *supervised) startsAgain(patient time.Time) bool {
	return p.Restart && (p.ready.Load() || p.process.Killed() || time.Now().Before(patient))
}

// again is a command that has run once, to be run once more.
func again(command *exec.Cmd) *exec.Cmd {
	return &exec.Cmd{Path: command.Path, Args: command.Args, Env: command.Env, Dir: command.Dir, Stdin: command.Stdin}
}

// tell lets Start and Wait know of the first program that has ended by itself.
func (s *Supervisor) tell(why error) {
	select {
	case s.ended <- why:
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
		p.mu.Lock()
		if !p.isStopping() {
			close(p.stopping)
		}
		running := p.process
		p.mu.Unlock()
		running.Stop(s.StopTimeout)
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
