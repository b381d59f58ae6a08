package packages_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/packages"
)

// appJSONBreaches are mini-programs of the app.json family that break a rule of their format.
var appJSONBreaches = []breach{
	{what: "no app.js", code: "required_file_missing", path: "app.js", says: "neither", pack: func(t testing.TB) []byte { return coffee(t, without("app.js")) }},
	{what: "no pages in app.json", code: "manifest_member_missing", path: "app.json", says: `"/pages"`, also: []string{"tab_page_undeclared"}, pack: app("pages", nil)},
	{what: "a single tab", code: "manifest_member_invalid", path: "app.json", says: `"/tabBar/list"`, pack: app("tabBar", tabs("pages/menu/menu"))},
	{what: "six tabs", code: "manifest_member_invalid", path: "app.json", says: `"/tabBar/list" is wrong: maxItems: got 6, want 5`, pack: app("tabBar", tabs(manyTabs(6)...))},
	{what: "six tabs of Alipay", code: "manifest_member_invalid", path: "app.json", says: `"/tabBar/items" is wrong: maxItems: got 6, want 5`, pack: app("tabBar", items(manyTabs(6)...))},
	{what: "eleven tabs drawn by a component", code: "manifest_member_invalid", path: "app.json", says: `"/tabBar/list" is wrong: maxItems: got 11, want 10`,
		pack: func(t testing.TB) []byte { return coffee(t, drawnTabs(11)) }},
	{what: "a plugin without a provider", code: "manifest_member_missing", path: "app.json", says: `"/plugins/pay/provider"`, pack: app("plugins", map[string]any{"pay": map[string]any{"version": "1.0.0"}})},
	{what: "a page with a leading slash", code: "page_path_invalid", path: "app.json", says: "no leading", pack: app("pages", []any{"pages/menu/menu", "pages/order/order", "/pages/more/more"})},
	{what: "a page with two slashes", code: "page_path_invalid", path: "app.json", says: `no "//"`, pack: app("pages", []any{"pages/menu/menu", "pages/order/order", "pages//more"})},
	{what: "a page twice", code: "page_duplicate", path: "app.json", says: "declared twice", pack: app("pages", []any{"pages/menu/menu", "pages/order/order", "pages/menu/menu"})},
	{what: "a page without logic", code: "page_missing", path: "pages/menu/menu", says: "no logic (.js or .ts);", pack: func(t testing.TB) []byte { return coffee(t, without("pages/menu/menu.js")) }},
	{what: "a page without markup", code: "page_missing", path: "pages/menu/menu", says: "no markup (.wxml", pack: func(t testing.TB) []byte { return coffee(t, without("pages/menu/menu.fxml")) }},
	{what: "a page elsewhere", code: "page_missing", path: "pages/menu/menu", says: `found "menu/menu.js" instead`, pack: func(t testing.TB) []byte {
		return coffee(t, moved("pages/menu/menu.js", "menu/menu.js"), moved("pages/menu/menu.fxml", "menu/menu.fxml"))
	}},
	{what: "a page in a subpackage that is not there", code: "page_missing", path: "packages/loyalty/pages/card/card", says: "no logic", pack: func(t testing.TB) []byte {
		return coffee(t, without("packages/loyalty/pages/card/card.js"))
	}},
	{what: "page settings that are a list", code: "json_syntax", path: "pages/menu/menu.json", says: "not an object", pack: func(t testing.TB) []byte { return coffee(t, with("pages/menu/menu.json", "[]")) }},
	{what: "both spellings", code: "subpackages_twice", path: "app.json", says: "keep one", pack: app("subpackages", []any{})},
	{what: "a subpackage outside", code: "subpackage_root_invalid", path: "app.json", says: `"../loyalty"`, pack: app("subPackages", []any{part("../loyalty")})},
	{what: "a subpackage in another", code: "subpackage_nested", path: "app.json", says: `"packages/loyalty/" lies in the subpackage "packages/"`,
		pack: app("subPackages", []any{part("packages"), part("packages/loyalty", "pages/card/card")})},
	{what: "a subpackage twice", code: "subpackage_nested", path: "app.json", says: "move it out", pack: app("subPackages", []any{part("packages/loyalty", "pages/card/card"), part("packages/loyalty")})},
	{what: "a main page in a subpackage", code: "page_in_subpackage", path: "app.json", says: `"packages/loyalty/pages/card/card"`,
		pack: app("pages", []any{"pages/menu/menu", "pages/order/order", "packages/loyalty/pages/card/card"}), also: []string{"page_duplicate"}},
	{what: "a main package above 2 MiB", code: "part_too_large", path: "app.json", says: "the main package has", pack: func(t testing.TB) []byte {
		return coffee(t, with("images/big1.png", zeros(1<<20)), with("images/big2.png", zeros(1<<20)))
	}},
	{what: "a subpackage above 2 MiB", code: "part_too_large", path: "app.json", says: `the subpackage "packages/loyalty/" has`,
		pack: func(t testing.TB) []byte {
			return coffee(t, with("packages/loyalty/big1.png", zeros(1<<20)), with("packages/loyalty/big2.png", zeros(1<<20)))
		}},
	{what: "more than 30 MiB in all", code: "parts_too_large", path: "app.json", says: "all parts together", also: []string{"part_too_large"},
		pack: func(t testing.TB) []byte { return coffee(t, manyFiles(30)) }},
	{what: "a tab that is no page", code: "tab_page_undeclared", path: "app.json", says: `"pages/more/more"`, pack: app("tabBar", tabs("pages/menu/menu", "pages/more/more"))},
	{what: "a tab in a subpackage", code: "tab_page_undeclared", path: "app.json", says: "not a page of the main package", pack: app("tabBar", tabs("pages/menu/menu", "packages/loyalty/pages/card/card"))},
	{what: "a tab without its icon", code: "tab_icon_missing", path: "images/cup.png", says: `"images/cup.png"`, pack: func(t testing.TB) []byte { return coffee(t, without("images/cup.png")) }},
	{what: "a tab of Alipay that is no page", code: "tab_page_undeclared", path: "app.json", says: `the tab "Tab" leads to "pages/more/more"`, pack: app("tabBar", items("pages/menu/menu", "pages/more/more"))},
	{what: "neither list nor items", code: "manifest_member_missing", path: "app.json", says: `"/tabBar/list"`, pack: app("tabBar", map[string]any{"color": "#999999"})},
	{what: "a tab icon of Alipay that is not there", code: "tab_icon_missing", path: "images/tea.png", says: `"/images/tea.png"`, pack: app("tabBar", withIcon(items("pages/menu/menu", "pages/order/order"), "activeIcon", "/images/tea.png"))},
	{what: "a tab icon on a server", code: "tab_icon_missing", path: "app.json", says: `"https://cdn.example.com/a.png" of the tab "Tab" leads out of the package`, pack: tabIcon("https://cdn.example.com/a.png")},
	{what: "a tab icon on a server of the same scheme", code: "tab_icon_missing", path: "app.json", says: `"//cdn.example.com/a.png" of the tab "Tab" leads out`, pack: tabIcon("//cdn.example.com/a.png")},
	{what: "tabs drawn by a component that is not there", code: "custom_tab_bar_missing", path: "custom-tab-bar/index", says: `no component "custom-tab-bar/index"`, pack: app("tabBar", customTabs("custom"))},
	{what: "tabs of Alipay drawn by a component that is not there", code: "custom_tab_bar_missing", path: "customize-tab-bar/index", says: `found "Customize-tab-bar/index.js" instead`,
		pack: func(t testing.TB) []byte {
			return coffee(t, member("app.json", "tabBar", customTabs("customize")), with("Customize-tab-bar/index.js", ""))
		}},
	{what: "workers that are not there", code: "workers_missing", path: "workers", says: `"workers" names "workers"`, pack: app("workers", "workers")},
	{what: "workers in a subpackage that are not there", code: "workers_missing", path: "beside", says: `names "/beside/"`, pack: app("workers", map[string]any{"path": "/beside/", "isSubpackage": true})},
	{what: "a worker of Alipay that is not there", code: "workers_missing", path: "workers/b.js", says: `names "workers/b.js", which is not in the package; found "workers/B.js" instead`, pack: func(t testing.TB) []byte {
		return coffee(t, member("app.json", "workers", []any{"workers/a.js", "workers/b.js"}), with("workers/a.js", ""), with("workers/B.js", ""))
	}},
	{what: "a start page that is no page", code: "entry_page_undeclared", path: "app.json", says: `"pages/start/start"`, pack: app("entryPagePath", "pages/start/start")},
	{what: "a permission without a reason", code: "permission_without_reason", path: "app.json", says: `"scope.camera"`, pack: app("permission", map[string]any{"scope.camera": map[string]any{}})},
	{what: "roughly and exactly", code: "private_info_conflict", path: "app.json", says: "exclude each other", pack: app("requiredPrivateInfos", []any{"getLocation", "getFuzzyLocation"})},
	{what: "a location asked for in secret", code: "private_info_undeclared", path: "pages/menu/menu.js", says: `"getLocation"`, pack: app("requiredPrivateInfos", nil)},
	{what: "a component that an independent part cannot reach", code: "component_outside_independent", path: "packages/loyalty/pages/card/card.json", says: `"/parts/star" of <my-star>`,
		pack: func(t testing.TB) []byte {
			return coffee(t, independentLoyalty, with("parts/star.js", ""), with("packages/loyalty/own.js", ""),
				with("packages/loyalty/pages/card/card.json", `{"usingComponents": {"my-star": "/parts/star", "my-own": "/packages/loyalty/own"}}`))
		}},
	{what: "a component that is not there", code: "component_missing", path: "pages/menu/menu.json", says: `"/components/cup" of <my-cup>`,
		pack: func(t testing.TB) []byte { return coffee(t, uses("/components/cup")) }},
	{what: "a component elsewhere", code: "component_missing", path: "pages/menu/menu.json", says: `found "parts/cup.js" instead`,
		pack: func(t testing.TB) []byte { return coffee(t, uses("/components/cup"), with("parts/cup.js", "")) }},
	{what: "an alias of a component that is not there", code: "component_missing", path: "pages/menu/menu.json", says: `found "components/Cup.js" instead`,
		pack: func(t testing.TB) []byte {
			return coffee(t, uses("~/cup"), with("components/Cup.js", ""), member("app.json", "resolveAlias", map[string]any{"~/*": "/components/*"}))
		}},
	{what: "a component of a library that is off", code: "component_missing", path: "pages/menu/menu.json", says: `"weui-miniprogram/cup/cup"`,
		pack: func(t testing.TB) []byte {
			return coffee(t, uses("weui-miniprogram/cup/cup"), member("app.json", "useExtendedLib", map[string]any{"weui": false, "kbone": true}))
		}},
}

