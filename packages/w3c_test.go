package packages_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"slipway/packages"
)

// w3cBreaches are W3C MiniApps that break a rule of their format.
var w3cBreaches = []breach{
	{what: "no app.js", code: "required_file_missing", path: "app.js", says: "add it (it may be empty)", pack: func(t testing.TB) []byte { return weather(t, without("app.js")) }},
	{what: "no app.css", code: "required_file_missing", path: "app.css", says: "app.css", pack: func(t testing.TB) []byte { return weather(t, without("app.css")) }},
	{what: "App.js in capitals", code: "required_file_missing", path: "app.js", says: `found "App.js" instead`, pack: func(t testing.TB) []byte { return weather(t, moved("app.js", "App.js")) }},
	{what: "no pages", code: "required_file_missing", path: "pages/", says: `no folder "pages"`, also: []string{"page_missing"}, pack: func(t testing.TB) []byte {
		return weather(t, without("pages/today/today.html", "pages/today/today.css", "pages/today/today.js",
			"pages/settings/settings.html", "pages/settings/settings.css", "pages/settings/settings.js"))
	}},
	{what: "no name", code: "manifest_member_missing", path: "manifest.json", says: `"/name"`, pack: without1("name")},
	{what: "an id in camel case", code: "manifest_member_missing", path: "manifest.json", says: `found "appId" instead`, pack: func(t testing.TB) []byte {
		return weather(t, member("manifest.json", "app_id", nil), member("manifest.json", "appId", "org.example.weather"))
	}},
	{what: "no version code", code: "manifest_member_missing", path: "manifest.json", says: `"/version/code"`, pack: set("version", map[string]any{"name": "1.0.0"})},
	{what: "no minimum platform", code: "manifest_member_missing", path: "manifest.json", says: `"/platform_version/min_code"`, pack: set("platform_version", map[string]any{})},
	{what: "an icon without source", code: "manifest_member_missing", path: "manifest.json", says: `"/icons/0/src"`, pack: set("icons", []any{map[string]any{}})},
	{what: "a version code in quotes", code: "manifest_member_invalid", path: "manifest.json", says: "got string, want integer", pack: set("version", map[string]any{"name": "1.0.0", "code": "1"})},
	{what: "no pages in the list", code: "manifest_member_invalid", path: "manifest.json", says: `"/pages"`, pack: set("pages", []any{}), also: []string{"page_undeclared"}},
	{what: "a page that is a number", code: "manifest_member_invalid", path: "manifest.json", says: `"/pages/2"`, pack: set("pages", []any{"pages/today/today", "pages/settings/settings", 3})},
	{what: "an unknown colour scheme", code: "manifest_member_ignored", path: "manifest.json", says: `"/color_scheme" is ignored`, pack: set("color_scheme", "pink")},
	{what: "a language that is none", code: "manifest_member_ignored", path: "manifest.json", says: `"English (US)"`, pack: set("lang", "English (US)")},
	{what: "a widget without a path", code: "manifest_member_ignored", path: "manifest.json", says: `"/widgets/0/path"`, pack: set("widgets", []any{map[string]any{"name": "w"}})},
	{what: "a page of another site", code: "page_path_invalid", path: "manifest.json", says: "leads out of the package", pack: pages("https://example.org/page")},
	{what: "a page above the root", code: "page_path_invalid", path: "manifest.json", says: "no \"..\"", pack: pages("../pages/today")},
	{what: "a page with a leading slash", code: "page_path_invalid", path: "manifest.json", says: "no leading \"/\"", pack: pages("/pages/today/today")},
	{what: "a page with a query", code: "page_path_invalid", path: "manifest.json", says: "has a query", pack: pages("pages/today/today?day=1")},
	{what: "a page twice", code: "page_duplicate", path: "manifest.json", says: "declared twice", pack: pages("pages/today/today.html")},
	{what: "a page without markup", code: "page_missing", path: "pages/today/today.html", says: `"pages/today/today" is declared`, pack: func(t testing.TB) []byte {
		return weather(t, without("pages/today/today.html", "pages/today/today.css", "pages/today/today.js"))
	}},
	{what: "a page one folder up", code: "page_missing", path: "pages/today/today.html", says: `found "pages/today.html" instead`, also: []string{"page_undeclared"},
		pack: func(t testing.TB) []byte { return weather(t, moved("pages/today/today.html", "pages/today.html")) }},
	{what: "a page of another extension", code: "page_missing", path: "pages/today/today.html", says: `found "pages/today/today.htm" instead`,
		pack: func(t testing.TB) []byte {
			return weather(t, moved("pages/today/today.html", "pages/today/today.htm"), without("pages/today/today.css", "pages/today/today.js"))
		}},
	{what: "a page not declared", code: "page_undeclared", path: "pages/news/news.html", says: "will not be shown", pack: func(t testing.TB) []byte { return weather(t, with("pages/news/news.html", "")) }},
	{what: "an icon that is not there", code: "icon_missing", path: "common/sun.png", says: `found "common/icons/sun.png" instead`, pack: icon("common/sun.png")},
	{what: "an icon on a server", code: "icon_external", path: "manifest.json", says: "leads out of the package", pack: icon("https://example.org/sun.png")},
	{what: "an icon from the root that is not there", code: "icon_missing", path: "sun.png", says: `found "common/icons/sun.png" instead`, pack: icon("/sun.png")},
	{what: "an icon above the root", code: "icon_external", path: "manifest.json", says: "leads out of the package", pack: icon("../common/icons/sun.png")},
	{what: "an icon on a server of the same scheme", code: "icon_external", path: "manifest.json", says: "leads out of the package", pack: icon("//example.org/sun.png")},
	{what: "an icon with backslashes", code: "icon_external", path: "manifest.json", says: "with / between folders", pack: icon(`common\icons\sun.png`)},
	{what: "a widget that is not there", code: "widget_missing", path: "widgets/now.html", says: `"widgets/now" is declared`,
		pack: set("widgets", []any{map[string]any{"name": "Now", "path": "widgets/now"}})},
	{what: "a permission without a reason", code: "permission_without_reason", path: "manifest.json", says: `"system.permission.CAMERA"`,
		pack: set("req_permissions", []any{map[string]any{"name": "system.permission.CAMERA"}})},
	{what: "a locale with an underscore", code: "locale_name", path: "i18n/pt_BR.json", says: "such as en-US.json", pack: func(t testing.TB) []byte { return weather(t, with("i18n/pt_BR.json", "{}")) }},
	{what: "a locale that is no JSON", code: "locale_name", path: "i18n/fr.txt", says: "language tag", pack: func(t testing.TB) []byte { return weather(t, with("i18n/fr.txt", "")) }},
	{what: "a locale with numbers", code: "locale_content", path: "i18n/de.json", says: `"today.count"`, pack: locale(`{"today": {"count": 1}}`)},
	{what: "a locale that is a list", code: "locale_content", path: "i18n/de.json", says: "texts only", pack: locale(`["Heute"]`)},
}

