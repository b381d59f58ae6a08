package packages

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// likeness is the form in which names are compared that look alike, upper and lower case not counting.
func likeness(name string) string {
	if isASCII(name) {
		return strings.ToLower(name)
	}
	return foldName(plain(name))
}

// plain leaves out what cannot be seen and writes full-width letters, ligatures and the like as the plain ones.
func plain(name string) string {
	return norm.NFKC.String(strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cf, unicode.Variation_Selector) {
			return -1
		}
		return r
	}, name))
}

// difference goes on with what is different between a name that was found and the one that was looked for, where people
// could not see it; "" when they can.
func difference(found, wanted string) string {
	switch {
	case isASCII(found) && isASCII(wanted) || max(len(found), len(wanted)) > maxPathLen:
		return ""
	case norm.NFC.String(found) == norm.NFC.String(wanted):
		return fmt.Sprintf(", the same name in another Unicode form (%s, rather than %s): write both in one form",
			unicodeForm(found), unicodeForm(wanted))
	case strings.EqualFold(norm.NFC.String(found), norm.NFC.String(wanted)) || !strings.EqualFold(plain(found), plain(wanted)):
		return ""
	}
	return ", which only looks the same: " + extraPoints(found, wanted)
}

// formsOf tells the Unicode forms of two names that look the same; "" when people can see the difference.
func formsOf(name, other string) string {
	if norm.NFC.String(name) != norm.NFC.String(other) {
		return ""
	}
	return fmt.Sprintf(" (the one in the form %s, the other %s)", unicodeForm(name), unicodeForm(other))
}

// unicodeForm names the form of Unicode normalization that a name has.
func unicodeForm(name string) string {
	switch {
	case norm.NFC.IsNormalString(name):
		return "NFC, composed"
	case norm.NFD.IsNormalString(name):
		return "NFD, decomposed as on macOS"
	}
	return "partly composed"
}

// extraPoints says which characters beyond ASCII only one of two names has.
func extraPoints(found, wanted string) string {
	has, lacks := codePoints(found, wanted), codePoints(wanted, found)
	switch {
	case lacks == "":
		return "it has " + has
	case has == "":
		return "it has no " + lacks
	}
	return "it has " + has + " and no " + lacks
}

const maxCodePoints = 4

// codePoints lists the characters beyond ASCII of a name that the other does not have; "" when there are none.
func codePoints(name, other string) string {
	var points []string
	for _, r := range name {
		point := fmt.Sprintf("%U", r)
		if r > unicode.MaxASCII && !strings.ContainsRune(other, r) && !slices.Contains(points, point) && len(points) < maxCodePoints {
			points = append(points, point)
		}
	}
	return strings.Join(points, " ")
}

// nameSet holds names that were declared, and what they look like.
type nameSet struct {
	names map[string]bool
	looks map[string]string // likeness -> the last name of it
}

func newNameSet(names []string) nameSet {
	s := nameSet{map[string]bool{}, map[string]string{}}
	for _, name := range names {
		s.names[name], s.looks[likeness(name)] = true, name
	}
	return s
}

func (s nameSet) has(name string) bool { return s.names[name] }

// alike goes on with the name that looks like one which is not among them; "" when none does.
func (s nameSet) alike(wanted string) string {
	found, known := s.looks[likeness(wanted)]
	if !known {
		return ""
	}
	return "; found " + quote(found) + " instead" + difference(found, wanted)
}