func app(name string, value any) func(testing.TB) []byte {
	return func(t testing.TB) []byte { return coffee(t, member("app.json", name, value)) }
}

func tabs(pages ...string) map[string]any {
	var list []any
	for _, page := range pages {
		list = append(list, map[string]any{"pagePath": page, "text": "Tab"})
	}
	return map[string]any{"list": list}
}

// items are tabs as Alipay and mPaaS name them.
func items(pages ...string) map[string]any {
	var list []any
	for _, page := range pages {
		list = append(list, map[string]any{"pagePath": page, "name": "Tab"})
	}
	return map[string]any{"items": list}
}

func withIcon(bar map[string]any, member, icon string) map[string]any {
	for _, list := range bar {
		list.([]any)[0].(map[string]any)[member] = icon
	}
	return bar
}

func tabIcon(icon string) func(testing.TB) []byte {
	return app("tabBar", withIcon(tabs("pages/menu/menu", "pages/order/order"), "iconPath", icon))
}

// manyTabs are the pages of so many tabs.
func manyTabs(count int) []string { return slices.Repeat([]string{"pages/menu/menu"}, count) }

// drawnTabs has so many tabs, and the component that draws them.
func drawnTabs(count int) change {
	return func(t testing.TB, files fstest.MapFS) {
		bar := tabs(manyTabs(count)...)
		bar["custom"] = true
		member("app.json", "tabBar", bar)(t, files)
		with("custom-tab-bar/index.js", "")(t, files)
	}
}

func customTabs(member string) map[string]any {
	bar := tabs("pages/menu/menu", "pages/order/order")
	bar[member] = true
	return bar
}

func part(root string, pages ...any) map[string]any {
	return map[string]any{"root": root, "pages": append([]any{}, pages...)}
}

func independentLoyalty(t testing.TB, files fstest.MapFS) {
	loyalty := part("packages/loyalty", "pages/card/card")
	loyalty["independent"] = true
	member("app.json", "subPackages", []any{loyalty})(t, files)
}

func uses(component string) change {
	return with("pages/menu/menu.json", `{"usingComponents": {"my-cup": "`+component+`"}}`)
}

// manyFiles adds so many MiB that pack well, but not too well.
func manyFiles(count int) change {
	return func(t testing.TB, files fstest.MapFS) {
		for i := range count {
			with("images/"+strings.Repeat("i", i+1)+".png", zeros(1<<20))(t, files)
		}
	}
}

func TestCoffeeIsAnAcceptedAppJSONMiniProgram(t *testing.T) {
	report := inspect(t, coffee(t), packages.Options{Version: "2.1.0"})

	assert.Empty(t, report.Findings)
	assert.True(t, report.Accepted())
	assert.Equal(t, packages.AppJSON, report.Format)
	assert.Equal(t, "Coffee", report.Name)
	assert.Equal(t, "fc2480130413581093", report.AppID)
	assert.Equal(t, "2.1.0", report.Version)
	assert.Equal(t, []string{"pages/menu/menu", "pages/order/order", "packages/loyalty/pages/card/card"}, report.Pages)
	assert.Equal(t, []packages.Permission{
		{Name: "scope.userLocation", Reason: "To find the coffee bar nearest to you"},
		{Name: "getLocation", Reason: "To find the coffee bar nearest to you"},
	}, report.Permissions)
}

func TestThePartsOfAMiniProgramAreReported(t *testing.T) {
	data := coffee(t, independentLoyalty, with("packages/loyalty/big.png", noise(1000)))
	report := inspect(t, data, packages.Options{Version: "1.0.0"})

	require.Len(t, report.Parts, 2)
	assert.Equal(t, packages.Part{Pages: 2, Size: report.Unpacked - report.Parts[1].Size}, report.Parts[0])
	assert.Equal(t, packages.Part{Root: "packages/loyalty/", Pages: 1, Size: report.Parts[1].Size, Independent: true}, report.Parts[1])
	assert.Greater(t, report.Parts[1].Size, int64(1000))
}

func TestAllPartsTogetherMayHaveUpTo30MiB(t *testing.T) {
	report := inspect(t, coffee(t, manyFiles(29)), packages.Options{Version: "1.0.0"})
	assert.Equal(t, []string{"part_too_large"}, codesOf(report.Findings))
}

func TestOfTwoListsOfSubpackagesTheOneInLowerCaseCounts(t *testing.T) {
	loyalty := []any{part("packages/loyalty", "pages/card/card")}
	for what, upper := range map[string]any{"the same": loyalty, "another": []any{part("packages/gone", "pages/a")}} {
		report := inspect(t, coffee(t, member("app.json", "subPackages", upper), member("app.json", "subpackages", loyalty)), packages.Options{Version: "1.0.0"})

		assert.Equal(t, []string{"subpackages_twice"}, codesOf(report.Findings), what)
		assert.Len(t, report.Parts, 2, what)
		assert.Equal(t, []string{"pages/menu/menu", "pages/order/order", "packages/loyalty/pages/card/card"}, report.Pages, what)
	}
}

func TestTheAppIDIsFoundInAWrappedProjectToo(t *testing.T) {
	report := inspect(t, coffee(t, under("coffee")), packages.Options{Version: "1.0.0"})
	assert.Equal(t, "fc2480130413581093", report.AppID)
}

func TestEveryHostOfTheFamilyHasItsOwnMarkup(t *testing.T) {
	for _, extension := range []string{".wxml", ".fxml", ".axml", ".ttml", ".swan", ".qml", ".jxml", ".ksml", ".xhsml", ".tyml", ".bxml", ".html"} {
		report := inspect(t, rawZip(
			rawEntry{name: "app.json", content: `{"pages": ["pages/home/home"]}`}, rawEntry{name: "app.js"},
			rawEntry{name: "pages/home/home" + extension}, rawEntry{name: "pages/home/home.js"},
		), packages.Options{Version: "1.0.0"})
		assert.Empty(t, report.Findings, extension)
		assert.Contains(t, report.Kinds, packages.KindSize{Kind: "markup", Files: 1}, extension)
	}
}

