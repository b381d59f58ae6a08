package packages

import (
	"fmt"
	"regexp"
	"strings"
)

// developerNames are what developers have beside the code, in lower case: folders of version control, open documents of Office
// and of vim. secretNames may be what opens a door: the settings of an environment, keys, and among them the one with which
// miniprogram-ci uploads to WeChat.
var (
	developerNames = regexp.MustCompile(`^(\.git|\.svn|\.hg|~\$.*|\..+\.sw[a-p])$`)
	secretNames    = regexp.MustCompile(`^(\.env(\.(local|development|production|test|staging))*|private\..+\.key|.+\.pem)$`)
)

// developerPart returns the path up to the file or folder that is a developer's own; "" when the file is of the mini-program. npm
// packages come with what their authors need for tests.
func developerPart(name string) string {
	if strings.Contains("/"+name, "/"+nodeModules+"/") {
		return ""
	}
	return partThat(name, func(part string) bool {
		part = strings.ToLower(part)
		return developerNames.MatchString(part) || secretNames.MatchString(part)
	})
}

// reportDeveloper tells once of everything that is a developer's own. It is content all the same: whoever gets the package has it.
func (in *inspection) reportDeveloper(files []entry) {
	var parts, secrets []string
	for _, e := range files {
		part := developerPart(e.name)
		if part == "" {
			continue
		}
		parts = append(parts, part)
		if base := strings.ToLower(part[strings.LastIndexByte(part, '/')+1:]); secretNames.MatchString(base) {
			secrets = append(secrets, part)
		}
	}
	if len(parts) == 0 {
		return
	}
	count := Count(len(parts), "file")
	list, more := listed(parts)
	in.findings.add(developerFiles, "",
		"found %s%s (%s), which a developer keeps beside the code; they are delivered to every user: leave them out%s",
		list, more, count, adviceOn(secrets))
}

// adviceOn goes on with what to do about secrets that somebody has seen by now; "" when there are none.
func adviceOn(secrets []string) string {
	if len(secrets) == 0 {
		return ""
	}
	list, _ := listed(secrets)
	return fmt.Sprintf("; others may know the secret in %s by now: take it out and make a new one", list)
}