func set(name string, value any) func(testing.TB) []byte {
	return func(t testing.TB) []byte { return weather(t, member("manifest.json", name, value)) }
}

func without1(name string) func(testing.TB) []byte { return set(name, nil) }

func version(name string) func(testing.TB) []byte {
	return set("version", map[string]any{"name": name, "code": 1})
}

func pages(another string) func(testing.TB) []byte {
	return set("pages", []any{"pages/today/today", "pages/settings/settings", another})
}

func icon(src string) func(testing.TB) []byte { return set("icons", []any{map[string]any{"src": src}}) }

func TestWeatherIsAnAcceptedW3CMiniApp(t *testing.T) {
	report := inspect(t, weather(t), packages.Options{Version: "1.0.0"})

	assert.Empty(t, report.Findings)
	assert.True(t, report.Accepted())
	assert.Equal(t, packages.W3C, report.Format)
	assert.Equal(t, "Weather", report.Name)
	assert.Equal(t, "org.example.weather", report.AppID)
	assert.Equal(t, "1.0.0", report.Version)
	assert.EqualValues(t, 1, report.VersionCode)
	assert.Equal(t, 3, report.MinPlatform)
	assert.Equal(t, []string{"pages/today/today", "pages/settings/settings"}, report.Pages)
	assert.Equal(t, []packages.Permission{{Name: "system.permission.LOCATION", Reason: "To show the weather where you are"}}, report.Permissions)
	assert.Equal(t, []packages.Domain{{Host: "api.weather.example", Files: 1, Path: "common/forecast.js", Line: 1}}, report.Domains)
	assert.Equal(t, []string{"de", "en-US"}, report.Locales)
	assert.Equal(t, sumOf(weather(t)), report.SHA256)
}

func TestTheSmallestW3CMiniAppIsAccepted(t *testing.T) {
	report := inspect(t, rawZip(
		rawEntry{name: "manifest.json", content: `{"app_id": "a", "name": "b", "icons": [{"src": "c.png"}], "pages": ["pages/d.html"],
			"platform_version": {"min_code": 0}, "version": {"name": "0.0.1", "code": 0}, "x_vendor": {"any": "thing"}}`},
		rawEntry{name: "app.js"}, rawEntry{name: "app.css"}, rawEntry{name: "c.png"}, rawEntry{name: "pages/d.html"},
	), packages.Options{})

	assert.Empty(t, report.Findings)
	assert.Equal(t, []string{"pages/d.html"}, report.Pages)
}

func TestIconsAreNamedByURLs(t *testing.T) {
	for _, src := range []string{"common/icons/sun.png", "/common/icons/sun.png", "./common/icons/sun.png", "common/../common/icons/sun.png", "common/icons/%73un.png", "/common/icons/sun.png?v=2"} {
		assert.Empty(t, inspect(t, icon(src)(t), packages.Options{}).Findings, src)
	}
}

func TestAWidgetIsAPageOfItsOwn(t *testing.T) {
	data := weather(t, with("pages/now/now.html", ""), member("manifest.json", "widgets", []any{map[string]any{"name": "Now", "path": "pages/now/now"}}))
	report := inspect(t, data, packages.Options{})

	assert.Empty(t, report.Findings)
	assert.Equal(t, []string{"pages/now/now"}, report.Widgets)
}

func TestEverythingThatIsWrongIsReportedAtOnceAndErrorsFirst(t *testing.T) {
	data := weather(t, under("src"), without("src/app.js"), with("src/i18n/pt_BR.json", "{}"),
		moved("src/pages/today/today.html", "src/pages/today.html"), member("src/manifest.json", "app_id", nil))
	report := inspect(t, data, packages.Options{Version: "2.0.0"})

	assert.Equal(t, []string{"locale_name", "manifest_member_missing", "manifest_misplaced", "page_missing", "page_undeclared", "required_file_missing", "version_mismatch"},
		codesOf(report.Findings))
	for i := 1; i < len(report.Findings); i++ {
		assert.False(t, report.Findings[i-1].Severity == packages.Warning && report.Findings[i].Severity == packages.Error)
	}
}
