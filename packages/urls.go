package packages

import (
	"bytes"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// maxHostLen is how much of a URL is searched for its host, in bytes: the longest name of the DNS has 253
	// (RFC 1035, 2.3.4), and a user may come before it.
	maxHostLen   = 512
	maxSchemeLen = len("https")
	maxEscapeLen = len(`\u000a`)

	// xmlNamespaces is the host of the names of SVG and the like, which look like URLs and are never fetched.
	xmlNamespaces = "www.w3.org"
)

// doubleSlashes stand before the host of a URL, as they are and inside a JSON text.
var doubleSlashes = [][]byte{[]byte("//"), []byte(`\/\/`)}

// findHosts notes the hosts of URLs; those of which too little is there yet are found again with the next piece.
func (s *scan) findHosts(slashes []byte, all bool) {
	for rest := s.text; len(s.hosts) < maxHosts; {
		before, after, found := bytes.Cut(rest, slashes)
		if !found {
			return
		}
		rest = after
		if len(after) < maxHostLen && !all {
			continue
		}
		after, place := after[:min(len(after), maxHostLen)], len(s.text)-len(rest)
		if scheme := schemeBefore(before); scheme != "" {
			for _, host := range hostsAt(after) {
				s.note(host, scheme == "http" || scheme == "ws", place)
			}
		} else if host := relativeHost(before, after); host != "" {
			s.note(host, false, place)
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

// escapeAtEnd is the escape of a character in JavaScript or JSON, whose letters do not belong to what follows: "\nhttps:".
var escapeAtEnd = regexp.MustCompile(`\\([bfnrtv]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4})$`)

// schemeBefore returns the network scheme, in lower case, that text ends with before the slashes of a URL; "" for any other.
func schemeBefore(text []byte) string {
	text, isScheme := bytes.CutSuffix(text, []byte(":"))
	if !isScheme {
		return ""
	}
	for _, scheme := range []string{"https", "http", "wss", "ws"} {
		start := len(text) - len(scheme)
		if start < 0 || !strings.EqualFold(string(text[start:]), scheme) {
			continue
		}
		if start == 0 || !isLetter(text[start-1]) || escapeAtEnd.Match(text[max(0, start-maxEscapeLen):start]) {
			return scheme
		}
	}
	return ""
}

// hostsAt returns the hosts that a network knows, without user and port, of the URL that goes on with text. What comes before
// an @ is a user (RFC 3986, 3.2.1). What looks like one may also be code behind a URL, as in 'https://a.example','me@b.example',
// so that both count.
func hostsAt(text []byte) (hosts []string) {
	for {
		length := hostLen(text)
		at := userEnd(text[length:])
		if at != 0 {
			if host := knownHost(text[:length]); host != "" {
				hosts = append(hosts, host)
			}
		}
		if at < 0 {
			return hosts
		}
		text = text[length+at+1:]
	}
}

// hostLen is how much of a text may be a host and its port, or a user of plain letters.
func hostLen(text []byte) int {
	if len(text) > 0 && text[0] == '[' { // IPv6
		return bytes.IndexByte(text, ']') + 1
	}
	for i, b := range text {
		switch {
		case b == ':' || b == '%' || b == '_' || b == '~' || isHostByte(b):
		case b >= utf8.RuneSelf && mayBeInternational(text[:i]):
		default:
			return i
		}
	}
	return len(text)
}

// userEnd is where the user before a host ends with an @; -1 when no user can go on to one.
func userEnd(text []byte) int {
	end := bytes.IndexFunc(text, func(r rune) bool {
		return r <= ' ' || r >= utf8.RuneSelf || strings.ContainsRune("@/?#\\\"<>`", r)
	})
	if end < 0 || text[end] != '@' {
		return -1
	}
	return end
}

// mayBeInternational tells whether a host may go on with a letter beyond ASCII: within its first label and in labels that
// begin with one. After a label such as "com" it is the text around the URL that goes on.
func mayBeInternational(host []byte) bool {
	label := host[bytes.LastIndexByte(host, '.')+1:]
	return len(label) == len(host) || len(label) == 0 || label[0] >= utf8.RuneSelf
}

func knownHost(authority []byte) string {
	if bytes.HasPrefix(authority, []byte("[")) {
		address, err := netip.ParseAddr(string(bytes.Trim(authority, "[]")))
		if err != nil || !address.Is6() {
			return ""
		}
		return "[" + address.String() + "]"
	}
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

// relativeURL is what follows the slashes of a URL without a scheme: perhaps a user, a host that the DNS may know, perhaps a
// port, and what ends them. A comment and the rest of a path look otherwise.
var relativeURL = regexp.MustCompile("^(?:[^/?#\\\\\"'`<>\\s]*@)?" +
	`((?:[\pL\pN_-]+\.)+(?:\pL{2,}|xn--[A-Za-z0-9-]+)|\d+(?:\.\d+){3}|\[[0-9A-Fa-f:.]+\])(?::\d+)?` +
	"([/?#\\\\\"'`)>$&])")

// relativeHost returns the host of a URL without a scheme, which takes that of the page: "//cdn.example/a.js". It stands
// right after what begins a text, an argument or an attribute; everywhere else two slashes begin a comment.
func relativeHost(before, after []byte) string {
	if len(before) == 0 || !strings.ContainsRune("\"'`(=", rune(before[len(before)-1])) {
		return ""
	}
	m := relativeURL.FindSubmatch(after)
	if m == nil {
		return ""
	}
	host, hasPath := knownHost(m[1]), m[2][0] == '/' || m[2][0] == '\\'
	if !hasPath && isFileName(host) {
		return ""
	}
	return host
}

// topLevelDomains are extensions of files under which there are hosts, too.
var topLevelDomains = []string{".md", ".mov", ".so"}

func isFileName(host string) bool {
	return kindOf(host) != kindOther && !slices.Contains(topLevelDomains, path.Ext(host))
}

func isHostByte(b byte) bool { return isLetter(b) || '0' <= b && b <= '9' || b == '-' || b == '.' }

func isLetter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }
