package catalog

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"slipway/lifecycle"
)

const someSHA256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// plainName needs no escapes in JSON; anyName may.
var (
	plainName = rapid.StringMatching(`[ !#-%'-;=?-\[\]-~]{0,8}`)
	anyName   = rapid.OneOf(plainName, rapid.String())
)

func servings(name *rapid.Generator[string]) *rapid.Generator[lifecycle.Serving] {
	version := rapid.Custom(func(t *rapid.T) lifecycle.Version {
		return lifecycle.Version{
			Version: name.Draw(t, "version"), SHA256: someSHA256, MinPlatform: rapid.IntRange(0, 999_999_999).Draw(t, "platform"),
			Notes: "served leaves them out",
		}
	})
	maybe := rapid.Ptr(version, true)
	return rapid.Custom(func(t *rapid.T) lifecycle.Serving {
		return lifecycle.Serving{
			Live: maybe.Draw(t, "live"), Candidate: maybe.Draw(t, "candidate"), Percent: lifecycle.Percent(rapid.IntRange(0, 10_000).Draw(t, "percent")),
			Testers:  rapid.SliceOfN(name, 0, 3).Draw(t, "testers"),
			Previous: rapid.SliceOfN(version, 0, lifecycle.MaxPrevious).Draw(t, "previous"),
		}
	})
}

func TestWhatIsServedIsReadAsJSONReadsIt(t *testing.T) {
	for name, generator := range map[string]*rapid.Generator[string]{"plain": plainName, "any": anyName} {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			text, err := json.Marshal(served(servings(generator).Draw(t, "serving")))
			require.NoError(t, err)
			read, ok := readServing(string(text), map[string]string{})
			if !ok {
				require.NotEqual(t, "plain", name, "%s is left to encoding/json", text)
				return
			}
			var expected lifecycle.Serving
			require.NoError(t, json.Unmarshal(text, &expected))
			require.Equal(t, expected, read)
		}))
	}
}

// otherTexts are valid or not, but never what served writes.
var otherTexts = []string{
	``, `{`, `}`, `{}}`, `{} `, `[]`, `null`, `{"live":null}`, `{"live":{}}`, `{"previous":[]}`, `{"testers":[]}`, `{"testers":["a",]}`,
	`{"testers":["a"`, `{"testers":["a\n"]}`, `{"testers":["a"],"percent":5}`, `{,"percent":5}`, `{"percent":}`, `{"percent":"5"}`, `{"percent":0.001}`,
	`{"live":{"version":"1","sha256":"x","min_platform":01}}`, `{"live":{"version":"1","sha256":"x","min_platform":-1}}`,
	`{"live":{"version":"1","sha256":"x","min_platform":9999999999}}`, `{"live":{"version":"1","sha256":"x","notes":"older rows have them"}}`,
	`{"live":{"version":"1","sha256":"x","min_platform":}}`, `{"live":{"version":"1","sha256":"x","min_platform":7`, `{"percent":5`,
	`{"live":{"sha256":"x","version":"1"}}`, `{"live":{"version":"ü","sha256":"x"}}`, "{\"live\":{\"version\":\"1\t\",\"sha256\":\"x\"}}",
}

func TestOtherTextsAreLeftToJSON(t *testing.T) {
	for _, text := range otherTexts {
		_, ok := readServing(text, map[string]string{})
		assert.False(t, ok, text)
	}
	_, ok := readVersion(`{"version":"1","sha256":"x"}]`, map[string]string{})
	assert.False(t, ok)
	version, ok := readVersion(`{"version":"1","sha256":"x","min_platform":7}`, map[string]string{})
	assert.True(t, ok)
	assert.Equal(t, lifecycle.Version{Version: "1", SHA256: "x", MinPlatform: 7}, version)
}

func FuzzServing(f *testing.F) {
	for _, text := range otherTexts {
		f.Add(text)
	}
	f.Add(`{"live":{"version":"1.1.0","sha256":"x"},"candidate":{"version":"1.2.0","sha256":"y","min_platform":3},"percent":5,"testers":["a","b"],` +
		`"previous":[{"version":"1.0.0","sha256":"z"},{"version":"1.0.1","sha256":"z"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		read, ok := readServing(text, map[string]string{})
		if !ok {
			return
		}
		var expected lifecycle.Serving
		require.NoError(t, json.Unmarshal([]byte(text), &expected))
		require.Equal(t, expected, read)
	})
}
