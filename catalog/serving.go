package catalog

import (
	"strings"

	"slipway/lifecycle"
)

// servingText reads what served writes into a row, much faster than encoding/json reads it: whoever starts with a hundred thousand releases
// reads a million versions. Any other text, however valid, is left to encoding/json.
type servingText struct {
	rest  string
	other bool
	// names has the names of versions and testers, each once: the text itself is not to be kept.
	names map[string]string
}

// readServing tells with ok whether the text is one as served writes it.
func readServing(text string, names map[string]string) (s lifecycle.Serving, ok bool) {
	r := servingText{rest: text, names: names}
	r.take("{")
	more := false
	next := func(field string) bool {
		if more {
			field = "," + field
		}
		found := r.has(field)
		more = more || found
		return found
	}
	if next(`"live":`) {
		s.Live = new(r.version())
	}
	if next(`"candidate":`) {
		s.Candidate = new(r.version())
	}
	if next(`"percent":`) {
		end := max(0, strings.IndexAny(r.rest, ",}"))
		r.other = r.other || s.Percent.UnmarshalJSON([]byte(r.rest[:end])) != nil
		r.rest = r.rest[end:]
	}
	if next(`"testers":`) {
		s.Testers = list(&r, 0, func() string { r.take(`"`); return r.name() })
	}
	if next(`"previous":`) {
		s.Previous = list(&r, lifecycle.MaxPrevious, r.version)
	}
	r.take("}")
	return s, !r.other && r.rest == ""
}

// readVersion is readServing for a candidate.
func readVersion(text string, names map[string]string) (v lifecycle.Version, ok bool) {
	r := servingText{rest: text, names: names}
	v = r.version()
	return v, !r.other && r.rest == ""
}

func (r *servingText) version() (v lifecycle.Version) {
	r.take(`{"version":"`)
	v.Version = r.name()
	r.take(`,"sha256":"`)
	v.SHA256 = r.text()
	if r.has(`,"min_platform":`) {
		v.MinPlatform = r.number()
	}
	r.take("}")
	return v
}

// list reads a list that is not empty: served leaves out those that are.
func list[T any](r *servingText, room int, element func() T) []T {
	r.take("[")
	all := append(make([]T, 0, room), element())
	for r.has(",") {
		all = append(all, element())
	}
	r.take("]")
	return all
}

func (r *servingText) has(token string) (found bool) {
	r.rest, found = strings.CutPrefix(r.rest, token)
	return found
}

func (r *servingText) take(token string) {
	if !r.has(token) {
		r.other, r.rest = true, ""
	}
}

// text reads to the end of a text, whose beginning is read. Escapes and what is not ASCII are for encoding/json.
func (r *servingText) text() (text string) {
	for i := range len(r.rest) {
		switch c := r.rest[i]; {
		case c == '"':
			text, r.rest = r.rest[:i], r.rest[i+1:]
			return text
		case c < ' ' || c > '~' || c == '\\':
			r.other, r.rest = true, ""
			return ""
		}
	}
	r.other = true
	return ""
}

// name is a text that is kept.
func (r *servingText) name() string {
	text := r.text()
	name, known := r.names[text]
	if !known {
		name = strings.Clone(text)
		r.names[name] = name
	}
	return name
}

// digits is more than a platform version has; numbers with more are for encoding/json.
const digits = 9

func (r *servingText) number() (n int) {
	length := 0
	for length < len(r.rest) && '0' <= r.rest[length] && r.rest[length] <= '9' {
		n = n*10 + int(r.rest[length]-'0')
		if length++; length > digits {
			break
		}
	}
	r.other = r.other || length == 0 || length > digits || length > 1 && r.rest[0] == '0'
	r.rest = r.rest[length:]
	return n
}
