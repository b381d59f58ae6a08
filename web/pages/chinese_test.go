package pages

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// verbs are the places of a format that are filled in, in the order of the arguments: %[2]s of a translation is the second.
var verbs = regexp.MustCompile(`%(?:\[(\d)\])?([a-z]|\.1f)`)

// filledIn are the verbs of a format, by the argument that each takes.
func filledIn(format string) []string {
	var all []string
	next := 1
	for _, verb := range verbs.FindAllStringSubmatch(strings.ReplaceAll(format, "%%", ""), -1) {
		if verb[1] != "" {
			_, _ = fmt.Sscan(verb[1], &next)
		}
		all = append(all, fmt.Sprintf("%d %s", next, verb[2]))
		next++
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func TestChineseHasEverythingThatPagesSayAndNothingElse(t *testing.T) {
	keys := said(t)
	var missing []string
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if _, ok := chinese.messages[key]; !ok {
			missing = append(missing, fmt.Sprintf("# %s\n%s\n?\n", keys[key], key))
		}
	}
	assert.Empty(t, missing, "add to web/pages/chinese/*.txt:\n%s\n", strings.Join(missing, "\n"))
	for _, table := range chineseTables {
		for key, text := range table {
			assert.Contains(t, keys, key, "nobody says this any more: delete the row")
			assert.Equal(t, filledIn(key), filledIn(text), "%q: fill in what the English text does, with %%[2]s where the order is another", text)
			assert.NotRegexp(t, `[<>&"]`, text)
		}
	}
}

func TestNoRowIsInTwoTables(t *testing.T) {
	rows := 0
	for _, table := range chineseTables {
		rows += len(table)
	}
	assert.Len(t, chinese.messages, rows)
}

// latin are words that Chinese pages have as they are.
var latin = regexp.MustCompile(`\b(Temporal UI|Temporal|ZIP|PromQL|ID|JSON|UTC|worker|sha256|KiB|MiB|B)\b|%(\[\d\])?[a-z]|%\.1f`)

func TestChineseIsNotHalfEnglish(t *testing.T) {
	for _, table := range chineseTables {
		for key, text := range table {
			assert.NotRegexp(t, `[A-Za-z]`, latin.ReplaceAllString(text, ""), key)
			assert.NotRegexp(t, `\p{Han}[,;:!?.]|[,;:!?]\p{Han}`, text, "%s: punctuation has the width of the characters", key)
		}
	}
}

func TestNumbersAndTimesAreWordedInChinese(t *testing.T) {
	w, err := newWords(chinese)
	require.NoError(t, err)
	assert.Equal(t, "1 个文件", w.t("%d files", 1))
	assert.Equal(t, "2,000 个文件", w.t("%d files", 2000))
}
