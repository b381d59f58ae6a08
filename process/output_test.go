package process

import (
	"io"
	"slices"
	"strings"
	"testing"
)

func collect(chunks ...string) []string {
	var got []string
	output := &lines{each: func(line string) { got = append(got, line) }}
	for _, chunk := range chunks {
		_, _ = io.WriteString(output, chunk)
	}
	output.flush()
	return got
}

func TestLinesAreWholeHoweverTheyArrive(t *testing.T) {
	got := collect("on", "e\ntwo\r\n", "\nthree\nwithout end")
	if want := []string{"one", "two", "", "three", "without end"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestALineWithoutEndIsCutRatherThanKept(t *testing.T) {
	got := collect(strings.Repeat("x", 100_000), "y\n")
	if want := []string{strings.Repeat("x", 100_000), "y"}; !slices.Equal(got, want) {
		t.Errorf("got %d lines, want the long one and the rest", len(got))
	}
}

func TestALogTailKeepsTheLastLines(t *testing.T) {
	tail := LogTail{Max: 2}
	for _, line := range []string{"a", "b", "c"} {
		tail.Add(line)
	}
	if got := tail.String(); got != "    b\n    c" {
		t.Errorf("got %q, want the last two lines, indented", got)
	}
}

func TestTheLogTailOfASilentProgramSaysSo(t *testing.T) {
	if got := new(LogTail).String(); got != "    (it wrote nothing)" {
		t.Errorf("got %q", got)
	}
}
