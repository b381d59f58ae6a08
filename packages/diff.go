package packages

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// A diff is shown to a person, so it is bounded by what one reads, and by the time that it takes.
const (
	maxDiffedFile = 256 << 10 // bytes of a file whose lines are compared
	maxDiffedLine = 20_000    // lines of such a file
	maxEdits      = 400       // lines added and removed; with more, the whole middle is shown as replaced
	maxDiff       = 16 << 10  // bytes of the diff of one file
	maxDiffs      = 128 << 10 // bytes of all diffs together
	minDiff       = 1 << 10   // bytes that must be left of them for one more
	maxShownLine  = 200       // bytes of one line
	diffContext   = 3         // unchanged lines shown around a change
)

// addDiffs shows the changed lines of the changed text files, until there is more than anybody reads.
func (c *Comparison) addDiffs(a, b side) {
	left := maxDiffs
	for i := range c.Files {
		f := &c.Files[i]
		if f.Change != fileChanged || !isText(f.Kind) {
			continue
		}
		before, after := a.prints[f.Path].entry, b.prints[f.Path].entry
		if len(f.Notes) > 0 || before.size > maxDiffedFile || after.size > maxDiffedFile || left < minDiff {
			f.DiffCut = true
			continue
		}
		f.Diff, f.DiffCut = diffFiles(a, before, b, after, min(maxDiff, left))
		left -= len(f.Diff)
	}
}

func diffFiles(a side, before entry, b side, after entry, limit int) (diff string, cut bool) {
	oldLines, newLines := linesOf(a.in, before), linesOf(b.in, after)
	if len(oldLines) > maxDiffedLine || len(newLines) > maxDiffedLine {
		return "", true
	}
	return unified(edits(oldLines, newLines), limit)
}

func linesOf(in *inspection, e entry) []string {
	var content strings.Builder
	newContentReader(in).unpack(e, func(chunk []byte) { content.Write(chunk) })
	return strings.Split(strings.TrimSuffix(content.String(), "\n"), "\n")
}

// edit is one line of a diff: kept (' '), removed ('-') or added ('+').
type edit struct {
	op   byte
	line string
}

// edits returns a short way from one text to the other.
func edits(a, b []string) []edit {
	prefix := 0
	for prefix < len(a) && prefix < len(b) && a[prefix] == b[prefix] {
		prefix++
	}
	suffix := 0
	for suffix < len(a)-prefix && suffix < len(b)-prefix && a[len(a)-1-suffix] == b[len(b)-1-suffix] {
		suffix++
	}
	list := appendEdits(nil, ' ', a[:prefix])
	list = append(list, shortestEdits(a[prefix:len(a)-suffix], b[prefix:len(b)-suffix])...)
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
// With more than maxEdits it replaces all of a by all of b.
func shortestEdits(a, b []string) []edit {
	reach := make(frontier, 2*maxEdits+3)
	var history []frontier
	for d := 0; d <= maxEdits; d++ {
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

// unified writes edits as the hunks of a unified diff, of at most limit bytes.
func unified(list []edit, limit int) (diff string, cut bool) {
	var out strings.Builder
	oldLine, newLine := 1, 1
	for i := 0; i < len(list); {
		end := hunkEnd(list, i)
		if end == i {
			oldLine, newLine, i = oldLine+1, newLine+1, i+1
			continue
		}
		hunk, removed, added := formatHunk(list[i:end], oldLine, newLine)
		if left := limit - out.Len(); len(hunk) > left {
			return out.String() + hunk[:strings.LastIndexByte(hunk[:left], '\n')+1], true
		}
		out.WriteString(hunk)
		oldLine, newLine, i = oldLine+removed, newLine+added, end
	}
	return out.String(), false
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

func formatHunk(hunk []edit, oldLine, newLine int) (text string, removed, added int) {
	var lines strings.Builder
	for _, e := range hunk {
		if e.op != '+' {
			removed++
		}
		if e.op != '-' {
			added++
		}
		lines.WriteString(string(e.op) + reveal(e.line) + "\n")
	}
	return fmt.Sprintf("@@ -%d,%d +%d,%d @@\n%s", oldLine, removed, newLine, added, lines.String()), removed, added
}

// reveal makes a line safe to show: cut to a readable length, and what would be invisible or change the direction of the
// text written as escapes (Trojan Source, CVE-2021-42574).
func reveal(line string) string {
	var out strings.Builder
	for _, r := range shorten(strings.TrimSuffix(line, "\r"), maxShownLine) {
		if unicode.IsPrint(r) || r == '\t' {
			out.WriteRune(r)
		} else {
			fmt.Fprintf(&out, `\u%04X`, r)
		}
	}
	return out.String()
}
