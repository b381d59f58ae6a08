package catalog_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
)

func TestANameIsReplacedWhereItStandsForItself(t *testing.T) {
	for _, each := range []struct{ kind, text, want string }{
		{"person", "zoe", "P"}, {"person", "otto", "otto"}, {"person", "", ""},
		{"people", "otto\nzoe\n\nrita", "otto\nP\n\nrita"},
		{"text", "zoe", "P"}, {"text", "zoe said that zoe's is zoe.", "P said that P's is P."}, {"text", "otto, (zoe) and rita", "otto, (P) and rita"},
		{"text", "zoe- -zoe .zoe", "P- -P .P"}, {"text", "a-zoe zoe-a a.zoe zoe.a", "a-zoe zoe-a a.zoe zoe.a"},
		{"text", "zoey azoe zoë zoe_ zoe@a.example", "zoey azoe zoë zoe_ zoe@a.example"}, {"text", "", ""},
		{"JSON", `{"actor":"zoe","title":"zoe","n":1e999,"comment":"by zoe","zoe":"zoe","command":{"assignee":"zoe"}}`,
			`{"actor":"P","title":"zoe","n":1e999,"comment":"by P","zoe":"zoe","command":{"assignee":"P"}}`},
		{"JSON", `[{"by":"otto"}, {"by": "zoe" }]`, `[{"by":"otto"}, {"by": "P" }]`}, {"none", "zoe", "zoe"},
	} {
		for way, replace := range map[string]func(kind, text string) (string, error){"one": catalog.ReplaceOne, "many": catalog.ReplaceMany} {
			got, err := replace(each.kind, each.text)
			require.NoError(t, err)
			if way == "many" && each.text == "zoe- -zoe .zoe" {
				assert.Equal(t, "P- -P .P", got)
				continue
			}
			assert.Equal(t, each.want, got, way)
		}
	}
}
