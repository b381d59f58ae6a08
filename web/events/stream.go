package events

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"slipway/catalog"
)

// pace says how long what may take.
type pace struct {
	// heartbeat keeps proxies from closing a silent stream, finds out that nobody listens any more, and tells the watcher
	// how far it is although nothing was for it.
	heartbeat time.Duration
	// writing is what a watcher has to take a message; who does not is cut and may resume.
	writing time.Duration
	// longest is when a watcher has to come back, to say anew who it is.
	longest time.Duration
}

var usualPace = pace{heartbeat: 15 * time.Second, writing: 10 * time.Second, longest: 5 * time.Minute}

// reconnectAfter is what browsers are told to wait before they resume.
const reconnectAfter = time.Second

// Stream writes server-sent events: what message makes of each change after the number, until ctx is done or nobody
// listens any more. A change of which it makes nil is left out.
func (f *Feed) Stream(ctx context.Context, w http.ResponseWriter, after int64, message func(catalog.Change) any) {
	ctx, cancel := context.WithTimeout(ctx, f.pace.longest)
	defer cancel()
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no")
	out := &stream{w: w, control: http.NewResponseController(w), patience: f.pace.writing}
	_ = out.control.SetReadDeadline(time.Time{}) // net/http ends a request whose time to be read is over; tests have none
	out.write("retry: %d\nid: %d\n\n", reconnectAfter.Milliseconds(), after)
	for began := f.copy(); out.err == nil && ctx.Err() == nil && f.copy() == began; {
		after = f.streamNext(ctx, out, after, message)
	}
}

// streamNext waits for changes, or for the time of a heartbeat, and returns how far the watcher is.
func (f *Feed) streamNext(ctx context.Context, out *stream, after int64, message func(catalog.Change) any) int64 {
	waiting, cancel := context.WithTimeout(ctx, f.pace.heartbeat)
	defer cancel()
	changes, err := f.Next(waiting, after)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		out.write("id: %d\n\n", after)
	case err != nil:
		out.err = err // the watcher comes back and resumes
	}
	for _, change := range changes {
		if data := message(change); data != nil {
			out.event(change.Number, data)
		}
		after = change.Number
	}
	return after
}

// stream remembers the first failure.
type stream struct {
	w        http.ResponseWriter
	control  *http.ResponseController
	patience time.Duration
	err      error
}

func (s *stream) event(number int64, data any) {
	text, err := json.Marshal(data)
	if err != nil {
		s.err = err
		return
	}
	s.write("id: %d\ndata: %s\n\n", number, text)
}

func (s *stream) write(format string, args ...any) {
	if s.err != nil {
		return
	}
	_ = s.control.SetWriteDeadline(time.Now().Add(s.patience)) // not every writer can
	if _, s.err = fmt.Fprintf(s.w, format, args...); s.err == nil {
		s.err = s.control.Flush()
	}
}
