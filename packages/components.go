package packages

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"
)

// checkComponents checks that the components which a page or all pages use are there, and within reach.
func (in *inspection) checkComponents(name string, config map[string]any) {
	components := object(config, "usingComponents")
	for _, tag := range slices.Sorted(maps.Keys(components)) {
		target := text(components, tag)
		if target == "" || strings.Contains(target, "://") || in.ofExtendedLib(name, target) {
			continue // of a plugin or of the host
		}
		in.checkComponent(name, tag, target)
	}
}

func (in *inspection) checkComponent(name, tag, target string) {
	resolved := in.resolveAlias(target)
	place, found := in.findComponent(path.Dir(name), resolved)
	root := partOf(strings.TrimPrefix(name, in.root), in.independent)
	if !found {
		in.findings.add(componentMissing, name, "the component %q of <%s> is not in the package%s; add it or correct \"usingComponents\"",
			target, tag, in.files.instead(in.componentPlaces(path.Dir(name), resolved)[0]+logicExtensions[0]))
	} else if root != "" && !strings.HasPrefix(place, in.root+root) {
		in.findings.add(componentOutside, name,
			"the component %q of <%s> lies outside the independent subpackage %q, which may run before the rest is loaded; put it there",
			target, tag, root)
	}
}

// findComponent looks for a component as hosts do; a folder means the index in it.
func (in *inspection) findComponent(folder, target string) (place string, found bool) {
	for _, place := range in.componentPlaces(folder, target) {
		if in.files.hasAny(place, logicExtensions) || in.files.hasAny(place+"/index", logicExtensions) {
			return place, true
		}
	}
	return "", false
}

// componentPlaces are where a component may be: from the folder of the one who uses it, among the npm packages of that
// folder and of those around it, and from the root.
func (in *inspection) componentPlaces(folder, target string) []string {
	if strings.HasPrefix(target, "/") {
		return []string{in.fromRoot(target)}
	}
	places := []string{path.Join(folder, target), in.files.npmPlace(folder, target), in.fromRoot(target)}
	if in.files.extensions[alipayMarkup] && !strings.HasPrefix(target, ".") {
		places = append(places, in.fromRoot(path.Join(nodeModules, target)), path.Join(nodeModules, target))
	}
	return places
}

// alipayMarkup tells packages for Alipay, which takes components of npm packages where npm puts them: at the root of the
// mini-program or of the package. Other hosts take only those that the development tools have built.
const (
	alipayMarkup = ".axml"
	nodeModules  = "node_modules"
)

// resolveAlias returns the path that a path with an alias of "resolveAlias" stands for: "~/*" for what is in "/lib/*". The
// longest alias that fits counts.
func (in *inspection) resolveAlias(target string) string {
	aliases := object(in.value, "resolveAlias")
	if folder := text(aliases, target); folder != "" {
		return path.Join("/", folder)
	}
	if len(aliases) == 0 || len(target) > maxPathLen {
		return target
	}
	for end := len(target); end > 0; {
		end = strings.LastIndexByte(target[:end], '/')
		if folder := text(aliases, target[:end+1]+"*"); folder != "" {
			return path.Join("/", strings.TrimSuffix(folder, "*"), target[end+1:])
		}
	}
	return target
}

// extendedLibs are the packages that the host brings along where "useExtendedLib" switches on a library, with its name.
var extendedLibs = map[string]string{"weui-miniprogram": "weui", "miniprogram-element": "kbone", "miniprogram-render": "kbone"}

// ofExtendedLib tells whether a component comes from a library of the host that app.json has switched on, for all pages or
// for the subpackage of the one who uses it.
func (in *inspection) ofExtendedLib(name, target string) bool {
	inside := strings.TrimPrefix(strings.TrimPrefix(target, "/"), npmFolder)
	library, _, _ := strings.Cut(inside, "/")
	library = cmp.Or(extendedLibs[library], library)
	if object(in.value, "useExtendedLib")[library] == true {
		return true
	}
	root := partOf(strings.TrimPrefix(name, in.root), in.roots)
	return in.libraries[root][library] == true
}
