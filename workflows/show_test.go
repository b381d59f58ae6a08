package workflows

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWhatPeopleWriteStaysWithinItsQuotes(t *testing.T) {
	assert.Equal(t, "`a title with a blank line`", quoted("a title\n\nwith a\r\nblank line"))
	assert.Equal(t, "`it's 'code'`", quoted("it's `code`"))
	assert.Empty(t, quoted(" "))
}

func TestOnlyWhatMeansNothingInMarkdownIsWrittenAsItIs(t *testing.T) {
	for _, text := range []string{"ann", "ann@acme.example", "Wetter, heute", "天気予報", "O'Neill", "release-manager"} {
		assert.Equal(t, text, written(text))
	}
	for _, text := range []string{"[a](https://b)", "![a](b)", "<img>", "*a*", "a_b_", "www.evil.example", "https://evil.example", "# a", "- a", "a\u202eb", "a|b", "&lt;"} {
		assert.Regexp(t, "^`[^`]+`$", written(text))
	}
	assert.Equal(t, "`a\\u202eb`", written("a\u202eb"))
}
