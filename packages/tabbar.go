package packages

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// tab is one of the tabs of a mini-program. Alipay and mPaaS have other names for the same: items, name, icon, activeIcon.
type tab struct {
	name, page string
	icons      []string
}

func (in *inspection) tabs() []tab {
	bar := object(in.value, "tabBar")
	var tabs []tab
	for _, t := range slices.Concat(objects(bar["list"]), objects(bar["items"])) {
		tabs = append(tabs, tab{
			name: cmp.Or(text(t, "text"), text(t, "name")), page: text(t, "pagePath"),
			icons: []string{text(t, "iconPath"), text(t, "selectedIconPath"), text(t, "icon"), text(t, "activeIcon")},
		})
	}
	return tabs
}

// checkTabBar checks that the tabs lead to pages of the main package, have their icons, and what draws them.
func (in *inspection) checkTabBar(main []string) {
	pages := newNameSet(main)
	for _, t := range in.tabs() {
		if t.page != "" && !pages.has(t.page) {
			in.findings.add(tabPageUndeclared, in.manifest, `the tab %q leads to %q, which is not a page of the main package%s; add it to "pages"`,
				t.name, t.page, pages.alike(t.page))
		}
		for _, icon := range t.icons {
			in.checkTabIcon(t.name, icon)
		}
	}
	bar := object(in.value, "tabBar")
	in.checkThemed(in.manifest, "/tabBar/", bar, themedTabBar)
	in.checkCustomTabBar(bar["custom"], "custom", "custom-tab-bar/index")
	in.checkCustomTabBar(bar["customize"], "customize", "customize-tab-bar/index")
}

// checkCustomTabBar checks that the component is there that draws the tabs where a member says that one does.
func (in *inspection) checkCustomTabBar(custom any, member, component string) {
	if wanted := in.fromRoot(component); custom == true && !in.files.hasAny(wanted, logicExtensions) {
		in.findings.add(customTabBar, wanted, `"tabBar" says %q, but there is no component %q to draw the tabs%s; add it, or leave %q out`,
			member, component, in.files.alike(wanted+logicExtensions[0]), member)
	}
}

// elsewhere is how a path begins that leads out of the package: a scheme, or a host.
var elsewhere = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*:|//)`)

func (in *inspection) checkTabIcon(tab, icon string) {
	if name, ofTheme := strings.CutPrefix(icon, "@"); ofTheme {
		in.checkThemeIcon(tab, name)
		return
	}
	switch wanted := in.fromRoot(icon); {
	case icon == "" || in.files.has(wanted):
	case elsewhere.MatchString(icon):
		in.findings.add(tabIconMissing, in.manifest,
			"the icon %q of the tab %q leads out of the package, where hosts do not look for it; put the file into the package", icon, tab)
	default:
		in.findings.add(tabIconMissing, wanted, "the icon %q of the tab %q is not in the package%s; add it or correct app.json",
			icon, tab, in.files.instead(wanted))
	}
}

// checkWorkers checks that the code is there that runs beside the pages: a folder for WeChat, a file for Douyin, a list of
// files for Alipay.
func (in *inspection) checkWorkers() {
	named := append(texts(in.value["workers"]), text(in.value, "workers"), text(object(in.value, "workers"), "path"))
	for _, workers := range named {
		wanted := in.fromRoot(workers)
		if wanted == "" || in.files.folders[wanted+"/"] || in.files.has(wanted) || in.files.hasAny(wanted, logicExtensions) {
			continue
		}
		in.findings.add(workersMissing, wanted, `"workers" names %q, which is not in the package%s; add it, or correct "workers"`,
			workers, in.files.alike(wanted))
	}
}
