package packages

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// The sizes above which a host of the app.json family refuses a package, in bytes. WeChat takes 30 MiB of all parts together,
// and 20 MiB of those that service providers make, which a package does not tell.
const (
	maxPartBytes  = 2 << 20
	maxPartsBytes = 30 << 20
)

// subPackage is a part of a mini-program that is loaded when its first page is opened.
type subPackage struct {
	root        string // folder with a slash at the end
	name        string
	pages       []string
	independent bool
	libraries   map[string]any // "useExtendedLib", where the subpackage has its own
}

// subPackageObjects returns the subpackages under either of the spellings that hosts take. They never add up: where there
// are both, WeChat's tools read the one in lower case.
func (in *inspection) subPackageObjects() []map[string]any {
	if lower := in.value["subpackages"]; lower != nil {
		return objects(lower)
	}
	return objects(in.value["subPackages"])
}

// subPackages returns the subpackages whose root is a folder in the package.
func (in *inspection) subPackages() []subPackage {
	if in.value["subPackages"] != nil && in.value["subpackages"] != nil {
		in.findings.add(subPackagesTwice, in.manifest,
			`there are both "subPackages" and "subpackages", of which a host may read only one; keep one`)
	}
	var parts []subPackage
	for _, o := range in.subPackageObjects() {
		root, problem := localPath(strings.Trim(text(o, "root"), "/"))
		if problem != "" {
			in.findings.add(subPackageRoot, in.manifest, "the root %q of a subpackage %s; write the path of a folder in the package",
				text(o, "root"), problem)
			continue
		}
		part := subPackage{
			root: root + "/", name: text(o, "name"), independent: o["independent"] == true, libraries: object(o, "useExtendedLib"),
		}
		for _, page := range texts(o["pages"]) {
			part.pages = append(part.pages, part.root+strings.TrimPrefix(page, "/"))
		}
		parts = append(parts, part)
	}
	return parts
}

// checkParts checks that the parts of the mini-program are apart from each other.
func (in *inspection) checkParts(main []string, parts []subPackage) {
	roots := make([]string, len(parts))
	for i, part := range parts {
		roots[i] = part.root
	}
	slices.Sort(roots) // so that a root comes right before those that lie in it
	outer := 0
	for i := 1; i < len(roots); i++ {
		if strings.HasPrefix(roots[i], roots[outer]) {
			in.findings.add(subPackageNested, in.manifest, "the subpackage %q lies in the subpackage %q; move it out", roots[i], roots[outer])
		} else {
			outer = i
		}
	}
	for _, page := range main {
		if root := partOf(page, roots); root != "" {
			in.findings.add(pageInSubPackage, in.manifest, "the page %q of the main package lies in the subpackage %q; list it in that subpackage",
				page, root)
		}
	}
}

// reportParts reports the parts and their pages, and which part is too large.
func (in *inspection) reportParts(main []string, parts []subPackage) {
	in.libraries = map[string]map[string]any{}
	in.report.Parts = append(in.report.Parts, Part{Pages: len(main)})
	in.report.Pages = append(in.report.Pages, main...)
	for _, part := range parts {
		in.roots = append(in.roots, part.root)
		in.libraries[part.root] = part.libraries
		in.report.Parts = append(in.report.Parts, Part{Root: part.root, Pages: len(part.pages), Independent: part.independent})
		in.report.Pages = append(in.report.Pages, part.pages...)
		if part.independent {
			in.independent = append(in.independent, part.root)
		}
	}
	in.report.Pages = in.startFirst(in.report.Pages)
	slices.Sort(in.roots)
	slices.Sort(in.independent)
	sizes, total := in.partSizes(in.roots)
	for i := range in.report.Parts {
		part := &in.report.Parts[i]
		part.Size = sizes[part.Root]
		in.checkPartSize(*part)
	}
	if total > maxPartsBytes {
		in.findings.add(partsTooLarge, in.manifest, "all parts together have %d bytes unpacked; WeChat takes at most %d: move files to a server",
			total, maxPartsBytes)
	}
}

// startFirst puts the start page first, which is the first of the list only where no other is named.
func (in *inspection) startFirst(pages []string) []string {
	start := slices.Index(pages, text(in.value, "entryPagePath"))
	if start <= 0 {
		return pages
	}
	return slices.Concat(pages[start:start+1], pages[:start], pages[start+1:])
}

// What "preloadRule" calls the main package, and how it names the pages of plugins.
const (
	wholeMainPackage = "__APP__"
	pluginPage       = "__plugin__/"
)

// checkPreloads checks that "preloadRule" names pages, and by root or name the subpackages that are loaded with them. As in
// WeChat's tools, without subpackages it says nothing.
func (in *inspection) checkPreloads(parts []subPackage) {
	if len(parts) == 0 {
		return
	}
	names := []string{wholeMainPackage}
	for _, part := range parts {
		names = append(names, strings.TrimSuffix(part.root, "/"), part.name)
	}
	pages, known := newNameSet(in.report.Pages), newNameSet(names)
	rules := object(in.value, "preloadRule")
	for _, page := range slices.Sorted(maps.Keys(rules)) {
		if wanted := strings.TrimPrefix(page, "/"); !pages.has(wanted) && !strings.Contains(page, pluginPage) {
			in.findings.add(preloadUnknown, in.manifest, `"preloadRule" names the page %q, which is not declared%s; correct it, or leave it out`,
				page, pages.alike(wanted))
		}
		in.checkPreloaded(texts(object(rules, page)["packages"]), known)
	}
}

func (in *inspection) checkPreloaded(names []string, known nameSet) {
	for _, name := range names {
		if wanted := path.Clean(strings.Trim(name, "/")); !known.has(name) && !known.has(wanted) {
			in.findings.add(preloadUnknown, in.manifest,
				`"preloadRule" names %q, which is neither the root nor the name of a subpackage%s; correct it, or leave it out`,
				name, known.alike(wanted))
		}
	}
}

// partOf returns the root, of those that are sorted, in which a path lies; "" is the main package.
func partOf(name string, roots []string) string {
	for i := strings.IndexByte(name, '/'); i >= 0; {
		if _, found := slices.BinarySearch(roots, name[:i+1]); found {
			return name[:i+1]
		}
		next := strings.IndexByte(name[i+1:], '/')
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return ""
}

// partSizes returns the bytes of each part, unpacked, by its root, and of all.
func (in *inspection) partSizes(roots []string) (sizes map[string]int64, total int64) {
	sizes = map[string]int64{}
	for name, e := range in.files.entries {
		if relative, inside := strings.CutPrefix(name, in.root); inside {
			sizes[partOf(relative, roots)] += e.size
			total += e.size
		}
	}
	return sizes, total
}

func (in *inspection) checkPartSize(part Part) {
	if part.Size <= maxPartBytes {
		return
	}
	name := "the main package"
	if part.Root != "" {
		name = "the subpackage " + quote(part.Root)
	}
	in.findings.add(partTooLarge, in.manifest,
		"%s has %d bytes unpacked; WeChat takes at most %d: move pages to subpackages or files to a server", name, part.Size, maxPartBytes)
}
