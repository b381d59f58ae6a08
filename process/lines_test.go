package process_test

import (
	"io"
	"slices"
	"strings"
	"testing"

	"slipway/process"
)

func collect(chunks ...string) []string {
	var got []string
	lines := &process.Lines{Each: func(line string) { got = append(got, line) }}
	for _, chunk := range chunks {
		_, _ = io.WriteString(lines, chunk)
	}
	lines.Flush()
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

func TestTailKeepsTheLastLines(t *testing.T) {
	tail := process.Tail{Max: 2}
	for _, line := range []string{"a", "b", "c"} {
		tail.Add(line)
	}
	if got := tail.String(); got != "    b\n    c" {
		t.Errorf("got %q, want the last two lines, indented", got)
	}
}

func TestTailOfASilentProgramSaysSo(t *testing.T) {
	if got := new(process.Tail).String(); got != "    (it said nothing)" {
		t.Errorf("got %q", got)
	}
}
