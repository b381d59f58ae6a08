package packages_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/packages"
)

// formatBreaches are packages whose format, or version, is not clear.
var formatBreaches = []breach{
	{what: "no manifest", code: "format_unknown", says: "neither manifest.json (W3C MiniApp) nor app.json", pack: func(t testing.TB) []byte { return weather(t, without("manifest.json")) }},
	{what: "a website", code: "format_unknown", says: "a website", pack: func(t testing.TB) []byte {
		return weather(t, without("manifest.json"), with("index.html", ""))
	}},
	{what: "a mini-game", code: "format_unknown", says: "a mini-game", pack: func(t testing.TB) []byte {
		return coffee(t, without("app.json"), with("game.json", "{}"))
	}},
	{what: "no files at all", code: "format_unknown", says: "zip the contents", pack: func(testing.TB) []byte { return rawZip() }},
	{what: "both manifests", code: "format_ambiguous", says: "keep the one", pack: func(t testing.TB) []byte {
		return coffee(t, with("manifest.json", `{"app_id": "org.example.coffee"}`))
	}},
	{what: "a mini-program at the root and in the named folder", code: "format_ambiguous", says: `"dist/app.json" and "app.json" each describe`, pack: func(t testing.TB) []byte {
		return coffee(t, alsoIn("dist"), project("project.config.json", "dist/"))
	}},
	{what: "a W3C MiniApp at the root and another in the named folder", code: "format_ambiguous", says: `"dist/app.json" and "manifest.json" each describe`, pack: func(t testing.TB) []byte {
		return coffee(t, under("dist"), project("project.config.json", "dist/"), with("manifest.json", `{"app_id": "org.example.coffee"}`))
	}},
	{what: "folders that two files name", code: "format_ambiguous", says: `"own/app.json" and "dist/app.json" each describe`, pack: func(t testing.TB) []byte {
		return coffee(t, under("dist"), alsoFrom("dist", "own"), project("project.config.json", "dist/"), project("project.private.config.json", "own"))
	}},
	{what: "mini-programs in two folders", code: "format_ambiguous", says: `"a/app.json" and "b/app.json" each describe`, also: []string{"manifest_misplaced"}, pack: func(t testing.TB) []byte {
		return coffee(t, under("a"), alsoFrom("a", "b"))
	}},
	{what: "two in one folder, of which the project names one", code: "format_ambiguous", says: `"shop/dist/app.json" and "shop/app.json" each describe`, also: []string{"manifest_misplaced"}, pack: func(t testing.TB) []byte {
		return coffee(t, without("project.config.json"), alsoIn("dist"), project("project.config.json", "dist"), under("shop"))
	}},
	{what: "everything in src", code: "manifest_misplaced", path: "src/manifest.json", says: `in "src/"`, pack: func(t testing.TB) []byte { return weather(t, under("src")) }},
	{what: "the folder zipped, not its contents", code: "manifest_misplaced", path: "coffee/app.json", says: `in "coffee/"`, pack: func(t testing.TB) []byte { return coffee(t, under("coffee")) }},
	{what: "a manifest in capitals", code: "manifest_misplaced", path: "Manifest.json", says: `found "Manifest.json" where "manifest.json" should be`, pack: func(t testing.TB) []byte {
		return weather(t, moved("manifest.json", "Manifest.json"))
	}},
	{what: "a root that is not there", code: "miniprogram_root_missing", path: "project.config.json", says: `"dist/"`, also: []string{"manifest_misplaced"},
		pack: func(t testing.TB) []byte {
			return coffee(t, under("src"), with("project.config.json", `{"miniprogramRoot": "dist/"}`))
		}},
	{what: "a root that leads out", code: "miniprogram_root_missing", path: "project.config.json", says: `"../src", the miniprogramRoot, leads out of the package`, also: []string{"manifest_misplaced"},
		pack: func(t testing.TB) []byte { return coffee(t, under("src"), project("project.config.json", "../src")) }},
	{what: "a root that is a number", code: "miniprogram_root_missing", path: "project.config.json", says: "not a string",
		pack: func(t testing.TB) []byte {
			return coffee(t, with("project.config.json", `{"miniprogramRoot": 1}`))
		}},
	{what: "a root in another case", code: "miniprogram_root_missing", path: "project.config.json", says: `found "dist/app.json" instead`, also: []string{"manifest_misplaced"},
		pack: func(t testing.TB) []byte { return coffee(t, under("dist"), project("project.config.json", "Dist")) }},
	{what: "a root that is not there, where the mini-program lies at the root", code: "miniprogram_root_missing", path: "project.config.json", says: `"dist/"`,
		pack: func(t testing.TB) []byte { return coffee(t, project("project.config.json", "dist/")) }},
	{what: "a project file that is cut off", code: "json_syntax", path: "project.config.json", says: "correct the JSON", also: []string{"manifest_misplaced"},
		pack: func(t testing.TB) []byte {
			return coffee(t, under("dist"), with("project.config.json", `{"miniprogramRoot": "dist/"`))
		}},
	{what: "a project file with a byte order mark", code: "json_bom", path: "project.config.json", says: "without BOM",
		pack: func(t testing.TB) []byte {
			return coffee(t, under("dist"), with("project.config.json", "\uFEFF"+`{"miniprogramRoot": "dist/"}`))
		}},
	{what: "an app.json at the root that cannot be read", code: "json_syntax", path: "app.json", says: "correct the JSON",
		pack: func(t testing.TB) []byte {
			return coffee(t, under("dist"), project("project.config.json", "dist/"), with("app.json", "{"))
		}},
	{what: "no version given", code: "version_missing", says: "give one with the upload", pack: func(t testing.TB) []byte { return coffee(t) }},
	{what: "two numbers", code: "version_not_semantic", path: "manifest.json", says: "1.2.0 for example", pack: version("1.2")},
	{what: "a v before", code: "version_not_semantic", path: "manifest.json", says: "1.2.3 for example", pack: version("v1.2.3")},
	{what: "a word", code: "version_not_semantic", path: "manifest.json", says: "such as 1.0.0", pack: version("final")},
	{what: "two numbers given", code: "version_not_semantic", says: `version "1.2", given with the upload, is not a semantic version; write 1.2.0 for example`,
		pack: func(t testing.TB) []byte { return coffee(t) }, version: "1.2"},
	{what: "another version given", code: "version_mismatch", path: "manifest.json", says: `the manifest says version "1.0.0", the upload says "1.0.1"`, pack: whole, version: "1.0.1"},
}