func TestStylesAndScriptsOfEveryHostAreKnown(t *testing.T) {
	for kind, extensions := range map[string]string{
		"style":  ".css .wxss .ftss .acss .ttss .qss .jxss .xhss .tyss .bxss .less",
		"script": ".js .ts .wxs .sjs .qs .jds .bxs .filter",
	} {
		for extension := range strings.FieldsSeq(extensions) {
			report := inspect(t, coffee(t, with("images/only"+extension, strings.Repeat("x", 5000))), packages.Options{Version: "1.0.0"})
			assert.Equal(t, kind, report.Kinds[0].Kind, extension)
		}
	}
}

func TestLogicMayBeTypeScript(t *testing.T) {
	data := coffee(t, moved("app.js", "app.ts"), moved("pages/menu/menu.js", "pages/menu/menu.ts"))
	assert.Empty(t, inspect(t, data, packages.Options{Version: "1.0.0"}).Findings)
}

func TestTheStartPageIsReportedFirst(t *testing.T) {
	for start, expected := range map[string][]string{
		"pages/order/order": {"pages/order/order", "pages/menu/menu", "packages/loyalty/pages/card/card"},
		"pages/menu/menu":   {"pages/menu/menu", "pages/order/order", "packages/loyalty/pages/card/card"},

		"packages/loyalty/pages/card/card": {"packages/loyalty/pages/card/card", "pages/menu/menu", "pages/order/order"},
	} {
		report := inspect(t, coffee(t, member("app.json", "entryPagePath", start)), packages.Options{Version: "1.0.0"})
		assert.Empty(t, report.Findings)
		assert.Equal(t, expected, report.Pages)
	}
}

func TestPluginsAreReportedWithTheirVersionAndProvider(t *testing.T) {
	plugin := map[string]any{"pay": map[string]any{"version": "1.2.0", "provider": "wx2"}}
	inPart := part("packages/loyalty", "pages/card/card")
	inPart["plugins"] = map[string]any{"map": map[string]any{"version": "3.0.0", "provider": "wx3"}}
	data := coffee(t, member("app.json", "plugins", plugin), member("app.json", "subPackages", []any{inPart}))
	report := inspect(t, data, packages.Options{Version: "1.0.0"})

	assert.Empty(t, report.Findings)
	assert.Equal(t, []packages.Plugin{{Name: "pay", Version: "1.2.0", Provider: "wx2"}, {Name: "map", Version: "3.0.0", Provider: "wx3"}}, report.Plugins)
}

func TestComponentsAreLookedForWhereHostsLook(t *testing.T) {
	for target, file := range map[string]string{
		"/components/cup":  "components/cup.js",
		"components/cup":   "components/cup.ts",
		"cup":              "pages/menu/cup.js",
		"./cup":            "pages/menu/cup.js",
		"../../parts/cup":  "parts/cup/index.js",
		"@vant/weapp/cup":  "miniprogram_npm/@vant/weapp/cup.js",
		"ui/cup":           "pages/miniprogram_npm/ui/cup/index.js",
		"plugin://pay/cup": "unrelated.js",
	} {
		data := coffee(t, uses(target), with(file, ""))
		assert.Empty(t, inspect(t, data, packages.Options{Version: "1.0.0"}).Findings, target)
	}
}

func TestTabsMayBeNamedAsAlipayDoes(t *testing.T) {
	bar := withIcon(items("pages/menu/menu", "pages/order/order"), "icon", "images/cup.png")
	assert.Empty(t, inspect(t, app("tabBar", bar)(t), packages.Options{Version: "1.0.0"}).Findings)
}

func TestWhatAppJSONNamesIsFoundWhereItIs(t *testing.T) {
	for what, data := range map[string][]byte{
		"tabs drawn by a component":           coffee(t, member("app.json", "tabBar", customTabs("custom")), with("custom-tab-bar/index.ts", "")),
		"tabs of Alipay drawn by a component": coffee(t, member("app.json", "tabBar", customTabs("customize")), with("customize-tab-bar/index.js", "")),
		"ten tabs drawn by a component":       coffee(t, drawnTabs(10)),
		"tabs that no component draws":        coffee(t, member("app.json", "tabBar", map[string]any{"custom": false, "list": tabs("pages/menu/menu", "pages/order/order")["list"]})),
		"workers":                             coffee(t, member("app.json", "workers", "./workers/"), with("workers/in/a.js", "")),
		"workers in a subpackage":             coffee(t, member("app.json", "workers", map[string]any{"path": "workers"}), with("workers/a.js", "")),
		"workers at the root":                 coffee(t, member("app.json", "workers", "./")),
		"a worker of Douyin":                  coffee(t, member("app.json", "workers", "workers/index.js"), with("workers/index.js", "")),
		"workers of Alipay":                   coffee(t, member("app.json", "workers", []any{"workers/a.js", "/workers/b"}), with("workers/a.js", ""), with("workers/b.ts", "")),
	} {
		assert.Empty(t, inspect(t, data, packages.Options{Version: "1.0.0"}).Findings, what)
	}
}

