package pages

import (
	"path"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// frontEndLimit and codeLimit are in bytes, before any compression. A browser loads them once, and keeps them until they change.
const (
	frontEndLimit = 50_000
	codeLimit     = 4_000
)

func TestTheWholeFrontEndIsUnder50KB(t *testing.T) {
	files, err := assetFiles.ReadDir("assets")
	require.NoError(t, err)
	sizes, total := map[string]int64{}, int64(0)
	for _, file := range files {
		info, err := file.Info()
		require.NoError(t, err)
		if kind := path.Ext(file.Name()); kind == ".js" || kind == ".css" {
			sizes[file.Name()] = info.Size()
			total += info.Size()
		}
	}
	assert.Contains(t, sizes, "app.js")
	assert.Contains(t, sizes, "style.css")
	assert.Less(t, sizes["code.css"], int64(codeLimit), "only pages that show code load it")
	total -= sizes["code.css"]
	assert.Less(t, total, int64(frontEndLimit), "%v: say more with less", sizes)
}