// alsoIn puts a second copy of everything into a folder.
func alsoIn(folder string) change { return alsoFrom("", folder) }

// alsoFrom copies a folder, "" being everything, to another one.
func alsoFrom(from, to string) change {
	return func(_ testing.TB, files fstest.MapFS) {
		for _, name := range slices.Collect(maps.Keys(files)) {
			if rest, inside := strings.CutPrefix(name, from); inside {
				files[to+"/"+strings.TrimPrefix(rest, "/")] = files[name]
			}
		}
	}
}

// project adds a file of the development tools that names the folder of the mini-program.
func project(file, root string) change {
	member := "miniprogramRoot"
	if file == "project.swan.json" {
		member = "smartProgramRoot"
	}
	return with(file, `{"`+member+`": "`+root+`", "appid": "wx1", "projectname": "Coffee"}`)
}

func TestTheRootMayBeTheFolderThatTheProjectNames(t *testing.T) {
	for _, root := range []string{"miniprogram/", "./miniprogram", "miniprogram", "./miniprogram/", "/miniprogram", "/miniprogram/", "miniprogram//", `miniprogram\\`, "src/../miniprogram"} {
		data := coffee(t, under("miniprogram"), with("README.md", ""), project("project.config.json", root))
		report := inspect(t, data, packages.Options{Version: "1.0.0"})

		assert.Empty(t, report.Findings, root)
		assert.Equal(t, "wx1", report.AppID)
		assert.Len(t, report.Pages, 3)
	}
}

func TestTheProjectMayNameItsOwnFolder(t *testing.T) {
	for _, root := range []string{"", "./", ".", "/"} {
		assert.Empty(t, inspect(t, coffee(t, project("project.config.json", root)), packages.Options{Version: "1.0.0"}).Findings, root)
	}
}

