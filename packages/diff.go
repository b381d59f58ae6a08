package packages

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// A diff is shown to a person, so it is bounded by what one reads, and by the time that it takes.
const (
	maxDiffs    = 128 << 10 // bytes of all diffs of a comparison together
	minDiff     = 1 << 10   // bytes that must be left of them for one more
	diffContext = 3         // unchanged lines shown around a change
)

// diffBounds bound the diff of one file.
type diffBounds struct {
	file  int64 // bytes of a file whose lines are compared
	lines int   // of such a file
	edits int   // lines added and removed; with more, the whole middle is shown as replaced
	diff  int   // bytes of the diff
	line  int   // bytes of one line
}

var (
	oneOfMany = diffBounds{file: 256 << 10, lines: 20_000, edits: 400, diff: 16 << 10, line: 200}
	onItsOwn  = diffBounds{file: 1 << 20, lines: 50_000, edits: 1000, diff: 192 << 10, line: 4000}
)

// addDiffs shows the changed lines of the changed text files, and the added ones whole, until there is more than anybody reads.
func (c *Comparison) addDiffs(a, b side) {
	left := maxDiffs
	for _, change := range []string{fileChanged, fileAdded} {
		for i := range c.Files {
			if f := &c.Files[i]; f.Change == change && isText(f.Kind) {
				f.addDiff(a, b, left)
				left -= len(f.Diff)
			}
		}
	}
}

func (f *FileChange) addDiff(a, b side, left int) {
	before, after := a.prints[f.Path].entry, b.prints[f.Path].entry
	if len(f.Notes) > 0 || max(before.size, after.size) > oneOfMany.file || left < minDiff {
		f.DiffCut = true
		return
	}
	bounds := oneOfMany
	bounds.diff = min(bounds.diff, left)
	f.Diff, f.DiffCut = bounds.diffOf(contentOf(a.in, before), contentOf(b.in, after))
}

func (d diffBounds) diffOf(before, after string) (diff string, cut bool) {
	a, b := linesOf(before, after)
	if max(len(a), len(b)) > d.lines {
		return "", true
	}
	return d.unified(edits(a, b, d.edits))
}

// contentOf is what is in a file; "" when there is none.
func contentOf(in *inspection, e entry) string {
	if e.size == 0 {
		return ""
	}
	var content strings.Builder
	newContentReader(in).unpack(e, func(chunk []byte) { content.Write(chunk) })
	return content.String()
}

// linesOf are the lines of two texts, without what ends them where that is the same in both. Lines that differ in nothing else
// have it, so that they differ in what is shown as well.
func linesOf(before, after string) (a, b []string) {
	if endsInCRLF(before) && endsInCRLF(after) {
		before, after = strings.ReplaceAll(before, "\r\n", "\n"), strings.ReplaceAll(after, "\r\n", "\n")
	}
	a, b = splitLines(before), splitLines(after)
	lastA, lastB := len(a)-1, len(b)-1
	if lastA < 0 || lastB < 0 || a[lastA] != b[lastB] {
		return a, b
	}
	switch closedA, closedB := strings.HasSuffix(before, "\n"), strings.HasSuffix(after, "\n"); {
	case closedA && !closedB:
		a[lastA] += "\n"
	case closedB && !closedA:
		b[lastB] += "\n"
	}
	return a, b
}

// endsInCRLF tells whether all lines of a text end as on Windows; those of none do.
func endsInCRLF(text string) bool { return strings.Count(text, "\n") == strings.Count(text, "\r\n") }

// splitLines are the lines of a text; an empty one has none.
func splitLines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// edit is one line of a diff: kept (' '), removed ('-') or added ('+').
type edit struct {
	op   byte
	line string
}

// edits returns a short way from one text to the other, of at most limit lines added and removed in the middle.
func edits(a, b []string, limit int) []edit {
	prefix := 0
	for prefix < len(a) && prefix < len(b) && a[prefix] == b[prefix] {
		prefix++
	}
	suffix := 0
	for suffix < len(a)-prefix && suffix < len(b)-prefix && a[len(a)-1-suffix] == b[len(b)-1-suffix] {
		suffix++
	}
	list := appendEdits(nil, ' ', a[:prefix])
	list = append(list, shortestEdits(a[prefix:len(a)-suffix], b[prefix:len(b)-suffix], limit)...)
	return appendEdits(list, ' ', a[len(a)-suffix:])
}

func appendEdits(list []edit, op byte, lines []string) []edit {
	for _, line := range lines {
		list = append(list, edit{op, line})
	}
	return list
}

// frontier tells how far into the old text one gets on each diagonal (lines of the old text less those of the new).
type frontier []int

func (f frontier) at(diagonal int) int { return f[len(f)/2+diagonal] }

func (f frontier) set(diagonal, x int) { f[len(f)/2+diagonal] = x }

