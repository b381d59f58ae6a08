package packages

import (
	"bytes"
	"crypto/sha256"
	"hash"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// maxHostLen is how much of a URL is searched for its host, in bytes: the longest name of the DNS has 253
	// (RFC 1035, 2.3.4), and a user may come before it.
	maxHostLen   = 512
	maxSchemeLen = len("https")

	// scanOverlap is how much of what was scanned is kept, so that a URL cut in two by the reading is found whole.
	scanOverlap = maxSchemeLen + len(`:\/\/`) + maxHostLen

	// maxHosts bounds the memory for the hosts of one file.
	maxHosts = 2 * maxDomains

	// xmlNamespaces is the host of the names of SVG and the like, which look like URLs and are never fetched.
	xmlNamespaces = "www.w3.org"
)

// scan looks at the content of one file as it passes by. Its memory is used again for the next file.
type scan struct {
	head  []byte
	hosts map[string]naming
	calls map[string]int // privacy-relevant function -> the line that calls it
	bidi  int            // the line of code with a character that changes the direction of the text; 0 when there is none

	kind string
	text []byte // what is being scanned, when the file is text
	past int    // lines that ended before the text

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
	s.kind, s.bidi = kindOf(name), 0
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
	s.text = append(s.text[:0], s.text[scanned:]...)
}

func (s *scan) end() { s.find(true) }

var lineFeed = []byte("\n")

// lineAt is the line in the file of a place in the text.
func (s *scan) lineAt(place int) int { return s.past + 1 + bytes.Count(s.text[:place], lineFeed) }

// schemeSeparators stand between the scheme and the host of a URL, as it is and inside a JSON text.
var schemeSeparators = [][]byte{[]byte("://"), []byte(`:\/\/`)}

// find notes the hosts and the calls in the text; a host that ends with the text may go on, unless that is all.
func (s *scan) find(all bool) {
	for _, separator := range schemeSeparators {
		s.findHosts(separator, all)
	}
	if s.kind == kindScript {
		s.findCalls()
		if place := bidiControlIn(s.text); s.bidi == 0 && place >= 0 {
			s.bidi = s.lineAt(place)
		}
	}
}

func (s *scan) findHosts(separator []byte, all bool) {
	for rest := s.text; len(s.hosts) < maxHosts; {
		before, after, found := bytes.Cut(rest, separator)
		if !found {
			return
		}
		rest = after
		scheme := schemeBefore(before)
		host, length := hostAt(after)
		if scheme != "" && host != "" && (length < len(after) || all) {
			s.note(host, scheme == "http" || scheme == "ws", len(s.text)-len(after))
		}
	}
}

func (s *scan) note(host string, insecure bool, place int) {
	if s.hosts == nil {
		s.hosts = map[string]naming{}
	}
	known, isKnown := s.hosts[host]
	if !isKnown {
		known.line = s.lineAt(place)
	}
	known.insecure = known.insecure || insecure
	s.hosts[host] = known
}

func (s *scan) findCalls() {
	if !slices.ContainsFunc(privateInfoParts, func(part string) bool { return bytes.Contains(s.text, []byte(part)) }) {
		return
	}
	for _, info := range privateInfos {
		if s.calls[info] > 0 {
			continue
		}
		if place := bytes.Index(s.text, []byte("."+info+"(")); place >= 0 {
			if s.calls == nil {
				s.calls = map[string]int{}
			}
			s.calls[info] = s.lineAt(place)
		}
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

// schemeBefore returns the network scheme that text ends with, in lower case; "" for any other.
func schemeBefore(text []byte) string {
	start := len(text)
	for start > 0 && len(text)-start <= maxSchemeLen && isLetter(text[start-1]) {
		start--
	}
	switch scheme := strings.ToLower(string(text[start:])); scheme {
	case "http", "https", "ws", "wss":
		return scheme
	}
	return ""
}

// hostAt returns the host of the URL that goes on with text, without user and port, and how many bytes were looked at;
// the host is "" when there is none that a network knows.
func hostAt(text []byte) (host string, length int) {
	start := 0
	for length = 0; length < len(text) && length < maxHostLen; length++ {
		switch b := text[length]; {
		case b == '@':
			start = length + 1 // what came before is a user
		case b == ':' || b == '%' || b == '_' || b == '~' || isHostByte(b):
		case b >= utf8.RuneSelf && mayBeInternational(text[start:length]):
		default:
			return knownHost(text[start:length]), length
		}
	}
	return knownHost(text[start:length]), length
}

// mayBeInternational tells whether a host may go on with a letter beyond ASCII: within its first label and in labels that
// begin with one. After a label such as "com" it is the text around the URL that goes on.
func mayBeInternational(host []byte) bool {
	label := host[bytes.LastIndexByte(host, '.')+1:]
	return len(label) == len(host) || len(label) == 0 || label[0] >= utf8.RuneSelf
}

func knownHost(authority []byte) string {
	name, _, _ := bytes.Cut(authority, []byte(":")) // the port
	host := strings.ToLower(strings.Trim(strings.ToValidUTF8(string(name), ""), ".-"))
	if _, err := netip.ParseAddr(host); err == nil || host == "localhost" {
		return host
	}
	if !strings.Contains(host, ".") || host == xmlNamespaces {
		return ""
	}
	return host
}

func isHostByte(b byte) bool { return isLetter(b) || '0' <= b && b <= '9' || b == '-' || b == '.' }

func isLetter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }
