package packages

import (
	"maps"
	"path"
	"slices"
	"strings"
)

const (
	w3cManifest   = "manifest.json"
	appManifest   = "app.json"
	projectConfig = "project.config.json"

	// maxManifestDepth is how many folders deep a manifest is looked for when there is none at the root.
	maxManifestDepth = 3
)

// document is a JSON document with what is wrong with it.
type document struct {
	path     string
	value    map[string]any // nil when it is not an object
	problems []problem
}

var notAnObject = problem{jsonSyntax, "the document is not an object; begin it with { and end it with }"}

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
		in.findings.add(p.rule, d.path, "%s", p.message)
	}
}

// detectFormat finds the manifest, and with it the format and the root of the mini-program.
func (in *inspection) detectFormat() {
	hasApp, hasW3C := in.files.has(appManifest), in.files.has(w3cManifest)
	switch {
	case hasApp && hasW3C:
		in.chooseFormat()
	case hasApp:
		in.take(AppJSON, in.parse(appManifest))
	case hasW3C:
		in.take(W3C, in.parse(w3cManifest))
	case !in.detectProject():
		in.findMisplaced()
	}
}

// chooseFormat decides between two manifests at the root: other tools too call a file of theirs manifest.json.
func (in *inspection) chooseFormat() {
	w3c, app := in.parse(w3cManifest), in.parse(appManifest)
	isW3C := w3c.value["app_id"] != nil || w3c.value["platform_version"] != nil
	isApp := app.value["pages"] != nil
	if isW3C && isApp {
		in.findings.add(formatAmbiguous, "", "both manifest.json and app.json describe a mini-program; keep the one for the format you mean")
	}
	if isW3C && !isApp {
		in.take(W3C, w3c)
		return
	}
	in.take(AppJSON, app)
}

// detectProject looks under the folder that project.config.json names as the root of the mini-program.
func (in *inspection) detectProject() bool {
	if !in.files.has(projectConfig) {
		return false
	}
	project := in.parse(projectConfig)
	in.reportProblems(project)
	root := text(project.value, "miniprogramRoot")
	folder := strings.TrimPrefix(path.Clean("/"+root), "/")
	if in.files.has(folder + "/" + appManifest) {
		in.root = folder + "/"
		in.take(AppJSON, in.parse(in.root+appManifest))
		return true
	}
	if root != "" {
		in.findings.add(miniprogramRoot, projectConfig, "there is no app.json in %q, the miniprogramRoot; build the mini-program first, or correct the path", root)
	}
	return false
}

// findMisplaced looks for a manifest that is not where it should be, and goes on from there, so that the rest is
// checked too.
func (in *inspection) findMisplaced() {
	found := in.shallowestManifest()
	if found == "" {
		in.findings.add(formatUnknown, "", "there is neither manifest.json (W3C MiniApp) nor app.json (FinClip, WeChat)%s; zip the contents of the mini-program's folder", in.lookalike())
		return
	}
	format, rule := AppJSON, manifestMisplaced.from(appJSONDocs+"directory structure")
	if foldName(path.Base(found)) == w3cManifest {
		format, rule = W3C, manifestMisplaced
	}
	folder, base := path.Split(found)
	if folder == "" {
		in.findings.add(rule, found, "found %q where %q should be; rename it", base, foldName(base))
	} else {
		in.findings.add(rule, found, "found %q in %q rather than at the root; zip the contents of that folder, not the folder", base, folder)
	}
	in.root = folder
	in.take(format, in.parse(found))
}

func (in *inspection) shallowestManifest() string {
	found := ""
	for _, name := range slices.Sorted(maps.Keys(in.files.entries)) {
		base, depth := foldName(path.Base(name)), strings.Count(name, "/")
		if (base == w3cManifest || base == appManifest) && depth <= maxManifestDepth && (found == "" || depth < strings.Count(found, "/")) {
			found = name
		}
	}
	return found
}

// lookalikes are files by which other things than mini-programs are known.
var lookalikes = []struct{ path, what string }{
	{"game.json", "a mini-game"},
	{"pages.json", "the source of a uni-app project, to be built first"},
	{"package.json", "the source of an npm project, to be built first"},
	{"AndroidManifest.xml", "an Android app"},
	{"META-INF/MANIFEST.MF", "a Java archive"},
	{"index.html", "a website"},
}

// lookalike goes on with what the package looks like instead; "" when it looks like nothing known.
func (in *inspection) lookalike() string {
	for _, l := range lookalikes {
		if in.files.has(l.path) {
			return "; found " + quote(l.path) + ", so this looks like " + l.what
		}
	}
	return ""
}

func (in *inspection) take(format Format, d document) {
	in.report.Format, in.manifest, in.value = format, d.path, d.value
	in.reportProblems(d)
}
