package pages

import (
	"net/url"
	"strconv"

	"slipway/packages"
)

// shownFinding is a finding with the address of what it is about; "" when there is none to lead to.
type shownFinding struct {
	packages.Finding
	Href string
}

// found leads from findings to the files of a version, whose pages are in a folder; "" leads nowhere.
func found(findings []packages.Finding, folder, query string) []shownFinding {
	shown := make([]shownFinding, len(findings))
	for i, f := range findings {
		shown[i].Finding = f
		if folder == "" || f.Path == "" {
			continue
		}
		shown[i].Href = lineAddress(folder, f.Path, f.Line, query)
	}
	return shown
}

// lineAddress is where a line of a file is shown; 0 is all of it.
func lineAddress(folder, path string, line int, query string) string {
	address := fileAddress(folder, path, query)
	if line > 0 {
		address += "#L" + strconv.Itoa(line)
	}
	return address
}

// versionFolder is where the pages of a version are.
func versionFolder(id, version string) string {
	return "/mini-programs/" + id + "/versions/" + url.PathEscape(version)
}

// fileAddress is where a file, a folder, or the whole package for "" is shown.
func fileAddress(folder, path, query string) string {
	if path == "" {
		return folder + "/files" + query
	}
	return folder + "/files/" + escapePath(path) + query
}

// compared is a comparison that leads to the files.
type compared struct {
	packages.Comparison
	folder, query string
}

// Found are the risks.
func (c compared) Found() []shownFinding { return found(c.Risks, c.folder, c.query) }

// Link leads to what changed in a file.
func (c compared) Link(path string) string { return fileAddress(c.folder, path, c.query) }

// Home leads to all that changed.
func (c compared) Home() string { return c.Link("") }
