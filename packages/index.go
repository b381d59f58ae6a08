package packages

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// fileIndex finds files by their path, and what a path that leads nowhere was probably meant to be.
type fileIndex struct {
	entries map[string]entry
	looks   map[string][]string // what a path looks like -> paths
	byStem  map[string][]string // folded file name without folder and extension -> paths
	byNPM   map[string][]string // path in a folder of npm packages, without extension -> the folders around it
	folders map[string]bool     // every folder with a file in it, slash at the end

	extensions map[string]bool // of all files
}

// npmFolder is where the development tools put the packages that were installed with npm.
const npmFolder = "miniprogram_npm/"

// maxSimilar bounds the time that looking for something similar takes; with more there is no telling which was meant.
const maxSimilar = 100

func newFileIndex(files []entry) fileIndex {
	x := fileIndex{
		entries: map[string]entry{}, folders: map[string]bool{}, extensions: map[string]bool{},
		looks: map[string][]string{}, byStem: map[string][]string{}, byNPM: map[string][]string{},
	}
	for _, e := range files {
		x.entries[e.name] = e
		x.extensions[path.Ext(e.name)] = true
		if look := likeness(e.name); len(x.looks[look]) < maxSimilar {
			x.looks[look] = append(x.looks[look], e.name)
		}
		if stem := stemOf(e.folded); len(x.byStem[stem]) < maxSimilar {
			x.byStem[stem] = append(x.byStem[stem], e.name)
		}
		x.addNPM(e.name)
		for folder := path.Dir(e.name); folder != "." && !x.folders[folder+"/"]; folder = path.Dir(folder) {
			x.folders[folder+"/"] = true
		}
	}
	return x
}

func (x fileIndex) addNPM(name string) {
	i := strings.LastIndex("/"+name, "/"+npmFolder)
	if i < 0 {
		return
	}
	inside := strings.TrimSuffix(name[i+len(npmFolder):], path.Ext(name))
	if len(x.byNPM[inside]) < maxSimilar {
		x.byNPM[inside] = append(x.byNPM[inside], name[:i])
	}
}

// stemOf returns the name of a file without its folder and extension.
func stemOf(name string) string {
	return strings.TrimSuffix(path.Base(name), path.Ext(name))
}

func (x fileIndex) has(name string) bool {
	_, found := x.entries[name]
	return found
}

// hasAny tells whether there is a file of that path with one of the extensions.
func (x fileIndex) hasAny(stem string, extensions []string) bool {
	return slices.ContainsFunc(extensions, func(extension string) bool { return x.has(stem + extension) })
}

// onlyFolder returns the folder at the root, with a slash at the end, in which everything lies; "" when there is none.
func (x fileIndex) onlyFolder() string {
	only := ""
	for name := range x.entries {
		top, _, inFolder := strings.Cut(name, "/")
		if !inFolder || only != "" && only != top+"/" {
			return ""
		}
		only = top + "/"
	}
	return only
}

// npmPlace returns the path of an npm package's component that is within reach of a folder: the packages of the folder
// itself and of those around it are.
func (x fileIndex) npmPlace(folder, target string) string {
	target = path.Clean(target)
	for _, around := range slices.Concat(x.byNPM[target], x.byNPM[target+"/index"]) {
		if strings.HasPrefix(folder+"/", around) {
			return around + npmFolder + target
		}
	}
	return ""
}

// instead returns the end of a sentence: which file there is where another was looked for; "" when none is similar.
func (x fileIndex) instead(wanted string) string {
	if found := x.nearest(wanted); found != "" {
		return "; found " + quote(found) + " instead" + difference(found, wanted)
	}
	return ""
}

// alike goes on with the file that looks like one that is not there; "" when none does.
func (x fileIndex) alike(wanted string) string {
	names := x.looks[likeness(wanted)]
	if len(names) == 0 {
		return ""
	}
	found := mostAlike(names, wanted)
	return "; found " + quote(found) + " instead" + difference(found, wanted)
}

// anyAlike is alike for a path without its extension, of which one would do.
func (x fileIndex) anyAlike(stem string, extensions []string) string {
	for _, extension := range extensions {
		if found := x.alike(stem + extension); found != "" {
			return found
		}
	}
	return ""
}

// nearest returns the file that was most probably meant; "" when nothing is similar. It looks the same, or is the only one
// of that name and extension elsewhere, or the only one in a folder of the same name too.
func (x fileIndex) nearest(wanted string) string {
	if alike := x.looks[likeness(wanted)]; len(alike) > 0 {
		return mostAlike(alike, wanted)
	}
	folded := foldName(wanted)
	candidates := x.byStem[stemOf(folded)]
	same := only(candidates, func(name string) bool { return path.Ext(name) == path.Ext(wanted) })
	inSame := only(candidates, func(name string) bool {
		return path.Ext(name) == path.Ext(wanted) && path.Base(path.Dir(name)) == path.Base(path.Dir(wanted))
	})
	// A JSON file beside it is the page's own configuration, or app.json: nobody meant it to be the code.
	other := only(candidates, func(name string) bool { return path.Ext(name) != ".json" })
	return cmp.Or(same, inSame, other)
}

// mostAlike returns the name that differs least: in Unicode form only, else in case, else in what it looks like.
func mostAlike(names []string, wanted string) string {
	for _, form := range []func(string) string{norm.NFC.String, foldName} {
		if i := slices.IndexFunc(names, func(name string) bool { return form(name) == form(wanted) }); i >= 0 {
			return names[i]
		}
	}
	return names[0]
}

// only returns the one name that matches; "" when none or several do.
func only(names []string, matches func(string) bool) string {
	found := ""
	for _, name := range names {
		if !matches(name) {
			continue
		}
		if found != "" {
			return ""
		}
		found = name
	}
	return found
}

func quote(s string) string { return `"` + shorten(s, maxPathShown) + `"` }
