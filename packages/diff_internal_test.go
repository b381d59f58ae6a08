package packages

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestEditsLeadFromOneTextToTheOther(t *testing.T) {
	lines := rapid.SliceOf(rapid.SampledFrom([]string{"a", "b", "c", ""}))
	rapid.Check(t, func(t *rapid.T) {
		before, after := lines.Draw(t, "before"), lines.Draw(t, "after")
		list := edits(before, after, oneOfMany.edits)
		assert.Equal(t, append([]string{}, before...), textOf(list, '-'))
		assert.Equal(t, append([]string{}, after...), textOf(list, '+'))
	})
}

func TestEditsAreFewWhenLittleChanged(t *testing.T) {
	before := strings.Split(strings.Repeat("a b c d e f g ", 200), " ")
	after := append([]string{"new"}, before...)
	after[700] = "changed"
	changed := 0
	for _, e := range edits(before, after, oneOfMany.edits) {
		if e.op != ' ' {
			changed++
		}
	}
	assert.Equal(t, 3, changed)
}

func TestMoreEditsThanOneReadsReplaceTheWholeMiddle(t *testing.T) {
	before := strings.Split(strings.Repeat("a b ", oneOfMany.edits), " ")
	after := strings.Split(strings.Repeat("b c ", oneOfMany.edits), " ")
	list := edits(before, after, oneOfMany.edits)
	assert.Equal(t, append([]string{}, before...), textOf(list, '-'))
	assert.Equal(t, append([]string{}, after...), textOf(list, '+'))
}

// textOf is the text that has the kept lines and those of op.
func textOf(list []edit, op byte) []string {
	lines := []string{}
	for _, e := range list {
		if e.op == ' ' || e.op == op {
			lines = append(lines, e.line)
		}
	}
	return lines
}
