package packages

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

const (
	maxNameLen = 255  // bytes of one file name: W3C MiniApp Packaging, File and Path Names
	maxPathLen = 1024 // bytes; the least that today's systems take (macOS)
)

// checkNames checks what the entries are called and returns those that are files of the mini-program with a usable name;
// none when there are more files and folders than allowed.
func (a *archive) checkNames(limits Limits) []entry {
	files := make([]entry, 0, len(a.entries))
	names := claims{}
	for _, e := range a.entries {
		if !a.checkName(&e, limits, names) {
			a.unusable = append(a.unusable, e.name)
			continue
		}
		if len(names) > limits.Files {
			a.findings.add(tooManyFiles, "", "the files lie in so many folders that there are more than the %d files and folders allowed",
				limits.Files)
			a.listed = false
			return nil
		}
		switch {
		case e.desktop:
			a.desktop = append(a.desktop, e)
		case !e.isFolder():
			files = append(files, e)
		}
	}
	return files
}

// checkName tells whether an entry is a file or a folder with a usable name, and reports what is wrong with it. A name that
// is not UTF-8 is replaced by the one in UTF-8 beside it, where there is one, so that the rest is checked under that.
func (a *archive) checkName(e *entry, limits Limits, names claims) bool {
	if e.inCodePage() && utf8.ValidString(e.otherName) {
		a.findings.add(nameEncoding, e.otherName,
			"the name is not UTF-8, except for readers that know the extra field with this one; rename the file or pack with UTF-8 names")
		e.name, e.flags = e.otherName, e.flags|flagUTF8
	}
	name := strings.TrimSuffix(e.name, "/")
	if rule, problem := unsafeName(name, limits); problem != "" {
		a.findings.add(rule, e.name, "%s", problem)
		return false
	}
	if e.desktop = desktopPart(name) != ""; !e.desktop {
		a.checkParts(*e, name)
	}
	if problem := e.oddity(); problem != "" {
		a.findings.add(notAFile, e.name, "%s", problem)
		return false
	}
	e.folded = foldName(name)
	if rule, problem := names.claim(name, e.folded, e.isFolder()); problem != "" {
		a.findings.add(rule, e.name, "%s", problem)
	}
	return true
}

// inCodePage tells whether the name is in the code page of whoever packed it, with the one in UTF-8 beside it. By chance it
// may be UTF-8 as well: two letters of GBK can be one.
func (e entry) inCodePage() bool {
	return e.otherName != "" && (!utf8.ValidString(e.name) || e.flags&flagUTF8 == 0 && !isASCII(e.name))
}

// oddity says why an entry is neither a plain file nor a plain folder; "" when it is one.
func (e entry) oddity() string {
	switch {
	case e.mode.IsRegular():
		return ""
	case !e.isFolder():
		return "this is a " + modeName(e.mode) + "; replace it with a file"
	case !strings.HasSuffix(e.name, "/"):
		return "this is marked as a folder and named as a file; pack the package again"
	case e.size > 0:
		return "this is a folder with content; pack the package again"
	}
	return ""
}

