package plain_test

import (
	"bytes"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/plain"
)

// FuzzShown shows whatever strangers wrote, in pieces of any size: nothing in it acts on a terminal.
func FuzzShown(f *testing.F) {
	f.Add([]byte("\x1b[2J\r\u009b31m\x7f\u202e\u2067\nfaked"), 1)
	f.Add([]byte("\xe2\x80\U000E0001 \u200d"), 2)
	f.Fuzz(func(t *testing.T, text []byte, piece int) {
		whole, parts := shownIn(t, text, len(text)), shownIn(t, text, piece)
		assert.Equal(t, whole, parts, "how it is cut does not matter")
		require.True(t, utf8.ValidString(whole))
		for _, r := range whole {
			assert.True(t, unicode.IsGraphic(r) || unicode.Is(unicode.Join_Control, r) || r == '\n' || r == '\t', "%q", r)
		}
		assert.NotContains(t, plain.Line(string(text)), "\n")
	})
}

func shownIn(t *testing.T, text []byte, piece int) string {
	var out bytes.Buffer
	w := &plain.Writer{To: &out}
	for piece = min(max(1, piece), max(1, len(text))); len(text) > 0; {
		n, err := w.Write(text[:min(piece, len(text))])
		require.NoError(t, err)
		text = text[n:]
	}
	require.NoError(t, w.Flush())
	return out.String()
}
