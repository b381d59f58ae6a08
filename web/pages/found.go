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
		shown[i].Href = fileAddress(folder, f.Path, query)
		if f.Line > 0 {
			shown[i].Href += "#L" + strconv.Itoa(f.Line)
		}
	}
	return shown
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