// unsafeName says why a name could mean a place outside the package, or different places to different readers; ""
// when it is safe.
func unsafeName(name string, limits Limits) (Rule, string) {
	switch {
	case name == "":
		return nameEmpty, "an entry has no name; pack the package again"
	case !utf8.ValidString(name):
		return nameEncoding, "the name is not UTF-8; rename the file or pack with UTF-8 names"
	case strings.Contains(name, `\`):
		return nameBackslash, `the name has a backslash; pack with "/" between folders`
	case len(name) > 1 && name[1] == ':':
		return nameDrive, "the name begins with a drive; pack with paths relative to the mini-program's folder"
	case name[0] == '/':
		return nameAbsolute, "the path is absolute; pack with paths relative to the mini-program's folder"
	case !fs.ValidPath(name) || name == ".":
		return nameTraversal, `the path has empty, "." or ".." parts; pack with plain relative paths`
	case len(name) > maxPathLen:
		return pathTooLong, fmt.Sprintf("the path has %d bytes; at most %d are allowed", len(name), maxPathLen)
	case strings.Count(name, "/") >= limits.Depth:
		return pathTooDeep, fmt.Sprintf("the file lies in more than %d folders; move it up", limits.Depth-1)
	}
	return Rule{}, ""
}

func (a *archive) checkParts(e entry, name string) {
	if e.flags&flagUTF8 == 0 && !isASCII(name) {
		a.findings.add(nameFlag, e.name,
			"the name is not marked as UTF-8, so that some readers will garble it; use ASCII names or a packer that sets the flag")
	}
	for part := range strings.SplitSeq(name, "/") {
		if len(part) > maxNameLen {
			a.findings.add(nameTooLong, e.name, "a name of %d bytes; many systems take at most %d", len(part), maxNameLen)
		}
		if r, bad := forbiddenRune(part); bad {
			a.findings.add(nameCharacter, e.name, "the name has the character %U, which is not allowed; rename the file", r)
		} else if strings.HasSuffix(part, ".") {
			a.findings.add(nameCharacter, e.name, "the name %q ends with a full stop, which some systems drop; rename the file", part)
		} else if strings.HasSuffix(part, " ") {
			a.findings.add(nameCharacter, e.name, "the name %q ends with a space, which some systems drop; rename the file", part)
		}
	}
}

// forbiddenRune finds the first code point that W3C MiniApp Packaging does not allow in names. The full stop, on its
// list too, is meant at the end only: every file of the format has one before its extension.
func forbiddenRune(name string) (rune, bool) {
	i := strings.IndexFunc(name, func(r rune) bool {
		switch {
		case r < 0x20, 0x7F <= r && r <= 0x9F, strings.ContainsRune(`"*/:<>\|`, r):
			return true
		case 0xE000 <= r && r <= 0xF8FF, 0xFDD0 <= r && r <= 0xFDEF, 0xFFF0 <= r && r <= 0xFFFF:
			return true
		case r == 0xE0001, r == 0xE007F, r >= 0xF0000:
			return true
		}
		return r&0xFFFE == 0xFFFE
	})
	if i < 0 {
		return 0, false
	}
	r, _ := utf8.DecodeRuneInString(name[i:])
	return r, true
}

// claims finds names that land on the same file where case or Unicode form do not count: folded name -> its owner.
type claims map[string]claim

type claim struct {
	name   string
	folder bool
}

var caseFold = cases.Fold()

// claim takes a name, and the folders it lies in, and says what is wrong when one was taken before.
func (c claims) claim(name, folded string, folder bool) (Rule, string) {
	if parent, foldedParent := path.Dir(name), path.Dir(folded); parent != "." {
		if rule, problem := c.claim(parent, foldedParent, true); problem != "" {
			return rule, problem
		}
	}
	owner, taken := c[folded]
	switch {
	case !taken:
		c[folded] = claim{name, folder}
	case owner.name != name:
		return nameCollision, fmt.Sprintf("%s is the same as %s%s where upper and lower case or Unicode forms do not count; rename one",
			quote(name), quote(owner.name), formsOf(name, owner.name))
	case owner.folder != folder:
		return nameCollision, fmt.Sprintf("%s is both a file and a folder; rename one", quote(name))
	case !folder:
		return nameDuplicate, "two entries have this name; keep one"
	}
	return Rule{}, ""
}

// foldName is the canonical case fold normalization of W3C charmod-norm: NFD, full case folding, NFC.
func foldName(name string) string {
	if isASCII(name) {
		return strings.ToLower(name)
	}
	return norm.NFC.String(caseFold.String(norm.NFD.String(name)))
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func modeName(mode fs.FileMode) string {
	switch mode.Type() {
	case fs.ModeSymlink:
		return "link"
	case fs.ModeDevice:
		return "device"
	case fs.ModeNamedPipe:
		return "pipe"
	}
	return "socket"
}
