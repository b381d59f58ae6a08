package packages

import (
	"bytes"
	"crypto/sha256"
	"hash"
	"regexp"
	"slices"
	"unicode/utf8"
)

const (
	// scanOverlap is how much of what was scanned is kept, so that a URL cut in two by the reading is found whole.
	scanOverlap = maxEscapeLen + maxSchemeLen + len(`:\/\/`) + maxHostLen

	// maxHosts bounds the memory for the hosts of one file.
	maxHosts = 2 * maxDomains
)

// scan looks at the content of one file as it passes by. Its memory is used again for the next file.
type scan struct {
	head  []byte
	hosts map[string]naming
	calls map[string]int // privacy-relevant function -> the line that calls it
	bidi  int            // the line of code with a character that changes the direction of the text; 0 when there is none

	kind   string
	text   []byte // what is being scanned, when the file is text
	past   int    // lines that ended before the text
	goesOn bool   // the text is not the beginning of the file

	sum           hash.Hash // nil when no fingerprint is wanted
	line, longest int       // bytes of the current and of the longest line
}

// naming is where a file names a host first, and whether it does without encryption anywhere.
type naming struct {
	line     int
	insecure bool
}

func (s *scan) begin(name string, fingerprint bool) {
	s.head, s.text, s.hosts, s.calls = s.head[:0], s.text[:0], nil, nil
	s.kind, s.bidi, s.goesOn = kindOf(name), 0, false
	s.past, s.line, s.longest = 0, 0, 0
	switch {
	case s.sum != nil:
		s.sum.Reset()
	case fingerprint:
		s.sum = sha256.New()
	}
}

func (s *scan) write(chunk []byte) {
	if missing := sniffLen - len(s.head); missing > 0 {
		s.head = append(s.head, chunk[:min(missing, len(chunk))]...)
	}
	if s.sum != nil {
		s.sum.Write(chunk)
	}
	if !isText(s.kind) {
		return
	}
	if s.sum != nil {
		s.measureLines(chunk)
	}
	s.text = append(s.text, chunk...)
	s.find(false)
	scanned := max(0, len(s.text)-scanOverlap)
	s.past += bytes.Count(s.text[:scanned], lineFeed)
	s.goesOn = s.goesOn || scanned > 0
	s.text = append(s.text[:0], s.text[scanned:]...)
}

func (s *scan) end() { s.find(true) }

var lineFeed = []byte("\n")

// lineAt is the line in the file of a place in the text.
func (s *scan) lineAt(place int) int { return s.past + 1 + bytes.Count(s.text[:place], lineFeed) }

// find notes the hosts and the calls in the text; a host that ends with the text may go on, unless that is all.
func (s *scan) find(all bool) {
	for _, slashes := range doubleSlashes {
		s.findHosts(slashes, all)
	}
	if s.kind == kindScript {
		s.findCalls()
		if place := bidiControlIn(s.text); s.bidi == 0 && place >= 0 {
			s.bidi = s.lineAt(place)
		}
	}
}

func (s *scan) findCalls() {
	if !slices.ContainsFunc(privateInfoParts, func(part string) bool { return bytes.Contains(s.text, []byte(part)) }) {
		return
	}
	for _, info := range privateInfos {
		if s.calls[info] > 0 {
			continue
		}
		if place := s.callOf(info); place >= 0 {
			if s.calls == nil {
				s.calls = map[string]int{}
			}
			s.calls[info] = s.lineAt(place)
		}
	}
}

// ownMethod is how code calls a method of its own page or component, whatever that is called; transpilers count their names.
var ownMethod = regexp.MustCompile(`(^|[^\w$])(this|that|self|_this\d*)\??$`)

// maxOwnLen is how much of the text before a call tells whether it is of an own method.
const maxOwnLen = len(";_this99?")

// callOf is the first place where the code calls a function of the host, -1 when there is none. A place at the beginning of
// what was kept was seen before, with what comes before it.
func (s *scan) callOf(info string) int {
	call := []byte("." + info + "(")
	for from := 0; ; {
		i := bytes.Index(s.text[from:], call)
		if i < 0 {
			return -1
		}
		place := from + i
		from = place + len(call)
		if place < maxOwnLen && s.goesOn || ownMethod.Match(s.text[max(0, place-maxOwnLen):place]) {
			continue
		}
		return place
	}
}

// bidiControlIn finds the first character that makes code look different from what it does: U+202A to U+202E or U+2066 to U+2069; -1 when
// there is none. All are three bytes of UTF-8 that begin with the same one.
func bidiControlIn(text []byte) int {
	const first = 0xE2
	for at := 0; ; {
		i := bytes.IndexByte(text[at:], first)
		if i < 0 {
			return -1
		}
		at += i
		r, size := utf8.DecodeRune(text[at:])
		if '\u202A' <= r && r <= '\u202E' || '\u2066' <= r && r <= '\u2069' {
			return at
		}
		at += size
	}
}

// measureLines finds the longest line, by which code made for machines is told from code written by people.
func (s *scan) measureLines(chunk []byte) {
	for len(chunk) > 0 {
		i := bytes.IndexByte(chunk, '\n')
		if i < 0 {
			s.line += len(chunk)
			s.longest = max(s.longest, s.line)
			return
		}
		s.longest = max(s.longest, s.line+i)
		s.line, chunk = 0, chunk[i+1:]
	}
}
