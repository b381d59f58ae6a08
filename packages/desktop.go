package packages

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// desktopNames are the files and folders, in lower case, that desktop systems put beside what somebody packs. Beside them
// stand the files of macOS that begin with "._".
var desktopNames = map[string]bool{
	"__macosx": true, ".ds_store": true, ".appledouble": true, ".lsoverride": true, ".apdisk": true, ".localized": true, "icon\r": true,
	".fseventsd": true, ".spotlight-v100": true, ".trashes": true, ".temporaryitems": true, ".documentrevisions-v100": true,
	"thumbs.db": true, "ehthumbs.db": true, "ehthumbs_vista.db": true, "desktop.ini": true, "$recycle.bin": true,
	"system volume information": true,
	".directory":                true, "@eadir": true,
}

const appleDoublePrefix = "._"

// appleDouble are the first bytes of the files in which macOS keeps what other systems have no place for. No host can run
// what begins like that.
var appleDouble = []byte("\x00\x05\x16\x07")

// desktopPart returns the path up to the file or folder that a desktop system put there, folders with a slash at the end;
// "" when the file is of the mini-program.
func desktopPart(name string) string {
	return partThat(name, func(part string) bool {
		return desktopNames[strings.ToLower(part)] || strings.HasPrefix(part, appleDoublePrefix)
	})
}

// partThat returns the path up to the first part that matches, folders with a slash at the end; "" when none does.
func partThat(name string, matches func(part string) bool) string {
	end := 0
	for part := range strings.SplitSeq(strings.TrimSuffix(name, "/"), "/") {
		end += len(part)
		if matches(part) {
			return name[:min(end+1, len(name))]
		}
		end++
	}
	return ""
}

const maxNamesListed = 5

// listed are the first of some names, each once, and how many more there are.
func listed(names []string) (list, more string) {
	slices.Sort(names)
	names = slices.Compact(names)
	if left := len(names) - maxNamesListed; left > 0 {
		names, more = names[:maxNamesListed], fmt.Sprintf(" and %d more", left)
	}
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = quote(name)
	}
	return strings.Join(quoted, ", "), more
}

// reportDesktop tells once of everything that a desktop system put into the package.
func (in *inspection) reportDesktop() {
	var parts []string
	files := 0
	for _, e := range in.desktop {
		parts = append(parts, desktopPart(e.name))
		if !e.isFolder() {
			files++
		}
	}
	if len(parts) == 0 {
		return
	}
	list, more := listed(parts)
	in.findings.add(desktopFiles, "",
		"found %s%s (%s), which a desktop added when this was packed; they do not count as content, yet they are delivered: leave them out",
		list, more, Count(files, "file"))
}

// inert tells whether what a desktop system put there is just that. Code under such a name is reviewed like any other.
func (s *scan) inert(e entry) bool {
	return e.desktop && (!isText(s.kind) || bytes.HasPrefix(s.head, appleDouble))
}
