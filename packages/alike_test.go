package packages_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/packages"
)

func TestNamesThatLookAlikeAreToldApart(t *testing.T) {
	for wanted, c := range map[string]struct{ there, says string }{
		"img/홈.png":                  {"img/\u1112\u1169\u11b7.png", "another Unicode form (NFD, decomposed as on macOS, rather than NFC, composed)"},
		"img/cafe\u0301.png":         {"img/café.png", "(NFC, composed, rather than NFD, decomposed as on macOS)"},
		"img/\u00e9\u1e9b\u0323.png": {"img/e\u0301\u1e9b\u0323.png", "(partly composed, rather than NFC, composed)"},
		"img/a.png":                  {"img/ａ.png", "only looks the same: it has U+FF41;"},
		"img/fi.png":                 {"img/ﬁ.png", "only looks the same: it has U+FB01;"},
		"img/b\u200b.png":            {"img/b.png", "only looks the same: it has no U+200B;"},
		"img/ａ.png":                  {"img/𝐚.png", "only looks the same: it has U+1D41A and no U+FF41;"},
		"img/STRASSE.png":            {"img/straße.png", `found "img/straße.png" instead; add it`},
		"img/CAFÉ.png":               {"img/café.png", `found "img/café.png" instead; add it`},
		"img/Cafe.png":               {"img/cafe.png", `found "img/cafe.png" instead; add it`},
		"img/Ä.png":                  {"img/a\u0308.png", `found "img/` + "a\u0308" + `.png" instead; add it`},
	} {
		data := rawZip(rawEntry{name: "app.js"}, rawEntry{name: "pages/a/a.js"}, rawEntry{name: "pages/a/a.wxml"}, rawEntry{name: "pages/b/b.js"}, rawEntry{name: "pages/b/b.wxml"},
			rawEntry{name: "app.json", content: `{"pages": ["pages/a/a", "pages/b/b"], "tabBar": {"list": [{"pagePath": "pages/a/a", "iconPath": "` + wanted + `"}, {"pagePath": "pages/b/b"}]}}`},
			rawEntry{name: c.there, flags: 1 << 11})
		report := inspect(t, data, packages.Options{Version: "1.0.0"})

		require.Equal(t, []string{"tab_icon_missing"}, codesOf(report.Findings), "%q", wanted)
		assert.Contains(t, report.Findings[0].Message, c.says)
	}
}

func TestOfSeveralNamesThatLookAlikeTheNearestIsTold(t *testing.T) {
	files := []rawEntry{{name: "app.js"}, {name: "app.json", content: `{"pages": ["pages/é"]}`}, {name: "pages/É.js", flags: 1 << 11}, {name: "pages/e\u0301.js", flags: 1 << 11}}
	for _, entries := range [][]rawEntry{files, {files[0], files[1], files[3], files[2]}} {
		report := inspect(t, rawZip(entries...), packages.Options{Version: "1.0.0"})
		require.Equal(t, []string{"name_collision", "page_missing"}, codesOf(report.Findings))
		assert.Contains(t, report.Findings[1].Message, "another Unicode form (NFD")
	}
}

func TestOfAPageTheHalfThatOnlyLooksTheSameIsTold(t *testing.T) {
	const looksAlike, unicodeForm = `; found "%s" instead; add it`, `; found "%s" instead, the same name in another Unicode form (NFD`
	for _, c := range []struct{ logic, markup, missing, says string }{
		{"pages/é.js", "pages/É.wxml", "markup (", looksAlike},
		{"pages/É.ts", "pages/é.axml", "logic (", looksAlike},
		{"pages/é.js", "pages/e\u0301.swan", "markup (", unicodeForm},
		{"pages/e\u0301.js", "pages/é.wxml", "logic (", unicodeForm},
	} {
		report := inspect(t, rawZip(rawEntry{name: "app.js"}, rawEntry{name: "app.json", content: `{"pages": ["pages/é"]}`},
			rawEntry{name: c.logic, flags: 1 << 11}, rawEntry{name: c.markup, flags: 1 << 11}), packages.Options{Version: "1.0.0"})
		require.Equal(t, []string{"page_missing"}, codesOf(report.Findings))
		there := c.markup
		if c.missing == "logic (" {
			there = c.logic
		}
		assert.Contains(t, report.Findings[0].Message, "has no "+c.missing)
		assert.Contains(t, report.Findings[0].Message, fmt.Sprintf(c.says, there))
	}
}

func TestPagesThatLookLikeOthersAreTold(t *testing.T) {
	tabs := tabs("pages/menu/menu", "pages/ｏrder/order")
	report := inspect(t, coffee(t, member("app.json", "tabBar", tabs), member("app.json", "entryPagePath", "pages/Menu/menu")), packages.Options{Version: "1.0.0"})

	require.Equal(t, []string{"entry_page_undeclared", "tab_page_undeclared"}, codesOf(report.Findings))
	assert.Contains(t, report.Findings[0].Message, `found "pages/order/order" instead, which only looks the same: it has no U+FF4F;`)
	assert.Contains(t, report.Findings[1].Message, `found "pages/menu/menu" instead; add it`)
}