func TestEveryHostHasItsOwnProjectFile(t *testing.T) {
	for _, file := range []string{"project.config.json", "project.private.config.json", "mini.project.json", "project.swan.json"} {
		data := coffee(t, under("dist"), project(file, "dist/"))
		assert.Empty(t, inspect(t, data, packages.Options{Version: "1.0.0"}).Findings, file)
	}
}

func TestThePrivateProjectFileGoesBeforeTheOther(t *testing.T) {
	for _, other := range []string{"nowhere/", "../nowhere"} {
		data := coffee(t, under("own"), project("project.config.json", other), project("project.private.config.json", "own/"))
		assert.Empty(t, inspect(t, data, packages.Options{Version: "1.0.0"}).Findings)
	}
}

func TestTheNamedFolderGoesBeforeWhatOtherToolsKeepAtTheRoot(t *testing.T) {
	for what, foreign := range map[string]change{
		"Expo":         with("app.json", `{"expo": {"name": "shop"}}`),
		"React Native": with("app.json", `{"name": "shop", "displayName": "Shop"}`),
		"Heroku":       with("app.json", `{"name": "shop", "buildpacks": []}`),
		"a developer":  with("app.json", `{"of": "the developer"}`),
		"nobody":       with("app.json", `{}`),
		"a web app":    with("manifest.json", `{"name": "shop", "start_url": "/"}`),
		"uni-app":      with("manifest.json", `{"appid": "__UNI__0000000"}`),
		"comments":     with("manifest.json", `{/* uni-app */}`),
	} {
		report := inspect(t, coffee(t, under("dist"), project("project.config.json", "dist/"), foreign), packages.Options{Version: "1.0.0"})
		assert.Empty(t, report.Findings, what)
		assert.Len(t, report.Pages, 3, what)

		report = inspect(t, coffee(t, without("project.config.json"), under("dist"), foreign), packages.Options{Version: "1.0.0"})
		assert.Equal(t, []string{"manifest_misplaced"}, codesOf(report.Findings), "%s: the mini-program is looked for elsewhere", what)
	}
}

func TestOfTwoMiniProgramsTheNamedOneIsInspected(t *testing.T) {
	data := coffee(t, alsoIn("dist"), project("project.config.json", "dist/"), member("dist/app.json", "window", map[string]any{"navigationBarTitleText": "Built"}),
		without("dist/pages/menu/menu.js"))
	report := inspect(t, data, packages.Options{Version: "1.0.0"})
	assert.False(t, report.Accepted())
	assert.Equal(t, []string{"format_ambiguous", "page_missing"}, codesOf(report.Findings))
}

func TestAnExampleDeeperInsideIsNoSecondMiniProgram(t *testing.T) {
	for _, folder := range []string{"examples", "plugin/doc", "node_modules/cup/example"} {
		assert.Empty(t, inspect(t, coffee(t, alsoIn(folder)), packages.Options{Version: "1.0.0"}).Findings, folder)
	}
}

