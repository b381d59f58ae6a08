package process

import (
	"bytes"
	"strings"
)

// longest is where a line without an end is cut, so that a child cannot fill our memory.
const longest = 64 << 10

// Lines is a writer that hands on whole lines, without their ends.
type Lines struct {
	Each func(line string)
	part []byte
}

// Write hands on the lines that are complete and keeps the rest.
func (l *Lines) Write(b []byte) (int, error) {
	l.part = append(l.part, b...)
	for {
		line, rest, found := bytes.Cut(l.part, []byte("\n"))
		if !found {
			break
		}
		l.Each(strings.TrimSuffix(string(line), "\r"))
		l.part = rest
	}
	if len(l.part) > longest {
		l.Flush()
	}
	return len(b), nil
}

// Flush hands on a last line that has no end.
func (l *Lines) Flush() {
	if len(l.part) > 0 {
		l.Each(string(l.part))
		l.part = nil
	}
}

// Tail keeps the last lines of what a child said.
type Tail struct {
	Max   int
	lines []string
}

// Add keeps one more line and forgets the oldest when there are too many.
func (t *Tail) Add(line string) {
	t.lines = append(t.lines, line)
	if len(t.lines) > t.Max {
		t.lines = t.lines[1:]
	}
}

// String shows the lines indented, one under the other, to stand below a sentence.
func (t *Tail) String() string {
	if len(t.lines) == 0 {
		return "    (it said nothing)"
	}
	return "    " + strings.Join(t.lines, "\n    ")
}
