package main

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"sync/atomic"
	"time"

	"slipway/process"
)

const (
	startLimit  = time.Minute
	askInterval = 100 * time.Millisecond
	stopGrace   = 15 * time.Second // longer than what the worker gives its activities
	lastWords   = 10               // lines
)

// member is one running program.
type member struct {
	program
	process  *process.Process
	tail     *process.Tail
	stopping atomic.Bool
	reported chan struct{} // closed when its end is told
}

// crew is the programs that run, in the order in which they started.
type crew struct {
	output     *output
	readyLimit time.Duration
	members    []*member
	ended      chan *member
}

func newCrew(stdout io.Writer, programs []program) *crew {
	return &crew{
		output:     newOutput(stdout, programs),
		readyLimit: startLimit,
		ended:      make(chan *member, len(programs)),
	}
}

// start starts every program, each when the one before is ready.
func (c *crew) start(ctx context.Context, programs []program, commands []string) error {
	for i, p := range programs {
		if err := c.launch(p, commands[i]); err != nil {
			return err
		}
		if err := c.waitUntilReady(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func (c *crew) launch(p program, command string) error {
	c.output.line(p.name, "(starting)")
	m := &member{program: p, tail: &process.Tail{Max: lastWords}, reported: make(chan struct{})}
	lines := &process.Lines{Each: func(line string) {
		m.tail.Add(line)
		if !p.silentStop || !m.stopping.Load() {
			c.output.line(p.name, line)
		}
	}}
	cmd := exec.Command(command, p.args...)
	cmd.Env = p.env
	cmd.Stdout, cmd.Stderr = lines, lines
	var err error
	if m.process, err = process.Start(cmd); err != nil {
		return fmt.Errorf("%s did not start: %w", p.name, err)
	}
	c.members = append(c.members, m)
	go func() {
		<-m.process.Done()
		lines.Flush()
		c.output.line(m.name, "(ended: "+m.process.Exit()+")")
		close(m.reported)
		c.ended <- m
	}()
	return nil
}

func (c *crew) waitUntilReady(ctx context.Context, p program) error {
	limit := time.NewTimer(c.readyLimit)
	defer limit.Stop()
	ticker := time.NewTicker(askInterval)
	defer ticker.Stop()
	for {
		notYet := p.ready(ctx)
		if notYet == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case m := <-c.ended:
			return m.obituary()
		case <-limit.C:
			return fmt.Errorf("%s was not ready within %s: %w", p.name, c.readyLimit, notYet)
		case <-ticker.C:
		}
	}
}

// watch returns when somebody tells us to stop, or with the reason when a program has ended by itself.
func (c *crew) watch(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case m := <-c.ended:
		return m.obituary()
	}
}

// stop ends the programs in reverse, so that none loses one that it needs.
func (c *crew) stop() {
	for _, m := range slices.Backward(c.members) {
		m.stopping.Store(true)
		m.process.Stop(stopGrace)
		<-m.reported
	}
}

func (m *member) obituary() error {
	return fmt.Errorf("%s ended by itself (%s), so everything is stopped. Its last words:\n%s", m.name, m.process.Exit(), m.tail)
}
