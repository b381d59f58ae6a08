package lifecycle

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestADurationIsRoundedAsPeopleSayIt(t *testing.T) {
	for text, rounded := range map[string]string{
		"59m58.209543656s": "59m58s", "24h": "24h", "0s": "0s", "1m0.4s": "1m", "59.96s": "1m", "1.04s": "1s", "1.25s": "1.3s", "350.7ms": "351ms", "1h0m59.7s": "1h1m",
	} {
		var d Duration
		require.NoError(t, d.UnmarshalText([]byte(text)))
		assert.Equal(t, rounded, d.Rounded().String(), text)
	}
}

func TestWhatHasToBeReadShowsSomething(t *testing.T) {
	for what, text := range map[string]string{
		"nothing": "", "blanks": " \t\n\u00a0\u2003\u3000", "no width": "\u200b\u200c\u200d\u2060", "a byte order mark": "\ufeff",
		"Hangul fillers": "\u3164\u115f\u1160\uffa0", "a pattern without dots": "\u2800", "tags": "\U000e0041\U000e007f", "variations": "\ufe0f\U000e0100",
		"directions": "\u202e\u2066\u200f\u061c", "marks without a letter": "\u0301\u034f\u20dd", "soft hyphens": "\u00ad", "line ends": "\u2028\u2029",
		"Mongolian": "\u180e\u180b", "Khmer": "\u17b4\u17b5", "a place for an object": "\ufffc", "controls": "\x01\x7f\u0085", "music": "\U0001d159\U0001d173",
		"private": "\ue000", "unassigned": "\U0003ffff",
	} {
		refusedWith(t, CommentRequired, inState(t, GrayscaleRelease).try(Rollback, mia, comment(text)))
		_, _, refusal := NewMiniProgram(Creation{ID: "weather", Title: text, Team: "acme", Actor: ann}, start, DefaultSettings())
		assert.Equal(t, InvalidInput, refusal.Code, what)
		if text != "" {
			refusedWith(t, InvalidInput, inState(t, GrayscaleRelease).try(LeaveFeedback, ann, rated(5, text)))
		}
	}
	for _, text := range []string{".", "1", "不行", "é", "e\u0301", "👎", "👩‍👩‍👧", "لا", "한국어", "\u200bok", "⠿", "+1"} {
		inState(t, GrayscaleRelease).do(Rollback, mia, comment(text))
		inState(t, GrayscaleRelease).do(LeaveFeedback, ann, rated(5, text))
		_, _, refusal := NewMiniProgram(Creation{ID: "weather", Title: text, Team: "acme", Actor: ann}, start, DefaultSettings())
		assert.Nil(t, refusal, text)
	}
}
