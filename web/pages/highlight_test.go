package pages

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
	"pgregory.net/rapid"
)

// textOfLines is what a browser shows of highlighted lines.
func textOfLines(t require.TestingT, file, text string) string {
	var shown []string
	for _, line := range highlight(file, text) {
		root, err := html.Parse(strings.NewReader(string(line)))
		require.NoError(t, err)
		var all strings.Builder
		for node := range root.Descendants() {
			if node.Type == html.TextNode {
				all.WriteString(node.Data)
			}
		}
		shown = append(shown, all.String())
	}
	return strings.Join(shown, "\n")
}

func TestHighlightedCodeIsTheWholeCode(t *testing.T) {
	pieces := rapid.SliceOf(rapid.SampledFrom([]string{
		"const a = 1", "\n", "/* open", "*/", "'", `"`, "`${x}", "<view>", "</script>", "&amp;", "{", "}", ":", "//c", "a.b", "é好", "1e9", "\\", "@import",
	}))
	rapid.Check(t, func(t *rapid.T) {
		file := rapid.SampledFrom([]string{"a.js", "a.ts", "a.json", "a.wxml", "a.wxss", "a.md", "a.yaml", "a.unknown"}).Draw(t, "file")
		text := "x" + strings.Join(pieces.Draw(t, "pieces"), "") + "x" // what begins with white space, HTML leaves out
		assert.Equal(t, text, textOfLines(t, file, text))
	})
}

func TestEachLanguageOfMiniProgramsHasColours(t *testing.T) {
	for file, text := range map[string]string{
		"a.js": "const a = 1", "a.wxml": "<view>1</view>", "a.wxss": ".a { color: red }", "app.json": `{"a": "b"}`, "a.ts": "let a: string = 'a'",
		"a.fxml": "<view a='1'/>", "a.sjs": "var a = 'a'",
	} {
		assert.Contains(t, highlight(file, text)[0], "<span class=", file)
	}
}

func TestWhatWouldTakeLongHasNoColours(t *testing.T) {
	for what, text := range map[string]string{
		"a long line": "const a = '" + strings.Repeat("x", longestHighlighted) + "'",
		"a long file": strings.Repeat("const a = 1\n", maxHighlighted/12+1),
	} {
		assert.NotContains(t, highlight("a.js", text)[0], "<span", what)
	}
}

func BenchmarkHighlight(b *testing.B) {
	const line = "  const result = await request({ url: 'https://a.example', data: [1, 2, 3] }); // a comment\n"
	for _, size := range []int{4 << 10, 16 << 10, maxHighlighted} {
		text := strings.Repeat(line, size/len(line))
		highlight("a.js", text)
		b.Run(fmt.Sprintf("%d KiB", size>>10), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			shown := 0
			for b.Loop() {
				shown = 0
				for _, each := range highlight("a.js", text) {
					shown += len(each)
				}
			}
			b.ReportMetric(float64(shown), "bytes-shown")
		})
	}
}
