package workflows

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
	"slipway/plain"
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

// PostgreSQL keeps 255 characters of a search attribute, and Temporal takes 2,048 bytes.
func TestATitleFitsIntoItsSearchAttributeWhateverIsInIt(t *testing.T) {
	for _, character := range []string{"w", "語", "\u00ad", "\U000f0000"} {
		titled := creation
		titled.Title = "W" + strings.Repeat(character, lifecycle.MaxTitle-1)
		require.Nil(t, titled.Admit(start), "a title that may be")
		title, _ := Client{Titles: true}.startOptions(titled).TypedSearchAttributes.GetKeyword(AttributeTitle)
		assert.LessOrEqual(t, utf8.RuneCountInString(title), 255)
		assert.Less(t, len(title), 2048)
		assert.True(t, strings.HasPrefix(title, "W"+plain.Line(character)))
	}
}
