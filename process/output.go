package process

import (
	"bytes"
	"strings"
	"sync"
)

// longest is where a line without an end is cut, so that a child cannot fill our memory.
const longest = 64 << 10

// lines is a writer that hands on whole lines, without their ends.
type lines struct {
	each func(line string)
	part []byte
}

// Write hands on the lines that are complete and keeps the rest.
func (l *lines) Write(b []byte) (int, error) {
	l.part = append(l.part, b...)
	for {
		line, rest, found := bytes.Cut(l.part, []byte("\n"))
		if !found {
			break
		}
		l.each(strings.TrimSuffix(string(line), "\r"))
		l.part = rest
	}
	if len(l.part) > longest {
		l.flush()
	}
	return len(b), nil
}

// flush hands on a last line that has no end.
func (l *lines) flush() {
	if len(l.part) > 0 {
		l.each(string(l.part))
		l.part = nil
	}
}

// LogTail keeps the last lines of what a child wrote. It may be read while the child writes.
type LogTail struct {
	Max int

	mu    sync.Mutex
	lines []string
}

// Add keeps one more line and forgets the oldest when there are too many.
func (t *LogTail) Add(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(t.lines, line)
	if len(t.lines) > t.Max {
		t.lines = t.lines[1:]
	}
}

// String shows the lines indented, one under the other, to stand below a sentence.
func (t *LogTail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) == 0 {
		return "    (it wrote nothing)"
	}
	return "    " + strings.Join(t.lines, "\n    ")
}
