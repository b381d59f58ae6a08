package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"slipway/process"
)

// logTail is how many of the last lines of a program are kept.
const logTail = 20

// service is one of our programs, which may be started more than once.
type service struct {
	name, url string
	command   func() *exec.Cmd

	running *exec.Cmd
	process *process.Process
	tail    *process.LogTail
}

// start returns before the program can be used.
func (s *service) start() (err error) {
	s.running, s.tail = s.command(), &process.LogTail{Max: logTail}
	if s.process, err = process.Start(s.running, s.tail.Add); err != nil {
		return fmt.Errorf("starting the %s: %w", s.name, err)
	}
	return nil
}

func (s *service) stop() {
	if s.process != nil {
		s.process.Stop(stopTimeout)
	}
}

// until tries until there is no error, for as long as the program may take to start. It returns how long that took.
func (s *service) until(ctx context.Context, try func(context.Context) error) (time.Duration, error) {
	begin := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, stallTimeout, errors.New("it takes too long"))
	defer cancel()
	for tick := time.Tick(serviceLook); ; {
		err := try(ctx)
		if err == nil {
			return time.Since(begin), nil
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("the %s is not there: %w: %w; its last lines:\n%s", s.name, context.Cause(ctx), err, s.tail)
		case <-s.process.Done():
			return 0, fmt.Errorf("the %s has ended: %s; its last lines:\n%s", s.name, s.process.Exit(), s.tail)
		case <-tick:
		}
	}
}

// serviceLook is how precisely starts are measured.
const serviceLook = 10 * time.Millisecond

// ready waits until the program can be used.
func (s *service) ready(ctx context.Context) (time.Duration, error) {
	return s.until(ctx, process.HTTPReady(s.url+"/readyz"))
}

// memoryOf is how many bytes of a program are in memory; 0 where that cannot be seen.
func memoryOf(running *exec.Cmd) int64 {
	if running == nil || running.Process == nil {
		return 0
	}
	resident, err := residentMemory(running.Process.Pid)
	if err != nil {
		return 0
	}
	return int64(resident)
}
