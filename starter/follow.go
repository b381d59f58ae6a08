package main

import (
	"bufio"
	"context"
	"errors"
	"iter"
	"net/http"
	"strings"
	"time"

	"slipway/lifecycle"
)

// silence is how long a stream of events may bring nothing, not even a heartbeat, before it is opened anew.
const silence = 45 * time.Second

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
		case <-time.After(retryPause):
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
	response, err := r.send(request, onlooker)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	announce()
	deaf := time.AfterFunc(silence, cancel)
	defer deaf.Stop()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		deaf.Reset(silence)
		if strings.HasPrefix(lines.Text(), "data:") {
			announce()
		}
	}
	return lines.Err()
}