// fromAbove tells whether the furthest way to a diagonal with d edits adds a line rather than removing one.
func (f frontier) fromAbove(diagonal, d int) bool {
	return diagonal == -d || diagonal != d && f.at(diagonal-1) < f.at(diagonal+1)
}

// shortestEdits is the greedy algorithm of Eugene W. Myers, "An O(ND) difference algorithm and its variations" (1986).
// With more than limit it replaces all of a by all of b.
func shortestEdits(a, b []string, limit int) []edit {
	reach := make(frontier, 2*limit+3)
	var history []frontier
	for d := 0; d <= limit; d++ {
		// The step to d edits needs the diagonals up to d on both sides of the middle.
		history = append(history, slices.Clone(reach[len(reach)/2-d-1:len(reach)/2+d+2]))
		for k := -d; k <= d; k += 2 {
			x := reach.at(k-1) + 1
			if reach.fromAbove(k, d) {
				x = reach.at(k + 1)
			}
			for x < len(a) && x-k < len(b) && a[x] == b[x-k] {
				x++
			}
			reach.set(k, x)
			if x >= len(a) && x-k >= len(b) {
				return walkBack(a, b, history)
			}
		}
	}
	return appendEdits(appendEdits(nil, '-', a), '+', b)
}

// walkBack collects the edits from the end of both texts to their beginning.
func walkBack(a, b []string, history []frontier) []edit {
	var list []edit
	x, y := len(a), len(b)
	for d := len(history) - 1; d > 0; d-- {
		before := history[d]
		above := before.fromAbove(x-y, d)
		startX := before.at(x-y-1) + 1
		if above {
			startX = before.at(x - y + 1)
		}
		for ; x > startX; x, y = x-1, y-1 {
			list = append(list, edit{' ', a[x-1]})
		}
		if above {
			y--
			list = append(list, edit{'+', b[y]})
		} else {
			x--
			list = append(list, edit{'-', a[x]})
		}
	}
	for ; x > 0; x-- {
		list = append(list, edit{' ', a[x-1]})
	}
	slices.Reverse(list)
	return list
}

// unified writes edits as the hunks of a unified diff.
func (d diffBounds) unified(list []edit) (diff string, cut bool) {
	var out strings.Builder
	oldLine, newLine := 1, 1
	for i := 0; i < len(list); {
		end := hunkEnd(list, i)
		if end == i {
			oldLine, newLine, i = oldLine+1, newLine+1, i+1
			continue
		}
		h := d.formatHunk(list[i:end], oldLine, newLine)
		cut = cut || h.cut
		if left := d.diff - out.Len(); len(h.text) > left {
			return out.String() + h.text[:strings.LastIndexByte(h.text[:left], '\n')+1], true
		}
		out.WriteString(h.text)
		oldLine, newLine, i = oldLine+h.removed, newLine+h.added, end
	}
	return out.String(), cut
}

// hunkEnd returns where the hunk that begins at i ends; i itself when none begins there.
func hunkEnd(list []edit, i int) int {
	last := -1 // the last change seen
	for j := i; j < len(list); j++ {
		if list[j].op != ' ' {
			last = j
		} else if last < 0 && j-i == diffContext || last >= 0 && j-last > 2*diffContext {
			break
		}
	}
	if last < 0 {
		return i
	}
	return min(last+1+diffContext, len(list))
}

// hunk is a part of a diff: how many lines of the old and of the new text it shows, and whether one of them is cut off.
type hunk struct {
	text           string
	removed, added int
	cut            bool
}

func (d diffBounds) formatHunk(list []edit, oldLine, newLine int) (h hunk) {
	var lines strings.Builder
	for _, e := range list {
		if e.op != '+' {
			h.removed++
		}
		if e.op != '-' {
			h.added++
		}
		shown, cut := reveal(e.line, d.line)
		h.cut = h.cut || cut
		lines.WriteString(string(e.op) + shown + "\n")
	}
	h.text = fmt.Sprintf("@@ -%d,%d +%d,%d @@\n%s", firstOf(oldLine, h.removed), h.removed, firstOf(newLine, h.added), h.added, lines.String())
	return h
}

// firstOf is where the lines of a hunk begin; by convention the line before, when there are none.
func firstOf(line, count int) int { return line - 1 + min(count, 1) }

// reveal makes a line safe to show: cut to a length in bytes, and what would be invisible or change the direction of the
// text written as escapes (Trojan Source, CVE-2021-42574).
func reveal(line string, limit int) (shown string, cut bool) {
	var out strings.Builder
	line = strings.ToValidUTF8(line, "\uFFFD")
	for _, r := range shorten(line, limit) {
		if unicode.IsPrint(r) || r == '\t' {
			out.WriteRune(r)
		} else {
			fmt.Fprintf(&out, `\u%04X`, r)
		}
	}
	return out.String(), len(line) > limit
}