func TestManifestsOfOtherSystemsAreCalledByTheirName(t *testing.T) {
	for what, files := range map[string]map[string]string{
		"the source of a uni-app project, to be built first":             {"manifest.json": `{"name": "shop", "appid": "__UNI__0", "mp-weixin": {}}`, "pages.json": "{}"},
		`"src/manifest.json" belongs to the source of a uni-app project`: {"src/manifest.json": `{"appid": "__UNI__0", "versionCode": "1"}`, "src/pages.json": "{}", "package.json": "{}"},
		`"shop/manifest.json" belongs to the source of a uni-app`:        {"shop/manifest.json": "{/* with comments */}", "shop/pages.json": "{}", "shop/App.vue": ""},
		"the source of a uni-app project":                                {"manifest.json": `{"vueVersion": "3"}`},
		"a package of uni-app for its native apps":                       {"manifest.json": `{"id": "__UNI__0", "plus": {}, "launch_path": "x.html"}`},
		"a quick app":                             {"manifest.json": `{"package": "org.example", "minPlatformVersion": 1000, "router": {"pages": {}}}`, "app.js": ""},
		"the source of a quick app":               {"src/manifest.json": `{"package": "org.example"}`, "src/app.ux": ""},
		"a browser extension":                     {"manifest.json": `{"manifest_version": 3, "name": "Cup", "version": "1.0"}`},
		"a web app (PWA)":                         {"manifest.json": `{"name": "Cup", "icons": [{"src": "cup.png"}], "start_url": "/"}`},
		`"manifest.json" belongs to a web app`:    {"manifest.json": `{"name": "Cup"}`, "index.html": ""},
		"Microsoft Teams":                         {"manifest.json": `{"manifestVersion": "1.16"}`},
		"Figma":                                   {"manifest.json": `{"editorType": ["figma"]}`},
		"a build tool":                            {"manifest.json": `{"src/main.js": {"file": "main.1.js"}, "cup.png": "cup.1.png"}`},
		`neither "app_id" nor "platform_version"`: {"manifest.json": `{"name": "Cup"}`},
		"an Expo project":                         {"app.json": `{"expo": {}}`, "package.json": "{}"},
		"a React Native project":                  {"app.json": `{"name": "cup", "displayName": "Cup"}`},
		"an app for Heroku":                       {"app.json": `{"name": "cup", "formation": {}}`},
		"a plugin of a mini-program":              {"plugin.json": "{}"},
		"the source of a Taro project":            {"shop/src/app.config.ts": "", "shop/package.json": "{}"},
		"the source of a HarmonyOS app":           {"AppScope/app.json5": "{}"},
		"a Cordova or Tizen app":                  {"config.xml": ""},
	} {
		report := inspect(t, zippedFiles(t, files), packages.Options{Version: "1.0.0"})
		require.Len(t, report.Findings, 1, what)
		assert.Equal(t, "format_unknown", report.Findings[0].Code, what)
		assert.Contains(t, report.Findings[0].Message, what)
	}
}

func TestAManifestThatIsListedIsNotSaidToBeMissing(t *testing.T) {
	for code, entries := range map[string][]rawEntry{
		"name_backslash":      {{name: `shop\app.json`, content: "{}"}},
		"name_traversal":      {{name: "./app.json", content: "{}"}},
		"name_absolute":       {{name: "/manifest.json", content: "{}"}},
		"not_a_file":          {{name: "app.json", content: "/etc/passwd", attributes: modeLink}},
		"zip_header_mismatch": {{name: "app.json", content: "{}", localName: "App.json"}, {name: "app.js"}},
	} {
		report := inspect(t, rawZip(entries...), packages.Options{Version: "1.0.0"})
		assert.Equal(t, []string{code}, codesOf(report.Findings))
	}
}

func TestWhatIsWrongAroundAMisplacedManifestIsSaidOnce(t *testing.T) {
	for what, data := range map[string][]byte{
		"a byte order mark":   weather(t, moved("manifest.json", "Manifest.json"), with("project.config.json", "\uFEFF{}")),
		"a root that is gone": weather(t, moved("manifest.json", "Manifest.json"), project("project.config.json", "gone/")),
		"a cut off app.json":  coffee(t, alsoIn("a/b/c"), project("project.config.json", "a/b/c"), with("app.json", "{"), under("shop")),
	} {
		said := map[packages.Finding]int{}
		for _, f := range inspect(t, data, packages.Options{Version: "1.0.0"}).Findings {
			said[f]++
		}
		assert.Len(t, said, 2, "%s: %v", what, said)
		for finding, times := range said {
			assert.Equal(t, 1, times, "%s: %v", what, finding)
		}
	}
}

func TestAnotherFileCalledManifestDoesNotConfuse(t *testing.T) {
	data := coffee(t, with("manifest.json", `{"name": "of a build tool"}`))
	report := inspect(t, data, packages.Options{Version: "1.0.0"})
	assert.Equal(t, packages.AppJSON, report.Format)
	assert.Empty(t, report.Findings)

	data = weather(t, with("app.json", `{"of": "the developer"}`))
	report = inspect(t, data, packages.Options{})
	assert.Equal(t, packages.W3C, report.Format)
	assert.Empty(t, report.Findings)
}
