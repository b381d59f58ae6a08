package packages

import (
	"errors"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

const (
	pageFolder   = "pages/"
	localeFolder = "i18n/"
	pageMarkup   = ".html"
)

// checkW3C checks a mini-program against W3C MiniApp Packaging and MiniApp Manifest.
func (in *inspection) checkW3C() {
	for _, name := range []string{"app.js", "app.css"} {
		if wanted := in.root + name; !in.files.has(wanted) {
			in.findings.add(requiredFile, wanted, "the file %q is missing%s; add it (it may be empty)", wanted, in.files.instead(wanted))
		}
	}
	if !in.files.folders[in.root+pageFolder] {
		in.findings.add(requiredFile, in.root+pageFolder, `there is no folder "pages"; put the pages there`)
	}
	in.checkLocales()
	if in.value == nil {
		return
	}
	in.checkW3CManifest()
	in.reportW3C()
	in.checkIcons()
	declared := map[string]bool{}
	in.checkRoutes(pageMissing, in.report.Pages, declared)
	in.checkRoutes(widgetMissing, in.report.Widgets, declared)
	in.checkUndeclared(declared)
}

// w3cRequired are the places without whose proper content a user agent refuses the manifest; other members that are
// wrong it ignores (MiniApp Manifest, Processing the manifest).
var w3cRequired = regexp.MustCompile(
	`^(/app_id|/name|/icons(/\d+(/src)?)?|/pages(/\d+)?|/platform_version(/min_code)?|/version(/name|/code)?)?$`)

func (in *inspection) checkW3CManifest() {
	for _, v := range violations(w3cSchema, in.value) {
		required := w3cRequired.MatchString(v.pointer())
		switch {
		case v.missing && required:
			in.findings.add(memberMissing, in.manifest, "the member %q is missing%s; add it", v.pointer(), v.instead(in.value))
		case v.missing:
			in.findings.add(memberIgnored, in.manifest, "the member %q is missing%s, so what it belongs to is ignored; add it",
				v.pointer(), v.instead(in.value))
		case required:
			in.findings.add(memberInvalid, in.manifest, "the member %q is wrong: %s", v.pointer(), v.message)
		default:
			in.findings.add(memberIgnored, in.manifest, "the member %q is ignored: %s", v.pointer(), v.message)
		}
	}
	if lang := text(in.value, "lang"); lang != "" && !isLanguageTag(lang) {
		in.findings.add(memberIgnored, in.manifest, `the member "/lang" is ignored: %q is not a language tag such as en-US`, lang)
	}
}

func (in *inspection) reportW3C() {
	r, m := in.report, in.value
	r.Name, r.AppID = text(m, "name"), text(m, "app_id")
	r.Version, r.VersionCode = text(object(m, "version"), "name"), number(object(m, "version"), "code")
	r.MinPlatform = int(number(object(m, "platform_version"), "min_code"))
	r.Pages = append(r.Pages, texts(m["pages"])...)
	for _, widget := range objects(m["widgets"]) {
		if route := text(widget, "path"); route != "" {
			r.Widgets = append(r.Widgets, route)
		}
	}
	for _, p := range objects(m["req_permissions"]) {
		if name := text(p, "name"); name != "" {
			in.reportPermission(permissionReason, Permission{name, text(p, "reason")}, "reason")
		}
	}
}

// reportPermission reports a permission, and that its reason is missing where the format has a place for one.
func (in *inspection) reportPermission(reasonMissing Rule, p Permission, member string) {
	in.report.Permissions = append(in.report.Permissions, p)
	if p.Reason == "" {
		in.findings.add(reasonMissing, in.manifest, "the permission %q is asked for without a reason; add %q, so that users can decide",
			p.Name, member)
	}
}

func (in *inspection) checkIcons() {
	for _, icon := range objects(in.value["icons"]) {
		if src := text(icon, "src"); src != "" {
			in.checkIcon(src)
		}
	}
}

// checkIcon checks that an icon is in the package. Its URL is relative to the manifest; with a slash in front, too, it
// begins at the root of the mini-program.
func (in *inspection) checkIcon(src string) {
	u, err := url.Parse(src)
	switch {
	case err != nil || strings.Contains(src, `\`):
		in.findings.add(iconExternal, in.manifest, "the icon %q is not a URL; write the path of a file in the package, with / between folders",
			src)
		return
	case u.Scheme != "" || u.Host != "" || !fs.ValidPath(path.Clean(strings.TrimPrefix(u.Path, "/"))):
		in.findings.add(iconExternal, in.manifest, "the icon %q leads out of the package, so nobody can review it; put it into the package", src)
		return
	}
	if wanted := in.fromRoot(u.Path); !in.files.has(wanted) {
		in.findings.add(iconMissing, wanted, "the icon %q is not in the package%s; add it or correct the manifest", src, in.files.instead(wanted))
	}
}

// checkRoutes checks that each route leads to a page in the package and notes the markup that is declared.
func (in *inspection) checkRoutes(missing Rule, routes []string, declared map[string]bool) {
	for _, route := range in.localRoutes(pagePath, pageDuplicate, routes) {
		wanted := in.root + strings.TrimSuffix(route, pageMarkup) + pageMarkup
		if !in.files.has(wanted) {
			in.findings.add(missing, wanted, "%q is declared but there is no %q%s; add it or correct the manifest",
				route, wanted, in.files.instead(wanted))
		}
		declared[wanted] = true
	}
}

// localRoutes returns the routes that may lead to a page in the package, each once.
func (in *inspection) localRoutes(invalid, duplicate Rule, routes []string) []string {
	var local []string
	seen := map[string]bool{}
	for _, route := range routes {
		name, problem := localPath(route)
		switch stem := strings.TrimSuffix(name, pageMarkup); {
		case problem != "":
			in.findings.add(invalid, in.manifest, "the page %q %s; write the path of a page in the package", route, problem)
		case seen[stem]:
			in.findings.add(duplicate, in.manifest, "the page %q is declared twice; keep one", route)
		default:
			seen[stem] = true
			local = append(local, name)
		}
	}
	return local
}

// checkUndeclared finds pages that a user agent will never show, most often forgotten in the manifest.
func (in *inspection) checkUndeclared(declared map[string]bool) {
	for name := range in.files.entries {
		if strings.HasPrefix(name, in.root+pageFolder) && strings.HasSuffix(name, pageMarkup) && !declared[name] {
			in.findings.add(pageUndeclared, name, `the page is not declared and will not be shown; add it to "pages" or leave it out`)
		}
	}
}

// localPath returns the path in the package that a relative URL leads to, or why there is none.
func localPath(reference string) (name, problem string) {
	u, err := url.Parse(reference)
	switch {
	case err != nil:
		return "", "is not a URL"
	case u.Scheme != "" || u.Host != "":
		return "", "leads out of the package"
	case u.RawQuery != "" || u.Fragment != "":
		return "", "has a query or a fragment"
	}
	name = strings.TrimPrefix(u.Path, "./")
	if !fs.ValidPath(name) || name == "." || strings.Contains(name, `\`) {
		return "", `is not a plain relative path (no leading "/", no "//", no ".." and no backslash)`
	}
	return name, ""
}

// checkLocales checks the names of the localization files now and their content when it is read.
func (in *inspection) checkLocales() {
	for name := range in.files.entries {
		relative, inside := strings.CutPrefix(name, in.root+localeFolder)
		tag, isJSON := strings.CutSuffix(relative, ".json")
		switch {
		case !inside:
		case !isJSON || !isLanguageTag(tag):
			in.findings.add(localeName, name, "the file is not named by a language tag and .json, such as en-US.json; rename it")
		default:
			in.report.Locales = append(in.report.Locales, tag)
			in.documents[name] = in.checkLocale
		}
	}
	slices.Sort(in.report.Locales)
}

// isLanguageTag tells whether the text is a well-formed language tag of BCP 47, which has hyphens only.
func isLanguageTag(tag string) bool {
	var unknown language.ValueError // well-formed, of a language that the library does not know
	_, err := language.Parse(tag)
	return (err == nil || errors.As(err, &unknown)) && !strings.Contains(tag, "_")
}

func (in *inspection) checkLocale(name string, value any) {
	if key, ok := onlyTexts(value); !ok {
		in.findings.add(localeContent, name, "the value of %q is not a string; a localization file has texts only, in objects", key)
	}
}

// onlyTexts tells whether the value is an object of texts and such objects, and where it is not.
func onlyTexts(value any) (key string, ok bool) {
	object, isObject := value.(map[string]any)
	if !isObject {
		return "", false
	}
	for key, value := range object {
		if _, isText := value.(string); isText {
			continue
		}
		if inner, ok := onlyTexts(value); !ok {
			return strings.TrimSuffix(key+"."+inner, "."), false
		}
	}
	return "", true
}
