package tokens

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

// FuzzPresented looks at texts that somebody presents as a token: a well-formed one is told from any other with one letter changed.
func FuzzPresented(f *testing.F) {
	f.Add(newSecret())
	f.Add(Prefix)
	f.Add("Bearer " + newSecret())
	f.Add(Prefix + strings.Repeat("A", letters))
	f.Fuzz(func(t *testing.T, presented string) {
		hash, ok := ParseHash(HashOf(presented).String())
		assert.True(t, ok)
		assert.Equal(t, HashOf(presented), hash)
		if kept, ok := ParseHash(presented); ok {
			assert.Equal(t, strings.ToLower(presented), kept.String())
		}
		if !wellFormed(presented) {
			return
		}
		assert.True(t, IsOne(presented))
		for i := len(Prefix); i < len(presented); i++ {
			other := []byte(presented)
			other[i] ^= 1
			assert.False(t, wellFormed(string(other)), "%s", other)
		}
	})
}

// FuzzDraft reads requests for tokens, by somebody who may make every kind.
func FuzzDraft(f *testing.F) {
	f.Add(`{"name":"ci","kind":"pipeline","team":"acme","actions":["upload-code","upload-code"]}`)
	f.Add(`{"name":"wallet","kind":"host-app","ends_at":"2026-12-01T09:00:00Z"}`)
	f.Add(`{"name":"\u0000","kind":"edge","ends_at":"9999-12-31T23:59:59-12:00"}`)
	maker := lifecycle.Actor{User: "gil", Roles: []lifecycle.Role{lifecycle.Developer, lifecycle.Operator}, Teams: []string{"acme"}}
	now := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		var draft Draft
		if lifecycle.DecodeStrictly([]byte(text), &draft) != nil {
			return
		}
		secret, made, err := draft.Make(maker, now)
		if err != nil {
			assert.Empty(t, secret)
			var refusal *lifecycle.Refusal
			require.ErrorAs(t, err, &refusal)
			assert.NotEmpty(t, refusal.Message)
			return
		}
		assert.True(t, wellFormed(secret))
		assert.True(t, made.Works(now))
		assert.False(t, made.Works(now.AddDate(0, 0, MaxDays)))
		assert.Equal(t, made.Kind == Pipeline, len(made.Actions) > 0, "what a token may do is never guessed")
		kept, err := json.Marshal(made)
		require.NoError(t, err)
		assert.NotContains(t, string(kept), secret[len(Prefix):])
	})
}
