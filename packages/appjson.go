package packages

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"
)

// checkAppJSON checks a mini-program of the app.json family.
func (in *inspection) checkAppJSON() {
	if !in.files.hasAny(in.root+"app", logicExtensions) {
		wanted := in.root + "app.js"
		in.findings.add(requiredFile.from(appJSONDocs+"directory structure"), wanted, "there is neither %q nor app.ts%s; add it",
			wanted, in.files.instead(wanted))
	}
	if in.value == nil {
		return
	}
	in.checkAppManifest()
	in.reportProject()
	in.reportAppPermissions()
	in.reportPlugins()

	main := texts(in.value["pages"])
	parts := in.subPackages()
	in.checkParts(main, parts)
	in.reportParts(main, parts)
	in.checkEntryPage()
	in.checkTabBar(main)
	in.checkThemed(in.manifest, "/window/", object(in.value, "window"), themedWindow)
	in.checkPreloads(parts)
	in.checkWorkers()
	in.checkAppPages()
	in.checkComponents(in.manifest, in.value)
}

// reportProject reports what the file of the development tools tells, which lies at the root of the package or of the
// mini-program.
func (in *inspection) reportProject() {
	project := in.parse(projectConfig).value
	if project == nil {
		project = in.parse(in.root + projectConfig).value
	}
	in.report.AppID = text(project, "appid")
	in.report.Name = cmp.Or(text(project, "projectname"), text(object(in.value, "window"), "navigationBarTitleText"))
}

func (in *inspection) checkAppManifest() {
	source := appJSONDocs + "configuration items"
	for _, v := range violations(appSchema, in.value) {
		if v.missing {
			in.findings.add(memberMissing.from(source), in.manifest, "the member %q is missing%s; add it", v.pointer(), v.instead(in.value))
			continue
		}
		in.findings.add(memberInvalid.from(source), in.manifest, "the member %q is wrong: %s", v.pointer(), v.message)
	}
}

// checkEntryPage checks that the start page is declared, be it in a subpackage: WeChat's tools look among all pages.
func (in *inspection) checkEntryPage() {
	pages := newNameSet(in.report.Pages)
	if entryPage := text(in.value, "entryPagePath"); entryPage != "" && !pages.has(entryPage) {
		in.findings.add(entryPageUndeclared, in.manifest, `the start page %q is not among "pages"%s; add it there or correct "entryPagePath"`,
			entryPage, pages.alike(entryPage))
	}
}

func (in *inspection) reportAppPermissions() {
	permissions := object(in.value, "permission")
	for _, name := range slices.Sorted(maps.Keys(permissions)) {
		in.reportPermission(permissionReason.from(appJSONDocs+"permission"), Permission{name, text(object(permissions, name), "desc")}, "desc")
	}
	in.reportPrivateInfos(text(object(permissions, "scope.userLocation"), "desc"))
}

func (in *inspection) reportPlugins() {
	all := []map[string]any{object(in.value, "plugins")}
	for _, part := range in.subPackageObjects() {
		all = append(all, object(part, "plugins"))
	}
	for _, plugins := range all {
		for _, name := range slices.Sorted(maps.Keys(plugins)) {
			plugin := object(plugins, name)
			in.report.Plugins = append(in.report.Plugins, Plugin{name, text(plugin, "version"), text(plugin, "provider")})
		}
	}
}

// checkAppPages checks that every page has its logic and its markup, and its configuration when that is read.
func (in *inspection) checkAppPages() {
	source := appJSONDocs + "pages"
	for _, route := range in.localRoutes(pagePath.from(source), pageDuplicate.from(source), in.report.Pages) {
		stem := in.root + route
		in.checkAppPage(route, stem)
		in.documents[stem+".json"] = in.checkPageConfig
	}
}

func (in *inspection) checkAppPage(route, stem string) {
	var missing []string
	instead := ""
	if !in.files.hasAny(stem, logicExtensions) {
		missing = append(missing, "logic (.js or .ts)")
		instead = in.files.anyAlike(stem, logicExtensions)
	}
	if !in.files.hasAny(stem, markupExtensions) {
		missing = append(missing, "markup ("+strings.Join(markupExtensions, ", ")+")")
		instead = cmp.Or(instead, in.files.anyAlike(stem, markupExtensions))
	}
	if len(missing) == 0 {
		return
	}
	if len(missing) == 2 { // the whole page may lie elsewhere
		instead = in.files.instead(stem + logicExtensions[0])
	}
	in.findings.add(pageMissing.from(appJSONDocs+"pages"), stem,
		"the page %q is declared but has no %s%s; add it or correct app.json", route, strings.Join(missing, " and no "), instead)
}

func (in *inspection) checkPageConfig(name string, value any) {
	config, isObject := value.(map[string]any)
	if !isObject {
		in.reportProblems(document{path: name, problems: []problem{notAnObject}})
		return
	}
	in.checkComponents(name, config)
	in.checkThemed(name, "/", config, themedWindow)
}

// fromRoot returns the path in the package of a path that starts at the root of the mini-program.
func (in *inspection) fromRoot(name string) string {
	return strings.TrimPrefix(path.Join("/", in.root, name), "/")
}
