package pages

import (
	"fmt"
	"html/template"
	"strings"

	"slipway/packages"
)

// difference is a diff as pages show it: side by side where there is room, else one above the other.
type difference struct {
	Parts []diffPart
	// OneSided says that one of the versions has nothing to show beside the other.
	OneSided bool
	Cut      bool
}

// diffPart are lines that follow each other: the same on both sides, or those that took the place of others.
type diffPart struct {
	// Gap says that lines were left out before it.
	Gap              bool
	Same             bool
	OldLine, NewLine int // of the first line
	Old, New         []codeLine
}

// newDifference reads a unified diff. Findings and comments are shown beside the new lines that they are about; nil notes are
// of a page on which nothing leads to the lines.
func newDifference(change packages.FileChange, notes notesByLine) difference {
	d := difference{Cut: change.DiffCut, OneSided: change.Change != "changed"}
	var oldLine, newLine int
	for line := range strings.Lines(change.Diff) {
		op, text := line[0], strings.TrimSuffix(line[1:], "\n")
		if op == '@' {
			var removed, added int
			_, _ = fmt.Sscanf(line, "@@ -%d,%d +%d,%d @@", &oldLine, &removed, &newLine, &added)
			d.Parts = append(d.Parts, diffPart{Gap: true, Same: true, OldLine: oldLine, NewLine: newLine})
			continue
		}
		part := d.partFor(op, oldLine, newLine)
		if op != '+' {
			part.Old = append(part.Old, codeLine{Number: oldLine, HTML: plainLine(text)})
			oldLine++
		}
		if op != '-' {
			part.New = append(part.New, codeLine{Number: newLine, HTML: plainLine(text), Notes: notes[newLine], Anchor: notes != nil})
			newLine++
		}
	}
	return d
}

// plainLine is a line of a diff, in which what hides is written as escapes already.
func plainLine(text string) template.HTML {
	return template.HTML(template.HTMLEscapeString(text)) //nolint:gosec // it is escaped
}

// partFor is the part that a line belongs to: the last one, or a new one.
func (d *difference) partFor(op byte, oldLine, newLine int) *diffPart {
	last := &d.Parts[len(d.Parts)-1]
	isNew, same := len(last.Old)+len(last.New) == 0, op == ' '
	switch {
	case isNew:
		last.Same = same
	case last.Same != same:
		d.Parts = append(d.Parts, diffPart{Same: same, OldLine: oldLine, NewLine: newLine})
		last = &d.Parts[len(d.Parts)-1]
	}
	return last
}
