package packages_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/packages"
)

// themeBreaches are mini-programs with names of a theme that leads nowhere.
var themeBreaches = []breach{
	{what: "a color that the theme has for light only", code: "theme_name_missing", path: "app.json", says: `the value "@ink" of "/tabBar/color" is not in the theme for "dark"; add the member "/dark/ink" to "theme.json"`,
		pack: inTheme("tabBar", colored("color", "@ink"))},
	{what: "a border of the tabs that no theme has", code: "theme_name_missing", path: "app.json", says: `"@gone" of "/tabBar/borderStyle" is not in the theme for "light"`, pack: inTheme("tabBar", colored("borderStyle", "@gone"))},
	{what: "a color of the window that no theme has", code: "theme_name_missing", path: "app.json", says: `"@gone" of "/window/backgroundColorContent"`, pack: inTheme("window", map[string]any{"backgroundColorContent": "@gone"})},
	{what: "a color of a page that no theme has", code: "theme_name_missing", path: "pages/menu/menu.json", says: `"@gone" of "/navigationBarBackgroundColor"`, pack: func(t testing.TB) []byte {
		return coffee(t, located, with("theme.json", shades), with("pages/menu/menu.json", `{"navigationBarBackgroundColor": "@gone"}`))
	}},
	{what: "a name of a theme that app.json does not lead to", code: "theme_name_missing", path: "app.json", says: `has no "themeLocation"`, pack: func(t testing.TB) []byte {
		return coffee(t, member("app.json", "tabBar", colored("color", "@paper")), with("theme.json", shades))
	}},
	{what: "a theme that is not there", code: "theme_name_missing", path: "theme.json", says: `there is no "theme.json"; found "Theme.json" instead`, pack: func(t testing.TB) []byte {
		return coffee(t, located, member("app.json", "window", map[string]any{"backgroundColor": "@paper"}), with("Theme.json", shades))
	}},
	{what: "an icon that the theme has for light only", code: "theme_icon_missing", path: "style/theme.json", says: `add the member "/dark/menu"`, pack: themed(`{"light": {"menu": "images/cup.png"}}`)},
	{what: "an icon of the theme on a server", code: "theme_icon_missing", path: "style/theme.json", says: `"https://cdn.example.com/a.png" for "light", out of the package`, pack: themed(`{"light": {"menu": "https://cdn.example.com/a.png"}, "dark": {"menu": "images/cup.png"}}`)},
	{what: "an icon of the theme that is not in the package", code: "theme_icon_missing", path: "images/night.png", says: `"/images/night.png" for "dark"`, pack: themed(`{"light": {"menu": "images/cup.png"}, "dark": {"menu": "/images/night.png"}}`)},
}

const shades = `{"light": {"paper": "#ffffff", "ink": "#000000"}, "dark": {"paper": "#000000"}}`

var located = member("app.json", "themeLocation", "theme.json")

func inTheme(name string, value any) func(testing.TB) []byte {
	return func(t testing.TB) []byte {
		return coffee(t, located, with("theme.json", shades), member("app.json", name, value))
	}
}

// colored are tabs of which a member has a value.
func colored(member, value string) map[string]any {
	bar := tabs("pages/menu/menu", "pages/order/order")
	bar[member] = value
	return bar
}

// themed has a tab whose icon the theme names.
func themed(theme string) func(testing.TB) []byte {
	return func(t testing.TB) []byte {
		bar := withIcon(tabs("pages/menu/menu", "pages/order/order"), "iconPath", "@menu")
		return coffee(t, member("app.json", "tabBar", bar), member("app.json", "themeLocation", "style/theme.json"), with("style/theme.json", theme))
	}
}

func TestIconsAndColorsMayBeNamedByTheTheme(t *testing.T) {
	const theme = `{"light": {"menu": "images/cup.png"}, "dark": {"menu": "/images/star.png"}}`
	assert.Empty(t, inspect(t, themed(theme)(t), packages.Options{Version: "1.0.0"}).Findings)

	data := coffee(t, located, with("theme.json", shades), member("app.json", "tabBar", colored("backgroundColor", "@paper")),
		member("app.json", "window", map[string]any{"navigationBarTitleText": "@home", "backgroundColor": "@paper"}),
		with("pages/menu/menu.json", `{"backgroundColorTop": "@paper", "backgroundColor": "#ffffff"}`))
	assert.Empty(t, inspect(t, data, packages.Options{Version: "1.0.0"}).Findings, "a title may begin with @, too")
}

func TestAThemeThatIsNoJSONIsToldOnce(t *testing.T) {
	report := inspect(t, themed("{")(t), packages.Options{Version: "1.0.0"})
	require.Len(t, report.Findings, 1)
	assert.Equal(t, "json_syntax", report.Findings[0].Code)
}

func TestAThemeThatIsNotThereIsToldOnce(t *testing.T) {
	data := coffee(t, tabsOfTheme, with("pages/menu/menu.json", `{"backgroundColor": "@paper"}`), with("pages/order/order.json", `{"backgroundColor": "@paper"}`))
	assert.Len(t, inspect(t, data, packages.Options{Version: "1.0.0"}).Findings, 1)
}

var tabsOfTheme = member("app.json", "tabBar", withIcon(tabs("pages/menu/menu", "pages/order/order"), "iconPath", "@menu"))
