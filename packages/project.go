package packages

import (
	"path"
	"strings"
)

const projectConfig = "project.config.json"

// projectFiles are the files of the development tools, those first that go before others, with the member that names the
// folder of the mini-program.
var projectFiles = []struct{ name, member string }{
	{"project.private.config.json", "miniprogramRoot"},
	{projectConfig, "miniprogramRoot"},
	{"mini.project.json", "miniprogramRoot"},
	{"project.swan.json", "smartProgramRoot"},
}

// projectRoots returns the folders of mini-programs that the project's files in a folder name, seen from there and with a
// slash at the end; "" is the folder itself. It reports when there is none in any of them.
func (in *inspection) projectRoots(folder string) []string {
	var roots []string
	wrong, problem := "", ""
	for _, file := range projectFiles {
		project := in.parse(folder + file.name)
		in.reportProblems(project)
		stated, isStated := project.value[file.member]
		if !isStated || stated == "" {
			continue
		}
		root, why := in.projectRoot(folder, file.member, stated)
		if why == "" {
			roots = append(roots, root)
		} else if problem == "" {
			wrong, problem = project.path, why
		}
	}
	if len(roots) == 0 && problem != "" {
		rule := miniprogramRoot
		if in.files.has(folder+appManifest) || in.files.has(folder+w3cManifest) {
			rule.Severity = Warning // there is one all the same
		}
		in.findings.add(rule, wrong, "%s", problem)
	}
	return roots
}

// projectRoot returns the folder that a project's file names, or why there is no mini-program in it.
func (in *inspection) projectRoot(folder, member string, stated any) (root, problem string) {
	name, isText := stated.(string)
	relative := path.Clean(strings.TrimLeft(strings.ReplaceAll(name, `\`, "/"), "/"))
	wanted := path.Join(folder, relative, appManifest)
	switch {
	case !isText:
		return "", "the member " + quote(member) + " is not a string; write the path of a folder in the package"
	case relative == ".." || strings.HasPrefix(relative, "../"):
		return "", quote(name) + ", the " + member + ", leads out of the package; write the path of a folder in the package"
	case relative == ".":
		return "", ""
	case !in.files.has(wanted):
		return "", "there is no app.json in " + quote(name) + ", the " + member + in.files.alike(wanted) +
			"; build the mini-program first, or correct the path"
	}
	return relative + "/", ""
}
