package packages

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"
)

const (
	w3cManifest = "manifest.json"
	appManifest = "app.json"

	// maxManifestDepth is how many folders deep a manifest is looked for when there is none at the root, and
	// maxManifests how many are looked at there.
	maxManifestDepth = 3
	maxManifests     = 20
)

// document is a JSON document with what is wrong with it.
type document struct {
	path     string
	value    map[string]any // nil when it is not an object
	problems []problem
}

var notAnObject = newProblem(jsonSyntax, "the document is not an object; begin it with { and end it with }")

func (in *inspection) parse(name string) document {
	d := document{path: name}
	e, found := in.files.entries[name]
	if !found {
		return d
	}
	data, err := in.readDocument(e)
	if err != nil {
		return d // the reading of all contents reports it
	}
	value, ok, problems := parseJSON(data, in.limits)
	object, isObject := value.(map[string]any)
	if ok && !isObject {
		problems = append(problems, notAnObject)
	}
	d.value, d.problems = object, problems
	return d
}

func (in *inspection) reportProblems(d document) {
	for _, p := range d.problems {
		in.findings.addAt(p.rule, d.path, p.line, "%s", p.message)
	}
}

// candidate is a file that is named like a manifest: how sure it is that it is the one of a mini-program.
type candidate struct {
	document
	format Format
	trust  trust
	other  string // what it belongs to when not to a mini-program; "" when that is not known
}

type trust int

const (
	foreign  trust = iota // it belongs to something else
	unclear               // it says nothing of either
	probable              // it has members that only mini-programs have, or cannot be read
	certain               // it describes a mini-program
)

func (c candidate) folder() string {
	folder, _ := path.Split(c.path)
	return folder
}

func (c candidate) isSame(other candidate) bool { return c.path == other.path }

// detectFormat finds the manifest, and with it the format and the root of the mini-program: at the root of the package or
// in the folder that the project's file names. What lies elsewhere is told to be misplaced, and checked from there.
func (in *inspection) detectFormat() {
	top := in.candidatesIn("")
	best := mostTrusted(top)
	deeper := candidate{}
	if best.trust < probable {
		deeper = mostTrusted(in.misplaced())
	}
	switch {
	case deeper.trust > best.trust:
		in.takeMisplaced(deeper, top)
	case best.trust > foreign:
		in.choose(top, best)
	default:
		in.reportUnknown(append(top, in.misplaced()...))
	}
}

// candidatesIn returns the manifests that count in a folder, the ones first that go before others: those in the folders
// that the files of the development tools name.
func (in *inspection) candidatesIn(folder string) []candidate {
	var list []candidate
	for _, root := range in.projectRoots(folder) {
		list = in.addCandidate(list, AppJSON, folder+root+appManifest)
	}
	list = in.addCandidate(list, AppJSON, folder+appManifest)
	return in.addCandidate(list, W3C, folder+w3cManifest)
}

func (in *inspection) addCandidate(list []candidate, format Format, name string) []candidate {
	known := slices.ContainsFunc(list, func(c candidate) bool { return c.path == name })
	if known || !in.files.has(name) {
		return list
	}
	return append(list, in.judge(format, in.parse(name)))
}

// mostTrusted returns the first of the candidates that are trusted most; one that is foreign when there is none.
func mostTrusted(list []candidate) candidate {
	if len(list) == 0 {
		return candidate{}
	}
	return slices.MaxFunc(list, func(a, b candidate) int { return cmp.Compare(a.trust, b.trust) })
}

// choose goes on with one of the candidates, and tells what else a host could take for the mini-program.
func (in *inspection) choose(list []candidate, chosen candidate) {
	in.reportRival(list, chosen)
	for _, other := range list {
		if other.path != chosen.path && other.format == AppJSON && other.value == nil {
			in.reportProblems(other.document)
		}
	}
	in.take(chosen)
}

func (in *inspection) reportRival(list []candidate, chosen candidate) {
	names := []string{quote(chosen.path)}
	for _, c := range list {
		if name := quote(c.path); c.trust == certain && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if last := len(names) - 1; last > 0 && chosen.trust == certain {
		in.findings.add(formatAmbiguous, "",
			"%s and %s each describe a mini-program, and hosts may take any of them; keep the one that you mean",
			strings.Join(names[:last], ", "), names[last])
	}
}

func (in *inspection) take(c candidate) {
	in.root = c.folder()
	in.report.Format, in.manifest, in.value = c.format, c.path, c.value
	in.reportProblems(c.document)
}

// takeMisplaced goes on from a manifest that is not where it should be, so that the rest is checked too. The candidates at the
// top were looked at before.
func (in *inspection) takeMisplaced(found candidate, top []candidate) {
	rule := manifestMisplaced
	if found.format == AppJSON {
		rule = manifestMisplaced.from(appJSONDocs + "directory structure")
	}
	folder, base := path.Split(found.path)
	if folder == "" {
		in.findings.add(rule, found.path, "found %q where %q should be; rename it", base, foldName(base))
	} else {
		in.findings.add(rule, found.path, "found %q in %q rather than at the root; zip the contents of that folder, not the folder", base, folder)
	}
	list := top
	if folder != "" {
		list = in.candidatesIn(folder)
	}
	if !slices.ContainsFunc(list, found.isSame) {
		list = append(list, found)
	}
	if best := mostTrusted(list); best.folder() != folder {
		found = best
	}
	in.choose(append(list, in.besides(found)...), found)
}

// besides returns the misplaced manifests that lie as deep as another one, in other folders.
func (in *inspection) besides(found candidate) []candidate {
	return slices.DeleteFunc(in.misplaced(), func(c candidate) bool {
		return c.folder() == found.folder() || strings.Count(c.path, "/") != strings.Count(found.path, "/")
	})
}

// misplaced returns the files named like a manifest, whatever their case, that do not lie where they count; the shallowest first.
func (in *inspection) misplaced() []candidate {
	if in.strays == nil {
		in.strays = []candidate{}
		for _, name := range in.manifestNames() {
			format := AppJSON
			if foldName(path.Base(name)) == w3cManifest {
				format = W3C
			}
			in.strays = append(in.strays, in.judge(format, in.parse(name)))
		}
	}
	return slices.Clone(in.strays)
}

func (in *inspection) manifestNames() []string {
	var names []string
	for name := range maps.Keys(in.files.entries) {
		atRoot := name == w3cManifest || name == appManifest
		if isManifestName(name) && !atRoot && strings.Count(name, "/") <= maxManifestDepth && !strings.Contains(name, "node_modules/") {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(strings.Count(a, "/"), strings.Count(b, "/")), strings.Compare(a, b))
	})
	return names[:min(len(names), maxManifests)]
}

func isManifestName(name string) bool {
	base := foldName(path.Base(name))
	return base == w3cManifest || base == appManifest
}
