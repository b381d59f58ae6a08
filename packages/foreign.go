package packages

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// judge says how sure it is that a document is the manifest of a mini-program.
func (in *inspection) judge(format Format, d document) candidate {
	c := candidate{document: d, format: format, trust: unclear}
	own, sure := appMembers, []string{"pages", "subPackages", "subpackages"}
	if format == W3C {
		own, sure = w3cMembers, []string{"app_id", "platform_version"}
	}
	if slices.ContainsFunc(sure, func(member string) bool { return d.value[member] != nil }) {
		c.trust = certain
		return c
	}
	if c.other = in.ownerOf(format, d); c.other != "" {
		c.trust = foreign
		return c
	}
	switch related := slices.ContainsFunc(slices.Collect(maps.Keys(d.value)), func(member string) bool { return own[lettersOf(member)] }); {
	case related, format == AppJSON && d.value == nil:
		c.trust = probable
	case format == W3C && d.value != nil:
		c.trust = foreign
	}
	return c
}

// The members, by their letters, that only the manifests of mini-programs have.
var (
	w3cMembers = lettersSet("app_id", "platform_version", "pages", "req_permissions")
	appMembers = lettersSet("pages", "subPackages", "window", "tabBar", "entryPagePath", "usingComponents", "requiredPrivateInfos",
		"requiredBackgroundModes", "sitemapLocation", "lazyCodeLoading")
)

func lettersSet(names ...string) map[string]bool {
	set := map[string]bool{}
	for _, name := range names {
		set[lettersOf(name)] = true
	}
	return set
}

const (
	uniAppSource   = "the source of a uni-app project, to be built first"
	quickAppSource = "the source of a quick app, to be built first"
	taroSource     = "the source of a Taro project, to be built first"

	// uniAppID is how the ids begin that uni-app gives to its projects.
	uniAppID = "__UNI__"
)

// owner is something else that has a manifest of the same name, and what it is known by: one of the members, or a file
// beside it.
type owner struct {
	what    string
	members []string
	beside  []string
}

var owners = map[Format][]owner{
	W3C: {
		{"a package of uni-app for its native apps, which is not one for mini-programs", []string{"launch_path", "plus"}, nil},
		{uniAppSource, []string{"app-plus", "mp-weixin", "mp-alipay", "h5", "uniStatistics", "vueVersion"}, []string{"pages.json", "App.vue"}},
		{quickAppSource, nil, []string{"app.ux"}},
		{"a quick app", []string{"minPlatformVersion", "router"}, nil},
		{"a browser extension", []string{"manifest_version"}, nil},
		{"an app for Microsoft Teams or Office", []string{"manifestVersion", "staticTabs", "bots"}, nil},
		{"a plugin for Figma", []string{"editorType"}, nil},
		{
			"a web app (PWA)", []string{"start_url", "display", "theme_color", "background_color", "scope", "related_applications"},
			[]string{"index.html"},
		},
	},
	AppJSON: {
		{"an Expo project, to be built first", []string{"expo"}, nil},
		{"an app for Heroku", []string{"buildpacks", "formation", "addons", "success_url", "stack", "dynos"}, nil},
		{"a React Native project, to be built first", []string{"displayName"}, nil},
	},
}

// ownerOf names what else a document belongs to; "" when nothing is known.
func (in *inspection) ownerOf(format Format, d document) string {
	if format == W3C && strings.HasPrefix(text(d.value, "appid"), uniAppID) {
		return uniAppSource
	}
	folder, _ := path.Split(d.path)
	for _, o := range owners[format] {
		known := slices.ContainsFunc(o.members, func(member string) bool { return d.value[member] != nil })
		if known || slices.ContainsFunc(o.beside, func(name string) bool { return in.files.has(folder + name) }) {
			return o.what
		}
	}
	if format == W3C && isAssetList(d.value) {
		return "a build tool, which lists its files there"
	}
	return ""
}

// isAssetList tells whether every member is named like a file, as in the manifests of webpack, Vite and others.
func isAssetList(value map[string]any) bool {
	for name := range value {
		if path.Ext(name) == "" {
			return false
		}
	}
	return len(value) > 0
}

// reportUnknown says that there is no mini-program, and what the package is instead.
func (in *inspection) reportUnknown(others []candidate) {
	if !in.listed || slices.ContainsFunc(in.unusable, hidesManifest) {
		return // it was told why files are missing, and the manifest may be among them
	}
	why := "there is neither manifest.json (W3C MiniApp) nor app.json (FinClip, WeChat)" + in.lookalike()
	if len(others) > 0 {
		why = others[0].otherwise() + in.lookalike()
	}
	if i := slices.IndexFunc(others, func(c candidate) bool { return c.other != "" }); i >= 0 {
		why = others[i].otherwise()
	}
	in.findings.add(formatUnknown, "", "%s; zip the contents of the mini-program's folder", why)
}

// otherwise says why a candidate is no manifest of a mini-program.
func (c candidate) otherwise() string {
	if c.other == "" {
		return "there is no mini-program: " + quote(c.path) +
			` has neither "app_id" nor "platform_version" nor "pages", as the manifest of a W3C MiniApp does`
	}
	return "there is no mini-program: " + quote(c.path) + " belongs to " + c.other
}

// hidesManifest tells whether an entry with a name that cannot be used may be the manifest.
func hidesManifest(name string) bool {
	return isManifestName(strings.ReplaceAll(name, `\`, "/"))
}

// lookalikes are files by which other things than mini-programs are known.
var lookalikes = []struct{ path, what string }{
	{"game.json", "a mini-game"},
	{"plugin.json", "a plugin of a mini-program, which hosts take on its own"},
	{"pages.json", uniAppSource},
	{"src/pages.json", uniAppSource},
	{"app.ux", quickAppSource},
	{"src/app.ux", quickAppSource},
	{"src/app.config.ts", taroSource},
	{"src/app.config.js", taroSource},
	{"AppScope/app.json5", "the source of a HarmonyOS app"},
	{"package.json", "the source of an npm project, to be built first"},
	{"AndroidManifest.xml", "an Android app"},
	{"META-INF/MANIFEST.MF", "a Java archive"},
	{"config.xml", "a Cordova or Tizen app"},
	{"index.html", "a website"},
}

// lookalike goes on with what the package looks like instead, at its root or in the one folder that holds everything; ""
// when it looks like nothing known.
func (in *inspection) lookalike() string {
	for _, folder := range []string{"", in.files.onlyFolder()} {
		for _, l := range lookalikes {
			if in.files.has(folder + l.path) {
				return "; found " + quote(folder+l.path) + ", so this looks like " + l.what
			}
		}
	}
	return ""
}
