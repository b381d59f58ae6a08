package packages_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"slipway/packages"
)

// preloadBreaches are mini-programs that load ahead what there is not.
var preloadBreaches = []breach{
	{what: "a page that is not declared", code: "preload_unknown", path: "app.json", says: `the page "pages/Menu/menu", which is not declared; found "pages/menu/menu" instead`, pack: preloads("pages/Menu/menu", "loyalty")},
	{what: "a subpackage that there is not", code: "preload_unknown", path: "app.json", says: `"packages/gift", which is neither the root nor the name`, pack: preloads("pages/menu/menu", "packages/gift")},
	{what: "the name of a subpackage in another case", code: "preload_unknown", path: "app.json", says: `found "loyalty" instead`, pack: preloads("pages/menu/menu", "Loyalty")},
}

func preloads(page string, parts ...any) func(testing.TB) []byte {
	return app("preloadRule", map[string]any{page: map[string]any{"network": "all", "packages": parts}})
}

func TestSubpackagesAreLoadedAheadByRootOrName(t *testing.T) {
	for _, part := range []string{"packages/loyalty", "packages/loyalty/", "/packages/loyalty", "./packages/loyalty", "loyalty", "__APP__"} {
		for _, page := range []string{"pages/menu/menu", "packages/loyalty/pages/card/card", "__plugin__/wx1/pages/pay"} {
			report := inspect(t, preloads(page, part)(t), packages.Options{Version: "1.0.0"})
			assert.Empty(t, report.Findings, "%s %s", page, part)
		}
	}
}

func TestWithoutSubpackagesThereIsNothingToLoadAhead(t *testing.T) {
	data := coffee(t, member("app.json", "preloadRule", map[string]any{"pages/gone": map[string]any{"packages": []any{"gone"}}}), member("app.json", "subPackages", nil))
	assert.Empty(t, inspect(t, data, packages.Options{Version: "1.0.0"}).Findings)
}