func TestComponentsMayBeNamedByAnAlias(t *testing.T) {
	aliases := member("app.json", "resolveAlias", map[string]any{"~/*": "/*", "~/ui/*": "components/*", "@cup": "/parts/cup", "": ""})
	for target, file := range map[string]string{
		"~/parts/cup":   "parts/cup.js",
		"~/ui/cup":      "components/cup/index.js",
		"~/ui/hot/cup":  "components/hot/cup.ts",
		"@cup":          "parts/cup.js",
		"./cup":         "pages/menu/cup.js",
		"~tilde/cup":    "pages/menu/~tilde/cup.js",
		"/ui/cup":       "ui/cup.js",
		"../~/ui/cup":   "pages/~/ui/cup.js",
		"@ui/vant/cup":  "miniprogram_npm/@ui/vant/cup.js",
		"plugin://~/ui": "unrelated.js",
	} {
		report := inspect(t, coffee(t, uses(target), aliases, with(file, "")), packages.Options{Version: "1.0.0"})
		assert.Empty(t, report.Findings, target)
	}
}

func TestComponentsOfALibraryOfTheHostAreNotMissing(t *testing.T) {
	libraries := member("app.json", "useExtendedLib", map[string]any{"weui": true, "kbone": true, "tdesign": true})
	for _, target := range []string{
		"weui-miniprogram/dialog/dialog", "/weui-miniprogram/dialog/dialog", "/miniprogram_npm/weui-miniprogram/dialog/dialog",
		"miniprogram-element", "miniprogram-render/index", "tdesign/button/button",
	} {
		report := inspect(t, coffee(t, uses(target), libraries), packages.Options{Version: "1.0.0"})
		assert.Empty(t, report.Findings, target)
	}
}

func TestALibraryOfTheHostMayBeSwitchedOnForASubpackage(t *testing.T) {
	loyalty := part("packages/loyalty", "pages/card/card")
	loyalty["useExtendedLib"] = map[string]any{"weui": true}
	card := with("packages/loyalty/pages/card/card.json", `{"usingComponents": {"a": "weui-miniprogram/dialog/dialog"}}`)
	report := inspect(t, coffee(t, card, uses("weui-miniprogram/dialog/dialog"), member("app.json", "subPackages", []any{loyalty})), packages.Options{Version: "1.0.0"})
	require.Equal(t, []string{"component_missing"}, codesOf(report.Findings))
	assert.Equal(t, "pages/menu/menu.json", report.Findings[0].Path, "a page of the main package does not have it")
}

func TestAlipayTakesComponentsFromNodeModules(t *testing.T) {
	const list = "mini-ali-ui/es/list/index"
	markup := moved("pages/menu/menu.fxml", "pages/menu/menu.axml")
	for what, data := range map[string][]byte{
		"at the root":                 coffee(t, markup, uses(list), with("node_modules/"+list+".js", "")),
		"a folder":                    coffee(t, markup, uses("mini-ali-ui/es/list"), with("node_modules/"+list+".js", "")),
		"at the root of the project":  coffee(t, markup, uses(list), under("client"), project("project.config.json", "client"), with("node_modules/"+list+".js", "")),
		"at the root of mini-program": coffee(t, markup, uses(list), with("node_modules/"+list+".js", ""), under("client"), project("project.config.json", "client")),
	} {
		assert.Empty(t, inspect(t, data, packages.Options{Version: "1.0.0"}).Findings, what)
	}
	unbuilt := inspect(t, coffee(t, uses(list), with("node_modules/"+list+".js", "")), packages.Options{Version: "1.0.0"})
	assert.Equal(t, []string{"component_missing"}, codesOf(unbuilt.Findings), "other hosts take what their tools have built")
	gone := inspect(t, coffee(t, markup, uses("mini-ali-ui/gone")), packages.Options{Version: "1.0.0"})
	assert.Equal(t, []string{"component_missing"}, codesOf(gone.Findings))
}
