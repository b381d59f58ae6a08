package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"os"
	"strings"
	"time"

	"slipway/lifecycle"
	"slipway/plain"
)

type watchCommand struct {
	ID    string          `arg:"" help:"Id of the mini-program."`
	Until lifecycle.State `help:"Stop when this state is reached."`
}

// Validate refuses to wait for ever.
func (c *watchCommand) Validate() error {
	if c.Until == "" {
		return nil
	}
	return knownStates(c.Until)
}

// Run follows the mini-program until the state is reached, its lifecycle is over, or the user has seen enough.
func (c *watchCommand) Run(ctx context.Context, a *app) error {
	platform, err := a.platform()
	if err != nil {
		return err
	}
	view := &view{out: a.stdout, inPlace: isTerminal(a.stdout), json: a.JSON}
	for status, err := range platform.follow(ctx, c.ID) {
		if err != nil && ctx.Err() != nil {
			break
		}
		if err == nil {
			err = view.update(a, status)
		}
		if err != nil {
			return err
		}
		if status.State == c.Until {
			return view.end()
		}
		if status.State.Final() {
			return errors.Join(view.end(), c.missed(status.State))
		}
	}
	return c.left(a, view)
}

// left is how it ends when the user does not want to see more: that is no failure, unless a state was waited for.
func (c *watchCommand) left(a *app, view *view) error {
	if err := view.end(); err != nil || c.Until == "" {
		return err
	}
	_, _ = fmt.Fprintf(a.stderr, "not waiting any more: %s has not reached %s\n", c.ID, c.Until)
	return errLeft
}

// missed is the error of waiting for a state that cannot come any more.
func (c *watchCommand) missed(final lifecycle.State) error {
	if c.Until == "" {
		return nil
	}
	return fmt.Errorf("the lifecycle of %s is over: %s, not %s", c.ID, final, c.Until)
}

// view shows a mini-program as it changes: each transition a line, below it, on a terminal, the live progress.
type view struct {
	out           *plain.Writer
	inPlace, json bool
	seen          int
}

func (v *view) update(a *app, s lifecycle.Status) error {
	if v.json {
		if position(s.Sequence, s.Revision) == v.seen {
			return nil
		}
		v.seen = position(s.Sequence, s.Revision)
		return a.printJSON(s)
	}
	for _, t := range s.Transitions {
		if position(t.Sequence, t.Revision) > v.seen {
			v.seen = position(t.Sequence, t.Revision)
			err := v.line("%s  %-20s → %-18s %s %s%s",
				t.At.In(here).Format("15:04:05-07:00"), t.Action, t.To, actorOf(t), t.Version, inBrackets(t.Comment))
			if err != nil {
				return err
			}
		}
	}
	if !v.inPlace {
		return nil
	}
	return v.overwrite(fmt.Sprintf("%s  %s", s.State, waitingFor(s, time.Now())), "")
}

// position is where something is in the audit trail. A server that knows no sequence raises the revision with everything.
func position(sequence, revision int) int { return max(sequence, revision) }

func (v *view) line(format string, args ...any) error {
	return v.overwrite(fmt.Sprintf(format, args...), "\n")
}

// overwrite writes a line, on a terminal over the one that shows the progress: the only control sequence that we mean.
func (v *view) overwrite(line, end string) error {
	if v.inPlace {
		if _, err := io.WriteString(v.out.To, "\r\033[K"); err != nil {
			return err
		}
	}
	_, err := io.WriteString(v.out, plain.Line(line)+end)
	return err
}

func (v *view) end() error {
	if !v.inPlace {
		return nil
	}
	_, err := fmt.Fprintln(v.out)
	return err
}

// actorOf names whoever acted, and for a token who made it.
func actorOf(t lifecycle.Transition) string {
	if t.OnBehalfOf == "" {
		return t.Actor
	}
	return fmt.Sprintf("%s (made by %s)", t.Actor, t.OnBehalfOf)
}

func inBrackets(comment string) string {
	if comment == "" {
		return ""
	}
	return fmt.Sprintf(" (%s)", comment)
}

func isTerminal(out *plain.Writer) bool {
	file, ok := out.To.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// streamTimeout is how long a stream of events may bring nothing, not even a heartbeat, before it is opened anew.
const streamTimeout = 45 * time.Second

// follow looks when an event says that something happened. In between it repeats what it saw, so that what is left of a
// stage can be shown as it runs out.
func (r remote) follow(ctx context.Context, id string) iter.Seq2[lifecycle.Status, error] {
	return func(yield func(lifecycle.Status, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		news, ended := make(chan struct{}, 1), make(chan error, 1)
		go func() { ended <- r.listen(ctx, id, news) }()
		tick := time.NewTicker(watchInterval)
		defer tick.Stop()
		var status *lifecycle.Status
		for {
			var err error
			select {
			case <-ctx.Done():
				return
			case err = <-ended:
			case <-news:
				status = new(lifecycle.Status)
				*status, err = r.status(ctx, id)
			case <-tick.C:
			}
			if status == nil && err == nil {
				continue // not connected yet
			}
			if err != nil {
				yield(lifecycle.Status{}, err)
				return
			}
			if !yield(*status, nil) {
				return
			}
		}
	}
}

// listen follows the events of a mini-program and announces news at the beginning and with each. A stream that ends is
// opened anew; the error is that of the first one, or a refusal.
func (r remote) listen(ctx context.Context, id string, news chan<- struct{}) error {
	connected := false
	for {
		err := r.stream(ctx, id, func() {
			connected = true
			select {
			case news <- struct{}{}:
			default: // somebody is about to look anyway
			}
		})
		if _, refused := errors.AsType[*lifecycle.Refusal](err); refused || !connected {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(retryInterval):
		}
	}
}

// stream reads server-sent events. What they say does not matter: whoever hears of one asks for the status.
func (r remote) stream(ctx context.Context, id string, announce func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.server+pathOf(id, "events"), nil)
	if err != nil {
		return err
	}
	response, err := r.send(request, viewer)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	announce()
	timeout := time.AfterFunc(streamTimeout, cancel)
	defer timeout.Stop()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		timeout.Reset(streamTimeout)
		if strings.HasPrefix(lines.Text(), "data:") {
			announce()
		}
	}
	return lines.Err()
}
