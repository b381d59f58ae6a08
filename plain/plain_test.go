package plain_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"slipway/plain"
)

// shown is what arrives of writes.
func shown(t require.TestingT, writes ...string) string {
	var arrived bytes.Buffer
	w := &plain.Writer{To: &arrived}
	for _, each := range writes {
		n, err := io.WriteString(w, each)
		require.NoError(t, err)
		require.Equal(t, len(each), n)
	}
	require.NoError(t, w.Flush())
	return arrived.String()
}

func TestWhatActsOnATerminalIsShown(t *testing.T) {
	for text, expected := range map[string]string{
		"\x1b[2Jgone":          `\u001b[2Jgone`,
		"\x1b]0;title\a":       `\u001b]0;title\u0007`,
		"100 %\rdone":          `100 %\rdone`,
		"secret\b\b":           `secret\u0008\u0008`,
		"\x7f":                 `\u007f`,
		"\u009b2J\u0090":       `\u009b2J\u0090`,
		"\u202egpj.exe":        `\u202egpj.exe`,
		"\u2066a\u2069":        `\u2066a\u2069`,
		"v1\u200b\ufeff\u00ad": `v1\u200b\ufeff\u00ad`,
		"a\u2028b":             `a\u2028b`,
		"tag \U000e0041":       `tag \udb40\udc41`,
		"\x9b2J \xff":          `\x9b2J \xff`,
		"cut \xe2\x82":         `cut \xe2\x82`,
		"\xed\xa0\x80":         `\xed\xa0\x80`,
	} {
		assert.Equal(t, expected, shown(t, text), "%q", text)
		assert.Equal(t, expected, plain.Line(text), "%q", text)
	}
}

func TestOrdinaryTextArrivesUnchanged(t *testing.T) {
	for _, text := range []string{
		"", `C:\new "quoted" <b>`, "天气　预报", "Wetter für Zürich", "دانش\u200cآموز", "क्\u200dष", "שלום", "👩\u200d🌾 ☀️ → █░", "e\u0301", "\ufffd",
	} {
		assert.Equal(t, text, shown(t, text))
		assert.Equal(t, text, plain.Line(text))
	}
	assert.Equal(t, "a\tb\n", shown(t, "a\tb\n"))
}

func TestALineStaysOneLine(t *testing.T) {
	assert.Equal(t, `no\r\n12\tpublish\u000b\u000c`, plain.Line("no\r\n12\tpublish\v\f"))
}

func TestWhatIsShownIsSafeAndTheSameHoweverItIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := hostile().Draw(t, "text")
		whole := shown(t, text)
		for _, r := range whole {
			visible := unicode.IsGraphic(r) || strings.ContainsRune("\n\t\u200c\u200d", r)
			assert.True(t, visible, "%q shows %q", text, r)
		}
		assert.True(t, utf8.ValidString(whole), "%q is shown as %q", text, whole)
		assert.Equal(t, whole, shown(t, pieces(t, text)...), "written in pieces")
		assert.Equal(t, whole, shown(t, whole), "shown twice")
	})
}

func TestJSONStaysTheSameValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := strings.ToValidUTF8(hostile().Draw(t, "text"), "\ufffd")
		var encoded bytes.Buffer
		encoder := json.NewEncoder(&encoded)
		encoder.SetEscapeHTML(false)
		require.NoError(t, encoder.Encode(map[string]string{text: text}))
		var decoded map[string]string
		require.NoError(t, json.Unmarshal([]byte(shown(t, pieces(t, encoded.String())...)), &decoded))
		assert.Equal(t, map[string]string{text: text}, decoded)
	})
}

// hostile is any bytes, most of them of characters that matter.
func hostile() *rapid.Generator[string] {
	one := rapid.OneOf(
		rapid.SampledFrom([]string{"\x1b[", "\r", "\u009b", "\u202e", "\u2067", "\x7f", "\U000e0041", "\xe2\x82", "\x9b", "天", "👩", "\u200d", "\\", `"`, "\n", "\t"}),
		rapid.String(),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
	)
	return rapid.Map(rapid.SliceOf(one), func(all []string) string { return strings.Join(all, "") })
}

// pieces cuts a text anywhere, also within its characters.
func pieces(t *rapid.T, text string) (all []string) {
	for len(text) > 0 {
		n := rapid.IntRange(1, min(len(text), 5)).Draw(t, "length")
		all = append(all, text[:n])
		text = text[n:]
	}
	return all
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestAFailedWriteIsAnError(t *testing.T) {
	n, err := io.WriteString(&plain.Writer{To: full{}}, "text")
	assert.Zero(t, n)
	assert.ErrorContains(t, err, "no space left")
}
