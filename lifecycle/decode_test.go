package lifecycle

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestASignalWithAFieldThatDoesNotExistIsRefused(t *testing.T) {
	for _, text := range []string{
		`{"actor":{"user":"ann"},"if_revison":3}`, `{"actor":{"user":"ann","rolls":[]}}`, `{"plan":{"grayscal":{}}}`,
		`[]`, `"x"`, ``, `{`, `{} {}`, `{"percent":"5"}`, `{"percent":5.001}`, `{"percent":1e300}`, `{"plan":{"grayscale":{"bake":"soon"}}}`,
	} {
		_, err := DecodeCommand(Pause, []byte(text))
		assert.Error(t, err, text)
	}
	command, err := DecodeCommand(Publish, []byte(`{"actor":{"user":"ann"},"plan":"fast","percent":0.01}`))
	require.NoError(t, err)
	assert.Equal(t, "fast", command.Plan.Name)
	assert.Equal(t, Percent(1), *command.Percent)
}

func TestAMemberThatAppearsTwiceIsRefusedByName(t *testing.T) {
	for text, twice := range map[string]string{
		`{"if_revision": 5, "if_revision": 0}`:                                                   "if_revision",
		`{"if_revision": 5, "IF_Revision": 0}`:                                                   "IF_Revision",
		`{"if_revision": 5, "if_reviſion": 0}`:                                                   "if_reviſion",
		`{"actor": {"user": "ann", "roles": [], "user": "bob"}}`:                                 "actor.user",
		`{"plan": {"production": [{"percent": 1, "hold": "1h"}, {"percent": 2, "percent": 3}]}}`: "plan.production.percent",
	} {
		_, err := DecodeCommand(Publish, []byte(text))
		assert.ErrorContains(t, err, twice+" appears twice", text)
	}
	for _, text := range []string{`{"testers": ["a", "a"]}`, `[{"a": 1}, {"a": 1}]`, `{"a": {"a": 1}}`, `{`, `{"a"`, `{"a":}`, `[1,`, ``, `{"a": 1,, "a": 2}`} {
		assert.Empty(t, SaidTwice([]byte(text)), text)
	}
}

// assertSaidOnce requires that no two members of an object are one to the decoder.
func assertSaidOnce(t *testing.T, object string) {
	t.Helper()
	var members map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(object), &members))
	for one := range members {
		for other := range members {
			assert.True(t, one == other || !strings.EqualFold(one, other), "%q and %q", one, other)
		}
	}
}
