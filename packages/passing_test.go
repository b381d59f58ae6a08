package packages_test

import (
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/packages"
)

// TestFormsThatPeopleSendAreTakenAsTheyAre holds what was handled rightly when public reports were replayed: two pages, one
// of them with whatever is said here.
func TestFormsThatPeopleSendAreTakenAsTheyAre(t *testing.T) {
	const pages = `"pages": ["pages/a/a", "pages/b/b"]`
	bar := func(first, second string) string {
		return `{` + pages + `, "tabBar": {"list": [{"pagePath": "pages/a/a"` + first + `}, {"pagePath": "pages/b/b"` + second + `}]}}`
	}
	for what, c := range map[string]struct {
		app   string
		files map[string]string
		codes []string
	}{
		"nothing special":              {app: `{` + pages + `}`},
		"a byte order mark":            {app: "\uFEFF{" + pages + `}`, codes: []string{"json_bom"}},
		"a comment":                    {app: "{\n// first page is home\n" + pages + `}`, codes: []string{"json_syntax"}},
		"a trailing comma":             {app: "{\n" + pages + `,}`, codes: []string{"json_syntax"}},
		"a page twice":                 {app: `{"pages": ["pages/a/a", "pages/b/b", "pages/a/a"]}`, codes: []string{"page_duplicate"}},
		"a page with a slash":          {app: `{"pages": ["/pages/a/a", "pages/b/b"]}`, codes: []string{"page_path_invalid"}},
		"a page in another case":       {app: `{"pages": ["pages/A/a", "pages/b/b"]}`, codes: []string{"page_missing"}},
		"a name in Chinese":            {app: `{` + pages + `}`, files: map[string]string{"资源/图.png": "1"}},
		"settings of a third party":    {app: `{` + pages + `}`, files: map[string]string{"ext.json": `{"extEnable": true}`}},
		"icons with and without /":     {app: bar(`, "iconPath": "./img/a.png"`, `, "iconPath": "/img/a.png"`), files: map[string]string{"img/a.png": "1"}},
		"a tab with an extension":      {app: `{` + pages + `, "tabBar": {"list": [{"pagePath": "pages/a/a.html"}, {"pagePath": "pages/b/b"}]}}`, codes: []string{"tab_page_undeclared"}},
		"a tab with a slash":           {app: `{` + pages + `, "tabBar": {"list": [{"pagePath": "/pages/a/a"}, {"pagePath": "pages/b/b"}]}}`, codes: []string{"tab_page_undeclared"}},
		"components of the host":       {app: `{` + pages + `, "usingComponents": {"a": "ext://bar", "b": "plugin://p/d"}}`},
		"components in many places":    {app: `{` + pages + `, "usingComponents": {"a": "/c/a/index", "b": "c/b/b", "c": "@vant/c/index"}}`, files: map[string]string{"c/a/index.js": "", "c/b/b.js": "", "miniprogram_npm/@vant/c/index.js": ""}},
		"settings of Skyline":          {app: `{` + pages + `, "renderer": "skyline", "componentFramework": "glass-easel", "workers": {"path": "workers", "isSubpackage": true}, "sitemapLocation": "sitemap.json"}`, files: map[string]string{"workers/x.js": ""}},
		"subpackages with many a /":    {app: `{` + pages + `, "subPackages": [{"root": "/s//", "pages": ["/c"]}, {"root": "./e/", "pages": []}]}`, files: map[string]string{"s/c.js": "", "s/c.wxml": ""}},
		"an app.json of Heroku inside": {app: `{` + pages + `}`, files: map[string]string{"server/app.json": `{"buildpacks": []}`}},
	} {
		files := map[string]string{"app.js": "", "app.json": c.app, "pages/a/a.js": "", "pages/a/a.wxml": "", "pages/b/b.js": "", "pages/b/b.wxml": ""}
		maps.Copy(files, c.files)
		report := inspect(t, zippedFiles(t, files), packages.Options{Version: "1.0.0"})
		assert.Equal(t, c.codes, codesOf(report.Findings), "%s: %v", what, report.Findings)
		assert.Equal(t, packages.AppJSON, report.Format, what)
	}
}

func TestAPluginProjectIsInspectedAsTheMiniProgramThatShowsThePlugin(t *testing.T) {
	report := inspect(t, zippedFiles(t, map[string]string{
		"project.config.json": `{"compileType": "plugin", "miniprogramRoot": "miniprogram/", "pluginRoot": "plugin/", "appid": "wx1"}`,
		"plugin/plugin.json":  `{"publicComponents": {"x": "c/x"}, "main": "index.js"}`, "plugin/index.js": "", "plugin/c/x.js": "", "plugin/c/x.wxml": "",
		"miniprogram/app.js": "", "miniprogram/app.json": `{"pages": ["p"], "plugins": {"x": {"version": "dev", "provider": "wx1"}}}`, "miniprogram/p.js": "", "miniprogram/p.wxml": "",
	}), packages.Options{Version: "1.0.0"})
	assert.Empty(t, report.Findings)
	assert.Equal(t, []string{"p"}, report.Pages)
}

func TestVersionCodesMayBeDatesButNoTexts(t *testing.T) {
	report := inspect(t, set("version", map[string]any{"name": "1.0.0", "code": 20261127045000})(t), packages.Options{})
	assert.Empty(t, report.Findings)
	assert.EqualValues(t, 20261127045000, report.VersionCode)
}

// TestEveryPackerIsUnderstood reads the same mini-program as different tools pack it.
func TestEveryPackerIsUnderstood(t *testing.T) {
	files, err := filepath.Glob("../testdata/packages/packers/*.zip")
	require.NoError(t, err)
	require.Len(t, files, 6)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		report := inspect(t, data, packages.Options{Version: "1.0.0"})
		if filepath.Base(file) == "infozip-fz.zip" {
			assert.Equal(t, []string{"zip_zip64"}, codesOf(report.Findings))
			continue
		}
		assert.Empty(t, report.Findings, file)
		assert.Equal(t, []string{"pages/index/index"}, report.Pages, file)
	}
}
